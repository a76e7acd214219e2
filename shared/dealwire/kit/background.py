"""Long work in the background: whichever replica is free takes it up, and where one stops another goes on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from datetime import timedelta

import structlog

from dealwire.event import utc_now
from dealwire.kit.store import Leases
from dealwire.kit.traffic import traffic

log = structlog.get_logger(__name__)

_LEASE = timedelta(seconds=15)
_AFTER_A_FAULT = timedelta(seconds=60)

Find = Callable[[], Awaitable[list[str]]]
Work = Callable[[str], AsyncGenerator[None, None]]


class Background:
    """Looks every `interval` seconds for what `find` names and lets `work` do it, one at a time, under a lease.

    `work` yields after every step, and requests go before the next one. A step may be done twice, by two replicas even,
    when a lease ran out in the midst of it: what it does has to be safe to do again. It ends when there is nothing left
    of it to do.
    """

    def __init__(self, name: str, leases: Leases, find: Find, work: Work, *, interval: float = 1.0) -> None:
        self._name = name
        self._leases = leases
        self._find = find
        self._work = work
        self._interval = interval
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """What is under way is left to the next one who looks."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                for id_ in await self._find():
                    await self._take_up(id_)
            except Exception as error:  # noqa: BLE001  # whatever it is, the work stays to be done
                log.warning("background.waiting", work=self._name, reason=repr(error))
            await asyncio.sleep(self._interval * random.uniform(0.8, 1.2))

    async def _take_up(self, id: str) -> None:
        lease = f"{self._name}/{id}"
        if not await self._leases.take(lease, utc_now(), _LEASE):
            return
        try:
            async with aclosing(self._work(id)) as steps:
                async for _ in steps:
                    await traffic.let_by()
                    if not await self._leases.take(lease, utc_now(), _LEASE):
                        return
        except Exception:
            log.exception("background.fault", work=self._name, id=id)
            await self._leases.take(lease, utc_now(), _AFTER_A_FAULT)
        except BaseException:  # the process ends
            with suppress(Exception):
                await asyncio.shield(self._leases.give_up(lease))
            raise
        else:
            await self._leases.give_up(lease)
