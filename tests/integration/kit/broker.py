"""What an operator, an accident, or a plain AMQP client does to the broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from support.place import Place
from yarl import URL

from dealwire.event import Event
from dealwire.kit.bus import LOG
from dealwire.kit.stream import Offset
from dealwire.stack.plain_http import plain_client


@asynccontextmanager
async def a_channel(place: Place) -> AsyncIterator[AbstractChannel]:
    """A connection of nobody in particular."""
    connection = await aio_pika.connect(place.amqp_url)
    async with connection, connection.channel() as channel:
        yield channel


async def delete(place: Place, kind: str, name: str) -> None:
    """Deletes an exchange or a queue (`kind` is "exchanges" or "queues"), used or not."""
    await _manage(place, "DELETE", f"/api/{kind}/{place.vhost}/{quote(name, safe='')}")


async def unbind(place: Place, exchange: str, queue: str, key: str) -> None:
    path = f"/api/bindings/{place.vhost}/e/{exchange}/q/{queue}/{quote(key, safe='')}"
    await _manage(place, "DELETE", path)


async def allow(place: Place, user: str, configure: str, write: str = ".*") -> str:
    """Makes a user that may read all, write to what `write` and create what `configure` matches; answers its AMQP URL."""
    await _manage(place, "PUT", f"/api/users/{user}", {"password": "pw", "tags": ""})
    rights = {"configure": configure, "write": write, "read": ".*"}
    await _manage(place, "PUT", f"/api/permissions/{place.vhost}/{user}", rights)
    return str(URL(place.amqp_url).with_user(user).with_password("pw"))


async def _manage(place: Place, method: str, path: str, body: object = None) -> None:
    async with plain_client(place.management_url) as management:
        (await management.request(method, path, json=body)).raise_for_status()


async def put(place: Place, queue: str, body: bytes, **properties: Any) -> None:
    """Puts a message straight into a queue."""
    async with a_channel(place) as channel:
        await channel.default_exchange.publish(aio_pika.Message(body, **properties), queue)


async def depth(place: Place, queue: str) -> int:
    """How many messages wait in a queue."""
    async with a_channel(place) as channel:
        return (await channel.declare_queue(queue, passive=True)).declaration_result.message_count or 0


async def take(place: Place, queue: str, within: float = 10.0) -> AbstractIncomingMessage:
    """The next message of a queue, for good."""
    async with a_channel(place) as channel:
        await channel.set_qos(prefetch_count=1)
        source = await channel.get_queue(queue, ensure=False)
        async with asyncio.timeout(within), source.iterator() as messages:
            message = await anext(messages)
            await message.ack()
        return message


async def logged(place: Place, offset: Offset = "first", *, quiet: float = 0.3) -> list[Event]:
    """What the log holds from an offset on, until nothing has come for a while."""
    return [Event.model_validate_json(body) for body in await bodies(place, offset, quiet=quiet)]


async def bodies(place: Place, offset: Offset = "first", *, quiet: float = 0.3) -> list[bytes]:
    """The same as it is on the wire, read as any AMQP client would."""
    read: list[bytes] = []
    async with a_channel(place) as channel:
        await channel.set_qos(prefetch_count=100)
        log = await channel.get_queue(LOG, ensure=False)
        arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        await log.consume(arrived.put, arguments={"x-stream-offset": offset})
        try:
            while True:
                async with asyncio.timeout(quiet):
                    message = await arrived.get()
                read.append(message.body)
                await message.ack()
        except TimeoutError:
            return read


def first_told(events: Iterable[Event], source: str) -> dict[str, list[int]]:
    """The sequences of each record of a source, in the order in which they were told for the first time."""
    told: dict[str, list[int]] = {}
    for event in events:
        if event.source == source and event.sequence not in told.setdefault(event.subject, []):
            told[event.subject].append(event.sequence)
    return told
