"""A service whose inbox is new, or was deleted, catches up from the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from integration.kit.broker import delete, depth, logged
from integration.kit.sums import SUM_SERVICE, Traffic, a_sum_service, all_arrived
from support.place import Place
from support.service import eventually
from support.tally import Replica, TallyCounted, a_cause, a_replica, count, open_tally

from dealwire.kit.cause import Cause
from dealwire.kit.consumer import Consumer
from dealwire.kit.inbox import inbox_name
from dealwire.kit.store import Database
from dealwire.kit.store.marks import Marks

INBOX = inbox_name(SUM_SERVICE)


async def test_a_service_that_starts_after_the_others_have_been_working_catches_up(place: Place) -> None:
    async with a_replica(place) as teller, Traffic(teller) as traffic:
        await asyncio.sleep(0.5)
        async with a_sum_service(place):
            await asyncio.sleep(0.1)  # it has caught up, under traffic
    async with a_replica(place), a_sum_service(place):
        await all_arrived(place, traffic.totals)


async def test_a_service_whose_inbox_is_deleted_while_it_runs_catches_up(place: Place) -> None:
    async with a_replica(place) as teller, a_sum_service(place), a_sum_service(place):
        async with Traffic(teller) as traffic:
            await asyncio.sleep(0.3)
            await delete(place, "queues", INBOX)
            await asyncio.sleep(0.5)
        await all_arrived(place, traffic.totals)


async def test_a_service_whose_inbox_was_deleted_while_it_was_stopped_catches_up(place: Place) -> None:
    async with a_replica(place) as teller:
        async with a_sum_service(place):
            pass
        async with Traffic(teller) as traffic:
            await asyncio.sleep(0.3)
            await delete(place, "queues", INBOX)
            await asyncio.sleep(0.3)
        async with a_sum_service(place):
            await all_arrived(place, traffic.totals)


async def test_catching_up_is_done_again_after_a_crash_in_its_midst(place: Place) -> None:
    handled: list[Any] = []

    def stuck_after(most: int) -> Callable[[Replica], Consumer]:
        async def handle(data: TallyCounted, _: Cause) -> None:
            if len(handled) >= most:
                await asyncio.sleep(1000)
            handled.append(data.total)

        return lambda replica: Consumer(
            replica.bus, replica.database, SUM_SERVICE, {TallyCounted: handle}, prefetch=5, drain_seconds=0.1
        )

    async with a_replica(place) as teller:
        await teller.tallies.create("t1", open_tally("t1"), a_cause())
        for _ in range(100):
            await teller.tallies.change("t1", count, a_cause())

        async def told() -> bool:
            return len(await logged(place)) >= 101

        await eventually(told, "everything is on the log")
        async with a_replica(place, stuck_after(50), service=SUM_SERVICE, ready=False):

            async def half_handled() -> bool:
                return len(handled) >= 50

            await eventually(half_handled, "half of it is handled")
        assert await depth(place, INBOX) == 0  # the inbox is there by now, and has nothing of it
        async with a_replica(place, stuck_after(1000), service=SUM_SERVICE):
            assert set(handled) == set(range(1, 101))


async def test_a_service_that_lost_its_database_is_not_misled_by_marks_of_its_earlier_life(place: Place) -> None:
    async with a_replica(place) as teller:
        async with a_sum_service(place):
            pass
        async with Traffic(teller) as traffic:
            await asyncio.sleep(0.2)
        database = Database(place.mongo_url, place.database(SUM_SERVICE))
        await database._client.drop_database(place.database(SUM_SERVICE))
        await database.stop()
        await delete(place, "queues", INBOX)
        async with a_sum_service(place):
            await all_arrived(place, traffic.totals)


async def test_stopping_does_not_wait_until_all_is_caught_up(place: Place) -> None:
    handled = asyncio.Event()

    async def slowly(_: TallyCounted, __: Cause) -> None:
        handled.set()
        await asyncio.sleep(0.05)

    async with a_replica(place) as teller:
        await teller.tallies.create("t1", open_tally("t1"), a_cause())
        for _ in range(200):
            await teller.tallies.change("t1", count, a_cause())

        def consumer(replica: Replica) -> Consumer:
            return Consumer(replica.bus, replica.database, SUM_SERVICE, {TallyCounted: slowly}, prefetch=1)

        async with a_replica(place, consumer, service=SUM_SERVICE, ready=False) as late:
            await handled.wait()
            async with asyncio.timeout(5):
                await late.parts[-1].stop()
        database = Database(place.mongo_url, place.database(SUM_SERVICE))
        assert await Marks(database).get(INBOX) > 0  # it is known that there is more
        await database.stop()


async def test_only_who_saw_the_last_loss_may_say_that_all_is_caught_up(place: Place) -> None:
    database = Database(place.mongo_url, place.database("marks"))
    marks = Marks(database)
    assert await marks.get("inbox") == 0
    first = await marks.set("inbox")
    second = await marks.set("inbox")
    await marks.clear("inbox", first)
    assert await marks.get("inbox") == second
    await marks.clear("inbox", second)
    assert await marks.get("inbox") == 0
    await database.stop()


async def test_every_reader_of_a_busy_log_comes_to_an_end(place: Place) -> None:
    """Traffic that never pauses must not keep a service from ever being done with catching up."""

    async def handle(_: TallyCounted, __: Cause) -> None:
        pass

    def consumer(replica: Replica) -> Consumer:
        return Consumer(replica.bus, replica.database, SUM_SERVICE, {TallyCounted: handle})

    async with (
        a_replica(place) as teller,
        Traffic(teller, tallies=8),
        a_replica(place, consumer, service=SUM_SERVICE),
    ):
        pass  # it is ready
