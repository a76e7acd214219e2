"""A tiny record with two events, to exercise the kit without any service: a tally that is opened and counted up; and a
service that adds such events up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

from pydantic import BaseModel, ConfigDict
from support.place import Place
from support.service import eventually

from dealwire.calendar import Deadline
from dealwire.event import Decision, EventData, RecordedEvent, utc_now
from dealwire.kit.bus import Bus
from dealwire.kit.cause import Cause
from dealwire.kit.consumer import Reactions
from dealwire.kit.relay import Relay
from dealwire.kit.store import Database, Index, Record, RecordStore

SERVICE = "tally-service"


class TallyOpened(EventData):
    type: ClassVar[str] = "tally.opened.v1"

    tally_id: str


class TallyCounted(EventData):
    type: ClassVar[str] = "tally.counted.v1"

    tally_id: str
    total: int


class Tally(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str
    total: int = 0
    badge: str | None = None
    due: datetime | None = None


def open_tally(tally_id: str, due: datetime | None = None, badge: str | None = None) -> Decision[Tally]:
    return Tally(id=tally_id, due=due, badge=badge), (TallyOpened(tally_id=tally_id),)


def count(tally: Tally) -> Decision[Tally]:
    counted = tally.model_copy(update={"total": tally.total + 1})
    return counted, (TallyCounted(tally_id=tally.id, total=counted.total),)


def expire(tally: Tally, now: datetime) -> Decision[Tally]:
    if tally.due is None or tally.due > now:
        return tally, ()
    counted, events = count(tally)
    return counted.model_copy(update={"due": None}), events


def deadlines(tally: Tally) -> list[Deadline]:
    return [Deadline("count", tally.due)] if tally.due else []


def a_cause(key: str | None = None, **more: Any) -> Cause:
    return Cause(**{"actor": "somebody", "now": utc_now(), "correlation_id": str(uuid4()), "key": key, **more})


class Deaf:
    """In a relay's place: never announces anything, as if the process died right after every commit."""

    def watch(self, store: RecordStore[Any]) -> None: ...

    def offer(self, store: RecordStore[Any], id: str, events: list[RecordedEvent]) -> None: ...


def tallies_in(database: Database, relay: Relay | Deaf, **more: Any) -> RecordStore[Tally]:
    badge = Index({"state.badge": 1}, unique=True, where={"state.badge": {"$type": "string"}})
    return RecordStore(database, relay, SERVICE, "tallies", Tally, deadlines=deadlines, indexes=[badge], **more)


@asynccontextmanager
async def a_store(place: Place, **more: Any) -> AsyncIterator[RecordStore[Tally]]:
    """Tallies that nobody announces."""
    database = Database(place.mongo_url, place.database(SERVICE))
    tallies = tallies_in(database, Deaf(), **more)
    await database.ensure_indexes()
    try:
        yield tallies
    finally:
        await database.stop()


@dataclass
class Replica:
    """One process of a service that keeps tallies, as far as the kit goes."""

    database: Database
    bus: Bus
    relay: Relay
    tallies: RecordStore[Tally]
    parts: list[Any] = field(default_factory=list)

    async def is_ready(self) -> bool:
        inboxes = [part.inbox for part in self.parts if hasattr(part, "inbox")]
        return self.bus.connected and all(inbox.consuming for inbox in inboxes)


@asynccontextmanager
async def a_replica(
    place: Place,
    *more: Callable[[Replica], Any],
    service: str = SERVICE,
    ready: bool = True,
    patience: float = 20.0,
    **relay: Any,
) -> AsyncIterator[Replica]:
    """Started, connected and consuming, and stopped at the end; `more` are functions that make further parts."""
    database = Database(place.mongo_url, place.database(service), patience=patience)
    bus = Bus(place.amqp_url, service, check_seconds=0.3)
    relaying = Relay(bus, **{"sweep_after": 1.0, "sweep_interval": 0.2, **relay})
    replica = Replica(database, bus, relaying, tallies_in(database, relaying))
    replica.parts = [database, bus, relaying, *(make(replica) for make in more)]
    for part in replica.parts:
        await part.start()
    try:
        if ready:
            await eventually(replica.is_ready, f"{service} is connected and consumes")
        yield replica
    finally:
        for part in reversed(replica.parts):
            await part.stop()


class SumGrew(EventData):
    type: ClassVar[str] = "sum.grew.v1"

    tally_id: str
    total: int


class Sum(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str
    total: int = 0


class Sums:
    """Another service: adds up what tallies counted. Adding twice would show; only the kit keeps it from doing so."""

    def __init__(self, database: Database, relay: Relay | Deaf, service: str = "sum-service", **more: Any) -> None:
        self.store = RecordStore(database, relay, service, "sums", Sum, **more)

    @property
    def reactions(self) -> Reactions:
        return {TallyOpened: self.open_when_opened, TallyCounted: self.add_when_counted}

    async def open_when_opened(self, opened: TallyOpened, cause: Cause) -> Record[Sum]:
        begun = Sum(id=opened.tally_id), (SumGrew(tally_id=opened.tally_id, total=0),)
        return await self.store.create(opened.tally_id, begun, cause)

    async def add_when_counted(self, counted: TallyCounted, cause: Cause) -> Record[Sum]:
        def add(known: Sum) -> Decision[Sum]:
            grown = known.model_copy(update={"total": known.total + 1})
            return grown, (SumGrew(tally_id=known.id, total=grown.total),)

        return await self.store.change(counted.tally_id, add, cause)
