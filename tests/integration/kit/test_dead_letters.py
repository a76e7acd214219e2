"""Messages that cannot be handled: tried again, then kept with the reason."""

from __future__ import annotations

import time
from typing import Any

import aio_pika
from integration.kit.broker import a_channel, depth, put, take
from integration.kit.test_consumer import DLQ, INBOX, READER, a_reader, counted, nothing_waits
from support.events import a_publisher
from support.place import Place
from support.service import eventually
from support.tally import TallyCounted

from dealwire.errors import NotFound
from dealwire.event import CONTENT_TYPE, Event
from dealwire.kit.cause import Cause
from dealwire.kit.inbox import ATTEMPT, DEAD_SINCE, REASON


async def test_a_fault_is_tried_again_after_each_wait_and_then_kept_with_the_reason(place: Place) -> None:
    tried: dict[int, list[float]] = {1: [], 2: []}

    async def fail(data: TallyCounted, _: Cause) -> None:
        tried[data.total].append(time.monotonic())
        if data.total == 1 or len(tried[2]) < 2:
            raise NotFound("not-found", "Perhaps it is only early." + "x" * 200_000)

    async with a_reader(place, fail) as reader:
        event = counted(1)
        await reader.bus.publish(event)
        await reader.bus.publish(counted(2))
        dead = await take(place, DLQ)
        await nothing_waits(place)
        first, second, third = tried[1]
        assert 0.9 < second - first < 2
        assert 1.9 < third - second < 3.5
        assert len(tried[2]) == 2  # it was only early, indeed
        assert (dead.message_id, dead.type, dead.content_type) == (event.id, event.type, CONTENT_TYPE)
        assert Event.model_validate_json(dead.body) == event
        assert dead.headers[ATTEMPT] == 2
        assert str(dead.headers[REASON]).startswith("NotFound: not-found: Perhaps it is only early.")
        assert dead.headers[DEAD_SINCE]
        assert await depth(place, DLQ) == 0


async def test_a_malformed_message_is_kept_at_once_with_the_reason(place: Place) -> None:
    tried = []

    async def note(*_: Any) -> None:
        tried.append(1)

    wrong = {
        "not json": "not a CloudEvents event",
        "{}": "not a CloudEvents event: id",
        counted(1)
        .model_copy(update={"data": {"tally_id": "t1"}})
        .to_json()
        .decode(): "the data is no tally.counted.v1: total",
    }
    async with a_reader(place, note):
        for body, reason in wrong.items():
            await put(place, INBOX, body.encode(), type="tally.counted.v1", headers={ATTEMPT: "nonsense"})
            dead = await take(place, DLQ, within=2)
            assert dead.body == body.encode()
            assert str(dead.headers[REASON]).startswith(reason)
            assert dead.headers[ATTEMPT] == 0
    assert not tried


async def test_a_message_that_kills_whoever_takes_it_is_kept_by_the_broker(place: Place) -> None:
    async def done(*_: Any) -> None: ...

    async with a_reader(place, done):
        pass
    event = counted(1)
    await put(place, INBOX, event.to_json(), type=event.type)
    for _ in range(30):
        connection = await aio_pika.connect(place.amqp_url)
        channel = await connection.channel()
        taken = await (await channel.get_queue(INBOX, ensure=False)).get(fail=False)
        await connection.close()
        if taken is None and await depth(place, DLQ):
            break
    dead = await take(place, DLQ)
    assert Event.model_validate_json(dead.body) == event
    assert dead.headers["x-death"][0]["reason"] == "delivery_limit"  # type: ignore[index,call-overload]


async def test_a_dead_letter_that_is_put_back_is_handled(place: Place) -> None:
    repaired = False
    done: list[int] = []

    async def handle(data: TallyCounted, _: Cause) -> None:
        if not repaired:
            raise RuntimeError("out of order")
        done.append(data.total)

    async with a_reader(place, handle, tiers=(1,)) as reader:
        await reader.bus.publish(counted(1))
        dead = await take(place, DLQ)
        repaired = True
        async with a_channel(place) as channel:
            again = aio_pika.Message(dead.body, message_id=dead.message_id, type=dead.type)
            await channel.default_exchange.publish(again, INBOX)

        async def handled() -> bool:
            return done == [1]

        await eventually(handled, "it is handled")


async def test_a_retry_queue_that_somebody_deleted_costs_no_message(place: Place) -> None:
    tried: list[int] = []

    async def once(data: TallyCounted, _: Cause) -> None:
        tried.append(data.total)
        if len(tried) < 3:
            raise RuntimeError("early")

    async with a_publisher(place) as teller, a_reader(place, once, tiers=(1, 2)):  # whose own session will end over it
        async with a_channel(place) as channel:
            await channel.queue_delete(f"{READER}.retry.1s")
        await teller.publish(counted(1))

        async def handled() -> bool:
            return len(tried) == 3

        await eventually(handled, "it was tried again after all")
    assert await depth(place, INBOX) == 0
