"""The lists that people work with: found, filtered, in any order, saved, and as files."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from integration.lead.desk import CHEN, LI, Desk, Json, a_desk, a_phone, done, problem
from openpyxl import load_workbook
from support.hours import always_open
from support.place import Servers, new_place
from support.service import Client, eventually

from dealwire.catalogue.common import Role


@pytest.fixture(scope="module")
async def full(infra: Servers) -> AsyncIterator[tuple[Desk, list[Json]]]:
    """A lead-service with leads in every list, oldest first."""
    late = always_open() | {"policy": {"completion": {"hours": 5 / 3600}}}
    async with new_place(infra) as place, a_desk(place, **late) as desk:
        leads = [
            await desk.lead(company="東芝醫療", campaign="CMEF", need="二十台 Gateways"),
            await desk.lead("B", company="Siemens Healthineers", channel="search", region="华东"),
            await desk.lead("C", contact={"name": "张伟", "email": "zhang.wei@example.com"}, size=100, region="华北"),
            await desk.lead(to=LI, company="=1+1"),
            await desk.lead(to=CHEN, campaign="CMEF"),
            await desk.accepted(LI, company="协和", region="华东"),
        ]

        async def overdue() -> bool:
            return len(await listed(desk.so, view="overdue")) >= 5

        await eventually(overdue, "facts are overdue")
        yield desk, [await desk.get(lead["id"]) for lead in leads]


async def listed(client: Client, path: str = "/v1/leads", **query: Any) -> list[str]:
    """The ids on all pages of a list."""
    ids: list[str] = []
    while True:
        page = await done(client.get(path, params=query))
        ids += [lead["id"] for lead in page["items"]]
        if page["next"] is None:
            return ids
        query["cursor"] = page["next"]


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ({"view": "intake"}, [0]),
        ({"view": "pool"}, [1]),
        ({"view": "nurture"}, [2]),
        ({"grade": "C"}, [2]),
        ({"channel": "search"}, [1]),
        ({"campaign": "CMEF"}, [4, 0]),
        ({"region": "华东"}, [5, 1]),
        ({"region": "华东", "status": "accepted"}, [5]),
        ({"q": "东芝"}, [0]),
        ({"q": "ＳＩＥＭ health"}, [1]),
        ({"q": "gateways"}, [0]),
        ({"q": "zhang.wei@EXAMPLE.com"}, [2]),
        ({"q": "张"}, [2]),
        ({"q": "东芝 siemens"}, []),
        ({"q": "!?"}, []),
        ({"captured_from": "2020-01-01", "captured_to": "2020-12-31"}, []),
        ({"captured_from": "2020-01-01", "captured_to": "9999-12-31", "view": "intake"}, [0]),
        ({"captured_from": "0001-01-01", "view": "pool"}, [1]),
    ],
)
async def test_a_lead_is_found_by_what_was_told_of_it(
    full: tuple[Desk, list[Json]], query: Json, places: list[int]
) -> None:
    desk, leads = full
    assert await listed(desk.so, **query, limit=1) == [leads[place]["id"] for place in places]


async def test_a_lead_is_found_by_its_number_with_and_without_the_country(full: tuple[Desk, list[Json]]) -> None:
    desk, leads = full
    number = leads[0]["contact"]["phone"]
    for query in (number, number[3:], number[3:9]):
        assert leads[0]["id"] in await listed(desk.so, q=query)
    assert await listed(desk.so, q=number) == [leads[0]["id"]]


async def test_my_leads_are_those_i_have(full: tuple[Desk, list[Json]]) -> None:
    desk, leads = full
    assert await listed(desk.am(LI), view="mine") == [leads[5]["id"], leads[3]["id"]]
    assert await listed(desk.so, view="mine") == []


async def test_overdue_leads_are_those_that_lack_something_they_should_have_by_now(
    full: tuple[Desk, list[Json]],
) -> None:
    desk, leads = full
    overdue = await listed(desk.so, view="overdue")
    assert leads[0]["id"] in overdue
    assert leads[2]["id"] not in overdue, "nothing is missing"


@pytest.mark.parametrize("limit", [1, 2, 5, 200])
@pytest.mark.parametrize("sort", ["newest", "oldest", "score", "due"])
async def test_every_lead_is_listed_once_in_whatever_order(
    full: tuple[Desk, list[Json]], sort: str, limit: int
) -> None:
    desk, leads = full
    ids = await listed(desk.so, sort=sort, limit=limit)
    assert len(ids) == len(set(ids))
    by_id = {lead["id"]: lead for lead in leads}
    if sort in ("newest", "oldest"):
        assert ids == [lead["id"] for lead in leads][:: -1 if sort == "newest" else 1]
    elif sort == "score":
        scores = [by_id[id_]["score"] for id_ in ids]
        assert (len(scores), scores) == (5, sorted(scores, reverse=True))


async def test_a_saved_list_belongs_to_who_saved_it(full: tuple[Desk, list[Json]]) -> None:
    desk, leads = full
    li = desk.am(LI)
    body = {"name": "East", "filter": {"region": "华东", "sort": "oldest"}}
    saved = await done(li.post("/v1/lists", json=body))
    assert saved["filter"]["region"] == "华东"
    path = f"/v1/lists/{saved['id']}"
    assert await listed(li, f"{path}/leads") == [leads[5]["id"]]
    assert [each["id"] for each in (await done(li.get("/v1/lists")))["items"]] == [saved["id"]]
    for request in (desk.am(CHEN).get(f"{path}/leads"), desk.am(CHEN).delete(path), desk.so.get(f"{path}/timeline")):
        assert problem(await request) == (404, "not-found")
    assert (await done(desk.am(CHEN).get("/v1/lists")))["items"] == []
    await done(li.delete(path))
    assert problem(await li.get(f"{path}/leads")) == (404, "not-found")
    assert (await done(li.get("/v1/lists")))["items"] == []


async def test_an_export_has_what_the_list_has_and_no_formula(full: tuple[Desk, list[Json]]) -> None:
    desk, leads = full
    answer = await desk.am(LI).get("/v1/leads/export", params={"sort": "oldest"})
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["id"] for row in rows] == [leads[3]["id"], leads[5]["id"]]
    assert [row["company"] for row in rows] == ["'=1+1", "协和"]
    assert rows[0]["phone"] == leads[3]["contact"]["phone"]
    book = await desk.am(LI).get("/v1/leads/export", params={"sort": "oldest", "format": "xlsx"})
    sheet = load_workbook(io.BytesIO(book.content)).worksheets[0]
    header, first, second = sheet.iter_rows()
    column = [cell.value for cell in header].index("company")
    assert [(row[column].value, row[column].data_type) for row in (first, second)] == [("=1+1", "s"), ("协和", "s")]


async def test_a_large_list_is_exported_whole(desk: Desk) -> None:
    rows = [[f"Company {n}", "Ada", a_phone()] for n in range(1200)]
    leads = [
        {"company": company, "channel": "partner", "campaign": "many", "contact": {"name": name, "phone": phone}}
        for company, name, phone in rows
    ]
    for start in range(0, len(leads), 400):
        await done(desk.so.post("/v1/leads/batch", json={"leads": leads[start : start + 400]}))
    answer = await desk.so.get("/v1/leads/export", params={"campaign": "many"})
    assert len(answer.text.splitlines()) == 1201
    machine = desk.client.as_("bi", Role.MACHINE, scopes=("leads:read",))
    book = await machine.get("/v1/leads/export", params={"campaign": "many", "format": "xlsx"})
    assert sum(1 for _ in load_workbook(io.BytesIO(book.content)).worksheets[0].iter_rows()) == 1201
