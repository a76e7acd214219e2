"""Use cases of contract-service: load, decide, save; and its reactions to events."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from contract_service.domain import assigning, drafting, order, payments, review, signing, withdrawal
from contract_service.domain.assigning import HandOver
from contract_service.domain.contract import Contract, Receipt, Review, Signature
from contract_service.domain.order import Order
from contract_service.domain.policy import Policy
from contract_service.store import ContractStore
from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.contract import Clause, ContractSigned, Department, Instalment
from dealwire.catalogue.pipeline import OpportunityAmAssigned, OpportunityLost, QuoteAccepted, WonDealImported
from dealwire.kit.cause import Cause
from dealwire.kit.store import Record


class Handlers:
    """Everything contract-service can be asked to do. "Today" is the organisation's date."""

    def __init__(self, store: ContractStore, calendar: BusinessCalendar, policy: Policy) -> None:
        self._contracts = store.contracts
        self._orders = store.orders
        self._lost_deals = store.lost_deals
        self._hand_overs = store.hand_overs
        self._calendar = calendar
        self._policy = policy

    async def draft_contract_when_quote_accepted(self, quote: QuoteAccepted, cause: Cause) -> Record[Contract]:
        """Drafts the contract, dated as the acceptance however late its event comes (C1)."""
        decision = drafting.draft(quote, cause.sequence or 0, self._calendar.day(quote.accepted_at), self._policy)
        drafted = await self._contracts.create(decision[0].id, decision, cause)
        drafting.check_deal(drafted.state, quote)
        # Asked after the draft is there, as these are noted before a draft is looked for: one of both finds the other.
        handed_over = await self._hand_overs.get(quote.opportunity_id)
        lost = await self._lost_deals.get(quote.opportunity_id)
        if handed_over:
            drafted = await self._assign_am(drafted.id, handed_over, replace(cause, key=None))
        return await self._withdraw(drafted.id, lost, replace(cause, key=None)) if lost else drafted

    async def assign_contract_when_opportunity_am_assigned(
        self, assigned: OpportunityAmAssigned, cause: Cause
    ) -> Record[Contract] | None:
        """Gives the contract of a deal that was handed over, or the draft that is yet to come, to the new AM (P20)."""
        handed_over = HandOver(
            opportunity_id=assigned.opportunity_id, am_id=assigned.am_id, sequence=cause.sequence or 0
        )
        await self._hand_overs.apply(handed_over, cause)
        drafted = await self._contracts.find_one({"state.opportunity_id": assigned.opportunity_id})
        return await self._assign_am(drafted.id, handed_over, cause) if drafted else None

    async def withdraw_contract_when_opportunity_lost(
        self, lost: OpportunityLost, cause: Cause
    ) -> Record[Contract] | None:
        """Withdraws the lost deal's contract, or the draft that is yet to come (P22)."""
        if lost.historical:  # and never quoted here
            return None
        await self._lost_deals.apply(lost, cause)
        drafted = await self._contracts.find_one({"state.opportunity_id": lost.opportunity_id})
        return await self._withdraw(drafted.id, lost, cause) if drafted else None

    async def record_contract_when_won_deal_imported(self, deal: WonDealImported, cause: Cause) -> Record[Contract]:
        """Records an older system's contract as signed (C5)."""
        decision = drafting.record_past_contract(deal)
        return await self._contracts.create(decision[0].id, decision, cause)

    async def hand_over_order_when_contract_signed(self, signed: ContractSigned, cause: Cause) -> Record[Order] | None:
        """Hands the order over to those who fulfil it (C8)."""
        decision = order.hand_over(signed, cause.now, self._calendar, self._policy)
        return await self._orders.create(decision[0].id, decision, cause) if decision else None

    async def change_terms(
        self, contract_id: str, clauses: Sequence[Clause], plan: Sequence[Instalment], by: str, cause: Cause
    ) -> Record[Contract]:
        """The AM rewrites a draft's clauses and payment plan (C1, C15)."""
        return await self._contracts.change(
            contract_id, lambda known: drafting.change_terms(known, clauses, plan, by), cause
        )

    async def submit_contract(self, contract_id: str, by: str, cause: Cause) -> Record[Contract]:
        """The AM asks for the review (C2)."""
        return await self._contracts.change(contract_id, lambda known: review.submit(known, by), cause)

    async def review_contract(
        self, contract_id: str, decision: Review, roles: Collection[str], cause: Cause
    ) -> Record[Contract]:
        """A desk approves, or objects (C2, C3)."""
        return await self._contracts.change(contract_id, lambda known: review.review(known, decision, roles), cause)

    async def sign_contract(self, contract_id: str, signature: Signature, by: str, cause: Cause) -> Record[Contract]:
        """The AM records the signatures of both sides (C5)."""
        today = self.today(cause)
        return await self._contracts.change(
            contract_id, lambda known: signing.sign(known, signature, by, today, self._policy), cause
        )

    async def record_receipt(self, contract_id: str, receipt: Receipt, cause: Cause) -> Record[Contract]:
        """Finance records money that came in (C15)."""
        today = self.today(cause)
        return await self._contracts.change(
            contract_id, lambda known: payments.record_receipt(known, receipt, today), cause
        )

    async def accept_order(self, order_id: str, department: Department, by: str, cause: Cause) -> Record[Order]:
        """A department takes an order over (C8)."""
        return await self._orders.change(order_id, lambda known: order.accept(known, department, by, cause.now), cause)

    async def deliver_order(self, order_id: str, delivered_on: date, cause: Cause) -> Record[Order]:
        """What was sold reached the customer (C8)."""
        today = self.today(cause)
        return await self._orders.change(order_id, lambda known: order.deliver(known, delivered_on, today), cause)

    async def escalate_order(self, order_id: str, cause: Cause) -> Record[Order]:
        """The clock's command: an order not accepted in time escalates (C8)."""
        return await self._orders.change(order_id, lambda known: order.escalate_if_late(known, cause.now), cause)

    async def _assign_am(self, contract_id: str, handed_over: HandOver, cause: Cause) -> Record[Contract]:
        return await self._contracts.change(contract_id, lambda known: assigning.assign_am(known, handed_over), cause)

    async def _withdraw(self, contract_id: str, lost: OpportunityLost, cause: Cause) -> Record[Contract]:
        return await self._contracts.change(contract_id, lambda known: withdrawal.withdraw(known, lost), cause)

    def today(self, cause: Cause) -> date:
        """The organisation's date at the time of a request."""
        return self._calendar.day(cause.now)
