"""A tiny record with two events, to exercise the kit without any service: a tally that is opened and counted up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

from pydantic import BaseModel, ConfigDict
from support.place import Place

from dealwire.calendar import Deadline
from dealwire.event import Decision, EventData, utc_now
from dealwire.kit.bus import Bus
from dealwire.kit.cause import Cause
from dealwire.kit.relay import Relay
from dealwire.kit.store import Database, RecordStore


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
    due: datetime | None = None


def open_tally(tally_id: str, due: datetime | None = None) -> Decision[Tally]:
    return Tally(id=tally_id, due=due), (TallyOpened(tally_id=tally_id),)


def count(tally: Tally) -> Decision[Tally]:
    counted = tally.model_copy(update={"total": tally.total + 1})
    return counted, (TallyCounted(tally_id=tally.id, total=counted.total),)


def expire(tally: Tally) -> Decision[Tally]:
    if tally.due is None:
        return tally, ()
    counted, events = count(tally)
    return counted.model_copy(update={"due": None}), events


def deadlines(tally: Tally) -> list[Deadline]:
    return [Deadline("count", tally.due)] if tally.due else []


def a_cause(key: str | None = None, **more: Any) -> Cause:
    return Cause(actor="somebody", now=utc_now(), correlation_id=str(uuid4()), key=key, **more)


@dataclass
class Replica:
    """One process of a service that keeps tallies, as far as the kit goes."""

    database: Database
    bus: Bus
    relay: Relay
    tallies: RecordStore[Tally]
    parts: list[Any] = field(default_factory=list)


@asynccontextmanager
async def a_replica(place: Place, *more: Any, service: str = "tally-service", **relay: Any) -> AsyncIterator[Replica]:
    """Started, and stopped at the end; `more` are functions that make further parts from the replica."""
    database = Database(place.mongo_url, place.database(service))
    bus = Bus(place.amqp_url, service, check_seconds=0.3)
    relaying = Relay(bus, **{"sweep_after": 1.0, "sweep_interval": 0.2, **relay})
    replica = Replica(
        database, bus, relaying, RecordStore(database, relaying, service, "tallies", Tally, deadlines=deadlines)
    )
    replica.parts = [database, bus, relaying, *(make(replica) for make in more)]
    await database.ensure_indexes()
    for part in replica.parts:
        await part.start()
    try:
        yield replica
    finally:
        for part in reversed(replica.parts):
            await part.stop()


def events_of(types: Sequence[type[EventData]]) -> list[str]:
    return [each.type for each in types]
