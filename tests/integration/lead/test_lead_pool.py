"""The pool: AMs bid, exactly one wins, and the others learn why."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

import httpx
from integration.lead.desk import CHEN, GU, LI, MEMBERS, Desk, Json, a_desk, done, problem
from support.events import an_event
from support.hours import always_open
from support.place import Place
from support.service import Client, eventually, running

from dealwire.catalogue.common import Role
from dealwire.catalogue.people import MemberChanged, MemberPerformanceRated
from dealwire.kit.store import Database
from lead_service.main import build
from lead_service.settings import LeadSettings
from lead_service.store import SERVICE

HOUR = 3600


def pool(window: float, **policy: Any) -> Json:
    """Settings under which a grab is open for so many seconds."""
    policy = {"grab_window": {"hours": window / HOUR}} | policy
    return always_open() | {"policy": policy, "clock_interval_seconds": 0.05}


async def rate(desk: Desk, **ratings: int | None) -> None:
    """kpi-service says how these performed, the newest word last."""
    for sequence, (name, rating) in enumerate(ratings.items(), 1):
        rated = MemberPerformanceRated(
            member_id=f"am.{name}", rating=rating, first=date(2025, 1, 1), last=date(2025, 3, 31), because=("tested",)
        )
        await desk.bus.publish(an_event(rated, subject=rated.member_id, sequence=sequence))
    database = Database(desk.place.mongo_url, desk.place.database(SERVICE))

    async def known() -> bool:
        return await database.collection("ratings").count_documents({}) == len(ratings)

    try:
        await eventually(known, "the ratings are known")
    finally:
        await database.stop()


async def bid(desk: Desk, lead: Json, am_id: str, through: Client | None = None) -> httpx.Response:
    return await (through or desk.client).as_(am_id, Role.AM).post(f"/v1/leads/{lead['id']}/bid")


async def decided(desk: Desk, lead: Json) -> Json:
    async def there() -> Json | None:
        grab = await done(desk.so.get(f"/v1/leads/{lead['id']}/grab"))
        return grab if grab["decided_at"] else None

    grab: Json = await eventually(there, "the grab is decided")
    return grab


async def test_the_best_of_two_bidders_has_the_lead_and_the_loser_sees_why(place: Place) -> None:
    async with a_desk(place, **pool(window=1.0)) as desk:
        await rate(desk, li=20, chen=95)
        lead = await desk.lead("B", region="华东", size=800)
        opened = await done(bid(desk, lead, LI))
        await done(bid(desk, lead, CHEN))
        assert (opened["bids"], opened["ranking"], opened["am_id"]) == (1, [], None)
        grab = await decided(desk, lead)
        assert grab["am_id"] == CHEN
        for bidder in (LI, CHEN):
            seen = await done(desk.am(bidder).get(f"/v1/leads/{lead['id']}/grab"))
            assert [each["am_id"] for each in seen["ranking"]] == [CHEN, LI]
            assert [each["performance"] for each in seen["ranking"]] == [95, 20]
        unconcerned = await desk.am(GU).get(f"/v1/leads/{lead['id']}/grab")
        assert problem(unconcerned) == (404, "no-bid")
        won = await desk.get(lead["id"])
        assert (won["status"], won["am_id"], won["accept_by"]) == ("accepted", CHEN, None)
        words = ["captured", "qualified", "bid_placed", "bid_placed", "grab_decided", "assigned", "accepted"]
        assert await desk.happened(lead["id"]) == words
        assert (await desk.timeline(lead["id"]))[4].actor == "lead-service/clock"
        assert problem(await bid(desk, lead, GU)) == (409, "lead-not-in-pool")


async def test_the_pool_shows_what_there_is_to_be_had_but_not_how_to_reach_the_person(place: Place) -> None:
    async with a_desk(place, **pool(window=HOUR)) as desk:
        await desk.lead("A")
        pooled = [await desk.lead("B"), await desk.lead("B")]
        await done(bid(desk, pooled[0], LI))
        page = await done(desk.am(LI).get("/v1/pool"))
        assert [(item["id"], item["bids"]) for item in page["items"]] == [(pooled[1]["id"], 0), (pooled[0]["id"], 1)]
        assert page["items"][1]["my_bid_at"]
        assert pooled[0]["contact"]["phone"] not in str(page)
        seen = await done(desk.am(CHEN).get("/v1/pool"))
        assert [item["my_bid_at"] for item in seen["items"]] == [None, None]


async def test_without_a_window_exactly_one_of_many_at_once_wins_through_two_replicas(place: Place) -> None:
    ams = [MemberChanged(member_id=f"am.{n}", name=f"AM {n}", roles=(Role.AM,)) for n in range(8)]
    settings = pool(window=0)
    async with a_desk(place, *ams, **settings) as desk, running(build, LeadSettings, place, **settings) as other:
        leads = [await desk.lead("B") for _ in range(6)]
        for lead in leads:
            answers = await asyncio.gather(
                *(bid(desk, lead, am.member_id, (desk.client, other)[n % 2]) for n, am in enumerate(ams))
            )
            won = [answer.json()["am_id"] for answer in answers if answer.is_success]
            assert len(won) == 1
            assert {problem(answer) for answer in answers if not answer.is_success} == {(409, "lead-not-in-pool")}
            assert (await desk.get(lead["id"]))["am_id"] == won[0]
            assert Counter(await desk.happened(lead["id"]))["grab_decided"] == 1


async def test_of_many_bids_in_a_window_exactly_one_wins_through_two_replicas(place: Place) -> None:
    settings = pool(window=0.7)
    async with a_desk(place, **settings) as desk, running(build, LeadSettings, place, **settings) as other:
        leads = [await desk.lead("B") for _ in range(8)]
        bids = [bid(desk, lead, am_id, through) for lead in leads for am_id, through in _spread(desk.client, other)]
        assert {answer.status_code for answer in await asyncio.gather(*bids)} == {200}
        for lead in leads:
            grab = await decided(desk, lead)
            assert {each["am_id"] for each in grab["ranking"]} == {LI, CHEN, GU}
            assert grab["am_id"] == grab["ranking"][0]["am_id"]
        await asyncio.sleep(0.3)
        for lead in leads:
            happened = Counter(await desk.happened(lead["id"]))
            assert (happened["bid_placed"], happened["grab_decided"], happened["accepted"]) == (3, 1, 1)


def _spread(*replicas: Client) -> Sequence[tuple[str, Client]]:
    return [(am_id, replicas[n % 2]) for n, am_id in enumerate((LI, CHEN, GU))]


async def test_no_am_takes_more_places_than_there_are_however_many_grabs_are_won_at_once(place: Place) -> None:
    settings = pool(window=0, claim_limit=3)
    async with a_desk(place, MEMBERS[0], **settings) as desk, running(build, LeadSettings, place, **settings) as other:
        leads = [await desk.lead("B") for _ in range(10)]
        answers = await asyncio.gather(
            *(bid(desk, lead, LI, (desk.client, other)[n % 2]) for n, lead in enumerate(leads))
        )
        won = [answer for answer in answers if answer.is_success and answer.json()["am_id"] == LI]
        assert len(won) == 3
        page = await done(desk.am(LI).get("/v1/leads"))
        mine = [lead["id"] for lead in page["items"] if lead["status"] == "accepted"]
        assert len(mine) == 3
        more = await desk.lead("B")
        assert problem(await bid(desk, more, LI)) == (409, "not-to-be-had")
        await done(desk.am(LI).post(f"/v1/leads/{mine[0]}/convert"))
        assert (await done(bid(desk, more, LI)))["am_id"] == LI


async def test_a_window_that_closes_while_the_service_is_down_is_decided_when_it_is_up_again(place: Place) -> None:
    async with a_desk(place, **pool(window=0.5) | {"clock_interval_seconds": HOUR}) as desk:
        lead, unwanted = await desk.lead("B"), await desk.lead("B")
        await done(bid(desk, lead, LI))
        await asyncio.sleep(0.6)
        assert problem(await bid(desk, lead, CHEN)) == (409, "grab-over")
    async with a_desk(place, **pool(window=HOUR)) as desk:
        assert (await decided(desk, lead))["am_id"] == LI
        assert (await desk.get(unwanted["id"]))["status"] == "pool"


async def test_a_bid_sent_again_is_made_once(place: Place) -> None:
    async with a_desk(place, **pool(window=HOUR)) as desk:
        lead = await desk.lead("B")
        headers = {"Idempotency-Key": "my-bid"}
        first = await desk.am(LI).post(f"/v1/leads/{lead['id']}/bid", headers=headers)
        again = await desk.am(LI).post(f"/v1/leads/{lead['id']}/bid", headers=headers)
        assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
        assert (await done(bid(desk, lead, LI)))["bids"] == 1
        stale = await desk.am(CHEN).post(f"/v1/leads/{lead['id']}/bid", headers={"If-Match": '"1"'})
        assert problem(stale)[0] == 412
