"""Holds every lead that is new or has changed against the leads and customers there are (L3).

It happens behind the capture's back, for many leads at once: two trips to the database tell of all of them whether there
is anything near; only those that have something near are looked at one by one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import structlog

from dealwire.errors import Unavailable
from dealwire.event import utc_now
from dealwire.kit.cause import Cause
from dealwire.kit.store import Record
from lead_service.domain import matching
from lead_service.domain.lead import Lead
from lead_service.handlers.duplicates import Duplicates
from lead_service.store import SERVICE, LeadStore

log = structlog.get_logger(__name__)

_AT_ONCE = 200


class Lookout:
    """The background worker's `find` and `work`."""

    def __init__(self, store: LeadStore, duplicates: Duplicates) -> None:
        self._store = store
        self._duplicates = duplicates

    async def waiting(self) -> list[str]:
        """One piece of work, if there is any lead that nobody has looked at."""
        return ["leads"] if await self._store.leads.unseen(1) else []

    async def work(self, _: str) -> AsyncGenerator[None, None]:
        """Looks at all of them, some at a time; looking twice suggests nothing twice."""
        while records := await self._store.leads.unseen(_AT_ONCE):
            await self.look_at(records)
            await self._store.leads.seen(records)
            yield

    async def look_at(self, records: Sequence[Record[Lead]]) -> None:
        """Looks closely at those leads that have something near. One that cannot be looked at holds up no other."""
        crowded = await self._store.crowded([record.state.capture for record in records])
        cause = Cause.of_clock(SERVICE, utc_now())
        for record in records:
            near = matching.near(record.state.capture)
            if not any(crowded(block, record.id) for block in near):
                continue
            try:
                await self._duplicates.look_at(record.id, cause)
            except Unavailable:
                raise
            except Exception:
                log.exception("lookout.fault", lead=record.id)
