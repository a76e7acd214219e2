"""The acceptance clock: who gets a lead has so long to take it (L13)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from unit.lead.builders import (
    CALENDAR,
    CHEN,
    EVERY_STATUS,
    LI,
    MONDAY_10H,
    MONDAY_12H,
    POLICY,
    WANG,
    a_lead,
    a_member,
    a_roster,
    an_accepted_lead,
    an_assigned_lead,
    assigned,
)

from dealwire.calendar import Deadline
from dealwire.catalogue.common import Role
from dealwire.catalogue.lead import LeadAccepted, LeadAssigned, LeadReturned
from dealwire.errors import Conflict, Forbidden
from dealwire.event import Decision
from lead_service.domain.lead import Lead, Status
from lead_service.domain.progress import accept, assign, deadlines, expire
from lead_service.domain.routing import Roster

TICK = timedelta(milliseconds=1)


def expired(lead: Lead, now: datetime = MONDAY_12H, roster: Roster | None = None) -> Decision[Lead]:
    return expire(lead, roster or a_roster(), now, CALENDAR, POLICY)


def test_an_am_has_two_business_hours_to_accept() -> None:
    lead = an_assigned_lead()
    assert lead.accept_by == MONDAY_10H + timedelta(hours=2)
    assert deadlines(lead) == [Deadline("acceptance", MONDAY_12H)]


@pytest.mark.parametrize(
    ("at", "due"),
    [
        (datetime(2025, 3, 14, 9, tzinfo=UTC), datetime(2025, 3, 17, 2, tzinfo=UTC)),  # Friday 17:00 → Monday 10:00
        (datetime(2025, 3, 15, 4, tzinfo=UTC), datetime(2025, 3, 17, 3, tzinfo=UTC)),  # Saturday → Monday 11:00
        (datetime(2025, 9, 30, 9, tzinfo=UTC), datetime(2025, 10, 9, 2, tzinfo=UTC)),  # over the National Day week
        (datetime(2025, 9, 28, 1, tzinfo=UTC), datetime(2025, 9, 28, 3, tzinfo=UTC)),  # a Sunday that is worked
    ],
)
def test_the_clock_counts_business_hours(at: datetime, due: datetime) -> None:
    assert assign(a_lead(grade="A"), LI, a_roster(), at, CALENDAR, POLICY)[0].accept_by == due


def test_a_deployment_sets_the_hours() -> None:
    assert assigned(a_lead(grade="A"), LI, acceptance_hours=0.5)[0].accept_by == MONDAY_10H + timedelta(minutes=30)


def test_a_deployment_counts_the_time_to_accept_by_the_wall_clock_when_it_says_so() -> None:
    over_lunch_and_night = assigned(a_lead(grade="A"), LI, acceptance_hours=20, acceptance_time="wall")[0]
    assert over_lunch_and_night.accept_by == MONDAY_10H + timedelta(hours=20)


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.ASSIGNED}))
def test_only_an_assigned_lead_has_a_deadline(status: Status) -> None:
    assert deadlines(EVERY_STATUS[status]) == []


def test_the_am_accepts_in_time() -> None:
    lead, events = accept(an_assigned_lead(), LI, MONDAY_12H - TICK, CALENDAR, POLICY)
    assert (lead.status, lead.am_id, lead.accepted_at) == (Status.ACCEPTED, LI, MONDAY_12H - TICK)
    assert (lead.se_id, lead.accept_by) == (WANG, None)
    (event,) = events
    assert isinstance(event, LeadAccepted)
    assert (event.am_id, event.assigned_at, event.accepted_at) == (LI, MONDAY_10H, MONDAY_12H - TICK)


def test_accepting_twice_is_accepting_once() -> None:
    lead = an_accepted_lead()
    assert accept(lead, LI, MONDAY_12H + TICK, CALENDAR, POLICY) == (lead, ())


def test_when_the_time_is_over_the_am_cannot_accept_any_more() -> None:
    with pytest.raises(Conflict) as no:
        accept(an_assigned_lead(), LI, MONDAY_12H, CALENDAR, POLICY)
    assert no.value.slug == "acceptance-over"


def test_nobody_accepts_anothers_lead() -> None:
    with pytest.raises(Forbidden) as no:
        accept(an_assigned_lead(), CHEN, MONDAY_10H, CALENDAR, POLICY)
    assert no.value.slug == "not-your-lead"


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.ASSIGNED}))
def test_only_an_assigned_lead_can_be_accepted(status: Status) -> None:
    with pytest.raises(Conflict) as no:
        accept(EVERY_STATUS[status], CHEN, MONDAY_10H, CALENDAR, POLICY)
    assert no.value.slug == "lead-not-assigned"


def test_a_lead_not_accepted_in_time_returns_and_is_assigned_to_another() -> None:
    lead, (returned, again) = expired(an_assigned_lead())
    assert (lead.status, lead.am_id, lead.se_id, lead.attempt) == (Status.ASSIGNED, CHEN, WANG, 2)
    assert (lead.passed_over, lead.assigned_at) == ((LI,), MONDAY_12H)
    assert returned == LeadReturned(
        lead_id="lead-1",
        am_id=LI,
        reason="not_accepted_in_time",
        due=MONDAY_12H,
        company="协和医疗有限公司",
    )
    assert isinstance(again, LeadAssigned)
    assert (again.am_id, again.attempt, again.accept_by) == (CHEN, 2, lead.accept_by)
    assert again.accept_by == datetime(2025, 3, 10, 6, tzinfo=UTC)


def test_a_lead_that_everybody_let_lie_stays_with_intake() -> None:
    lead, (returned,) = expired(an_assigned_lead(), roster=a_roster(a_member(LI), a_member(WANG, Role.SE)))
    assert (lead.status, lead.passed_over) == (Status.INTAKE, (LI,))
    assert (lead.am_id, lead.se_id, lead.assigned_at, lead.accept_by) == (None, None, None, None)
    assert isinstance(returned, LeadReturned)
    with pytest.raises(Conflict):
        assigned(lead, roster=a_roster(a_member(LI)))


def test_before_its_time_or_without_a_deadline_nothing_expires() -> None:
    for lead, now in [(an_assigned_lead(), MONDAY_12H - TICK), *((each, MONDAY_12H) for each in EVERY_STATUS.values())]:
        if lead.status is not Status.ASSIGNED or now < MONDAY_12H:
            assert expired(lead, now) == (lead, ())
