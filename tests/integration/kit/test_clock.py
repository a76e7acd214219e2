"""Deadlines are acted on once, never early, whatever restarts and however many replicas there are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.place import Place
from support.service import eventually
from support.tally import SERVICE, Deaf, Tally, a_cause, count, deadlines, expire, open_tally, tallies_in

from dealwire.errors import Unavailable
from dealwire.event import Decision, utc_now
from dealwire.kit import clock as clocks
from dealwire.kit import metrics
from dealwire.kit.cause import Cause
from dealwire.kit.clock import ClockWorker, Watched
from dealwire.kit.store import Database, Record, RecordStore


@asynccontextmanager
async def a_clock(place: Place, command: Any = None) -> AsyncIterator[RecordStore[Tally]]:
    """A process whose clock runs the command (or the ordinary one) on tallies that are due."""
    database = Database(place.mongo_url, place.database(SERVICE))
    tallies = tallies_in(database, Deaf())

    async def expire_tally(id_: str, cause: Cause) -> Record[Tally]:
        if command:
            command(id_, cause)
        return await tallies.change(id_, lambda tally: expire(tally, cause.now), cause)

    clock = ClockWorker(SERVICE, [Watched(tallies, expire_tally)], interval=0.05)
    await database.start()
    await clock.start()
    try:
        yield tallies
    finally:
        await clock.stop()
        await database.stop()


async def all_expired(tallies: RecordStore[Tally], ids: list[str], within: float = 20.0) -> None:
    async def expired() -> bool:
        return [(await tallies.get(id_)).state.due for id_ in ids] == [None] * len(ids)

    await eventually(expired, f"{len(ids)} deadlines are acted on", within)


def fired() -> float:
    return float(metrics.deadlines_fired.labels("tallies")._value.get())


async def test_every_deadline_is_acted_on_once_across_replicas_and_a_restart(place: Place) -> None:
    ids = [f"t{number}" for number in range(60)]
    async with AsyncExitStack() as replicas:
        for _ in range(2):
            tallies = await replicas.enter_async_context(a_clock(place))
        soon = utc_now() + timedelta(seconds=0.3)
        new = [(id_, open_tally(id_, due=soon + timedelta(milliseconds=10 * number))) for number, id_ in enumerate(ids)]
        await tallies.create_many(new, a_cause())
        await asyncio.sleep(0.6)
        await replicas.aclose()  # both stop in the midst of it
    async with a_clock(place) as tallies, a_clock(place):
        await all_expired(tallies, ids)
        for id_ in ids:
            told = (await tallies.timeline(id_)).items
            assert [event.type for event in told] == ["tally.opened.v1", "tally.counted.v1"]
            assert told[1].actor == "tally-service/clock"


async def test_a_deadline_is_never_acted_on_early(place: Place) -> None:
    before = fired()
    async with a_clock(place) as tallies:
        due = {f"t{number}": utc_now() + timedelta(seconds=0.2 + 0.05 * number) for number in range(10)}
        for id_, at in due.items():
            await tallies.create(id_, open_tally(id_, due=at), a_cause())
        await tallies.create("far", open_tally("far", due=utc_now() + timedelta(hours=1)), a_cause())
        await all_expired(tallies, list(due))
        for id_, at in due.items():
            late = (await tallies.timeline(id_)).items[1].time - at
            assert timedelta() <= late < timedelta(seconds=5)
        assert (await tallies.get("far")).version == 1
    assert fired() - before == 10


async def test_a_deadline_that_another_replica_acted_on_first_is_not_counted(place: Place) -> None:
    before, outrun = fired(), asyncio.Event()
    database = Database(place.mongo_url, place.database(SERVICE))
    tallies = tallies_in(database, Deaf())

    async def expire_second(id_: str, cause: Cause) -> Record[Tally]:
        for _ in ("another replica", "this one"):
            record = await tallies.change(id_, lambda tally: expire(tally, cause.now), cause)
        outrun.set()
        return record

    clock = ClockWorker(SERVICE, [Watched(tallies, expire_second)], interval=0.02)
    await tallies.create("t1", open_tally("t1", due=utc_now()), a_cause())
    await clock.start()
    await asyncio.wait_for(outrun.wait(), 10)
    await clock.stop()
    assert (await tallies.get("t1")).state.total == 1
    assert fired() == before
    await database.stop()


async def test_a_deadline_that_was_met_is_not_acted_on(place: Place) -> None:
    def meet(tally: Tally) -> Decision[Tally]:
        counted, events = count(tally)
        return counted.model_copy(update={"due": None}), events

    async with a_clock(place) as tallies:
        await tallies.create("t1", open_tally("t1", due=utc_now() + timedelta(seconds=0.4)), a_cause())
        await tallies.change("t1", meet, a_cause())
        await asyncio.sleep(0.7)
        assert (await tallies.get("t1")).version == 2


async def test_a_command_that_fails_is_put_off_and_holds_nobody_up(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[datetime] = []

    def fail_at_first(id_: str, cause: Cause) -> None:
        if id_ == "bad":
            tried.append(cause.now)
            if len(tried) == 1:
                raise RuntimeError("it fails")

    monkeypatch.setattr(clocks, "_AFTER_A_FAULT", timedelta(seconds=1))
    async with a_clock(place, fail_at_first) as tallies:
        now = utc_now()
        await tallies.create("bad", open_tally("bad", due=now - timedelta(minutes=1)), a_cause())
        await tallies.create("good", open_tally("good", due=now), a_cause())
        await all_expired(tallies, ["good"], within=0.9)
        assert len(tried) == 1
        assert await tallies.overdue(utc_now()) == 1  # the gauge still tells
        await all_expired(tallies, ["bad"])
        assert tried[1] - tried[0] >= timedelta(seconds=1)


async def test_a_command_that_changes_nothing_is_a_fault(place: Place) -> None:
    tried: list[str] = []
    database = Database(place.mongo_url, place.database(SERVICE))
    tallies = tallies_in(database, Deaf())

    async def do_nothing(id_: str, cause: Cause) -> Record[Tally]:
        tried.append(id_)
        return await tallies.change(id_, lambda tally: (tally, ()), cause)

    clock = ClockWorker(SERVICE, [Watched(tallies, do_nothing)], interval=0.02)
    await tallies.create("t1", open_tally("t1", due=utc_now()), a_cause())
    await clock.start()
    await asyncio.sleep(0.5)
    await clock.stop()
    await database.stop()
    assert tried == ["t1"]  # put off, rather than tried without end


async def test_a_record_that_was_put_off_and_then_changed_is_looked_at_again(place: Place) -> None:
    async with a_clock(place) as tallies:
        await tallies.create("t1", open_tally("t1", due=utc_now() + timedelta(seconds=0.4)), a_cause())
        await tallies.put_off("t1", utc_now() + timedelta(hours=1))
        await tallies.change("t1", count, a_cause())
        await all_expired(tallies, ["t1"])


async def test_a_clock_outlives_whatever_goes_wrong(place: Place) -> None:
    faults = [Unavailable("away", "Away."), RuntimeError("?")]

    class Stumbling(RecordStore[Tally]):
        async def due(self, now: datetime, limit: int) -> list[str]:
            if faults:
                raise faults.pop()
            return await super().due(now, limit)

    database = Database(place.mongo_url, place.database(SERVICE))
    tallies = Stumbling(database, Deaf(), SERVICE, "tallies", Tally, deadlines=deadlines)
    await tallies.create("t1", open_tally("t1", due=utc_now()), a_cause())

    async def expire_tally(id_: str, cause: Cause) -> Record[Tally]:
        return await tallies.change(id_, lambda tally: expire(tally, cause.now), cause)

    clock = ClockWorker(SERVICE, [Watched(tallies, expire_tally)], interval=0.02)
    await clock.start()
    await all_expired(tallies, ["t1"])
    assert not faults
    await clock.stop()
    await database.stop()


async def test_overdue_deadlines_are_counted(place: Place) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("it fails")

    async with a_clock(place, fail) as tallies:
        await tallies.create("t1", open_tally("t1", due=utc_now()), a_cause())

        async def gauged() -> bool:
            return bool(metrics.deadlines_overdue._value.get() == 1)

        await eventually(gauged, "the gauge tells")
