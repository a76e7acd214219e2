"""What every measurement needs: services and floors at a place of their own, and the middle of several rounds."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from bench import floors
from bson import json_util
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection, AsyncIOMotorDatabase
from support.place import Place, new_place

from dealwire.stack.infra import Infra
from dealwire.stack.processes import Process, accepts_connections, free_port
from dealwire.stack.services import SERVICES, Replica
from dealwire.stack.stack import Stack

Document = dict[str, Any]
Collection = AsyncIOMotorCollection[Document]


FLOOR = "the bare endpoints"


@dataclass(frozen=True)
class Bench:
    """`say` shows what is going on; `memory` is what each service had in use after its load, in MiB."""

    infra: Infra
    say: Callable[[str], None]
    memory: dict[str, float] = field(default_factory=dict)

    def note_memory(self, name: str, process: Process) -> None:
        """Reads what the process has in use now."""
        status = Path(f"/proc/{process.pid}/status").read_text()
        self.memory[name] = int(status.split("VmRSS:")[1].split()[0]) / 1024


@dataclass(frozen=True)
class Site:
    """Services that run, at a place of their own."""

    place: Place
    stack: Stack
    client: AsyncIOMotorClient[Document]

    def service(self, name: str) -> Replica:
        """Its one process."""
        return self.stack.services.replicas[name][0]

    def database(self, name: str) -> AsyncIOMotorDatabase[Document]:
        """Of a service, or of anybody else at this place."""
        return self.client.get_database(self.place.database(name))

    @asynccontextmanager
    async def floor(self, kind: str, like: Document, **told: Any) -> AsyncIterator[Floor]:
        """One of `bench.floors`, running."""
        floor = Floor(kind, self, like, told)
        try:
            await floor.start()
            yield floor
        finally:
            await floor.kill()


class Floor(Process):
    """A process of `bench.floors`; what it stores is in `stored`."""

    def __init__(self, kind: str, site: Site, like: Document, told: Document) -> None:
        self.port = free_port()
        self.stored = site.database("floors").get_collection(f"bench_{kind}")
        log = site.stack.folder / f"floor-{kind}.log"

        async def is_ready() -> bool:
            return floors.READY in log.read_text() if kind != "web" else await accepts_connections(self.port)

        where = {"mongo_url": site.place.mongo_url, "amqp_url": site.place.amqp_url, "port": self.port}
        super().__init__(
            f"the floor of {kind}",
            [sys.executable, "-m", "bench.floors", kind],
            log=log,
            ready=is_ready,
            env={
                "BENCH_FLOOR": json_util.dumps({**where, "database": self.stored.database.name, "like": like, **told})
            },
        )


@asynccontextmanager
async def running(bench: Bench, *names: str) -> AsyncIterator[Site]:
    """These services, one process each, until the end of the block."""
    specs = [spec for spec in SERVICES if spec.name in names]
    async with new_place(bench.infra) as place:
        folder = bench.infra.folder / place.vhost
        client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            place.mongo_url, tz_aware=True, readConcernLevel="majority"
        )
        stack = Stack(folder, port=None, specs=specs, servers=place, database_prefix=place.prefix)
        async with stack:
            yield Site(place, stack, client)
        client.close()


async def until(check: Callable[[], Awaitable[Any]], what: str, *, within: float = 60.0, every: float = 0.01) -> None:
    """Waits for it, looking often: a measurement may end when this returns."""
    end = perf_counter() + within
    while not await check():
        if perf_counter() > end:
            raise RuntimeError(f"not within {within:.0f} s: {what}")
        await asyncio.sleep(every)
