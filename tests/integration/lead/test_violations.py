"""Who broke which rule: every number, and the events behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from integration.lead.backstage import Backstage
from integration.lead.desk import CHEN, LI, MEMBERS, Desk, Json, a_desk, done, problem
from support.hours import always_open
from support.place import Place, Servers, new_place
from support.service import eventually

from dealwire.catalogue.common import Role
from dealwire.catalogue.lead import LeadCaptured, LeadFactsOverdue, LeadReturned
from dealwire.event import EventData, RecordedEvent
from lead_service.api.filters import period_of
from lead_service.domain.violations import Rule, broken_rule

REPORT = "/v1/reports/violations"
EVER = {"first": "2020-01-01", "last": "2099-12-31"}
SOON = {"hours": 0.5 / 3600}
DAY = date(2025, 3, 10)
CLOCK = "lead-service/clock"


@pytest.fixture(scope="module")
async def strict(infra: Servers) -> AsyncIterator[Desk]:
    """Where everything is late at once: what is not accepted within a second, or known or followed up within half of
    one.
    """
    silence = dict.fromkeys(("silence", "silence_to_team_lead", "silence_to_release", "completion"), SOON)
    step = {"after": SOON, "channel": "call", "content": "Call"}
    policy = silence | {"acceptance_hours": 1 / 3600, "sops": {grade: [step] for grade in "ABC"}}
    async with new_place(infra) as place, a_desk(place, *MEMBERS, **always_open(), policy=policy) as desk:
        yield desk


async def violations(desk: Desk, **query: str) -> dict[str | None, Json]:
    members = (await done(desk.so.get(REPORT, params=EVER | query)))["members"]
    return {member["member_id"]: member for member in members}


async def listed(desk: Desk, number: Json, limit: int = 1) -> list[Json]:
    """The events behind a number, from all their pages."""
    items: list[Json] = []
    query: Json = {"limit": limit}
    while True:
        page = await done(desk.so.get(f"{number['at']}&{urlencode(query)}"))
        items += page["items"]
        if page["next"] is None:
            return items
        query["cursor"] = page["next"]


async def test_violations_are_reported_per_member_and_rule_and_every_number_lists_its_events(strict: Desk) -> None:
    leads = [await strict.lead(to=CHEN), await strict.lead(to=CHEN), await strict.accepted(LI)]

    async def as_in_the_timelines() -> dict[str | None, Json] | None:
        events = [event for lead in leads for event in await strict.timeline(lead["id"])]
        happened = Counter(event.type.split(".")[1] for event in events)
        rules = ((event.data.get("am_id"), broken_rule(event.type, event.data)) for event in events)
        told = Counter((am_id, rule) for am_id, rule in rules if am_id and rule)
        found = await violations(strict)
        numbers = ((am_id, rule, number["times"]) for am_id in found for rule, number in found[am_id]["rules"].items())
        reported = Counter({(am_id, rule): times for am_id, rule, times in numbers if am_id and times})
        return found if (happened["returned"], happened["released"]) == (6, 1) and reported == told else None

    found = await eventually(as_in_the_timelines, "what is late has been noticed and is reported")
    assert (found[LI]["name"], found[CHEN]["name"]) == ("Li Wei", "Chen Jie")
    for member_id, member in found.items():
        assert member["rules"].keys() == set(Rule)
        assert member["times"] == sum(number["times"] for number in member["rules"].values()) > 0
        for rule, number in member["rules"].items():
            events = await listed(strict, number)
            assert len({event["id"] for event in events}) == number["times"], (member_id, rule)
            assert {event["data"].get("am_id") for event in events} <= {member_id}
            assert [event["time"] for event in events] == sorted((e["time"] for e in events), reverse=True)
    acceptance = await listed(strict, found[CHEN]["rules"]["acceptance"])
    assert {event["subject"] for event in acceptance} == {lead["id"] for lead in leads[:2]}
    for rule in ("next_step", "silence", "escalation", "release"):
        (event,) = await listed(strict, found[LI]["rules"][rule])
        assert (event["subject"], event["actor"]) == (leads[2]["id"], CLOCK)
    assert (await violations(strict, member_id=LI)) == {LI: found[LI]}


async def test_facts_missing_of_a_lead_that_nobody_has_are_intakes_and_no_members(strict: Desk) -> None:
    lead, theirs = await strict.lead(), await strict.accepted(LI)

    async def noticed() -> list[str] | None:
        happened = [await strict.happened(each["id"]) for each in (lead, theirs)]
        found = await violations(strict)
        if not all("facts_overdue" in each for each in happened) or not {None, LI} <= found.keys():
            return None
        events = await listed(strict, found[None]["rules"]["completion"], 200)
        assert {event["data"].get("am_id") for event in events} == {None}
        subjects = [event["subject"] for event in events]
        return subjects if lead["id"] in subjects else None

    assert theirs["id"] not in await eventually(noticed, "facts of both leads are overdue")
    assert (await violations(strict, without_member="true")).keys() == {None}


async def test_a_team_lead_sees_the_violations_of_the_team_only(place: Place) -> None:
    async with a_desk(place, **always_open(), policy={"acceptance_hours": SOON["hours"]}) as desk:
        leads = [await desk.lead(to=LI), await desk.lead(to=CHEN)]

        async def both() -> bool:
            return {LI, CHEN} <= (await violations(desk)).keys()

        await eventually(both, f"{len(leads)} leads are returned")
        team_lead = desk.client.as_("team_lead.1", Role.TEAM_LEAD)
        told = await done(team_lead.get(REPORT, params=EVER))
        assert {member["member_id"] for member in told["members"]} == {LI}
        events = await done(team_lead.get(f"{REPORT}/acceptance/events", params=EVER))
        assert {event["data"]["am_id"] for event in events["items"]} == {LI}
        for path in (REPORT, f"{REPORT}/acceptance/events"):
            assert (await team_lead.get(path, params=EVER | {"member_id": LI})).status_code == 200
            for other in ({"member_id": CHEN}, {"without_member": "true"}):
                refused = await team_lead.get(path, params=EVER | other)
                assert problem(refused) == (403, "not-your-team")


async def test_only_periods_and_rules_that_there_are_can_be_asked_for(desk: Desk) -> None:
    for path in (REPORT, f"{REPORT}/silence/events"):
        backwards = await desk.so.get(path, params={"first": "2025-02-01", "last": "2025-01-01"})
        assert problem(backwards) == (422, "no-period")
    assert problem(await desk.so.get(f"{REPORT}/idleness/events", params=EVER))[0] == 422
    cursor = await desk.so.get(f"{REPORT}/silence/events", params=EVER | {"cursor": "x"})
    assert problem(cursor) == (422, "bad-cursor")


# What was noticed when


def noticed(number: int, data: EventData, time: datetime, actor: str = CLOCK) -> RecordedEvent:
    source, subject = "/lead-service/leads", f"lead-{number}"
    return RecordedEvent.of(
        data, source=source, subject=subject, sequence=1, time=time, actor=actor, correlationid="c", clientaddress=None
    )


def returned(number: int, time: datetime, am_id: str = LI, actor: str = CLOCK) -> RecordedEvent:
    late = LeadReturned(lead_id=f"lead-{number}", am_id=am_id, reason="not_accepted_in_time", due=time)
    return noticed(number, late, time, actor)


async def keep(backstage: Backstage, events: Sequence[RecordedEvent]) -> None:
    await backstage.store.leads.outbox.settle({event.subject: [event] for event in events})


async def counted(backstage: Backstage, first: date, last: date) -> dict[tuple[str | None, Rule], int]:
    counts = await backstage.store.violations.count(*period_of(first, last, "Asia/Shanghai"), None)
    return {(count.member_id, count.rule): count.times for count in counts}


async def test_a_violation_counts_on_the_organisations_day_on_which_it_was_noticed(backstage: Backstage) -> None:
    begins, tick = datetime(2025, 3, 9, 16, tzinfo=UTC), timedelta(milliseconds=1)
    times = [begins - tick, begins, begins + tick, begins + timedelta(days=1) - tick, begins + timedelta(days=1)]
    await keep(backstage, [returned(number, time) for number, time in enumerate(times)])
    before, after = DAY - timedelta(days=1), DAY + timedelta(days=1)
    for first, last, times_ in ((DAY, DAY, 3), (before, before, 1), (after, after, 1), (before, after, 5)):
        assert await counted(backstage, first, last) == {(LI, Rule.ACCEPTANCE): times_}
        page = await backstage.store.violations.page(
            Rule.ACCEPTANCE, *period_of(first, last, "Asia/Shanghai"), [LI], cursor=None, limit=10
        )
        assert (len(page.items), page.next_cursor) == (times_, None)


async def test_the_history_is_not_looked_through_for_violations(backstage: Backstage) -> None:
    """Of many events those alone are read that say so, by the index, whoever asks for what."""
    day = datetime(2031, 5, 5, 4, tzinfo=UTC)
    captured = LeadCaptured.model_validate(
        {"lead_id": "x", "company": "Acme", "contact": {"name": "Ada"}, "channel": "expo"}
    )
    overdue = LeadFactsOverdue(lead_id="x", company="Acme", missing=("size",), due=day)
    events = [
        *(noticed(number, captured, day, "so.zhao") for number in range(10_000, 13_000)),
        *(returned(number, day, (LI, CHEN)[number % 2]) for number in range(20_000, 20_040)),
        *(returned(number, day - timedelta(days=400)) for number in range(21_000, 21_200)),
        *(noticed(number, overdue, day) for number in range(22_000, 22_010)),
    ]
    await keep(backstage, events)
    period = period_of(date(2031, 5, 1), date(2031, 5, 31), "Asia/Shanghai")
    store = backstage.store.violations
    assert await counted(backstage, date(2031, 5, 1), date(2031, 5, 31)) == {
        (LI, Rule.ACCEPTANCE): 20,
        (CHEN, Rule.ACCEPTANCE): 20,
        (None, Rule.COMPLETION): 10,
    }
    database = store._events.database
    counting = {"aggregate": "events", "pipeline": store.counting(*period, None), "cursor": {}}
    listing = {
        "find": "events",
        "filter": store.listing(Rule.ACCEPTANCE, *period, [CHEN]),
        "sort": {"time": -1, "_id": -1},
    }
    for asked, at_most in ((counting, 50), (listing, 40)):
        plan = await database.command("explain", asked, verbosity="executionStats")
        stages = set(of_plan(plan, "stage"))
        assert "IXSCAN" in stages, plan
        assert stages.isdisjoint({"COLLSCAN", "SORT"}), plan
        assert max(of_plan(plan, "totalDocsExamined")) <= at_most


def of_plan(plan: Any, name: str) -> list[Any]:
    """All values of this name in a plan, wherever they are."""
    if isinstance(plan, dict):
        own = [plan[name]] if name in plan else []
        return own + [value for each in plan.values() for value in of_plan(each, name)]
    return [value for each in plan for value in of_plan(each, name)] if isinstance(plan, list) else []
