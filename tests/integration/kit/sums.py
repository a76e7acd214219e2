"""Traffic from one service to another, and what must come of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from support.place import Place
from support.service import eventually
from support.tally import Deaf, Replica, Sums, a_cause, a_replica, count, open_tally

from dealwire.kit.consumer import Consumer
from dealwire.kit.store import Database

SUM_SERVICE = "sum-service"


@asynccontextmanager
async def a_sum_service(place: Place, **more: Any) -> AsyncIterator[Replica]:
    """A replica of a service that adds up what the tallies of the other service count."""

    def consumer(replica: Replica) -> Consumer:
        sums = Sums(replica.database, replica.relay)
        return Consumer(replica.bus, replica.database, SUM_SERVICE, sums.reactions, tiers=(1, 2))

    async with a_replica(place, consumer, service=SUM_SERVICE, **more) as replica:
        yield replica


class Traffic:
    """Tallies that are counted up until told to stop."""

    def __init__(self, replica: Replica, tallies: int = 3) -> None:
        self.totals = {f"t{number}": 0 for number in range(tallies)}
        self._replica = replica
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    async def __aenter__(self) -> Self:
        for id_ in self.totals:
            await self._replica.tallies.create(id_, open_tally(id_), a_cause())
        self._tasks = [asyncio.create_task(self._count(id_)) for id_ in self.totals]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping = True
        await asyncio.gather(*self._tasks)

    async def _count(self, id_: str) -> None:
        while not self._stopping:
            await self._replica.tallies.change(id_, count, a_cause())
            self.totals[id_] += 1
            await asyncio.sleep(0.005)


async def all_arrived(place: Place, totals: dict[str, int], within: float = 20.0) -> None:
    """Every sum is what was counted, and stays so: nothing was lost, nothing counted twice."""
    database = Database(place.mongo_url, place.database(SUM_SERVICE))
    sums = Sums(database, Deaf()).store

    async def added() -> dict[str, int]:
        return {record.id: record.state.total for record in (await sums.page({}, limit=1000)).items}

    async def enough() -> bool:
        now = await added()
        return all(now.get(id_, 0) >= total for id_, total in totals.items())

    try:
        await eventually(enough, f"all of {totals} arrived", within)
        await asyncio.sleep(0.2)
        now = await added()
        assert now == totals, f"{now} is not {totals}"
    finally:
        await database.stop()
