"""One customer never has two AMs: whose AM has a lead, and who may turn it into a deal (L3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.common import Role
from dealwire.catalogue.lead_care import LeadUnassigned
from dealwire.errors import Conflict
from dealwire.event import Decision
from lead_service.domain.customer import Customer, is_company_of, link_customer
from lead_service.domain.lead import ALIVE, Lead
from lead_service.domain.policy import Policy
from lead_service.domain.progress import convert, give
from lead_service.domain.routing import Roster, choose, is_anothers


def hand_over(
    lead: Lead,
    customer: Customer,
    because: str,
    roster: Roster,
    now: datetime,
    calendar: BusinessCalendar,
    policy: Policy,
) -> Decision[Lead]:
    """A lead that another AM has goes to the customer's AM, once a person says whose request it is (L3)."""
    linked, news = link_customer(lead, customer, because)
    active = {member.member_id for member in roster.active(Role.AM)}
    if lead.am_id is None or lead.am_id == customer.am_id or customer.am_id not in active:
        return linked, news
    to = replace(choose(linked, customer.am_id, roster), because=("is the AM of this customer",))
    given, events = give(linked, to, now, calendar, policy)
    lost = LeadUnassigned(lead_id=lead.id, company=lead.capture.company, am_id=lead.am_id, why="customers_am")
    return given.model_copy(update={"accepted_at": None, "follow_up": None}), (*news, lost, *events)


def follow(
    lead: Lead, customer: Customer, roster: Roster, now: datetime, calendar: BusinessCalendar, policy: Policy
) -> Decision[Lead]:
    """A lead of a customer has the AM that the customer has now (L3, X4)."""
    if lead.customer is None or lead.customer.account_id != customer.account_id or lead.status not in ALIVE:
        return lead, ()
    return hand_over(lead, customer, "the customer's account changed", roster, now, calendar, policy)


def convert_own(lead: Lead, by: str, customers: Iterable[Customer], roster: Roster) -> Decision[Lead]:
    """A lead of a company that is the customer of another AM is not converted before somebody settles whose it is (L3,
    L20).

    `customers` are those of its company's name that nobody told apart from it.
    """
    converted, events = convert(lead, by)
    of_another = [each for each in customers if is_company_of(each, lead) and is_anothers(each.am_id, by, roster)]
    if events and of_another and lead.customer is None:
        whose = f"{of_another[0].name} is a customer of {of_another[0].am_id}."
        raise Conflict(
            "customer-has-an-am", f"{whose} Have sales operations settle whose lead this is (`suggestions`)."
        )
    return converted, events
