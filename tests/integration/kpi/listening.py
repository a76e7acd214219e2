"""Hearing what a service says on the bus."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from support.place import Place

from dealwire.event import Event
from dealwire.kit.bus import EXCHANGE


@asynccontextmanager
async def listening(place: Place, *types: str) -> AsyncIterator[list[Event]]:
    """A list that grows with every event of these types, as plain AMQP delivers it."""
    heard: list[Event] = []

    async def hear(message: AbstractIncomingMessage) -> None:
        heard.append(Event.model_validate_json(message.body))

    connection = await aio_pika.connect(place.amqp_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        for event_type in types:
            await queue.bind(EXCHANGE, event_type)
        await queue.consume(hear, no_ack=True)
        yield heard
