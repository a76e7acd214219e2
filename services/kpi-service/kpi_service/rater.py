"""Rates everybody again and again, so that a rating follows the ledger and the calendar."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

import structlog

from dealwire.event import utc_now
from dealwire.kit.cause import Cause
from kpi_service.handlers import Handlers
from kpi_service.store import SERVICE

log = structlog.get_logger(__name__)


class Rater:
    """Runs the command every `interval` seconds. Any number of replicas may: what is told already is not told again."""

    def __init__(self, handlers: Handlers, *, interval: float) -> None:
        self._handlers = handlers
        self._interval = interval
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="rater")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval * random.uniform(0.8, 1.2))
            try:
                await self._handlers.rate_members(Cause.of_clock(SERVICE, utc_now()))
            except Exception as error:  # noqa: BLE001  # whatever it is, the next round makes up for it
                log.warning("rater.waiting", reason=repr(error))
