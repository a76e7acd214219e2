"""The use cases of customers, deals and their quotes, and the reactions to other services' events."""

from __future__ import annotations

from collections.abc import Sequence

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.common import QuoteLine, Stage
from dealwire.catalogue.contract import ContractSigned
from dealwire.catalogue.lead import LeadConverted
from dealwire.catalogue.market import MarketNoteRevised, MarketNoteWritten
from dealwire.catalogue.people import MemberChanged
from dealwire.errors import NotFound, Rejected
from dealwire.kit.cause import Cause
from dealwire.kit.store import Record
from pipeline_service.domain import note, opportunity, progress, quoting
from pipeline_service.domain.account import Account, assign_owner, keep_earliest, open_account, told_by_lead
from pipeline_service.domain.opportunity import Opportunity
from pipeline_service.domain.policy import Policy
from pipeline_service.store import PipelineStore


class Handlers:
    """Everything pipeline-service can be asked to do, but importing."""

    def __init__(self, store: PipelineStore, calendar: BusinessCalendar, policy: Policy) -> None:
        self._store = store
        self._deals = store.opportunities
        self._calendar = calendar
        self._policy = policy

    async def assign_account(self, account_id: str, am_id: str, cause: Cause) -> Record[Account]:
        """Sales operations or management hands a customer over to another AM (P14)."""
        am = await self._member(am_id, "/am_id")
        return await self._store.accounts.change(account_id, lambda known: assign_owner(known, am), cause)

    async def open_opportunity(
        self, account_id: str, title: str, product: str | None, se_id: str | None, by: str, cause: Cause
    ) -> Record[Opportunity]:
        """An AM opens a deal for a customer of their own; a repeat finds it, whatever has changed since."""
        deal_id = cause.new_id("opportunity")
        if (opened := await self._deals.made_before(deal_id, cause)) is not None:
            return opened
        try:
            account = await self._store.accounts.get(account_id)
        except NotFound as unknown:
            raise Rejected("unknown-account", "There is no such account.", pointer="/account_id") from unknown
        se = await self._member(se_id, "/se_id") if se_id else None
        today = self._calendar.day(cause.now)
        decision = opportunity.open_for_account(
            account.state, id=deal_id, title=title, product=product, se=se, by=by, today=today
        )
        return await self._deals.create(deal_id, decision, cause)

    async def move_opportunity(self, deal_id: str, to: Stage, by: str, cause: Cause) -> Record[Opportunity]:
        """The AM moves a deal one stage forward, or back (P1)."""
        return await self._deals.change(deal_id, lambda deal: progress.move(deal, to, by), cause)

    async def lose_opportunity(self, deal_id: str, reason: str, by: str, cause: Cause) -> Record[Opportunity]:
        """The AM gives a deal up, with a reason (P22)."""
        today = self._calendar.day(cause.now)
        return await self._deals.change(deal_id, lambda deal: progress.lose(deal, reason, by, today), cause)

    async def assign_se(self, deal_id: str, se_id: str, by: str, cause: Cause) -> Record[Opportunity]:
        """The AM takes an SE into a deal (P20)."""
        se = await self._member(se_id, "/se_id")
        return await self._deals.change(deal_id, lambda deal: progress.assign_se(deal, se, by), cause)

    async def assign_am(self, deal_id: str, am_id: str, cause: Cause) -> Record[Opportunity]:
        """Sales operations or management hands a deal over to another AM (P20)."""
        am = await self._member(am_id, "/am_id")
        return await self._deals.change(deal_id, lambda deal: progress.assign_am(deal, am), cause)

    async def draft_quote(self, deal_id: str, lines: Sequence[QuoteLine], by: str, cause: Cause) -> Record[Opportunity]:
        """The AM writes a quote."""
        quote_id = cause.new_id("quote", deal_id)
        return await self._deals.change(
            deal_id, lambda deal: quoting.draft_quote(deal, quote_id, lines, by, self._policy), cause
        )

    async def confirm_quote(self, deal_id: str, quote_id: str, by: str, cause: Cause) -> Record[Opportunity]:
        """The AM or the SE of the deal stands for a quote (P8)."""
        return await self._deals.change(deal_id, lambda deal: quoting.confirm_quote(deal, quote_id, by), cause)

    async def send_quote(self, deal_id: str, quote_id: str, by: str, cause: Cause) -> Record[Opportunity]:
        """The AM sends a quote that both confirmed (P8)."""
        return await self._deals.change(deal_id, lambda deal: quoting.send_quote(deal, quote_id, by), cause)

    async def accept_quote(self, deal_id: str, quote_id: str, by: str, cause: Cause) -> Record[Opportunity]:
        """The AM records that the customer accepted a quote."""
        return await self._deals.change(
            deal_id, lambda deal: quoting.accept_quote(deal, quote_id, by, cause.now), cause
        )

    async def cite_note(self, deal_id: str, note_id: str, by: str | None, cause: Cause) -> Record[Opportunity]:
        """A market note matters for a deal (L22)."""
        cited = await self._store.notes.get(note_id)
        if cited is None:
            raise Rejected(
                "unknown-note",
                "No such note is known here. One written a moment ago will be: try again then.",
                pointer="/note_id",
            )
        return await self._deals.change(deal_id, lambda deal: note.cite(deal, cited, by), cause)

    async def open_opportunity_when_lead_converted(self, lead: LeadConverted, cause: Cause) -> Record[Opportunity]:
        """A converted lead's company has an account, new or not, and the lead becomes a deal of its AM (L20)."""
        account_of = await self._store.account_of([lead.company])
        told = told_by_lead(lead, account_of)
        account = await self._store.accounts.create(told.id, open_account(told), cause)
        if account.replayed:
            await self._store.accounts.change(told.id, lambda known: keep_earliest(known, told), cause)
        today = self._calendar.day(cause.happened_at or cause.now)
        deal, events = opportunity.open_from_lead(lead, today, account_of)
        return await self._deals.create(deal.id, (deal, events), cause)

    async def win_opportunity_when_contract_signed(self, signed: ContractSigned, cause: Cause) -> Record[Opportunity]:
        """The contract is signed, so the deal is won (C5)."""
        return await self._deals.change(
            signed.opportunity_id,
            lambda deal: progress.win(
                deal, signed.contract_id, signed.amount, signed.signed_on, historical=signed.historical
            ),
            cause,
        )

    async def keep_member_when_member_changed(self, member: MemberChanged, cause: Cause) -> None:
        """Keeps the replica of who may be the AM or the SE of a deal."""
        await self._store.members.apply(member, cause)

    async def keep_note_when_market_note_written(self, written: MarketNoteWritten, cause: Cause) -> None:
        """Keeps the replica of what deals may cite (L22)."""
        await self._store.notes.apply(note.note_told(written), cause)

    async def keep_note_when_market_note_revised(self, revised: MarketNoteRevised, cause: Cause) -> None:
        """Keeps the replica of what deals may cite (L22)."""
        await self._store.notes.apply(note.note_told(revised), cause)

    async def _member(self, member_id: str, pointer: str) -> MemberChanged:
        member = await self._store.members.get(member_id)
        if member is None:
            raise Rejected("unknown-member", f"Nobody here is known as {member_id}.", pointer=pointer)
        return member
