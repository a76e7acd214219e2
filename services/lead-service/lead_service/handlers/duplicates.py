"""Use cases of likely duplicates: looking for them, and settling them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.duplicates import LeadMerged, LeadUnmerged
from dealwire.catalogue.lead import LeadDiscarded, LeadWithdrawn
from dealwire.errors import NotFound, Rejected, StaleVersion
from dealwire.event import Decision
from dealwire.kit.cause import Cause
from dealwire.kit.store import Record, Taken
from lead_service.domain import customer, customers_am, intake, matching, merging
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

    async def look_at(self, lead: Lead, others: Sequence[Lead], cause: Cause) -> None:
        """Holds a lead against others that have something in common with it, and suggests what is likely the same (L3)."""
        for other, match in matching.suggestions(lead, others, self._policy.matching):
            newer, older = matching.newer_first(lead, other)
            await self._store.suggest(newer.id, "lead", older.id, match, cause)

    async def forget_if_unlikely(self, suggestion: Suggestion, cause: Cause) -> None:
        """A suggestion is void once what spoke for it was corrected; it stands again when it was right (L3, L4)."""
        lead = (await self._store.leads.get(suggestion.lead_id)).state
        points = self._policy.matching
        if suggestion.kind == "lead":
            other = (await self._store.leads.get(suggestion.other_id)).state
            likely = matching.are_likely(lead, other, points)
        else:
            known = await self._store.customers.get(suggestion.other_id)
            likely = known is not None and customer.is_like(lead, known, points)
        if not likely:
            await self._store.suggestions.change(suggestion.id, partial(_settle_if_open, verdict=Verdict.VOID), cause)

    async def check(self, told: Capture, cause: Cause) -> Met:
        """What a capture would meet if it came now; nothing is changed (L3)."""
        normal = intake.normalise(told, self._policy.phone_region)
        points = self._policy.matching
        as_lead, _ = intake.capture(cause.new_id("lead"), normal, cause.now, self._calendar, self._policy)
        there = await self._store.same_person(as_lead.keys)
        customers = await self._store.near.customers(normal.company, points.per_block)
        others = await self._store.near.leads(normal, points)
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

    async def merge_leads(self, lead_id: str, into: str, cause: Cause) -> Record[Lead]:
        """One lead goes into another, both or neither (L3); answers the one that went."""
        went: list[Lead] = []

        def merge(lead: Lead) -> Decision[Lead]:
            merged, events = merging.merge(lead, into)
            went[:] = [merged.merged.lead if merged.merged else lead]
            return merged, events

        def absorb(lead: Lead) -> Decision[Lead]:
            return merging.absorb(lead, went[0]) if went else (lead, ())

        if lead_id == into:
            raise Rejected("same-lead", "A lead is not merged into itself.", pointer="/into")
        # The keys of the one are free before the other takes them: two leads never share one, not for a moment.
        record, _ = await self._store.leads.change_together({lead_id: merge, into: absorb}, cause)
        return record

    async def unmerge_leads(self, lead_id: str, cause: Cause) -> Record[Lead]:
        """Undoes a merge (L3); answers the lead that had gone."""
        there = await self._store.leads.get(lead_id)
        if there.state.merged is None:
            return await self._store.leads.change(lead_id, merging.unmerge, cause)  # refused, unless it is a repeat
        survivor = there.state.merged.into

        async def undo(*, with_grab: bool) -> Record[Lead]:
            changes: dict[str, Callable[[Lead], Decision[Lead]]] = {
                survivor: lambda lead: merging.release(lead, lead_id),
                lead_id: partial(merging.unmerge, with_grab=with_grab),
            }
            _, record = await self._store.leads.change_together(changes, cause, seen=lead_id)
            return record

        try:
            return await undo(with_grab=True)
        except Taken:
            return await undo(with_grab=False)

    async def confirm(self, suggestion_id: str, by: str, cause: Cause) -> Record[Suggestion]:
        """A person says that the two are the same: leads are merged, a customer's lead is linked and goes to its AM."""
        there = await self._store.suggestions.get(suggestion_id)
        suggestion = there.state
        if suggestion.verdict is Verdict.OPEN:
            if cause.expected_version not in (None, there.version):
                raise StaleVersion("stale-version", f"The suggestion is at version {there.version} by now.")
            if suggestion.kind == "lead":
                await self._merge_likely(suggestion, replace(cause, expected_version=None))
            else:
                await self._link_likely(suggestion, replace(cause, expected_version=None))
            there = await self._store.suggestions.get(suggestion_id)
            if there.state.verdict is Verdict.SAME:  # the merge's own event was quicker
                return there
        return await self._store.suggestions.change(
            suggestion_id, lambda known: rules.settle(known, Verdict.SAME, by), replace(cause, expected_version=None)
        )

    async def _merge_likely(self, suggestion: Suggestion, cause: Cause) -> None:
        one, other = [
            (await self._store.leads.get(lead_id)).state for lead_id in (suggestion.lead_id, suggestion.other_id)
        ]
        if {one.id, other.id} & {lead.merged.into for lead in (one, other) if lead.merged}:
            return
        goes, survives = merging.which_survives(one, other)
        await self.merge_leads(goes.id, survives.id, cause)

    async def _link_likely(self, suggestion: Suggestion, cause: Cause) -> None:
        known = await self._store.customers.get(suggestion.other_id)
        if known is None:
            raise NotFound("not-found", f"There is no customer {suggestion.other_id!r}.")
        roster = await self._store.roster(cause.now, self._calendar)
        await self._store.leads.change(
            suggestion.lead_id,
            lambda lead: customers_am.hand_over(
                lead, known, "settled by a person", roster, cause.now, self._calendar, self._policy
            ),
            cause,
        )

    async def settle_suggestions_when_lead_merged(self, merged: LeadMerged, cause: Cause) -> None:
        """What was suggested about a lead that went into another is settled, or void."""
        for suggestion in await self._store.open_suggestions([merged.lead_id]):
            pair = {suggestion.lead_id, suggestion.other_id} == {merged.lead_id, merged.into}
            verdict = Verdict.SAME if pair else Verdict.VOID
            await self._store.suggestions.change(suggestion.id, partial(_settle_if_open, verdict=verdict), cause)

    async def forget_suggestions_when_lead_is_over(self, over: LeadDiscarded | LeadWithdrawn, cause: Cause) -> None:
        """There is nothing left to settle about a lead that was found invalid."""
        for suggestion in await self._store.open_suggestions([over.lead_id]):
            await self._store.suggestions.change(suggestion.id, partial(_settle_if_open, verdict=Verdict.VOID), cause)

    async def tell_apart_when_lead_unmerged(self, unmerged: LeadUnmerged, cause: Cause) -> None:
        """Two that were merged by mistake are never suggested again (L3)."""
        apart = rules.told_apart(unmerged.lead_id, unmerged.out_of)
        there = await self._store.suggestions.create(apart[0].id, apart, cause)
        await self._store.suggestions.change(there.id, rules.overturn, cause)

    async def dismiss(self, suggestion_id: str, by: str, cause: Cause) -> Record[Suggestion]:
        """A person says that the two are not the same."""
        return await self._store.suggestions.change(
            suggestion_id, lambda known: rules.settle(known, Verdict.OTHER, by), cause
        )


def _settle_if_open(suggestion: Suggestion, verdict: Verdict) -> Decision[Suggestion]:
    return rules.settle(suggestion, verdict) if suggestion.verdict is Verdict.OPEN else (suggestion, ())
