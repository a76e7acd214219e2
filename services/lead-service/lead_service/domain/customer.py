"""Leads of customers there are: one customer never has two AMs (L3, X4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict

from dealwire.catalogue.duplicates import LeadCustomerLinked
from dealwire.catalogue.pipeline import AccountChanged
from dealwire.errors import Conflict
from dealwire.event import Decision
from lead_service.domain.lead import ALIVE, AccountLink, Lead
from lead_service.domain.matching import Match, alike, company_block, company_blocks
from lead_service.domain.policy import Matching


class Customer(BaseModel):
    """A customer as pipeline-service tells of it, and what it is found by."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    name: str
    am_id: str
    blocks: tuple[str, ...]

    @classmethod
    def of(cls, account: AccountChanged) -> Self:
        """The customer whose account file this is."""
        return cls(
            account_id=account.account_id,
            name=account.name,
            am_id=account.owner_id,
            blocks=company_blocks(account.name),
        )


def recognise(lead: Lead, customers: Sequence[Customer]) -> Customer | None:
    """The customer whose company the lead names, if there is one such, and no other AM has the lead."""
    same = [customer for customer in customers if is_company_of(customer, lead)]
    (am_id,) = am_ids if len(am_ids := {customer.am_id for customer in same}) == 1 else (None,)
    if am_id is None or lead.am_id not in (None, am_id):
        return None
    return min(same, key=lambda customer: customer.account_id)


def link_recognised(lead: Lead, customers: Sequence[Customer]) -> Decision[Lead]:
    """A lead that names a customer's company, however it is written, is linked to that customer at once (L3)."""
    known = recognise(lead, customers) if lead.customer is None and lead.status in ALIVE else None
    return link_customer(lead, known, "the company is the customer's") if known else (lead, ())


def is_company_of(customer: Customer, lead: Lead) -> bool:
    """Whether a lead names that customer's company, however it is written."""
    return company_block(customer.name) == company_block(lead.capture.company)


def suggestions(lead: Lead, customers: Sequence[Customer], points: Matching) -> list[tuple[Customer, Match]]:
    """Customers whose names are like that of the lead's company, and its own when another AM has the lead (L3)."""
    found = []
    for customer in customers:
        likeness = alike(lead.capture.company, customer.name, points)
        if likeness < points.customer_from or lead.status not in ALIVE or lead.customer is not None:
            continue
        because = [f"{lead.capture.company} and {customer.name} are {likeness} % alike"]
        if lead.am_id not in (None, customer.am_id):
            because.append(f"{lead.am_id} has the lead and {customer.am_id} the customer")
        found.append((customer, Match(likeness, tuple(because))))
    return sorted(found, key=lambda each: (-each[1].score, each[0].account_id))[: points.per_lead]


def is_like(lead: Lead, customer: Customer, points: Matching) -> bool:
    """Whether a customer's name is like enough that of the lead's company (L3)."""
    return alike(lead.capture.company, customer.name, points) >= points.customer_from


def link_customer(lead: Lead, customer: Customer, because: str) -> Decision[Lead]:
    """An existing customer's new request is linked to the account, with its AM, and not captured as a stranger's (L3)."""
    link = AccountLink(account_id=customer.account_id, name=customer.name, am_id=customer.am_id)
    if lead.customer == link:
        return lead, ()
    if lead.status not in ALIVE:
        raise Conflict("lead-is-over", f"A lead that is {lead.status} is not linked to a customer.")
    event = LeadCustomerLinked(
        lead_id=lead.id,
        account_id=customer.account_id,
        account_name=customer.name,
        am_id=customer.am_id,
        because=(because,),
    )
    return lead.model_copy(update={"customer": link}), (event,)
