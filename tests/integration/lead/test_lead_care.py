"""Staying in touch: what people do about it through the API, and what the clock does."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from integration.lead.desk import CHEN, LI, MEMBERS, WANG, Desk, Json, a_capture, a_desk, done, problem
from support.hours import always_open
from support.place import Place
from support.service import eventually, running

from dealwire.event import utc_now
from lead_service.main import build
from lead_service.settings import LeadSettings

HOUR = 3600
SHANGHAI = ZoneInfo("Asia/Shanghai")
TEAM = tuple(
    member.model_copy(update={"manager_id": "tl.gao"}) for member in MEMBERS if member.member_id in {LI, CHEN, WANG}
)
CALL = {"channel": "call", "outcome": "They think about it"}


def clocks(seconds: float, tick: float = 0.05, **policy: Any) -> Json:
    """Settings under which silence is noticed after so many seconds, and each further warning after as many."""
    names = ("silence", "silence_to_team_lead", "silence_to_release")
    policy = {name: {"hours": seconds / HOUR} for name in names} | policy
    return always_open() | {"policy": policy, "clock_interval_seconds": tick}


async def test_the_next_step_is_always_in_the_view(desk: Desk) -> None:
    lead = await desk.accepted()
    assert lead["next_step"]["channel"] == "call"
    assert lead["last_contact_at"] is None
    path = f"/v1/leads/{lead['id']}"
    called = await done(desk.am().post(f"{path}/follow-ups", json=CALL))
    assert called["next_step"]["due"] > lead["next_step"]["due"]
    assert called["last_contact_at"] > lead["accepted_at"]
    *_, accepted, followed_up = await desk.timeline(lead["id"])
    assert accepted.data["next_step"] == lead["next_step"]
    assert (followed_up.data["outcome"], followed_up.data["next_step"]) == (CALL["outcome"], called["next_step"])
    assert problem(await desk.am(CHEN).post(f"{path}/follow-ups", json=CALL)) == (403, "not-your-lead")
    for body in ({"channel": "fax", "outcome": "x"}, {"channel": "call", "outcome": " "}, {"channel": "call"}):
        assert problem(await desk.am().post(f"{path}/follow-ups", json=body))[0] == 422
    await done(desk.am().post(f"{path}/convert"))
    assert (await desk.get(lead["id"]))["next_step"] is None


async def test_what_is_found_out_about_a_lead_keeps_it_longer(desk: Desk) -> None:
    lead = await desk.lead()
    path = f"/v1/leads/{lead['id']}"
    verified = await done(desk.so.post(f"{path}/verify", json={"channel": "call"}))
    completed = await done(desk.so.patch(path, json={"size": 800}))
    assert lead["archive_at"] < verified["archive_at"] < completed["archive_at"]


async def test_a_lead_that_was_given_back_is_discarded_once_it_is_known_to_be_none(desk: Desk) -> None:
    lead = await desk.accepted()
    path, why = f"/v1/leads/{lead['id']}", {"reason": "no such number"}
    assert problem(await desk.so.post(f"{path}/discard", json=why)) == (409, "lead-not-with-sales-ops")
    assert problem(await desk.am(CHEN).post(f"{path}/unassign", json=why)) == (403, "not-your-lead")
    back = await done(desk.am().post(f"{path}/unassign", json=why, headers={"Idempotency-Key": f"back-{lead['id']}"}))
    again = await desk.am().post(f"{path}/unassign", json=why, headers={"Idempotency-Key": f"back-{lead['id']}"})
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (back, "true")
    assert (back["status"], back["am_id"], back["next_step"]) == ("intake", None, None)
    await done(desk.so.post(f"{path}/discard", json=why))
    *_, unassigned, discarded = await desk.timeline(lead["id"])
    assert (unassigned.data["why"], unassigned.actor) == ("given_back", LI)
    assert discarded.type == "lead.discarded.v1"


async def test_a_follow_up_sent_again_is_logged_once(desk: Desk) -> None:
    lead = await desk.accepted()
    headers = {"Idempotency-Key": f"call-{lead['id']}"}
    path = f"/v1/leads/{lead['id']}/follow-ups"
    first = await desk.am().post(path, json=CALL, headers=headers)
    again = await desk.am().post(path, json=CALL, headers=headers)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert (await desk.happened(lead["id"])).count("followed_up") == 1


async def test_the_call_of_the_morning_is_logged_in_the_evening(desk: Desk) -> None:
    lead = await desk.accepted()
    path = f"/v1/leads/{lead['id']}/follow-ups"
    accepted_at = datetime.fromisoformat(lead["accepted_at"])
    called = await done(desk.am().post(path, json=CALL))
    earlier = (accepted_at + (datetime.fromisoformat(called["last_contact_at"]) - accepted_at) / 2).astimezone(SHANGHAI)
    logged = await done(desk.am().post(path, json=CALL | {"contacted_at": earlier.isoformat()}))
    assert logged["last_contact_at"] == called["last_contact_at"]
    events = [event.data for event in await desk.timeline(lead["id"]) if event.type == "lead.followed_up.v1"]
    assert [data["number"] for data in events] == [1, 2]
    assert datetime.fromisoformat(events[1]["contacted_at"]) == earlier.replace(
        microsecond=earlier.microsecond // 1000 * 1000
    )
    before = await desk.get(lead["id"])
    for at in (accepted_at - timedelta(seconds=1), utc_now() + timedelta(minutes=5)):
        refused = await desk.am().post(path, json=CALL | {"contacted_at": at.isoformat()})
        assert refused.status_code == 422
        assert [error["pointer"] for error in refused.json()["errors"]] == ["/contacted_at"]
    for unclear in ("yesterday", "2025-03-10T10:00:00"):
        assert problem(await desk.am().post(path, json=CALL | {"contacted_at": unclear}))[0] == 422
    assert await desk.get(lead["id"]) == before


async def test_silence_reminds_escalates_and_releases_once_each_across_a_restart_and_two_replicas(
    place: Place,
) -> None:
    async with a_desk(place, *TEAM, **clocks(seconds=0.5, tick=HOUR)) as desk:
        leads = [await desk.accepted(to) for to in (LI, CHEN, LI)]
        kept = await desk.accepted(LI)
        await asyncio.sleep(0.6)
    settings = clocks(seconds=0.8)
    async with a_desk(place, *TEAM, **settings) as desk, running(build, LeadSettings, place, **settings):
        for lead in leads:
            await until(desk, lead, "released")
            events = (await desk.timeline(lead["id"]))[4:]
            assert [event.type.split(".")[1] for event in events] == ["reminded", "escalated", "released"]
            reminded, escalated, released = (event.data for event in events)
            assert {reminded["am_id"], escalated["am_id"], released["am_id"]} == {lead["am_id"]}
            assert (reminded["about"], escalated["team_lead_id"]) == ("no_follow_up", "tl.gao")
            assert reminded["since"] == lead["accepted_at"]
            assert {event.actor for event in events} == {"lead-service/clock"}
        await asyncio.sleep(0.3)
        for lead in leads:
            happened = Counter(await desk.happened(lead["id"]))
            assert (happened["reminded"], happened["escalated"], happened["released"]) == (1, 1, 1)
            there = await desk.get(lead["id"])
            assert (there["status"], there["am_id"], there["next_step"]) == ("pool", None, None)
            own = desk.am(lead["am_id"])
            assert problem(await own.post(f"/v1/leads/{lead['id']}/bid")) == (409, "cooling-down")
        assert (await desk.get(kept["id"]))["status"] in {"accepted", "pool"}


async def test_who_is_in_touch_is_not_warned(place: Place) -> None:
    async with a_desk(place, *TEAM, **clocks(seconds=1.5)) as desk:
        lead = await desk.accepted()
        for _ in range(4):
            await asyncio.sleep(0.6)
            await done(desk.am().post(f"/v1/leads/{lead['id']}/follow-ups", json=CALL))
        assert "reminded" not in await desk.happened(lead["id"])


async def test_case_material_comes_again_and_again_once_each_with_two_replicas(place: Place) -> None:
    settings = clocks(seconds=HOUR, nurture_every_days=0.7 / 86_400, nurture_material=["One", "Two"])
    async with a_desk(place, *TEAM, **settings) as desk, running(build, LeadSettings, place, **settings):
        leads = [await desk.lead("C") for _ in range(5)]
        for lead in leads:
            await until(desk, lead, "material_due", times=3)
            sent = [event.data for event in await desk.timeline(lead["id"]) if event.type == "lead.material_due.v1"]
            assert [data["material"] for data in sent[:3]] == ["One", "Two", "One"]
            assert [data["number"] for data in sent] == list(range(1, len(sent) + 1))
            assert sent[0]["contact"]["phone"] == lead["contact"]["phone"]


async def test_sales_operations_chooses_the_case_material(desk: Desk) -> None:
    lead = await desk.lead("C")
    assert len(lead["nurture"]["material"]) == 3
    body = {"material": ["Case: 协和医院"], "every_days": 7}
    planned = await done(desk.so.put(f"/v1/leads/{lead['id']}/nurture", json=body))
    assert planned["nurture"]["material"] == body["material"]
    assert await done(desk.so.put(f"/v1/leads/{lead['id']}/nurture", json=body)) == planned
    for wrong in ({"material": [], "every_days": 7}, {"material": ["x"], "every_days": 0}):
        assert problem(await desk.so.put(f"/v1/leads/{lead['id']}/nurture", json=wrong))[0] == 422
    pooled = await desk.lead("B")
    assert problem(await desk.so.put(f"/v1/leads/{pooled['id']}/nurture", json=body)) == (409, "lead-not-nurtured")


async def test_on_new_signals_a_lead_in_pool_or_nurture_is_scored_and_routed_again(place: Place) -> None:
    """By a model that looks at the size: a lead of unknown size is nurtured, and goes to an AM once it is known."""
    model = {
        "weights": {"need": 50, "size": 50},
        "ideal": {"size_from": 500},
        "grades": [{"grade": "A", "score": 80}],
        "use": "decides",
    }
    async with a_desk(place) as desk:
        await done(desk.so.post("/v1/scoring-models/by-size/versions", json=model))
        linked, completed = await desk.lead("B"), await desk.lead("B")
        assert (linked["status"], completed["status"]) == ("nurture", "nurture")
        await done(desk.so.post("/v1/leads", json=a_capture(contact=linked["contact"], size=800)))
        await done(desk.so.patch(f"/v1/leads/{completed['id']}", json={"size": 800}))
        for lead, signal in ((linked, "linked"), (completed, "facts_completed")):
            await until(desk, lead, "assigned")
            assert (await desk.happened(lead["id"]))[-3:] == [signal, "qualified", "assigned"]


async def test_a_lead_is_verified_archived_and_comes_back(desk: Desk) -> None:
    lead = await desk.lead()
    path = f"/v1/leads/{lead['id']}"
    verified = await done(desk.so.post(f"{path}/verify", json={"channel": "mail", "note": "Answered at once"}))
    assert verified["verified_at"]
    archived = await done(desk.so.post(f"{path}/archive", json={"reason": "No budget this year"}))
    assert (archived["status"], archived["archived_because"]) == ("archived", "No budget this year")
    assert (
        problem(await desk.so.post(f"{path}/qualify", json={"budget": 1, "authority": 1, "need": 1, "timeline": 1}))[0]
        == 409
    )
    back = await done(desk.so.post(f"{path}/reactivate"))
    assert (back["status"], back["archived_because"]) == ("intake", None)
    await done(desk.so.post(f"{path}/archive", json={"reason": "Still none"}))
    again = await done(desk.so.post("/v1/leads", json=a_capture(contact=lead["contact"])))
    assert (again["id"], again["status"]) == (lead["id"], "intake")


async def until(desk: Desk, lead: Json, word: str, times: int = 1) -> None:
    async def there() -> bool:
        return (await desk.happened(lead["id"])).count(word) >= times

    await eventually(there, f"the lead is {word}")
