from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from unit.lead.builders import (
    ANSWERS,
    CALENDAR,
    CHEN,
    EVERY_STATUS,
    LI,
    MONDAY_10H,
    MONDAY_12H,
    NOBODY,
    POLICY,
    WANG,
    a_contact,
    a_lead,
    a_member,
    a_roster,
    an_accepted_lead,
    an_assigned_lead,
)

from dealwire.calendar import Deadline
from dealwire.catalogue.common import Channel, Grade, Role
from dealwire.catalogue.lead import (
    LeadAccepted,
    LeadAssigned,
    LeadConverted,
    LeadQualified,
    LeadReturned,
)
from dealwire.errors import Conflict, Forbidden, Rejected
from dealwire.event import Decision
from lead_service.domain.lead import AccountLink, Lead, Status
from lead_service.domain.policy import Policy
from lead_service.domain.progress import accept, assign, convert, deadlines, expire, qualify
from lead_service.domain.routing import Roster

TICK = timedelta(milliseconds=1)
WITH_SALES_OPS = [Status.INTAKE, Status.POOL, Status.NURTURE]
NOT_WITH_SALES_OPS = sorted(set(Status) - set(WITH_SALES_OPS))


def qualified(lead: Lead, grade: str = "A", roster: Roster = NOBODY) -> Decision[Lead]:
    return qualify(lead, ANSWERS[grade], roster, MONDAY_10H, CALENDAR, POLICY)


def assigned(lead: Lead, am_id: str | None = None, roster: Roster | None = None, **policy: Any) -> Decision[Lead]:
    return assign(lead, am_id, roster or a_roster(), MONDAY_10H, CALENDAR, POLICY.model_copy(update=policy))


def expired(lead: Lead, now: datetime = MONDAY_12H, roster: Roster | None = None) -> Decision[Lead]:
    return expire(lead, roster or a_roster(), now, CALENDAR, POLICY)


# Qualifying


@pytest.mark.parametrize(
    ("grade", "status"), [("A", Status.INTAKE), ("B", Status.POOL), ("C", Status.NURTURE)], ids=["A", "B", "C"]
)
def test_a_qualified_lead_goes_where_its_grade_belongs_and_says_why(grade: str, status: Status) -> None:
    lead, (event, *_) = qualified(a_lead(), grade)
    assert (lead.status, lead.grade, lead.bant, lead.model) == (status, Grade(grade), ANSWERS[grade], "bant.v1")
    assert event == LeadQualified(
        lead_id="lead-1",
        model="bant.v1",
        score=lead.score,
        grade=Grade(grade),
        reasons=lead.reasons,
        bant=ANSWERS[grade],
    )
    assert sum(reason.points for reason in lead.reasons) == lead.score


def test_an_a_lead_goes_to_an_am_at_once_and_the_se_is_copied() -> None:
    lead, events = qualified(a_lead(), "A", a_roster(load={LI: 1}))
    assert (lead.status, lead.am_id, lead.se_id, lead.attempt) == (Status.ASSIGNED, CHEN, WANG, 1)
    assert isinstance(events[0], LeadQualified)
    assert events[1:] == (
        LeadAssigned(
            lead_id="lead-1",
            am_id=CHEN,
            copied=(WANG,),
            grade=Grade.A,
            attempt=1,
            accept_by=MONDAY_12H,
            because=("works in medical", "am.chen has the fewest open leads (0) of 2"),
            routing="routing.v1",
            rule="industry",
            company="协和医疗有限公司",
        ),
    )


@pytest.mark.parametrize("grade", ["A", "B", "C"])
def test_a_b_lead_of_a_customer_goes_to_the_customers_am_and_not_to_the_pool(grade: str) -> None:
    customer = AccountLink(account_id="acc-1", name="协和医疗", am_id=CHEN)
    lead, events = qualified(a_lead().model_copy(update={"customer": customer}), grade, a_roster(load={CHEN: 9}))
    if grade == "C":
        assert (lead.status, lead.am_id) == (Status.NURTURE, None)
        return
    assert (lead.status, lead.am_id) == (Status.ASSIGNED, CHEN)
    assigned = events[-1]
    assert isinstance(assigned, LeadAssigned)
    assert assigned.because[0] == "is the AM of this customer"


@pytest.mark.parametrize("grade", ["B", "C"])
def test_only_an_a_lead_is_routed_at_once(grade: str) -> None:
    lead, events = qualified(a_lead(), grade, a_roster())
    assert lead.am_id is None
    assert LeadAssigned not in map(type, events)


@pytest.mark.parametrize("status", WITH_SALES_OPS)
def test_a_lead_with_sales_operations_is_qualified_again_on_new_signals(status: Status) -> None:
    assert qualified(EVERY_STATUS[status], "A", a_roster())[0].status is Status.ASSIGNED


@pytest.mark.parametrize("grade", ["A", "B", "C"])
def test_the_same_answers_again_change_nothing_but_look_for_an_am_again(grade: str) -> None:
    lead = a_lead(grade=grade)
    assert qualified(lead, grade) == (lead, ())
    routed, events = qualified(lead, grade, a_roster())
    assert [type(event) for event in events] == ([LeadAssigned] if grade == "A" else [])
    assert (routed.status is Status.ASSIGNED) is (grade == "A")


@pytest.mark.parametrize("status", NOT_WITH_SALES_OPS)
def test_a_lead_that_an_am_has_or_that_is_over_is_neither_qualified_nor_assigned(status: Status) -> None:
    for command in (qualified, assigned):
        with pytest.raises(Conflict) as no:
            command(EVERY_STATUS[status])
        assert no.value.slug == "lead-not-with-sales-ops"


# Assigning


@pytest.mark.parametrize("grade", ["A", "B", "C"])
def test_sales_operations_gives_a_qualified_lead_to_an_am_of_its_choice(grade: str) -> None:
    lead, (event,) = assigned(a_lead(grade=grade), LI)
    assert (lead.status, lead.am_id, lead.se_id) == (Status.ASSIGNED, LI, WANG)
    assert isinstance(event, LeadAssigned)
    assert (event.am_id, event.grade, event.because) == (LI, Grade(grade), ("chosen by sales operations",))


def test_without_a_name_the_routing_finds_the_am() -> None:
    assert assigned(a_lead(grade="B"), roster=a_roster(load={CHEN: 1}))[0].am_id == LI


def test_sales_operations_names_an_am_who_let_the_lead_lie_only_when_it_says_so() -> None:
    lead = a_lead(grade="B").model_copy(update={"passed_over": (LI,)})
    with pytest.raises(Rejected) as no:
        assigned(lead, LI)
    assert (no.value.slug, no.value.pointer) == ("let-it-lie", "/am_id")
    again, _ = assign(lead, LI, a_roster(), MONDAY_10H, CALENDAR, POLICY, again=True)
    assert again.am_id == LI


def test_a_lead_is_qualified_before_somebody_gets_it() -> None:
    with pytest.raises(Conflict) as no:
        assigned(a_lead(), LI)
    assert no.value.slug == "lead-not-qualified"


def test_a_lead_that_nobody_can_take_is_not_assigned() -> None:
    with pytest.raises(Conflict) as no:
        assigned(a_lead(grade="A"), roster=NOBODY)
    assert no.value.slug == "nobody-to-assign"
    with pytest.raises(Rejected):
        assigned(a_lead(grade="A"), "am.nobody")


# The acceptance clock


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


# Converting


def test_conversion_hands_the_lead_over_with_everything_known() -> None:
    accepted = an_accepted_lead()
    lead, (event,) = convert(accepted, LI)
    assert lead == accepted.model_copy(update={"status": Status.CONVERTED})
    assert event == LeadConverted(
        lead_id="lead-1",
        company="协和医疗有限公司",
        contact=a_contact(),
        channel=Channel.EXPO,
        campaign="CMEF 2025",
        industry="medical",
        region="华东",
        need="Twenty gateways by June",
        grade=Grade.A,
        score=accepted.score,
        bant=ANSWERS["A"],
        am_id=LI,
        se_id=WANG,
        captured_at=MONDAY_10H,
    )


def test_a_lead_is_converted_once() -> None:
    lead = EVERY_STATUS[Status.CONVERTED]
    assert convert(lead, LI) == (lead, ())
    with pytest.raises(Conflict):
        convert(lead, CHEN)


def test_only_the_am_of_an_accepted_lead_converts_it() -> None:
    with pytest.raises(Forbidden) as no:
        convert(an_accepted_lead(), CHEN)
    assert no.value.slug == "not-your-lead"
    for status in set(Status) - {Status.ACCEPTED, Status.CONVERTED}:
        with pytest.raises(Conflict) as conflict:
            convert(EVERY_STATUS[status], LI)
        assert conflict.value.slug == "lead-not-accepted"


def test_a_policy_is_data() -> None:
    strict = Policy(confirmed=95, latent=91)
    lead, _ = qualify(a_lead(), ANSWERS["A"], a_roster(), MONDAY_10H, CALENDAR, strict)
    assert (lead.grade, lead.status) == (Grade.C, Status.NURTURE)
