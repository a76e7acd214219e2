"""Holds every lead that is new or has changed against the leads and customers there are (L3).

It happens behind the capture's back, and for many leads at once: the trips to the database that tell what is near them,
they share.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Sequence

import structlog

from dealwire.errors import Unavailable
from dealwire.event import utc_now
from dealwire.kit.cause import Cause
from dealwire.kit.store import Record
from lead_service.domain.lead import Lead
from lead_service.domain.policy import Matching
from lead_service.handlers.customers import Customers
from lead_service.handlers.duplicates import Duplicates
from lead_service.store import SERVICE, LeadStore

log = structlog.get_logger(__name__)

_AT_ONCE = 200


class Lookout:
    """The background worker's `find` and `work`."""

    def __init__(self, store: LeadStore, customers: Customers, duplicates: Duplicates, points: Matching) -> None:
        self._store = store
        self._customers = customers
        self._duplicates = duplicates
        self._points = points

    async def waiting(self) -> list[str]:
        """One piece of work, if there is any lead that nobody has looked at."""
        return ["leads"] if await self._store.leads.unseen(1) else []

    async def work(self, _: str) -> AsyncGenerator[None, None]:
        """Looks at all of them, many at a time; looking twice suggests nothing twice.

        A few that are left wait for more to come: the trips for one lead cost as much as those for all.
        """
        while records := await self._store.leads.unseen(_AT_ONCE):
            await self.look_at(records)
            await self._store.leads.seen(records)
            if len(records) < _AT_ONCE:
                return
            yield

    async def look_at(self, records: Sequence[Record[Lead]]) -> None:
        """Looks at these leads together. One that cannot be looked at holds up no other.

        What was suggested before is looked at as well: what spoke for it may have been corrected.
        """
        cause = Cause.of_clock(SERVICE, utc_now())
        told = [record.state.capture for record in records]
        near_a_customer = await self._store.near.a_customer(told)
        for record in records:
            if near_a_customer(record.state.capture.company):
                await self._safely(self._customers.recognise(record.state, cause), record.id)
        for record, others in zip(records, await self._store.near.leads_of_each(told, self._points), strict=True):
            await self._safely(self._duplicates.look_at(record.state, others, cause), record.id)
        changed = [record.id for record in records if record.version > 1]
        for suggestion in await self._store.open_suggestions(changed):
            await self._safely(self._duplicates.forget_if_unlikely(suggestion, cause), suggestion.lead_id)

    async def _safely(self, looking: Awaitable[None], lead_id: str) -> None:
        try:
            await looking
        except Unavailable:
            raise
        except Exception:
            log.exception("lookout.fault", lead=lead_id)
