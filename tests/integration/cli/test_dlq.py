"""`dealwire dlq` over real dead-letter queues."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from support.cli import Ran, dealwire, start
from support.place import Place
from support.service import eventually

from dealwire.event import CONTENT_TYPE
from dealwire.kit.inbox import ATTEMPT, DEAD_SINCE, REASON, dlq_name, inbox_name, queues

SERVICE = "kpi-service"
INBOX, DLQ = inbox_name(SERVICE), dlq_name(SERVICE)


@pytest.fixture
async def channel(place: Place) -> AsyncIterator[AbstractChannel]:
    """The queues of a service are there; nobody consumes."""
    async with a_channel(place) as channel:
        for name, arguments in queues(SERVICE, (1,)).items():
            await channel.declare_queue(name, durable=True, arguments=arguments)
        yield channel


@asynccontextmanager
async def a_channel(place: Place) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(place.amqp_url) as connection:
        yield await connection.channel()


async def bury(channel: AbstractChannel, ids: Iterable[str], reason: str = "KeyError: 'x'") -> None:
    """Dead letters as a service leaves them."""
    for id_ in ids:
        message = aio_pika.Message(
            json.dumps({"id": id_, "type": "lead.captured.v1"}).encode(),
            message_id=id_,
            type="lead.captured.v1",
            content_type=CONTENT_TYPE,
            app_id="/lead-service/leads",
            headers={ATTEMPT: 4, REASON: reason, DEAD_SINCE: "2026-03-02T01:12:00+00:00"},
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        await channel.default_exchange.publish(message, DLQ, mandatory=True)


async def taken(channel: AbstractChannel, queue: str) -> list[AbstractIncomingMessage]:
    """Everything that is in a queue, in its order; it is empty then."""
    there = await channel.get_queue(queue)
    messages = []
    while message := await there.get(fail=False, no_ack=True):
        messages.append(message)
    return messages


async def has_begun(channel: AbstractChannel, process: asyncio.subprocess.Process) -> bool:
    inbox = await channel.declare_queue(INBOX, passive=True)
    return process.returncode is not None or (inbox.declaration_result.message_count or 0) > 0


async def ids(channel: AbstractChannel, queue: str) -> list[str | None]:
    return [message.message_id for message in await taken(channel, queue)]


async def dlq(place: Place, *arguments: str) -> Ran:
    return await dealwire("dlq", *arguments, "--amqp-url", place.amqp_url)


async def test_list_counts_by_service_and_reason(place: Place, channel: AbstractChannel) -> None:
    await bury(channel, "abc")
    await bury(channel, "d", "not a CloudEvents event: [id] is missing")
    ran = await dlq(place, "list")
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    first = next(index for index, line in enumerate(lines) if SERVICE in line)
    assert lines[first].split()[:3] == [SERVICE, "4", "2026-03-02T01:12:00"]
    assert lines[first].strip().endswith("3 × lead.captured.v1: KeyError: 'x'")
    assert lines[first + 1].strip() == "1 × lead.captured.v1: not a CloudEvents event: [id] is missing"
    assert "lead-service      no queue" in ran.out
    ran = await dlq(place, "list", SERVICE)
    assert "lead-service" not in ran.out


async def test_show_tells_all_about_a_message(place: Place, channel: AbstractChannel) -> None:
    await bury(channel, "ab")
    ran = await dlq(place, "show", SERVICE, "--id", "b")
    assert (ran.status, ran.err) == (0, "")
    assert json.loads(ran.out) == {
        "id": "b",
        "type": "lead.captured.v1",
        "reason": "KeyError: 'x'",
        "attempts": 4,
        "since": "2026-03-02T01:12:00+00:00",
        "deaths": [],
        "event": {"id": "b", "type": "lead.captured.v1"},
    }


async def test_show_is_limited_and_says_so(place: Place, channel: AbstractChannel) -> None:
    await bury(channel, "abc")
    ran = await dlq(place, "show", SERVICE, "--limit", "2")
    assert ran.out.count('"id": "a"') + ran.out.count('"id": "b"') >= 2
    assert '"c"' not in ran.out
    assert ran.err == "1 more: --limit 3\n"


async def test_show_knows_what_the_broker_says_of_a_message_that_killed_its_reader(
    place: Place, channel: AbstractChannel
) -> None:
    """Nobody but the broker could give a reason; and the message has no id."""
    await channel.default_exchange.publish(aio_pika.Message("坏".encode()), INBOX)
    inbox = await channel.get_queue(INBOX)
    while message := await inbox.get(fail=False):
        await message.reject(requeue=True)
    await asyncio.sleep(1)
    shown = json.loads((await dlq(place, "show", SERVICE)).out)
    assert shown["reason"] == "delivery_limit"
    assert [death["queue"] for death in shown["deaths"]] == [INBOX]
    assert shown["event"] == "坏"
    ran = await dlq(place, "redrive", SERVICE, "--id", shown["id"])
    assert (ran.status, ran.out) == (0, f"1 back in {INBOX}\n")
    assert [message.body.decode() for message in await taken(channel, INBOX)] == ["坏"]


async def test_looking_leaves_everything_where_it_is_however_often(place: Place, channel: AbstractChannel) -> None:
    """More often than RabbitMQ 4 delivers a message by default before it drops it."""
    await bury(channel, "abcde")
    queue = await channel.get_queue(DLQ)
    for _ in range(25):
        async with a_channel(place) as looker:
            looked_at = await looker.get_queue(DLQ)
            assert [(await looked_at.get()).message_id for _ in range(5)] == [*"abcde"]
    for command in ("list", "show"):
        assert (await dlq(place, command, SERVICE)).status == 0
    assert queue.name == DLQ
    assert await ids(channel, DLQ) == [*"abcde"]


async def test_redrive_puts_one_back_as_if_it_came_for_the_first_time(place: Place, channel: AbstractChannel) -> None:
    await bury(channel, "abcde")
    ran = await dlq(place, "redrive", SERVICE, "--id", "b", "--id", "d")
    assert (ran.status, ran.out, ran.err) == (0, f"2 back in {INBOX}\n", "")
    back = await taken(channel, INBOX)
    assert [message.message_id for message in back] == ["b", "d"]
    for message in back:
        assert message.headers[ATTEMPT] == 0
        assert DEAD_SINCE not in message.headers
        assert (message.type, message.app_id) == ("lead.captured.v1", "/lead-service/leads")
        assert (message.content_type, message.delivery_mode) == (CONTENT_TYPE, aio_pika.DeliveryMode.PERSISTENT)
    assert await ids(channel, DLQ) == ["a", "c", "e"]


async def test_redrive_all_puts_all_back_in_their_order(place: Place, channel: AbstractChannel) -> None:
    await bury(channel, "abc")
    assert (await dlq(place, "redrive", SERVICE, "--all")).status == 0
    assert (await ids(channel, INBOX), await ids(channel, DLQ)) == ([*"abc"], [])


async def test_redrive_says_what_is_not_there_and_does_the_rest(place: Place, channel: AbstractChannel) -> None:
    await bury(channel, "ab")
    ran = await dlq(place, "redrive", SERVICE, "--id", "a", "--id", "z")
    assert (ran.status, ran.err) == (1, f"{SERVICE} has no dead letter z.\n")
    assert (await ids(channel, INBOX), await ids(channel, DLQ)) == (["a"], ["b"])


async def test_nothing_leaves_the_dead_letters_when_there_is_no_inbox(place: Place, channel: AbstractChannel) -> None:
    await channel.queue_delete(INBOX)
    await bury(channel, "ab")
    ran = await dlq(place, "redrive", SERVICE, "--all")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == f"{INBOX} is not there. {SERVICE} declares it: start it, then try again.\n"
    assert await ids(channel, DLQ) == ["a", "b"]


async def redrive_and_kill(place: Place, channel: AbstractChannel) -> bool:
    """Whether it was still at work when it was killed."""
    process = await start("dlq", "redrive", SERVICE, "--all", "--amqp-url", place.amqp_url)
    await eventually(lambda: has_begun(channel, process), "it is at work, or through")
    await asyncio.sleep(random.uniform(0, 0.2))
    at_work = process.returncode is None
    if at_work:
        process.kill()
    await process.communicate()
    return at_work


async def test_killed_at_any_moment_it_loses_nothing(place: Place, channel: AbstractChannel) -> None:
    buried = {str(number) for number in range(1000)}
    await bury(channel, sorted(buried, key=int))
    killed = sum([await redrive_and_kill(place, channel) for _ in range(3)])
    await asyncio.sleep(0.5)
    back, left = await ids(channel, INBOX), await ids(channel, DLQ)
    assert killed >= 1
    assert {*back, *left} == buried
    assert left == sorted(left, key=lambda id_: int(id_ or 0))


async def test_a_service_that_never_started_there_is_said_to_be_so(place: Place) -> None:
    ran = await dlq(place, "show", SERVICE)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == f"{SERVICE} has no {DLQ} on this broker: it has not been started there.\n"
