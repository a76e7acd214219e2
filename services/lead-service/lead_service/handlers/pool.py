"""Use cases of the pool: bids, and what the clock does about leads (L11)."""

from __future__ import annotations

from collections.abc import Callable

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.people import MemberPerformanceRated
from dealwire.errors import Unavailable
from dealwire.event import Decision
from dealwire.kit.cause import Cause
from dealwire.kit.store import Record, Taken
from lead_service.domain import clock, grab
from lead_service.domain.grab import Bidders
from lead_service.domain.lead import Lead
from lead_service.domain.policy import Policy
from lead_service.domain.routing import Roster
from lead_service.store import LeadStore

_ATTEMPTS = 20


class Pool:
    """What AMs and the clock do with leads that nobody was given."""

    def __init__(self, store: LeadStore, calendar: BusinessCalendar, policy: Policy) -> None:
        self._store = store
        self._calendar = calendar
        self._policy = policy

    async def bid(self, lead_id: str, by: str, cause: Cause) -> Record[Lead]:
        """An AM bids for a lead in the pool (L11)."""
        sops = await self._store.published_sops()

        def decide(known: Lead, roster: Roster, bidders: Bidders) -> Decision[Lead]:
            return grab.bid(known, by, roster, bidders, cause.now, self._calendar, self._policy, sops)

        return await self._change(lead_id, decide, cause)

    async def expire_lead(self, lead_id: str, cause: Cause) -> Record[Lead]:
        """The clock's command: whatever of a lead is due happens (X9)."""
        sops = await self._store.published_sops()

        def decide(known: Lead, roster: Roster, bidders: Bidders) -> Decision[Lead]:
            return clock.expire(known, roster, bidders, cause.now, self._calendar, self._policy, sops)

        return await self._change(lead_id, decide, cause)

    async def keep_rating_when_performance_rated(self, rated: MemberPerformanceRated, cause: Cause) -> None:
        """Keeps the replica of how members performed, which counts in a grab (L11)."""
        await self._store.ratings.apply(rated, cause)

    async def _change(
        self, lead_id: str, decide: Callable[[Lead, Roster, Bidders], Decision[Lead]], cause: Cause
    ) -> Record[Lead]:
        """Decides again when another lead took the place that its AM still had for this one."""
        for _ in range(_ATTEMPTS):
            roster, bidders = await self._store.roster(cause.now, self._calendar), await self._store.bidders()

            def decided(known: Lead, roster: Roster = roster, bidders: Bidders = bidders) -> Decision[Lead]:
                return decide(known, roster, bidders)

            try:
                return await self._store.leads.change(lead_id, decided, cause)
            except Taken:
                continue
        raise Unavailable("contended", "Too many leads are won at once. Try again in a moment.")
