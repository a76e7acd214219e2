"""The examples of docs/subscribe: a new subscriber replays the whole log, then follows it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.events import an_event
from support.node import NODE, installed
from support.place import Place

from dealwire.catalogue.lead import LeadDiscarded
from dealwire.event import Event
from dealwire.kit.bus import Bus

SUBSCRIBE = Path(__file__).parents[3] / "docs" / "subscribe"

Program = Callable[[], list[str | Path]]


def python() -> list[str | Path]:
    return [sys.executable, SUBSCRIBE / "python" / "replay.py"]


def node() -> list[str | Path]:
    return [NODE, installed(SUBSCRIBE / "node") / "replay.mjs"]


both = pytest.mark.parametrize("program", [python, node], ids=lambda each: each.__name__)


@asynccontextmanager
async def replaying(program: Program, place: Place, start: str) -> AsyncIterator[asyncio.StreamReader]:
    process = await asyncio.create_subprocess_exec(
        *program(), start, env={**os.environ, "AMQP_URL": place.amqp_url}, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        yield process.stdout
    finally:
        process.kill()
        await process.wait()
        await process.communicate()


async def read(lines: asyncio.StreamReader, count: int) -> list[tuple[int, str]]:
    """Offsets and ids of the next events."""
    read = [await asyncio.wait_for(lines.readline(), 30) for _ in range(count)]
    split = [line.decode().partition(" ") for line in read]
    return [(int(offset), json.loads(event)["id"]) for offset, _, event in split]


@both
async def test_it_replays_everything_in_order_and_then_follows(
    program: Program, place: Place, bus: Bus, told: list[Event]
) -> None:
    async with replaying(program, place, "first") as lines:
        assert await read(lines, len(told)) == list(enumerate(event.id for event in told))
        new = an_event(LeadDiscarded(lead_id="lead-9", reason="x"), subject="lead-9")
        await bus.publish(new)
        assert await read(lines, 1) == [(len(told), new.id)]


@both
async def test_it_goes_on_from_an_offset(program: Program, place: Place, told: list[Event]) -> None:
    async with replaying(program, place, "2") as lines:
        assert await read(lines, 2) == [(2, told[2].id), (3, told[3].id)]


@both
@pytest.mark.parametrize("start", ["2026-01-01T00:00:00Z", "2099-01-01T00:00:00+08:00"])
async def test_it_replays_from_a_time(program: Program, start: str, place: Place, bus: Bus, told: list[Event]) -> None:
    async with replaying(program, place, start) as lines:
        if start < "2099":
            assert await read(lines, 1) == [(0, told[0].id)]
            return
        await asyncio.sleep(2)  # to have begun
        new = an_event(LeadDiscarded(lead_id="lead-9", reason="x"), subject="lead-9")
        await bus.publish(new)
        assert await read(lines, 1) == [(len(told), new.id)]


async def test_more_than_the_prefetch_is_replayed(place: Place, bus: Bus) -> None:
    """So that every event is acknowledged: a stream sends no more than the prefetch otherwise."""
    events = [an_event(LeadDiscarded(lead_id=f"{n}", reason="x"), subject=f"{n}") for n in range(250)]
    await asyncio.gather(*map(bus.publish, events))
    for program in (python, node):
        async with replaying(program, place, "first") as lines:
            assert {id_ for _, id_ in await read(lines, 250)} == {event.id for event in events}
