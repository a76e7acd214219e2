"""Completing facts through the API, and the clock that watches over it."""

from __future__ import annotations

import asyncio
from typing import Any

from integration.lead.desk import CHEN, Desk, Json, a_desk, done, problem
from support.hours import always_open
from support.place import Place
from support.service import eventually, running

from dealwire.event import Event
from lead_service.main import build
from lead_service.settings import LeadSettings

HOUR = 3600


def clock(seconds: float, **more: Any) -> Json:
    completion = {"completion": {"hours": seconds / HOUR}}
    return always_open() | {"policy": completion, "clock_interval_seconds": 0.05} | more


async def test_facts_are_completed_piece_by_piece(desk: Desk) -> None:
    lead = await desk.lead(need="Gateways")
    assert lead["missing"] == ["region", "size"]
    assert lead["complete_by"] > lead["captured_at"]
    path = f"/v1/leads/{lead['id']}"
    lead = await done(desk.so.patch(path, json={"region": "华东", "industry": "Medical"}))
    assert (lead["region"], lead["industry"], lead["missing"]) == ("华东", "Medical", ["size"])
    lead = await done(desk.so.patch(path, json={"size": 800}))
    assert (lead["missing"], lead["complete_by"]) == ([], None)
    assert await done(desk.so.patch(path, json={"size": 800})) == lead
    *_, event = await desk.timeline(lead["id"])
    assert event.type == "lead.facts_completed.v1"
    facts = {"industry": "Medical", "region": "华东", "size": 800, "product_line": None, "need": "Gateways"}
    assert event.data == {"lead_id": lead["id"], "facts": facts, "missing": []}


async def test_facts_that_cannot_be_are_refused_and_change_nothing(desk: Desk) -> None:
    lead = await desk.lead()
    for body in ({"size": 0}, {"size": "many"}, {"region": ""}, {"budget": 3}):
        answer = await desk.so.patch(f"/v1/leads/{lead['id']}", json=body)
        assert problem(answer)[0] == 422
    assert await desk.get(lead["id"]) == lead


async def test_an_am_completes_own_leads_only(desk: Desk) -> None:
    lead = await desk.lead(to=CHEN)
    path = f"/v1/leads/{lead['id']}"
    assert problem(await desk.am().patch(path, json={"size": 800})) == (403, "not-your-lead")
    assert (await done(desk.am(CHEN).patch(path, json={"size": 800})))["size"] == 800


async def test_facts_that_nobody_completed_escalate_once_across_a_restart_and_two_replicas(place: Place) -> None:
    async with a_desk(place, **clock(seconds=0.5, clock_interval_seconds=HOUR)) as desk:
        late = [await desk.lead() for _ in range(6)]
        complete = await desk.lead(region="华东", size=800)
        await asyncio.sleep(0.6)
        assert await desk.happened(late[0]["id"]) == ["captured"]
    settings = clock(seconds=HOUR)
    async with a_desk(place, **settings) as desk, running(build, LeadSettings, place, **settings):
        for lead in late:
            escalated = await _escalated(desk, lead["id"])
            assert (escalated.data["missing"], escalated.data["due"]) == (["region", "size"], lead["complete_by"])
            assert escalated.actor == "lead-service/clock"
        await asyncio.sleep(0.3)
        for lead in late:
            assert await desk.happened(lead["id"]) == ["captured", "facts_overdue"]
        assert await desk.happened(complete["id"]) == ["captured"]


async def _escalated(desk: Desk, lead_id: str) -> Event:
    async def there() -> bool:
        return len(await desk.timeline(lead_id)) > 1

    await eventually(there, "the escalation is told")
    return (await desk.timeline(lead_id))[-1]
