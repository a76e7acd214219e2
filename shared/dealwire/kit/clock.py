"""The clock worker: acts on deadlines, once each, whatever restarts and however many replicas there are."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from dealwire.errors import Unavailable
from dealwire.event import utc_now
from dealwire.kit import metrics
from dealwire.kit.cause import Cause
from dealwire.kit.store import Record, RecordStore

log = structlog.get_logger(__name__)

_BATCH = 200
_AFTER_A_FAULT = timedelta(seconds=60)

Expire = Callable[[str, Cause], Awaitable[Record[Any]]]


@dataclass(frozen=True, slots=True)
class Watched:
    """Records with deadlines, and the command that acts on one when its deadline has come."""

    store: RecordStore[Any]
    expire: Expire


class ClockWorker:
    """Looks every `interval` seconds for records whose `next_due` has come and runs the ordinary command on each.

    Two replicas may both try: the record's version lets one win, and the other then finds nothing due.
    """

    def __init__(self, service: str, watched: Sequence[Watched], *, interval: float = 1.0) -> None:
        self._service = service
        self._watched = watched
        self._interval = interval
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="clock")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                busy = any([await self._tick(each) == _BATCH for each in self._watched])
                now = utc_now()
                metrics.deadlines_overdue.set(sum([await each.store.overdue(now) for each in self._watched]))
            except Exception as error:  # noqa: BLE001  # whatever it is, the deadlines stay due
                log.warning("clock.waiting", reason=repr(error))
                busy = False
            if not busy:
                await asyncio.sleep(self._interval * random.uniform(0.8, 1.2))

    async def _tick(self, watched: Watched) -> int:
        """Acts on what is due, one batch of it; answers how many records that was."""
        due = await watched.store.due(utc_now(), _BATCH)
        random.shuffle(due)  # so that replicas rarely reach for the same record at once
        for id_ in due:
            now = utc_now()
            try:
                record = await watched.expire(id_, Cause.of_clock(self._service, now))
                still = [deadline.name for deadline in watched.store.deadlines(record.state) if deadline.due <= now]
                if still:
                    raise RuntimeError(f"nothing came of the deadlines {still}")
            except Unavailable:
                raise
            except Exception:
                log.exception("clock.fault", store=watched.store.name, record=id_)
                await watched.store.put_off(id_, now + _AFTER_A_FAULT)
            else:
                if record.changed:  # and not by another replica before us
                    metrics.deadlines_fired.labels(watched.store.name).inc()
        return len(due)
