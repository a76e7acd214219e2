"""Anybody replays the log of all events with plain AMQP 0-9-1, from wherever they like."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import aio_pika
import pytest
from integration.kit.broker import delete, logged
from support.place import Place
from support.service import eventually
from support.tally import Replica, a_cause, a_replica, count, open_tally

from dealwire.kit.bus import LOG
from dealwire.kit.stream import read_log, settle


async def tell(replica: Replica, id_: str, counts: int) -> None:
    await replica.tallies.create(id_, open_tally(id_), a_cause())
    for _ in range(counts):
        await replica.tallies.change(id_, count, a_cause())

    async def told() -> bool:
        return (await replica.tallies.outbox.pending())[0] == 0

    await eventually(told, "everything is told")


async def test_a_subscriber_replays_everything_from_the_first_event(place: Place) -> None:
    async with a_replica(place) as replica:
        await tell(replica, "t1", 30)
        events = await logged(place)
        told = (await replica.tallies.timeline("t1", limit=100)).items
        assert [event.to_dict() for event in events] == [event.to_dict() for event in told]


async def test_a_subscriber_goes_on_from_an_offset(place: Place) -> None:
    async with a_replica(place) as replica:
        await tell(replica, "t1", 30)
        assert [event.sequence for event in await logged(place, 10)] == list(range(11, 32))


async def test_a_subscriber_begins_at_a_time(place: Place) -> None:
    async with a_replica(place) as replica:
        await tell(replica, "before", 5)
        await asyncio.sleep(2.1)  # a time in AMQP is a whole second
        begin = datetime.now(UTC)
        await tell(replica, "after", 5)
        assert {event.subject for event in await logged(place, begin)} == {"after"}
        assert await logged(place, "next") == []


async def test_a_reader_that_leaves_early_does_not_take_its_connection_along(place: Place) -> None:
    async with a_replica(place) as replica:
        await tell(replica, "t1", 30)
        async with await aio_pika.connect(place.amqp_url) as connection:
            async with aclosing(read_log(connection, "first")) as messages:
                message = await anext(messages)
                assert message.headers["x-stream-offset"] == 0
                await settle(message)
                await asyncio.sleep(0.2)  # more has arrived meanwhile
            async with aclosing(read_log(connection, 30)) as messages:
                assert (await anext(messages)).headers["x-stream-offset"] == 30


async def test_a_reader_is_told_when_the_log_is_gone(place: Place) -> None:
    async with a_replica(place) as replica:
        await tell(replica, "t1", 0)
        async with (
            await aio_pika.connect(place.amqp_url) as connection,
            aclosing(read_log(connection, "first")) as messages,
        ):
            await anext(messages)
            await delete(place, "queues", LOG)
            with pytest.raises(StopAsyncIteration):
                async with asyncio.timeout(5):
                    await anext(messages)
