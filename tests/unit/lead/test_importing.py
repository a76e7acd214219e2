"""Files of leads: which column is what, what a row tells, and the life of an import."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.lead.builders import MONDAY_10H

from dealwire.catalogue.common import Channel, Money
from dealwire.catalogue.sources import ImportOutcome, LeadImportUploadGivenUp, Preset
from dealwire.errors import Conflict, Rejected
from lead_service.api.tables import safe
from lead_service.domain.columns import Mapping, guess, read_row
from lead_service.domain.importing import (
    Import,
    ImportStatus,
    finish,
    finish_undo,
    give_up,
    open_import,
    receive,
    start,
    undo,
)
from lead_service.domain.lead import Capture

COLUMNS = ("公司", "联系人", "手机", "电话", "来源", "规模", "成本", "币种")
MAPPING = guess(COLUMNS)
EXPO = Preset(channel=Channel.EXPO)


def a_row(**cells: str) -> list[str]:
    return [({"公司": "协和", "联系人": "王芳", "手机": "13800138000"} | cells).get(column, "") for column in COLUMNS]


def read(**cells: str) -> Capture:
    return read_row(a_row(**cells), COLUMNS, MAPPING, EXPO)


def an_import(columns: tuple[str, ...] = COLUMNS, preset: Preset = EXPO, mapping: Mapping | None = None) -> Import:
    opened, _ = open_import("i1", "visitors", preset, "so.zhao")
    received, _ = receive(opened, "u1", columns, 2, ())
    return received if mapping is None else received.model_copy(update={"mapping": mapping})


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("公司名称", "company"),
        ("单位", "company"),
        ("客户名称", "company"),
        ("Company Name", "company"),
        ("ＣＯＭＰＡＮＹ", "company"),
        ("联系人", "name"),
        ("Contact-Name", "name"),
        ("手机号码", "phone"),
        ("联系电话*", "phone"),
        ("Mobile (phone)", "phone"),
        ("电子邮箱", "email"),
        ("E-Mail", "email"),
        ("所属行业", "industry"),
        ("省份", "region"),
        ("来源", "channel"),
        ("统一社会信用代码", "uscc"),
        ("需求", "need"),
        ("员工人数", "size"),
    ],
)
def test_columns_are_guessed_whatever_their_language_case_and_punctuation(column: str, field: str) -> None:
    assert guess(["?", column]) == {field: (column,)}


@given(st.lists(st.sampled_from([*COLUMNS, "x", "Mobile", "Company", "note"]), unique=True).flatmap(st.permutations))
def test_a_guess_does_not_depend_on_the_order_of_the_columns(columns: list[str]) -> None:
    assert guess(columns) == guess(sorted(columns))


def test_of_several_columns_the_first_that_says_something_counts() -> None:
    assert MAPPING["phone"] == ("手机", "电话")
    assert read(手机="", 电话="010-85112233").contact.phone == "010-85112233"
    assert read(电话="010-85112233").contact.phone == "13800138000"


@pytest.mark.parametrize(
    ("typed", "channel"),
    [
        ("展会", "expo"),
        ("EXPO", "expo"),
        ("转介绍", "referral"),
        ("Web Form", "web_form"),
        ("百度", "search"),
        ("", "expo"),
    ],
)
def test_a_channel_is_known_in_chinese_and_english(typed: str, channel: str) -> None:
    assert read(来源=typed).channel == channel


@pytest.mark.parametrize(("typed", "size"), [("200", 200), ("1,200人", 1200), ("１００-499人", 100), ("500+", 500)])
def test_of_a_range_of_employees_the_lower_end_counts(typed: str, size: int) -> None:
    assert read(规模=typed).size == size


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("380.5", "", 38050), ("¥1,000", "cny", 100_000), ("500", "JPY", 500), ("1.234", "KWD", 1234)],
)
def test_an_amount_is_read_in_major_units(amount: str, currency: str, minor: int) -> None:
    assert read(成本=amount, 币种=currency).cost == Money(minor=minor, currency=(currency or "CNY").upper())


@pytest.mark.parametrize(
    ("cells", "pointer"),
    [
        ({"公司": ""}, "/company"),
        ({"公司": "x" * 201}, "/company"),
        ({"联系人": " "}, "/contact/name"),
        ({"手机": "1" * 41}, "/contact/phone"),
        ({"来源": "telepathy"}, "/channel"),
        ({"规模": "many"}, "/size"),
        ({"规模": "0"}, "/size"),
        ({"成本": "free"}, "/cost"),
        ({"成本": "0.001"}, "/cost"),
        ({"成本": "-1"}, "/cost"),
        ({"成本": "1", "币种": "XYZ"}, "/cost"),
        ({"成本": "1e400", "币种": "CNY"}, "/cost"),
        ({"成本": "NaN"}, "/cost"),
    ],
)
def test_a_row_that_cannot_be_read_names_the_field(cells: dict[str, str], pointer: str) -> None:
    with pytest.raises(Rejected) as rejected:
        read(**cells)
    assert rejected.value.pointer == pointer


@given(st.lists(st.text(max_size=30), max_size=12), st.dictionaries(st.sampled_from(sorted(MAPPING)), st.just(COLUMNS)))
def test_whatever_a_row_holds_it_is_read_or_refused(cells: list[str], mapping: Mapping) -> None:
    with suppress(Rejected):
        assert read_row(cells, COLUMNS, mapping, EXPO).company


@pytest.mark.parametrize("missing", ["company", "name", "phone"])
def test_an_import_runs_once_it_is_known_where_everything_needed_is(missing: str) -> None:
    mapping = {field: columns for field, columns in MAPPING.items() if field != missing}
    with pytest.raises(Conflict, match=missing):
        start(an_import(mapping=mapping))
    with pytest.raises(Conflict, match="channel"):
        start(an_import(COLUMNS[:4], preset=Preset()))
    assert start(an_import())[0].status is ImportStatus.RUNNING


def test_an_upload_that_broke_off_is_given_up_and_comes_in_no_more() -> None:
    opened, _ = open_import("import-1", "visitors", Preset(), "so.zhao")
    given_up, events = give_up(opened, "u1")
    assert events == (LeadImportUploadGivenUp(import_id="import-1", upload="u1"),)
    assert give_up(given_up, "u1") == (given_up, ())
    with pytest.raises(Conflict) as no:
        receive(given_up, "u1", ("Company",), 1, ())
    assert no.value.slug == "upload-given-up"
    received, _ = receive(given_up, "u2", ("Company",), 1, ())
    assert give_up(received, "u2") == (received, ())


def test_another_file_takes_the_place_of_the_one_before() -> None:
    opened, _ = open_import("import-1", "visitors", Preset(), "so.zhao")
    first, _ = receive(opened, "u1", ("Company",), 1, ())
    second, _ = receive(first, "u2", ("Company",), 2, ())
    assert (second.upload, second.given_up) == ("u2", ("u1",))


def test_only_an_import_that_is_done_is_undone() -> None:
    running, _ = start(an_import())
    for early in (an_import(), running):
        with pytest.raises(Conflict):
            undo(early, "wrong file")
    finished, _ = finish(running, ImportOutcome(captured=2, linked=0, errors=0), MONDAY_10H)
    undoing, _ = undo(finished, "wrong file")
    undone, (event,) = finish_undo(undoing, 1, 1)
    assert (undone.status, event.model_dump()) == ("undone", {"import_id": "i1", "withdrawn": 1, "kept": 1})
    for command in (start, lambda known: undo(known, "again")):
        state = undone if command is not start else finished
        assert command(state) == (state, ())


@pytest.mark.parametrize("typed", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "＝1", "+86=1"])
def test_what_is_exported_holds_no_formula(typed: str) -> None:
    assert safe(typed) == f"'{typed}"


@pytest.mark.parametrize("typed", ["+8613800138000", "-5", "3.5", "王芳", "", "a=b"])
def test_what_is_no_formula_is_exported_as_it_is(typed: str) -> None:
    assert safe(typed) == typed
