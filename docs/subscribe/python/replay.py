"""Replays Dealwire's log of events from a point on, then follows it: one line per event, its offset and the event.

    pip install aio-pika
    AMQP_URL=amqp://user:password@broker:5672 python replay.py [first | next | OFFSET | 2026-03-01T00:00:00Z]

The user needs one right: to read the queue dealwire.events.log (`dealwire setup secrets --subscriber NAME` makes it).
"""

import asyncio
import json
import os
import sys
from contextlib import suppress
from datetime import datetime
from typing import Any

import aio_pika

LOG = "dealwire.events.log"


def stream_offset(start: str) -> str | int | datetime:
    """The argument `x-stream-offset`: a word, a place in the log, or a time."""
    if start in {"first", "last", "next"}:
        return start
    return int(start) if start.isdecimal() else datetime.fromisoformat(start)


def handle(event: dict[str, Any], offset: int) -> None:
    """Delivery is at least once: remember the id, or source, subject and sequence, where twice would matter."""
    print(offset, json.dumps(event, ensure_ascii=False), flush=True)


async def replay(url: str, start: str) -> None:
    """Keep the offset of what you handled with your own data: after a lost connection that plus one is where to go on."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=100)  # a stream insists on it
        log = await channel.get_queue(LOG, ensure=False)
        async with log.iterator(arguments={"x-stream-offset": stream_offset(start)}) as messages:
            async for message in messages:
                handle(json.loads(message.body), message.headers["x-stream-offset"])
                await message.ack()  # takes nothing out of the log: it asks for the next


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        url = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672")
        asyncio.run(replay(url, sys.argv[1] if len(sys.argv) > 1 else "first"))
