"""Leads out of files: whatever the format and the encoding, with a result for every row, through any crash, and back."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections import Counter
from typing import Any

import pytest
from integration.lead.desk import Desk, Json, a_capture, a_desk, a_phone, done, problem
from openpyxl import Workbook
from support.place import Place
from support.service import Client, eventually, running

from dealwire.catalogue.common import Role
from lead_service.main import build
from lead_service.settings import LeadSettings

HEADER = ["公司名称", "联系人", "手机", "邮箱", "行业", "省份", "来源", "人数", "成本"]


def a_row(**changes: str) -> list[str]:
    cells = dict(
        zip(HEADER, ["协和医疗有限公司", "王芳", a_phone(), "", "医疗", "江苏", "展会", "200人", "380.5"], strict=True)
    )
    return list((cells | changes).values())


def a_csv(*rows: list[str], header: list[str] = HEADER, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([header, *rows])
    return text.getvalue().encode(encoding)


def an_xlsx(*rows: list[Any], header: list[str] = HEADER) -> bytes:
    workbook, file = Workbook(), io.BytesIO()
    for row in (header, *rows):
        workbook.worksheets[0].append(row)
    workbook.save(file)
    return file.getvalue()


def an_ndjson(*rows: Json) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


async def received(desk: Desk, file: bytes, **preset: Any) -> Json:
    opened = await done(desk.so.post("/v1/imports", json={"name": "visitors", **preset}))
    return await done(desk.so.put(f"/v1/imports/{opened['id']}/file", content=file))


async def until(client: Client, import_id: str, status: str) -> Json:
    async def there() -> Json | None:
        now = await done(client.get(f"/v1/imports/{import_id}"))
        return now if now["status"] == status else None

    found: Json = await eventually(there, f"the import is {status}")
    return found


async def imported(desk: Desk, file: bytes, **preset: Any) -> Json:
    known = await received(desk, file, **preset)
    await done(desk.so.post(f"/v1/imports/{known['id']}/start"))
    return await until(desk.so, known["id"], "done")


async def results(desk: Desk, known: Json, **query: str) -> list[dict[str, str]]:
    answer = await desk.so.get(f"/v1/imports/{known['id']}/rows", params=query)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def counts(known: Json) -> tuple[int, int, int, int]:
    return known["captured"], known["linked"], known["errors"], known["waiting"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_a_csv_file_is_read_in_whatever_encoding_people_save_it(
    desk: Desk, encoding: str, delimiter: str
) -> None:
    phone = a_phone()
    done_ = await imported(desk, a_csv(a_row(手机=phone), encoding=encoding, delimiter=delimiter))
    assert counts(done_) == (1, 0, 0, 0)
    (row,) = await results(desk, done_)
    lead = await desk.get(row["lead_id"])
    assert (lead["company"], lead["contact"]["name"], lead["contact"]["phone"]) == (
        "协和医疗有限公司",
        "王芳",
        f"+86{phone}",
    )
    assert (lead["industry"], lead["region"], lead["channel"], lead["size"]) == ("医疗", "江苏", "expo", 200)
    assert lead["cost"] == {"minor": 38050, "currency": "CNY"}


async def test_a_workbook_and_ndjson_are_read_as_csv_is(desk: Desk) -> None:
    phones = [int(a_phone()) for _ in range(3)]
    sheet = await imported(
        desk, an_xlsx(*(["协和", "王芳", phone, None, None, None, "expo", 50, None] for phone in phones))
    )
    assert counts(sheet) == (3, 0, 0, 0)
    leads = [a_capture() for _ in range(3)]
    lines = await imported(desk, an_ndjson(*leads))
    assert counts(lines) == (3, 0, 0, 0)
    assert lines["mapping"]["phone"] == ["contact.phone"]
    (row, *_) = await results(desk, sheet)
    assert (await desk.get(row["lead_id"]))["contact"]["phone"] == f"+86{phones[0]}"


async def test_the_columns_are_guessed_shown_and_changed_before_anything_runs(desk: Desk) -> None:
    phone = a_phone()
    file = a_csv(["Acme", "Ada", "", phone, "old"], header=["Company", "Contact", "Mobile", "Zweitnummer", "Status"])
    known = await received(desk, file)
    assert (known["status"], known["rows"], known["unmapped"]) == ("ready", 1, ["channel"])
    assert known["mapping"] == {"company": ["Company"], "name": ["Contact"], "phone": ["Mobile"]}
    assert known["sample"] == [["Acme", "Ada", "", phone, "old"]]
    path = f"/v1/imports/{known['id']}"
    assert problem(await desk.so.post(f"{path}/start")) == (409, "mapping-incomplete")
    mapping = known["mapping"] | {"phone": ["Mobile", "Zweitnummer"], "channel": ["Status"]}
    nowhere = await desk.so.put(f"{path}/mapping", json={"mapping": mapping | {"email": ["Mail"]}})
    assert problem(nowhere) == (422, "no-such-column")
    await done(desk.so.put(f"{path}/mapping", json={"mapping": mapping}))
    await done(desk.so.post(f"{path}/start"))
    assert counts(await until(desk.so, known["id"], "done")) == (0, 0, 1, 0)
    (row,) = await results(desk, known, only="error")
    assert (row["field"], row["row"], row["Zweitnummer"]) == ("/channel", "2", phone)


async def test_every_row_of_an_import_has_its_own_result(desk: Desk) -> None:
    there, twice = await desk.lead(), a_phone()
    rows = [
        a_row(手机=twice),
        a_row(手机="12"),
        a_row(手机=twice, 邮箱="second@example.com"),
        a_row(手机=there["contact"]["phone"]),
        a_row(联系人=""),
        [""] * len(HEADER),
        a_row(手机="", 邮箱="SECOND@example.com"),
        a_row(来源="telepathy"),
        a_row(人数="many"),
    ]
    known = await imported(desk, a_csv(*rows))
    assert counts(known) == (1, 3, 4, 0)
    told = await results(desk, known)
    assert [(row["row"], row["status"], row["field"]) for row in told] == [
        ("2", "captured", ""),
        ("3", "error", "/contact/phone"),
        ("4", "linked", ""),
        ("5", "linked", ""),
        ("6", "error", "/contact/name"),
        ("8", "linked", ""),
        ("9", "error", "/channel"),
        ("10", "error", "/size"),
    ]
    assert told[0]["lead_id"] == told[2]["lead_id"] == told[5]["lead_id"]
    assert told[3]["lead_id"] == there["id"]
    events = await desk.timeline(told[0]["lead_id"])
    assert [(event.type, event.actor) for event in events] == [
        ("lead.captured.v1", "so.zhao"),
        ("lead.linked.v1", "so.zhao"),
        ("lead.linked.v1", "so.zhao"),
    ]
    timeline = await done(desk.so.get(f"/v1/imports/{known['id']}/timeline"))
    assert [event["type"].split(".")[1] for event in timeline["items"]] == ["opened", "received", "started", "finished"]


async def test_what_holds_for_every_row_is_said_once(desk: Desk) -> None:
    header = ["公司", "姓名", "电话"]
    known = await imported(
        desk,
        a_csv(["协和", "王芳", a_phone()], header=header),
        channel="partner",
        campaign="Spring",
        cost={"minor": 500, "currency": "EUR"},
    )
    (row,) = await results(desk, known)
    lead = await desk.get(row["lead_id"])
    assert (lead["channel"], lead["campaign"], lead["cost"]) == ("partner", "Spring", {"minor": 500, "currency": "EUR"})


@pytest.mark.parametrize(
    ("file", "slug"),
    [
        (b"", "empty-file"),
        (b" \n ", "empty-file"),
        ("公司,姓名\n".encode(), "empty-file"),
        (b"PK\x03\x04 no archive", "broken-xlsx"),
        (b"a,b\n\x81\x00\xff\xff,1\n", "unknown-encoding"),
        (b'{"company": 1}\n[1]\n', "broken-ndjson"),
        (b'{"company": "a"\n', "broken-ndjson"),
        (b'company,name\n"' + b"x" * 200_000, "broken-csv"),
        (b",,\n1,2,3\n", "no-header"),
        (b",".join(b"c%d" % n for n in range(201)) + b"\n1\n", "too-many-columns"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_and_nothing_is_kept(desk: Desk, file: bytes, slug: str) -> None:
    opened = await done(desk.so.post("/v1/imports", json={"name": "visitors"}))
    assert problem(await desk.so.put(f"/v1/imports/{opened['id']}/file", content=file)) == (422, slug)
    assert await done(desk.so.get(f"/v1/imports/{opened['id']}")) == opened
    assert await results(desk, opened) == []
    assert (await received(desk, a_csv(a_row())))["rows"] == 1


async def test_a_file_sent_again_takes_the_place_of_the_one_before_until_the_import_runs(desk: Desk) -> None:
    known = await received(desk, a_csv(a_row(), a_row()))
    path = f"/v1/imports/{known['id']}"
    key = {"Idempotency-Key": f"file-{known['id']}"}
    for _ in range(2):
        again = await desk.so.put(f"{path}/file", content=a_csv(a_row()), headers=key)
        assert (again.json()["rows"], again.json()["version"]) == (1, 3)
    await done(desk.so.post(f"{path}/start"))
    assert counts(await until(desk.so, known["id"], "done")) == (1, 0, 0, 0)
    assert problem(await desk.so.put(f"{path}/file", content=a_csv(a_row()))) == (409, "import-not-there")


async def test_an_import_undone_withdraws_untouched_leads_only_and_their_people_are_strangers_again(desk: Desk) -> None:
    there, untouched, twice, worked_on = await desk.lead(), a_phone(), a_phone(), a_phone()
    phones = [there["contact"]["phone"], untouched, twice, twice, worked_on]
    known = await imported(desk, a_csv(*(a_row(手机=phone) for phone in phones), a_row(手机="12")))
    ids = [row["lead_id"] for row in await results(desk, known)]
    await done(desk.so.post(f"/v1/leads/{ids[4]}/discard", json={"reason": "no interest"}))
    path = f"/v1/imports/{known['id']}"
    await done(desk.so.post(f"{path}/undo", json={"reason": "last year's file"}))
    undone = await until(desk.so, known["id"], "undone")
    assert (undone["withdrawn"], undone["kept"]) == (2, 3)
    told = await results(desk, known)
    assert [row["status"] for row in told] == ["kept", "withdrawn", "withdrawn", "kept", "kept", "error"]
    assert [(await desk.get(id_))["status"] for id_ in ids[:5]] == [
        "intake",
        "withdrawn",
        "withdrawn",
        "withdrawn",
        "discarded",
    ]
    again = await imported(desk, a_csv(a_row(手机=untouched), a_row(手机=twice), a_row(手机=worked_on)))
    assert counts(again) == (2, 1, 0, 0)


async def test_a_lead_whose_clock_ran_out_is_untouched_all_the_same(place: Place) -> None:
    soon = {
        "policy": {"completion": {"hours": 0.1 / 3600}, "required_facts": ["product_line"]},
        "clock_interval_seconds": 0.05,
    }
    async with a_desk(place, **soon) as desk:
        known = await imported(desk, a_csv(a_row()))
        (row,) = await results(desk, known)

        async def overdue() -> bool:
            return "facts_overdue" in await desk.happened(row["lead_id"])

        await eventually(overdue, "the facts are overdue")
        await done(desk.so.post(f"/v1/imports/{known['id']}/undo", json={"reason": "last year's file"}))
        undone = await until(desk.so, known["id"], "undone")
        assert (undone["withdrawn"], undone["kept"]) == (1, 0)


@pytest.mark.timeout(400)
async def test_an_import_goes_on_where_it_stopped_whatever_stops_and_every_row_counts_once(place: Place) -> None:
    """Services that stop in the midst of it and start again, two at a time: the result is that of one quiet run."""
    phones = [a_phone() for _ in range(1100)]
    same = a_phone()  # more often than a record remembers its causes
    rows = [a_row(手机=phone) for phone in phones] + [a_row(手机=same) for _ in range(130)]
    async with a_desk(place, clock_interval_seconds=60) as desk:
        known = await received(desk, a_csv(*rows))
        await done(desk.so.post(f"/v1/imports/{known['id']}/start"))
    path = f"/v1/imports/{known['id']}"
    runs = 0
    while True:
        runs += 1
        async with running(build, LeadSettings, place, clock_interval_seconds=0.02) as one:
            async with running(build, LeadSettings, place, clock_interval_seconds=0.02):
                await asyncio.sleep(0.2 * runs)
            so = one.as_("so.zhao", Role.SO)
            now = await done(so.get(path))
        if now["status"] == "done":
            break
        assert runs < 30, now
    assert runs > 1, "it was interrupted"
    async with a_desk(place) as desk:
        assert counts(await until(desk.so, known["id"], "done")) == (1101, 129, 0, 0)
        told = await results(desk, known)
        assert len({row["lead_id"] for row in told}) == 1101
        assert (await desk.get(told[-1]["lead_id"]))["captures"] == 130
        happened = Counter(await desk.happened(told[-1]["lead_id"]))
        assert happened == {"captured": 1, "linked": 129}
