"""The floors: the least that does the same, served and connected as the services are, with nothing around it.

`python -m bench.floors web|chain|batches` is one process of one of them, told by its environment
(`bench.harness.Floor`). What they store has the shape of LIKE, a document that a service stored.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aio_pika
import uvicorn
import uvloop
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage
from bson import json_util
from fastapi import FastAPI, Response
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import WriteConcern

from dealwire.event import CONTENT_TYPE
from dealwire.kit.bus import EXCHANGE

Document = dict[str, Any]
Collection = AsyncIOMotorCollection[Document]

READY = "ready"
_LINGER_SECONDS = 0.05


class Captures:
    """Leads as lead-service stores them, from bodies that are taken as they come."""

    def __init__(self, like: Document) -> None:
        self._like = like
        self._event = like["outbox"][0]

    def lead(self, body: Document) -> Document:
        """A new document, its one event in the outbox."""
        id_, now = str(uuid4()), datetime.now(UTC)
        contact = body["contact"]
        data = {**self._event["data"], **body, "lead_id": id_}
        event = {**self._event, "id": str(uuid4()), "subject": id_, "time": now.isoformat(), "data": data}
        keys = [f"phone:{contact['phone']}", f"email:{contact['email']}"]
        state = {**self._like["state"], "id": id_, "capture": body, "keys": keys, "captured_at": now}
        times = {"created_at": now, "updated_at": now, "pending_since": now}
        return {**self._like, "_id": id_, "state": state, "outbox": [event], **times}


def web(port: int, leads: Collection, captures: Captures, amqp_url: str) -> None:
    """Endpoints that do nothing, that insert, and that insert and await the broker's confirmation of the event."""
    exchange: AbstractExchange

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        nonlocal exchange
        async with await aio_pika.connect(amqp_url) as connection:
            exchange = await (await connection.channel(on_return_raises=True)).get_exchange(EXCHANGE)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/empty", status_code=201)
    async def empty() -> Response:
        return Response(status_code=201)

    @app.post("/insert", status_code=201)
    async def insert(body: Document) -> dict[str, str]:
        lead = captures.lead(body)
        await leads.insert_one(lead)
        return {"id": lead["_id"]}

    @app.post("/publish", status_code=201)
    async def publish(body: Document) -> dict[str, str]:
        lead = captures.lead(body)
        await leads.insert_one(lead)
        event = lead["outbox"][0]
        await exchange.publish(event_message(event), event["type"], mandatory=True)
        return {"id": lead["_id"]}

    uvicorn.run(app, port=port, loop="uvloop", http="httptools", ws="none", log_level="warning", access_log=False)


class Facts:
    """Events as kpi-service keeps them, without asking what they say."""

    def __init__(self, like: Document) -> None:
        self._like = like

    def fact(self, received: AbstractIncomingMessage) -> Document:
        """A new document, the event in it."""
        event = json.loads(received.body)
        told = {"day": event["data"]["signed_on"], "time": datetime.fromisoformat(event["time"])}
        return {**self._like, "_id": event["id"], **told, "member_id": event["data"]["am_id"], "event": event}


async def chain(inbox: asyncio.Queue[AbstractIncomingMessage], facts: Collection, like: Facts) -> None:
    """Each event is inserted as it comes."""
    while True:
        received = await inbox.get()
        await facts.insert_one(like.fact(received))
        await received.ack()


async def batches(inbox: asyncio.Queue[AbstractIncomingMessage], facts: Collection, like: Facts, size: int) -> None:
    """Events are inserted `size` at a time, and acknowledged together."""
    while True:
        received = [await inbox.get()]
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                while len(received) < size:
                    received.append(await inbox.get())
        await facts.insert_many([like.fact(each) for each in received], ordered=False)
        await received[-1].ack(multiple=True)


async def consume(kind: str, key: str, size: int, facts: Collection, like: Facts, amqp_url: str) -> None:
    """Runs one of the two above on a queue of its own, bound to the exchange of all events."""
    inbox: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=2 * size)
        queue = await channel.declare_queue(f"bench.{kind}", durable=True, arguments={"x-queue-type": "quorum"})
        await queue.bind(EXCHANGE, key)
        await queue.consume(inbox.put)
        print(READY, flush=True)  # noqa: T201
        await (chain(inbox, facts, like) if kind == "chain" else batches(inbox, facts, like, size))


def event_message(event: Document) -> aio_pika.Message:
    """As the services send it."""
    return aio_pika.Message(
        json.dumps(event, ensure_ascii=False).encode(),
        message_id=event["id"],
        type=event["type"],
        content_type=CONTENT_TYPE,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


def main(kind: str, told: Document) -> None:
    """Runs until it is ended."""
    client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(told["mongo_url"], tz_aware=True)
    database = client.get_database(told["database"], write_concern=WriteConcern(w="majority", j=True))
    collection = database.get_collection(f"bench_{kind}")
    if kind == "web":
        web(told["port"], collection, Captures(told["like"]), told["amqp_url"])
    else:
        uvloop.run(consume(kind, told["key"], told["size"], collection, Facts(told["like"]), told["amqp_url"]))


if __name__ == "__main__":
    main(sys.argv[1], json_util.loads(os.environ["BENCH_FLOOR"]))
