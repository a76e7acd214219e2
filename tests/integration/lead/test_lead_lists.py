"""Lists of leads: in pages, filtered, and each their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from integration.lead.desk import CHEN, GU, LI, WANG, ZHOU, Desk, Json, a_desk, done, problem
from pymongo import MongoClient
from pymongo.database import Database
from support.place import Servers, new_place
from support.service import Client

from dealwire.catalogue.common import Role
from lead_service.store import SERVICE


@pytest.fixture(scope="module")
async def full(infra: Servers) -> AsyncIterator[tuple[Desk, list[Json]]]:
    """A lead-service with 17 leads, oldest first."""
    async with new_place(infra) as place, a_desk(place) as desk:
        leads = [await desk.lead() for _ in range(8)]
        leads += [await desk.lead("B") for _ in range(2)]
        leads += [await desk.lead(to=LI) for _ in range(3)]
        leads += [await desk.accepted(LI), await desk.accepted(CHEN)]
        leads += [await desk.lead(to=CHEN), await desk.lead(to=GU, industry="aerospace")]
        yield desk, leads


async def listed(client: Client, **query: Any) -> list[Json]:
    """All pages of a list."""
    leads: list[Json] = []
    while True:
        page = await done(client.get("/v1/leads", params=query))
        assert len(page["items"]) <= query.get("limit", 50)
        leads += page["items"]
        if page["next"] is None:
            return leads
        query["cursor"] = page["next"]


@pytest.mark.parametrize("limit", [1, 5, 16, 17, 18, 200])
async def test_pages_show_every_lead_once_the_newest_first(full: tuple[Desk, list[Json]], limit: int) -> None:
    desk, leads = full
    assert await listed(desk.so, limit=limit) == leads[::-1]


@pytest.mark.parametrize(
    "query",
    [
        {"status": "intake"},
        {"status": "pool"},
        {"status": "assigned"},
        {"status": "accepted"},
        {"status": "converted"},
        {"am_id": LI},
        {"am_id": "am.nobody"},
        {"am_id": LI, "status": "assigned"},
        {"am_id": CHEN, "status": "accepted"},
    ],
)
async def test_a_filter_shows_those_it_names(full: tuple[Desk, list[Json]], query: Json) -> None:
    desk, leads = full
    wanted = [lead for lead in reversed(leads) if all(lead[field] == value for field, value in query.items())]
    assert await listed(desk.so, **query, limit=2) == wanted


@pytest.mark.parametrize(
    ("id", "role", "field", "count"),
    [(LI, Role.AM, "am_id", 4), (CHEN, Role.AM, "am_id", 2), (WANG, Role.SE, "se_id", 6), (ZHOU, Role.SE, "se_id", 1)],
)
async def test_an_am_or_se_sees_own_leads_only(
    full: tuple[Desk, list[Json]], id: str, role: Role, field: str, count: int
) -> None:
    desk, leads = full
    own = [lead for lead in reversed(leads) if lead[field] == id]
    assert len(own) == count
    client = desk.client.as_(id, role)
    assert await listed(client, limit=3) == own
    assert await listed(client, status="accepted") == [lead for lead in own if lead["status"] == "accepted"]
    assert await listed(client, am_id=CHEN) == [lead for lead in own if lead["am_id"] == CHEN]


async def test_a_new_lead_does_not_disturb_whoever_is_turning_pages(full: tuple[Desk, list[Json]]) -> None:
    desk, _ = full
    before = [lead["id"] for lead in await listed(desk.so, status="nurture")]
    for _ in range(4):
        before.insert(0, (await desk.lead("C"))["id"])
    page = await done(desk.so.get("/v1/leads", params={"status": "nurture", "limit": 2}))
    await desk.lead("C")
    rest = await listed(desk.so, status="nurture", limit=2, cursor=page["next"])
    assert [lead["id"] for lead in page["items"] + rest] == before


async def test_the_next_page_is_linked_with_the_filters_it_was_asked_with(desk: Desk) -> None:
    for _ in range(2):
        await desk.lead(to=GU)
    answer = await desk.so.get("/v1/leads", params={"am_id": GU, "limit": 1})
    assert answer.headers["link"] == f'<?am_id=am.gu&limit=1&cursor={answer.json()["next"]}>; rel="next"'


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"status": "lost"}, "status"),
        ({"am_id": "a b"}, "am_id"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "WzEsMl0"}, "cursor"),
        ({"cursor": "x" * 501}, "cursor"),
    ],
)
async def test_a_wrong_parameter_is_refused_by_name(desk: Desk, query: Json, parameter: str) -> None:
    answer = await desk.so.get("/v1/leads", params=query)
    assert problem(answer)[0] == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


async def test_whoever_has_few_leads_does_not_wait_for_all_the_others(full: tuple[Desk, list[Json]]) -> None:
    """An AM's list reads the own leads from an index, however many leads there are."""
    desk, leads = full
    client: MongoClient[Json]
    with MongoClient(desk.place.mongo_url) as client:
        database: Database[Json] = client[desk.place.database(SERVICE)]
        database.command("profile", 2)
        try:
            assert await listed(desk.client.as_("am.new", Role.AM)) == []
        finally:
            database.command("profile", 0)
        (read,) = database["system.profile"].find({"command.find": "leads", "command.sort.created_at": -1})
    assert (read["docsExamined"], read["keysExamined"], len(leads)) == (0, 0, 17)
