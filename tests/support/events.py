"""Putting events on the bus as another service would, and reading what is there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from support.place import Place
from support.service import eventually

from dealwire.event import Event, EventData, utc_now
from dealwire.kit.bus import Bus


def an_event(data: EventData, *, subject: str, sequence: int = 1, source: str = "/test/records") -> Event:
    """An event as its publisher would send it."""
    return Event.of(
        data,
        source=source,
        subject=subject,
        sequence=sequence,
        time=utc_now(),
        actor="test",
        correlationid=str(uuid4()),
    )


@asynccontextmanager
async def a_publisher(place: Place) -> AsyncIterator[Bus]:
    """A bus to publish on."""
    bus = Bus(place.amqp_url, "test-publisher", check_seconds=0.3)
    await bus.start()

    async def connected() -> bool:
        return bus.connected

    await eventually(connected, "the publisher is connected")
    try:
        yield bus
    finally:
        await bus.stop()
