"""What becomes of a message: done, a business no, or a fault; and that one message's trouble is not the others'."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from integration.kit.broker import depth, put
from integration.kit.sums import a_sum_service, all_arrived
from support.events import an_event
from support.place import Place
from support.service import eventually, nothing_comes_late
from support.tally import Replica, TallyCounted, TallyOpened, a_replica

from dealwire.errors import Conflict, Forbidden, Rejected
from dealwire.event import Event
from dealwire.kit import metrics
from dealwire.kit.cause import Cause
from dealwire.kit.consumer import Consumer, Reaction, Reactions
from dealwire.kit.inbox import dlq_name, inbox_name

READER = "reader-service"
INBOX, DLQ = inbox_name(READER), dlq_name(READER)


@asynccontextmanager
async def a_reader(place: Place, react: Reaction, **more: Any) -> AsyncIterator[Replica]:
    """A service that reacts to what tallies tell in one way, whatever it is."""

    def consumer(replica: Replica) -> Consumer:
        reactions: Reactions = {TallyOpened: react, TallyCounted: react}
        return Consumer(replica.bus, replica.database, READER, reactions, **{"tiers": (1, 2), **more})

    with nothing_comes_late():
        async with a_replica(place, consumer, service=READER) as replica:
            yield replica


def counted(total: int, tally_id: str = "t1") -> Event:
    return an_event(TallyCounted(tally_id=tally_id, total=total), subject=tally_id, sequence=total)


def outcomes(outcome: str) -> float:
    samples = next(iter(metrics.consumer_handled.collect())).samples
    return sum(sample.value for sample in samples if sample.labels["outcome"] == outcome)


async def nothing_waits(place: Place) -> None:
    async def empty() -> bool:
        return await depth(place, INBOX) == 0

    await eventually(empty, "the inbox is empty")


async def test_a_reaction_gets_the_data_and_the_cause_of_its_event(place: Place) -> None:
    seen: asyncio.Queue[tuple[Any, Cause]] = asyncio.Queue()

    async def note(data: Any, cause: Cause) -> None:
        seen.put_nowait((data, cause))

    async with a_reader(place, note) as reader:
        event = counted(7)
        await reader.bus.publish(event)
        data, cause = await asyncio.wait_for(seen.get(), 5)
        assert data == TallyCounted(tally_id="t1", total=7)
        assert (cause.actor, cause.correlation_id, cause.causation_id) == (event.actor, event.correlationid, event.id)
        assert (cause.key, cause.sequence) == (event.id, 7)
    assert await depth(place, INBOX) == 0  # acknowledged


async def test_a_business_no_is_the_end_of_it(place: Place) -> None:
    refusals = iter([Conflict("c", "C"), Rejected("r", "R"), Forbidden("f", "F")])
    tried: list[int] = []

    async def refuse(data: TallyCounted, _: Cause) -> None:
        tried.append(data.total)
        raise next(refusals)

    async with a_reader(place, refuse) as reader:
        before = outcomes("refused")
        for total in (1, 2, 3):
            await reader.bus.publish(counted(total))

        async def refused() -> bool:
            return outcomes("refused") == before + 3

        await eventually(refused, "all were refused")
        await asyncio.sleep(0.1)
    assert sorted(tried) == [1, 2, 3]
    assert (await depth(place, INBOX), await depth(place, DLQ)) == (0, 0)


async def test_an_event_nobody_here_reacts_to_is_let_go(place: Place) -> None:
    async def note(*_: Any) -> None:
        raise AssertionError("not for us")

    async with a_reader(place, note) as reader:
        event = counted(1).model_copy(update={"type": "tally.dropped.v1"})
        await put(place, INBOX, event.to_json())
        await reader.bus.publish(event)  # not even bound to it
        await nothing_waits(place)
    assert await depth(place, DLQ) == 0


async def test_one_that_fails_or_hangs_does_not_hold_up_the_others(place: Place) -> None:
    done: set[int] = set()

    async def handle(data: TallyCounted, _: Cause) -> None:
        if data.total == 0:
            raise RuntimeError("it always fails")
        if data.total == 1:
            await asyncio.sleep(1000)
        done.add(data.total)

    async with a_reader(place, handle, drain_seconds=0.1) as reader:
        for total in range(200):
            await reader.bus.publish(counted(total + 1).model_copy(update={"data": {"tally_id": "t1", "total": total}}))

        async def others() -> bool:
            return len(done) == 198

        await eventually(others, "the others are done", within=5)


async def test_stopping_finishes_what_is_at_hand_and_leaves_the_rest(place: Place) -> None:
    begun: list[int] = []
    ended: list[int] = []
    full = asyncio.Event()

    async def slowly(data: TallyCounted, _: Cause) -> None:
        begun.append(data.total)
        if len(begun) == 5:
            full.set()
        await asyncio.sleep(0.3)
        ended.append(data.total)

    async with a_reader(place, slowly, prefetch=5) as reader:
        for total in range(1, 21):
            await reader.bus.publish(counted(total))
        await full.wait()
        await reader.parts[-1].stop()
        assert ended
        assert sorted(ended) == sorted(begun)
        await asyncio.sleep(0.5)
        assert sorted(ended) == sorted(begun)  # takes no more
    assert await depth(place, INBOX) == 20 - len(ended)


async def test_a_stop_does_not_wait_for_what_hangs(place: Place) -> None:
    begun = asyncio.Event()

    async def hang(*_: Any) -> None:
        begun.set()
        await asyncio.sleep(1000)

    async with a_reader(place, hang, drain_seconds=0.3) as reader:
        await reader.bus.publish(counted(1))
        await begun.wait()
        before = time.monotonic()
        await reader.parts[-1].stop()
        assert time.monotonic() - before < 1
    assert await depth(place, INBOX) == 1  # it comes again


async def test_what_a_replica_was_handling_when_it_died_another_handles(place: Place) -> None:
    """Until it is handled, a message is the broker's."""
    begun, handled = asyncio.Event(), asyncio.Event()

    async def hang(*_: Any) -> None:
        begun.set()
        await asyncio.sleep(1000)

    async def handle(*_: Any) -> None:
        handled.set()

    async with a_reader(place, hang, drain_seconds=0.1) as dying:
        await dying.bus.publish(counted(1))
        await begun.wait()
        await dying.bus.stop()
        async with a_reader(place, handle):
            await asyncio.wait_for(handled.wait(), 10)


async def test_an_event_that_comes_again_after_others_has_no_second_effect(place: Place) -> None:
    async with a_sum_service(place) as summing:
        opened = an_event(TallyOpened(tally_id="t1"), subject="t1")
        first, second, third = counted(2), counted(3), counted(4)  # events of a record are told apart by their sequence
        await summing.bus.publish(opened)
        await all_arrived(place, {"t1": 0})
        for event in (first, second, first, opened, second, third):
            await summing.bus.publish(event)
        await all_arrived(place, {"t1": 3})
