"""Use cases of likely duplicates: looking for them, and settling them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dealwire.calendar import BusinessCalendar
from dealwire.kit.cause import Cause
from dealwire.kit.store import Record
from lead_service.domain import customer, intake, matching
from lead_service.domain import suggestion as rules
from lead_service.domain.customer import Customer
from lead_service.domain.lead import Capture, Lead
from lead_service.domain.matching import Match
from lead_service.domain.policy import Policy
from lead_service.domain.suggestion import Suggestion, Verdict
from lead_service.handlers.customers import Customers
from lead_service.store import LeadStore


@dataclass(frozen=True, slots=True)
class Met:
    """What a capture would meet: the lead it would be linked to, the customer, and what is likely the same."""

    lead: Lead | None
    matched_on: tuple[str, ...]
    customer: Customer | None
    leads: Sequence[tuple[Lead, Match]]
    customers: Sequence[tuple[Customer, Match]]


class Duplicates:
    """Looks for likely duplicates when there is something new, and does what a person decides about them."""

    def __init__(self, store: LeadStore, customers: Customers, calendar: BusinessCalendar, policy: Policy) -> None:
        self._store = store
        self._customers = customers
        self._calendar = calendar
        self._policy = policy

    async def look_at(self, lead_id: str, cause: Cause) -> None:
        """Holds a lead against the leads and customers there are, and suggests what is likely the same (L3)."""
        found = await self._store.leads.find_one({"_id": lead_id})
        if found is None:
            return
        lead, points = found.state, self._policy.matching
        await self._customers.recognise(lead, cause)
        others = await self._store.leads_near(lead.capture, points.per_block)
        for other, match in matching.suggestions(lead, others, points):
            newer, older = matching.newer_first(lead, other)
            await self._store.suggest(newer.id, "lead", older.id, match, cause)

    async def check(self, told: Capture, cause: Cause) -> Met:
        """What a capture would meet if it came now; nothing is changed (L3)."""
        normal = intake.normalise(told, self._policy.phone_region)
        points = self._policy.matching
        as_lead, _ = intake.capture(cause.new_id("lead"), normal, cause.now, self._calendar, self._policy)
        there = await self._store.same_person(as_lead.keys)
        customers = await self._store.customers_near(normal.company, points.per_block)
        others = await self._store.leads_near(normal, points.per_block)
        return Met(
            lead=there.state if there else None,
            matched_on=tuple(key.split(":", 1)[0] for key in as_lead.keys if there and key in there.state.keys),
            customer=customer.recognise(as_lead, customers),
            leads=[
                (other, match)
                for other, match in matching.suggestions(as_lead, others, points)
                if there is None or other.id != there.id
            ],
            customers=customer.suggestions(as_lead, customers, points),
        )

    async def dismiss(self, suggestion_id: str, by: str, cause: Cause) -> Record[Suggestion]:
        """A person says that the two are not the same."""
        return await self._store.suggestions.change(
            suggestion_id, lambda known: rules.settle(known, Verdict.OTHER, by), cause
        )
