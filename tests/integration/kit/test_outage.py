"""The database or the broker goes away for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from integration.kit.broker import depth, first_told, logged
from integration.kit.sums import SUM_SERVICE, Traffic, a_sum_service, all_arrived
from support.place import Place, new_place
from support.proxy import Proxy
from support.service import eventually
from support.tally import Replica, Sums, TallyCounted, a_cause, a_replica, count, open_tally

from dealwire.errors import Unavailable
from dealwire.kit import metrics
from dealwire.kit.cause import Cause
from dealwire.kit.consumer import Consumer, Reactions
from dealwire.stack.infra import Infra

SOURCE = "/tally-service/tallies"


@pytest.fixture(scope="module")
async def own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Infra]:
    """Servers that these tests may break."""
    async with Infra(tmp_path_factory.mktemp("own")) as own:
        yield own


@pytest.fixture
async def fragile(own: Infra) -> AsyncIterator[Place]:
    async with new_place(own) as fragile:
        yield fragile


async def test_while_the_broker_is_stopped_changes_are_accepted_and_later_told_in_order(
    own: Infra, fragile: Place
) -> None:
    async with a_replica(fragile) as one, a_replica(fragile) as two, a_sum_service(fragile) as summing:
        async with Traffic(one) as traffic:
            await asyncio.sleep(0.3)
            await own.broker.stop()
            before = dict(traffic.totals)

            async def risen() -> bool:
                accepted = all(total > before[id_] for id_, total in traffic.totals.items())
                return accepted and metrics.outbox_oldest_pending_age._value.get() > 2

            await eventually(risen, "changes are accepted and the gauge rises")
            assert one.bus.fault
            await two.tallies.create("late", open_tally("late"), a_cause())
        assert not one.relay._hints
        await own.broker.start()
        await all_arrived(fragile, {**traffic.totals, "late": 0})

        async def settled() -> bool:
            pending = [await store.outbox.pending() for store in (one.tallies, *summing.relay._stores)]
            return all(records == 0 for records, _ in pending)

        await eventually(settled, "nothing is pending")
        assert metrics.outbox_oldest_pending_age._value.get() >= 0
        told = first_told(await logged(fragile), SOURCE)
        assert told == {"late": [1], **{id_: list(range(1, total + 2)) for id_, total in traffic.totals.items()}}


async def test_what_was_accepted_survives_the_database_being_killed(own: Infra, fragile: Place) -> None:
    async with a_replica(fragile, patience=2.0) as replica:
        await replica.tallies.create("t1", open_tally("t1"), a_cause())
        accepted: list[str] = []

        async def work() -> None:
            for number in range(10_000):
                try:
                    await replica.tallies.change("t1", count, a_cause(f"key-{number}"))
                except Unavailable:
                    return
                accepted.append(f"key-{number}")

        working = asyncio.create_task(work())
        await asyncio.sleep(0.5)
        await own.mongod.kill()
        await working
        await own.mongod.start()

        async def back() -> bool:
            try:
                return (await replica.tallies.get("t1")).state.total >= len(accepted)
            except Unavailable:
                return False

        await eventually(back, "the database is back")
        assert accepted
        again = await replica.tallies.change("t1", count, a_cause(accepted[-1]))
        assert again.replayed
        assert again.state.total in {len(accepted), len(accepted) + 1}  # the last one was done, or was not
        again = await replica.tallies.change("t1", count, a_cause(f"key-{len(accepted)}"))
        assert again.state.total == len(accepted) + 1  # asking again finds that out


async def test_while_the_database_is_away_messages_wait_and_lose_no_attempt(place: Place) -> None:
    async with Proxy(place.mongo_url) as line:
        behind = replace(place, mongo_url=line.url)
        async with a_replica(place) as teller, a_sum_service(behind, patience=0.5) as summing:
            await line.cut()
            async with Traffic(teller) as traffic:
                await asyncio.sleep(1)
            with pytest.raises(Unavailable):
                await summing.database.ping()
            await line.restore()
            await all_arrived(place, traffic.totals)
        assert await depth(place, f"{SUM_SERVICE}.dlq") == 0


async def test_a_broker_cut_off_in_the_midst_of_handling_delivers_again_and_the_effect_is_once(place: Place) -> None:
    first, go_on = asyncio.Event(), asyncio.Event()
    tried: list[int] = []

    def consumer(replica: Replica) -> Consumer:
        sums = Sums(replica.database, replica.relay)

        async def add_slowly(data: TallyCounted, cause: Cause) -> Any:
            record = await sums.add_when_counted(data, cause)
            tried.append(data.total)
            first.set()
            await go_on.wait()
            return record

        reactions: Reactions = {**sums.reactions, TallyCounted: add_slowly}
        return Consumer(replica.bus, replica.database, SUM_SERVICE, reactions, tiers=(1,))

    async with Proxy(place.amqp_url) as line:
        behind = replace(place, amqp_url=line.url)
        async with a_replica(place) as teller, a_replica(behind, consumer, service=SUM_SERVICE) as summing:
            await teller.tallies.create("t1", open_tally("t1"), a_cause())
            await all_arrived(place, {"t1": 0})
            await teller.tallies.change("t1", count, a_cause())
            await first.wait()
            await line.cut()

            async def noticed() -> bool:
                return not summing.bus.connected

            await eventually(noticed, "the cut is noticed")
            assert summing.bus.fault
            go_on.set()
            await line.restore()

            async def again() -> bool:
                return len(tried) > 1

            await eventually(again, "it was delivered again")
            await all_arrived(place, {"t1": 1})


async def test_a_line_that_went_dead_in_silence_is_noticed(place: Place) -> None:
    async with Proxy(place.amqp_url) as line:
        behind = replace(place, amqp_url=line.url)
        async with a_replica(behind) as teller:
            line.silence()
            await teller.tallies.create("t1", open_tally("t1"), a_cause())
            await asyncio.sleep(1)
            assert (await teller.tallies.outbox.pending())[0] == 1
            await line.cut()
            await line.restore()

            async def told() -> bool:
                return (await teller.tallies.outbox.pending())[0] == 0

            await eventually(told, "it is told after all")
            assert first_told(await logged(place), SOURCE) == {"t1": [1]}
