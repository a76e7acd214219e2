from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from opencc import OpenCC
from unit.lead.test_contact import FULL_WIDTH

from dealwire.company import core, credit_code, fold
from dealwire.errors import Rejected

CHINESE = st.text("协和医疗器械华为腾讯科技电子云数据北京上海东方明川一二", min_size=2, max_size=10)
WESTERN = st.text("abcdefghijklmnopqrstuvwxyzäéß0123456789", min_size=3, max_size=12)
NAMES = st.one_of(CHINESE, WESTERN, st.lists(WESTERN, min_size=2, max_size=3).map(" ".join))
LEGAL_FORMS = [
    "有限公司",
    "有限责任公司",
    "股份有限公司",
    "集团有限公司",
    "（集团）有限公司",
    "(集团)股份有限公司",
    "集团",
    "公司",
]
TO_TRADITIONAL = OpenCC("s2t")


@pytest.mark.parametrize(
    "typed",
    [
        "协和医疗",
        "协和医疗有限公司",
        "协和医疗有限责任公司",
        "协和医疗股份有限公司",
        "协和医疗（集团）有限公司",
        "协和医疗集团",
        "協和醫療股份有限公司",
        " 协和 医疗\u3000有限公司",
        "协和\u200b医疗有限公司",
        "【协和医疗】有限公司",
    ],
)
def test_a_chinese_company_is_the_same_in_any_legal_form_width_and_script(typed: str) -> None:
    assert fold(typed) == "协和医疗"


@pytest.mark.parametrize(
    "typed",
    [
        "Müller",
        "MÜLLER GmbH",
        "Müller GmbH & Co. KG",
        "Müller G.m.b.H.",
        "muller co., ltd.",
        "Ｍｕｌｌｅｒ　Ｉｎｃ．",
        "Muller S.p.A.",
        "Muller Pte. Ltd.",
        "Muller S.A. de C.V.",
        "The Muller Company",
        "Muller SARL",
    ],
)
def test_a_western_company_is_the_same_in_any_legal_form_width_and_case(typed: str) -> None:
    assert fold(typed) == "muller"


def test_a_place_in_brackets_is_the_place_in_front() -> None:
    assert fold("华为技术（深圳）有限公司") == fold("深圳市华为技术有限公司") == "深圳华为技术"
    assert fold("华为技术（深圳）有限公司") != fold("华为技术（北京）有限公司")
    assert core(fold("华为技术（深圳）有限公司")) == core(fold("北京华为技术")) == "华为技术"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("协和医疗有限公司", "协和医药有限公司"),
        ("协和医疗有限公司", "协和医疗有限公司北京分公司"),
        ("Siemens Ltd", "Siemens UK Ltd"),
        ("Acme", "Acme Systems"),
    ],
)
def test_two_companies_keep_two_names(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize("name", ["公司", "有限公司", "AG", "Limited", "The", "...", "Y-corporation", "北京", "🙂"])
def test_a_name_of_nothing_else_stays(name: str) -> None:
    assert fold(name)
    assert fold(name) == fold(f" {name} ")


@given(NAMES, st.sampled_from(LEGAL_FORMS))
def test_a_legal_form_does_not_count(name: str, form: str) -> None:
    assume(not set(name) & set("abcdefghijklmnopqrstuvwxyzäéß0123456789"))
    assert fold(name + form) == fold(name)


@given(WESTERN, st.sampled_from(["GmbH", "ltd.", "Co., Ltd.", "INC", "S.A.", "s.r.o.", "B.V.", "& Co"]))
def test_a_western_legal_form_does_not_count(name: str, form: str) -> None:
    assert fold(f"{name} {form}") == fold(name)


@given(NAMES)
def test_width_case_and_script_do_not_count(name: str) -> None:
    assert fold(name.translate(FULL_WIDTH)) == fold(name)
    assert fold(name.upper()) == fold(name)
    assert fold(TO_TRADITIONAL.convert(name)) == fold(name)


@given(st.text(min_size=1, max_size=200))
def test_a_folded_name_is_folded_and_never_empty(name: str) -> None:
    assume(name.strip())
    assert bool(fold(name)) or not name.isprintable()
    assert fold(fold(name)) == fold(name)
    assert core(core(fold(name))) == core(fold(name)) or len(core(fold(name))) >= 2


@pytest.mark.parametrize(
    "typed", ["91110000600037341L", " 9111 0000 6000 3734 1l", "９１１１００００６０００３７３４１Ｌ"]
)
def test_a_credit_code_is_the_same_however_it_was_typed(typed: str) -> None:
    assert credit_code(typed) == "91110000600037341L"


@pytest.mark.parametrize(
    "typed", ["91110000600037342L", "9111000060003734", "0" * 18, "abc", "９", "91110000600037341I"]
)
def test_what_is_no_credit_code_is_rejected(typed: str) -> None:
    with pytest.raises(Rejected) as no:
        credit_code(typed)
    assert (no.value.slug, no.value.pointer) == ("bad-uscc", "/uscc")
