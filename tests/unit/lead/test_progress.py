from __future__ import annotations

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
    a_roster,
    an_accepted_lead,
    assigned,
)

from dealwire.catalogue.common import Channel, Grade
from dealwire.catalogue.lead import LeadAssigned, LeadConverted, LeadQualified
from dealwire.errors import Conflict, Forbidden, Rejected
from dealwire.event import Decision
from lead_service.domain.lead import AccountLink, Lead, Status
from lead_service.domain.policy import Policy
from lead_service.domain.progress import assign, convert, qualify
from lead_service.domain.routing import Roster

WITH_SALES_OPS = [Status.INTAKE, Status.POOL, Status.NURTURE]
NOT_WITH_SALES_OPS = sorted(set(Status) - set(WITH_SALES_OPS))


def qualified(lead: Lead, grade: str = "A", roster: Roster = NOBODY) -> Decision[Lead]:
    return qualify(lead, ANSWERS[grade], roster, MONDAY_10H, CALENDAR, POLICY)


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
