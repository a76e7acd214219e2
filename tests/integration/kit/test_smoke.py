from __future__ import annotations

import asyncio
from typing import Any

from dealwire.kit.consumer import Consumer
from support.place import Place
from support.tally import TallyCounted, TallyOpened, a_cause, a_replica, count, open_tally


async def test_an_event_of_a_record_reaches_a_consumer_once_and_in_order(place: Place) -> None:
    seen: list[Any] = []

    async def note(data: Any, cause: Any) -> None:
        seen.append((data, cause.sequence))

    def consumer(replica: Any) -> Consumer:
        return Consumer(replica.bus, replica.database, "reader-service", {TallyOpened: note, TallyCounted: note})

    async with a_replica(place, consumer) as replica:
        while not replica.bus.connected or not replica.parts[-1].inbox.consuming:
            await asyncio.sleep(0.05)
        await replica.tallies.create("t1", open_tally("t1"), a_cause())
        for _ in range(5):
            await replica.tallies.change("t1", count, a_cause())
        for _ in range(100):
            if len(seen) >= 6:
                break
            await asyncio.sleep(0.05)
        assert sorted(sequence for _, sequence in seen) == [1, 2, 3, 4, 5, 6]
        await asyncio.sleep(0.3)
        assert (await replica.tallies.outbox.pending())[0] == 0
        timeline = await replica.tallies.timeline("t1")
        assert [event.sequence for event in timeline.items] == [1, 2, 3, 4, 5, 6]


async def test_a_consumer_that_starts_later_catches_up_from_the_log(place: Place) -> None:
    seen: list[Any] = []

    async def note(data: Any, cause: Any) -> None:
        seen.append(cause.sequence)

    async with a_replica(place) as replica:
        await replica.tallies.create("t1", open_tally("t1"), a_cause())
        for _ in range(300):
            await replica.tallies.change("t1", count, a_cause())
        await asyncio.sleep(0.5)

        def consumer(replica: Any) -> Consumer:
            return Consumer(replica.bus, replica.database, "late-service", {TallyOpened: note, TallyCounted: note})

        async with a_replica(place, consumer, service="late-service") as late:
            for _ in range(100):
                if len(set(seen)) >= 301 and late.parts[-1].inbox.consuming:
                    break
                await asyncio.sleep(0.05)
            assert len(set(seen)) == 301
