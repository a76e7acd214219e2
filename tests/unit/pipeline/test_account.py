"""One account per company (P14, X4)."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealwire.catalogue.pipeline import AccountOpened
from pipeline_service.domain.account import account_id, fold, open_account


def test_a_company_gets_its_account_file() -> None:
    account, events = open_account("Acme 有限公司", owner_id="am.li", source="lead", industry="Retail", region="East")

    assert events == (
        AccountOpened(account_id=account.id, name="Acme 有限公司", industry="Retail", region="East", owner_id="am.li"),
    )
    assert account.source == "lead"


@pytest.mark.parametrize(
    "spelling",
    ["ACME, Inc.", "acme  inc", "ＡＣＭＥ　Ｉｎｃ．", "Acme-Inc", " acme\u00a0inc ", "Ac\u200bme Inc"],
)
def test_one_company_has_one_account_however_its_name_is_typed(spelling: str) -> None:
    assert account_id(spelling) == account_id("Acme Inc")


def test_chinese_names_in_either_width_of_bracket_are_one_company() -> None:
    assert account_id("华为（深圳）") == account_id("华为(深圳)")


@pytest.mark.parametrize(
    ("one", "other"),
    [("Acme Inc", "Acmeinc"), ("Acme 1", "Acme 2"), ("华为", "华威"), ("!!!", "???"), ("กี", "กิ")],
)
def test_two_companies_have_two_accounts(one: str, other: str) -> None:
    assert account_id(one) != account_id(other)


@given(st.text(min_size=1))
def test_width_case_and_space_around_a_name_never_make_another_account(name: str) -> None:
    assert fold(f"  {unicodedata.normalize('NFKC', name)}\t") == fold(name)
    assert fold(name.casefold()) == fold(name)


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1), st.sampled_from(" -_,.·（）\t\u3000"))
def test_what_stands_between_words_is_one_space(word: str, mark: str) -> None:
    assert fold(f"{word}{mark}{mark}{word}") == fold(f"{word} {word}")
