"""Use cases of staying in touch: verification, follow-up, nurture, archive (L5, L12, L14–L17)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.duplicates import LeadCustomerLinked
from dealwire.catalogue.lead import Contacted, LeadFactsCompleted, LeadLinked
from dealwire.event import Decision
from dealwire.kit.cause import Cause
from dealwire.kit.store import Record
from lead_service.domain import archive, follow_up, nurture, progress, unassigning, verification
from lead_service.domain.lead import Lead, Status
from lead_service.domain.policy import Policy
from lead_service.store import LeadStore


class Care:
    """What is done so that no lead is forgotten."""

    def __init__(self, store: LeadStore, calendar: BusinessCalendar, policy: Policy) -> None:
        self._store = store
        self._leads = store.leads
        self._calendar = calendar
        self._policy = policy

    async def verify_lead(
        self, lead_id: str, by: str | None, channel: Literal["call", "mail"], note: str | None, cause: Cause
    ) -> Record[Lead]:
        """The person was reached, and the lead is a real one (L5)."""
        return await self._leads.change(
            lead_id,
            lambda known: archive.kept_for_news(
                verification.verify(known, by, channel, note, cause.now), cause.now, self._calendar, self._policy
            ),
            cause,
        )

    async def log_follow_up(
        self, lead_id: str, by: str, channel: Contacted, outcome: str, at: datetime | None, cause: Cause
    ) -> Record[Lead]:
        """The AM was in touch, now or at an earlier moment (L16)."""
        sops = await self._store.published_sops()
        return await self._leads.change(
            lead_id,
            lambda known: follow_up.log(known, by, channel, outcome, cause.now, self._calendar, self._policy, sops, at),
            cause,
        )

    async def unassign_lead(self, lead_id: str, reason: str, by: str | None, cause: Cause) -> Record[Lead]:
        """The AM gives the lead back, or sales operations takes it back (L5, L17)."""
        return await self._leads.change(
            lead_id,
            lambda known: unassigning.unassign(known, reason, by, cause.now, self._calendar, self._policy),
            cause,
        )

    async def plan_nurture(
        self, lead_id: str, material: tuple[str, ...], every_days: float, cause: Cause
    ) -> Record[Lead]:
        """Sales operations chooses the case material of a lead in nurture (L12)."""
        return await self._leads.change(
            lead_id, lambda known: nurture.plan(known, material, every_days, cause.now), cause
        )

    async def archive_lead(self, lead_id: str, reason: str, cause: Cause) -> Record[Lead]:
        """A lead that came to nothing is archived (L17)."""
        return await self._leads.change(lead_id, lambda known: archive.archive(known, reason), cause)

    async def reactivate_lead(self, lead_id: str, cause: Cause) -> Record[Lead]:
        """An archived lead is with intake again (L17)."""
        return await self._leads.change(
            lead_id, lambda known: archive.reactivate(known, cause.now, self._calendar, self._policy), cause
        )

    async def score_again_when_lead_linked(self, linked: LeadLinked, cause: Cause) -> Record[Lead] | None:
        """The person came in again: a new signal (L12)."""
        return await self._score_again(linked.lead_id, cause)

    async def score_again_when_facts_completed(
        self, completed: LeadFactsCompleted, cause: Cause
    ) -> Record[Lead] | None:
        """More is known: a new signal (L12)."""
        return await self._score_again(completed.lead_id, cause)

    async def score_again_when_customer_linked(self, linked: LeadCustomerLinked, cause: Cause) -> Record[Lead] | None:
        """A customer's lead is not for everybody in the pool (L3, L11)."""
        return await self._score_again(linked.lead_id, cause)

    async def _score_again(self, lead_id: str, cause: Cause) -> Record[Lead] | None:
        """On new signals a lead in pool or nurture is scored and routed again, by the answers there are (L12)."""
        there = await self._leads.get(lead_id)
        if not _waits(there.state):
            return None
        roster, models = await self._store.roster(cause.now, self._calendar), await self._store.scoring_models()
        sops = await self._store.published_sops()

        def decide(known: Lead) -> Decision[Lead]:
            if known.bant is None or not _waits(known):
                return known, ()
            return progress.qualify(known, known.bant, roster, cause.now, self._calendar, self._policy, models, sops)

        return await self._leads.change(lead_id, decide, cause)


def _waits(lead: Lead) -> bool:
    return lead.bant is not None and lead.status in {Status.POOL, Status.NURTURE}
