"""The acceptance clock: it fires once, whatever restarts and however many replicas there are."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import httpx
from integration.lead.backstage import a_backstage, a_cause
from integration.lead.desk import ANSWERS, CHEN, LI, MEMBERS, WANG, Desk, Json, a_capture, a_desk, done, problem
from support.hours import always_open
from support.place import Place
from support.service import eventually, running

from dealwire.catalogue.common import Role
from dealwire.catalogue.lead import Bant
from dealwire.errors import Conflict
from dealwire.event import Event, utc_now
from dealwire.kit.store import Record
from lead_service.domain.lead import Capture, Lead
from lead_service.main import build
from lead_service.settings import LeadSettings

HOUR = 3600
ONE_AM = [member for member in MEMBERS if member.member_id in {LI, WANG}]
TWO_AMS = [member for member in MEMBERS if member.member_id in {LI, CHEN, WANG}]


def clock(seconds: float, **more: Any) -> Json:
    """Settings that give an AM so long to accept, at any hour of any day."""
    return always_open() | {"policy": {"acceptance_hours": seconds / HOUR}, "clock_interval_seconds": 0.05} | more


async def until_happened(desk: Desk, lead: Json, *words: str) -> list[Event]:
    async def as_expected() -> bool:
        return await desk.happened(lead["id"]) == list(words)

    await eventually(as_expected, f"{words} in the timeline")
    return await desk.timeline(lead["id"])


async def test_two_replicas_give_every_late_lead_once_to_another(place: Place) -> None:
    settings = clock(seconds=1.0)
    async with a_desk(place, *TWO_AMS, **settings) as desk, running(build, LeadSettings, place, **settings):
        leads = await asyncio.gather(*(desk.lead("A") for _ in range(12)))
        waiting = [await desk.lead("B"), await desk.lead("C")]
        for lead in leads:
            events = await until_happened(
                desk, lead, "captured", "qualified", "assigned", "returned", "assigned", "returned"
            )
            first, returned, second, returned_again = events[2:]
            assert {first.data["am_id"], second.data["am_id"]} == {LI, CHEN}
            assert [first.data["attempt"], second.data["attempt"]] == [1, 2]
            for assigned, late in ((first, returned), (second, returned_again)):
                assert (late.data["am_id"], late.data["due"]) == (assigned.data["am_id"], assigned.data["accept_by"])
                assert late.time >= datetime.fromisoformat(late.data["due"])
                assert late.actor == "lead-service/clock"
            assert second.time == returned.time
        await asyncio.sleep(0.5)
        for lead in leads:
            there = await desk.get(lead["id"])
            assert (there["status"], there["version"], there["am_id"], there["attempt"]) == ("intake", 6, None, 2)
        assert [await desk.get(lead["id"]) for lead in waiting] == waiting


async def test_a_deadline_that_passes_while_the_service_is_down_fires_when_it_is_up_again(place: Place) -> None:
    async with a_desk(place, **clock(seconds=0.5, clock_interval_seconds=HOUR)) as desk:
        lead = await desk.lead("A")
        await asyncio.sleep(0.6)
        assert await desk.happened(lead["id"]) == ["captured", "qualified", "assigned"]
        late = await desk.am(lead["am_id"]).post(f"/v1/leads/{lead['id']}/accept")
        assert problem(late) == (409, "acceptance-over")
        assert await desk.get(lead["id"]) == lead
    async with a_desk(place, **clock(seconds=HOUR)) as desk:
        await until_happened(desk, lead, "captured", "qualified", "assigned", "returned", "assigned")
        again = await desk.get(lead["id"])
        assert {lead["am_id"], again["am_id"]} == {LI, CHEN}
        assert problem(await desk.am(lead["am_id"]).post(f"/v1/leads/{lead['id']}/accept")) == (403, "not-your-lead")
        assert (await done(desk.am(again["am_id"]).post(f"/v1/leads/{lead['id']}/accept")))["status"] == "accepted"


async def test_a_lead_accepted_in_time_does_not_come_back(place: Place) -> None:
    async with a_desk(place, **clock(seconds=1.5)) as desk:
        lead = await desk.lead("A")
        accepted = await done(desk.am(lead["am_id"]).post(f"/v1/leads/{lead['id']}/accept"))
        await asyncio.sleep(1.7)
        assert await desk.get(lead["id"]) == accepted


async def test_who_accepts_at_the_last_moment_has_the_lead_or_has_lost_it(place: Place) -> None:
    """AMs accept through two replicas while both clocks are at it: what the AM was told is what happened."""
    before = [2.0, 1.6, 1.2, 0.8, *(number / 40 for number in range(15, -5, -1))]  # the first are early on any machine
    settings = clock(seconds=3.0, clock_interval_seconds=0.02)
    async with a_desk(place, *ONE_AM, **settings) as desk, running(build, LeadSettings, place, **settings) as other:

        async def accepted(number: int) -> tuple[Json, httpx.Response]:
            lead = await desk.lead("A")
            last_moment = datetime.fromisoformat(lead["accept_by"])
            await asyncio.sleep((last_moment - utc_now()).total_seconds() - before[number])
            am = (desk.client, other)[number % 2].as_(LI, Role.AM)
            return lead, await am.post(f"/v1/leads/{lead['id']}/accept")

        answers = await asyncio.gather(*(accepted(number) for number in range(len(before))))
        assert {answer.status_code for _, answer in answers} == {200, 409}
        for lead, answer in answers:
            outcome = "accepted" if answer.is_success else "returned"
            await until_happened(desk, lead, "captured", "qualified", "assigned", outcome)


async def test_of_an_acceptance_and_the_clock_at_the_same_moment_exactly_one_happens(place: Place) -> None:
    """Both are right by their own clock, a millisecond apart; the record's version decides."""
    async with a_backstage(place) as backstage:
        handlers, store = backstage.handlers, backstage.store
        for member in ONE_AM:
            await handlers.keep_member_when_member_changed(member, a_cause(sequence=1))
        outcomes: Counter[str] = Counter()
        for number in range(40):
            lead = await handlers.capture_lead(Capture.model_validate(a_capture()), a_cause())
            lead = await handlers.qualify_lead(lead.id, Bant(**ANSWERS["A"]), a_cause())
            due = lead.state.accept_by
            assert due is not None

            async def accept(lead_id: str, by_own_clock: datetime, wait: float) -> Record[Lead]:
                await asyncio.sleep(wait)
                return await handlers.accept_lead(lead_id, LI, a_cause(by_own_clock))

            race = await asyncio.gather(
                accept(lead.id, due - timedelta(milliseconds=1), 0.0005 * 1.2**number),
                backstage.pool.expire_lead(lead.id, a_cause(due)),
                backstage.pool.expire_lead(lead.id, a_cause(due)),
                return_exceptions=True,
            )
            assert all(isinstance(each, Record | Conflict) for each in race), race
            *_, last = (await store.leads.timeline(lead.id)).items
            assert last.sequence == 4
            assert isinstance(race[0], Record) is (last.type == "lead.accepted.v1")
            outcomes[last.type] += 1
        assert set(outcomes) == {"lead.accepted.v1", "lead.returned.v1"}
