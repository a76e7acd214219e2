"""The log of all events: a RabbitMQ stream that anybody with read permission replays with plain AMQP 0-9-1."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime

from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError
from aiormq.exceptions import ChannelInvalidStateError

from dealwire.kit.bus import LOG

Offset = str | int | datetime
"""Where to begin: "first", "last" (chunk), "next" (only what comes), an offset, or a time."""

_PREFETCH = 200


async def read_log(connection: AbstractConnection, start: Offset) -> AsyncIterator[AbstractIncomingMessage]:
    """Messages of the log from `start` on, in the log's order, without an end, each to be settled by the caller.

    A message's place is its header `x-stream-offset`.
    """
    async with connection.channel() as channel:
        await channel.set_qos(prefetch_count=_PREFETCH)  # a stream insists on one
        queue = await channel.get_queue(LOG, ensure=False)
        async with queue.iterator(arguments={"x-stream-offset": start}) as messages:
            async for message in messages:
                yield message


async def settle(message: AbstractIncomingMessage) -> None:
    """Acknowledges, once; a message whose session is gone comes again and is a duplicate then."""
    with suppress(AMQPError, ChannelInvalidStateError, RuntimeError):
        await message.ack()
