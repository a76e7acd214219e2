"""The log of all events: a RabbitMQ stream that anybody with read permission replays with plain AMQP 0-9-1."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import datetime

from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError
from aiormq.exceptions import ChannelInvalidStateError

from dealwire.kit.bus import LOG, a_channel, unless_lost

Offset = str | int | datetime
"""Where to begin: "first", "last" (chunk), "next" (only what comes), an offset, or a time."""

_PREFETCH = 200


async def read_log(
    connection: AbstractConnection, start: Offset, prefetch: int = _PREFETCH
) -> AsyncGenerator[AbstractIncomingMessage, None]:
    """Messages of the log from `start` on, in the log's order, each to be settled by the caller.

    It waits for more, and ends only when the log or the connection is lost; a reader that leaves earlier closes it
    (`contextlib.aclosing`). A time begins with the chunk of messages it falls into, so a little earlier. A message's
    place is its header `x-stream-offset`.
    """
    arrived: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()

    def end(*_: object) -> None:
        arrived.put_nowait(None)

    async with a_channel(connection) as channel:
        await channel.set_qos(prefetch_count=prefetch)  # a stream insists on one
        channel.close_callbacks.add(end)
        (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(end)
        log = await channel.get_queue(LOG, ensure=False)
        # Not the library's iterator: left early it gives back what it has at hand, and for that a stream hangs up.
        await log.consume(arrived.put, arguments={"x-stream-offset": start})
        while (message := await arrived.get()) is not None:
            yield message


async def settle(message: AbstractIncomingMessage, *, and_before: bool = False) -> None:
    """Acknowledges, once, a message or all up to it; one whose session is gone comes again and is a duplicate then."""
    with suppress(AMQPError, ChannelInvalidStateError, RuntimeError):
        await unless_lost(message.ack(multiple=and_before))
