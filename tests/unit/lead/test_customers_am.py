"""One customer never has two AMs."""

from __future__ import annotations

from datetime import date

import pytest
from unit.lead.builders import (
    ANSWERS,
    CALENDAR,
    CHEN,
    LI,
    MONDAY_12H,
    POLICY,
    WANG,
    a_lead,
    a_member,
    a_roster,
    an_accepted_lead,
    an_assigned_lead,
)
from unit.lead.test_customers import a_customer

from dealwire.catalogue.common import Role
from dealwire.catalogue.duplicates import LeadCustomerLinked
from dealwire.catalogue.lead import LeadAssigned
from dealwire.catalogue.lead_care import LeadUnassigned
from dealwire.catalogue.people import Absence
from dealwire.errors import Conflict, Rejected
from dealwire.event import Decision
from lead_service.domain import customers_am
from lead_service.domain.customer import Customer, link_recognised
from lead_service.domain.customers_am import convert_own
from lead_service.domain.lead import Lead, Status
from lead_service.domain.progress import assign, qualify
from lead_service.domain.routing import Roster

MONDAY = date(2025, 3, 10)
AWAY = Absence(first=MONDAY, last=date(2025, 4, 30))
LI_AWAY = Roster((a_member(LI, absences=(AWAY,)), a_member(CHEN), a_member(WANG, Role.SE)), {}, MONDAY)


def follow(lead: Lead, customer: Customer, roster: Roster | None = None) -> Decision[Lead]:
    return customers_am.follow(lead, customer, roster or a_roster(), MONDAY_12H, CALENDAR, POLICY)


def of_li(lead: Lead) -> Lead:
    """The lead of a customer of Li's."""
    return link_recognised(lead, [a_customer(am_id=LI)])[0]


def test_a_lead_of_a_customer_has_the_am_that_the_customer_has_now() -> None:
    followed, (event,) = follow(of_li(a_lead()), a_customer(am_id=CHEN))
    assert followed.customers_am == CHEN
    assert isinstance(event, LeadCustomerLinked)
    assert follow(followed, a_customer(am_id=CHEN)) == (followed, ())
    assert follow(a_lead(), a_customer()) == (a_lead(), ())


@pytest.mark.parametrize("lead", [an_assigned_lead(LI), an_accepted_lead(LI)], ids=lambda lead: str(lead.status))
def test_a_customer_that_gets_another_am_takes_leads_at_work_along(lead: Lead) -> None:
    given, events = follow(of_li(lead), a_customer(am_id=CHEN))
    assert [type(event) for event in events] == [LeadCustomerLinked, LeadUnassigned, LeadAssigned]
    assert (given.status, given.am_id, given.customers_am) == (Status.ASSIGNED, CHEN, CHEN)
    assert (given.accepted_at, given.follow_up, given.passed_over) == (None, None, ())
    assert follow(given, a_customer(am_id=CHEN)) == (given, ())
    kept, _ = follow(of_li(lead), a_customer(am_id=CHEN), a_roster(a_member(LI), a_member(CHEN, active=False)))
    assert (kept.status, kept.am_id) == (lead.status, LI)


def test_a_lead_of_another_ams_customer_is_not_converted_before_somebody_settles_whose_it_is() -> None:
    lead, theirs = an_accepted_lead(LI), a_customer(am_id=CHEN)
    with pytest.raises(Conflict, match=r"customer of am\.chen"):
        convert_own(lead, LI, [theirs], a_roster())
    may = [
        convert_own(lead, LI, [], a_roster()),
        convert_own(lead, LI, [a_customer(am_id=LI), a_customer("明川电子", CHEN)], a_roster()),
        convert_own(lead, LI, [theirs], a_roster(a_member(LI), a_member(CHEN, active=False))),
    ]
    for converted, events in may:
        assert converted.status is Status.CONVERTED
        assert events
    done = may[0][0]
    assert convert_own(done, LI, [theirs], a_roster()) == (done, ())


def test_sales_operations_names_somebody_who_stands_in_while_the_customers_am_is_absent() -> None:
    lead, _ = qualify(of_li(a_lead()), ANSWERS["A"], LI_AWAY, MONDAY_12H, CALENDAR, POLICY)
    assert (lead.status, lead.am_id) == (Status.INTAKE, None)
    with pytest.raises(Conflict, match=r"absent until 2025-04-30\. Name somebody who stands in"):
        assign(lead, None, LI_AWAY, MONDAY_12H, CALENDAR, POLICY)
    given, (assigned,) = assign(lead, CHEN, LI_AWAY, MONDAY_12H, CALENDAR, POLICY)
    assert isinstance(assigned, LeadAssigned)
    assert (given.am_id, assigned.because) == (CHEN, ("stands in for am.li, who is absent until 2025-04-30",))
    with pytest.raises(Rejected, match=r"am\.li is the customer's AM"):
        assign(lead, CHEN, a_roster(), MONDAY_12H, CALENDAR, POLICY)


def test_a_lead_that_somebody_stood_in_for_goes_to_the_customers_am_with_the_next_news_of_the_account() -> None:
    stood_in_for = assign(of_li(a_lead(grade="A")), CHEN, LI_AWAY, MONDAY_12H, CALENDAR, POLICY)[0]
    assert follow(stood_in_for, a_customer(am_id=LI), LI_AWAY) == (stood_in_for, ())
    assert follow(stood_in_for, a_customer(am_id=LI))[0].am_id == LI
