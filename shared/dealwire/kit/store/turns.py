"""How several changes of one record get along: within a process they take turns, and between processes they step aside."""

from __future__ import annotations

import asyncio
import random
from weakref import WeakValueDictionary


class Turns:
    """Changes of one record take turns within the process.

    A write that meets a transaction waits in the server, and a thread of the driver with it: were there as many of
    those as threads, the transaction itself would find none to end with.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, id: str) -> asyncio.Lock:
        return self._locks.setdefault(id, asyncio.Lock())


async def step_aside(attempt: int) -> None:
    """Lets other processes by."""
    await asyncio.sleep(random.random() * 0.005 * attempt)
