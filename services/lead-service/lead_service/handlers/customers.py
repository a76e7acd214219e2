"""Use cases of customers: whose request a lead is."""

from __future__ import annotations

from functools import partial

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.pipeline import AccountChanged, AccountOpened
from dealwire.kit.cause import Cause
from lead_service.domain import customer as rules
from lead_service.domain import customers_am
from lead_service.domain.customer import Customer
from lead_service.domain.lead import ALIVE, Lead
from lead_service.domain.policy import Policy
from lead_service.store import LeadStore


class Customers:
    """Keeps the customers that pipeline-service tells of, and links leads to them."""

    def __init__(self, store: LeadStore, calendar: BusinessCalendar, policy: Policy) -> None:
        self._store = store
        self._calendar = calendar
        self._policy = policy

    async def keep_customer_when_account_opened(self, account: AccountOpened, cause: Cause) -> None:
        """Keeps a replica of the customer; leads that came before the account are linked now (X4)."""
        await self.keep_customer_when_account_changed(AccountChanged.model_validate(account.model_dump()), cause)

    async def keep_customer_when_account_changed(self, account: AccountChanged, cause: Cause) -> None:
        """Keeps a replica of the customer; its leads have its AM of now (X4)."""
        await self._store.customers.apply(Customer.of(account), cause)
        customer = await self._store.customers.get(account.account_id)  # what is kept may be newer than this event
        if customer is None:
            return
        if alive := [
            each.id async for each in self._store.leads_of_customer(account.account_id) if each.status in ALIVE
        ]:
            roster = await self._store.roster(cause.now, self._calendar)
            follow = partial(
                customers_am.follow,
                customer=customer,
                roster=roster,
                now=cause.now,
                calendar=self._calendar,
                policy=self._policy,
            )
            for lead_id in alive:
                await self._store.leads.change(lead_id, follow, cause)
        async for lead in self._store.leads_of_company(customer.name):
            await self.recognise(lead, cause)

    async def recognise(self, lead: Lead, cause: Cause) -> None:
        """Links a lead to the customer whose company it names, or suggests customers whose names are like it (L3)."""
        if lead.customer is not None or lead.status not in ALIVE:
            return
        customers = await self._store.near.customers(lead.capture.company, self._policy.matching.per_block)
        if rules.recognise(lead, customers):
            lead = (
                await self._store.leads.change(lead.id, lambda now: rules.link_recognised(now, customers), cause)
            ).state
        for customer, match in rules.suggestions(lead, customers, self._policy.matching):
            await self._store.suggest(lead.id, "customer", customer.account_id, match, cause)
