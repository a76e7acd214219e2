"""What is written down, read as anybody could read it, without the services: databases, the log, queues."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from pymongo import MongoClient
from support.place import Place

from dealwire.event import Event, EventData
from dealwire.kit.bus import LOG
from dealwire.stack.plain_http import plain_client

Document = dict[str, Any]
Record = tuple[str, str]
"""The source and the subject of events."""

LEADS = "/lead-service/leads"
ACCOUNTS = "/pipeline-service/accounts"
DEALS = "/pipeline-service/opportunities"
CONTRACTS = "/contract-service/contracts"
ORDERS = "/contract-service/orders"
MEMBERS = "/kpi-service/members"
_SOURCES = (
    LEADS,
    "/lead-service/suggestions",
    ACCOUNTS,
    DEALS,
    CONTRACTS,
    ORDERS,
    "/kpi-service/teams",
    MEMBERS,
    "/kpi-service/ratings",
)
_SERVICES = ("lead-service", "pipeline-service", "contract-service", "kpi-service")


@dataclass
class Books:
    """Everything that is written down."""

    records: dict[str, dict[str, Document]]
    """By source and id, as they are stored."""
    history: list[Event]
    """What the services noted as confirmed."""
    log: list[Event]
    """What was told on the wire, repetitions included."""
    replicas: dict[str, dict[str, Document]]
    """By service, what it keeps of the members."""
    facts: dict[str, Document]
    daily: list[Document]
    firsts: dict[str, Document]
    waiting: dict[str, int]
    """How many messages each queue holds, but those that a consumer has at hand."""

    told: dict[Record, list[int]] = field(init=False)
    """The sequences of each record in the order in which they were first told."""
    happened: dict[str, list[Event]] = field(init=False)
    """What the history has, by type."""

    def __post_init__(self) -> None:
        self.told, self.happened = defaultdict(list), defaultdict(list)
        for event in {event.id: event for event in self.log}.values():
            self.told[event.source, event.subject].append(event.sequence)
        for event in self.history:
            self.happened[event.type].append(event)

    @property
    def repetitions(self) -> int:
        """How many messages on the log had been told before."""
        return len(self.log) - sum(map(len, self.told.values()))

    def of(self, event: type[EventData]) -> list[Event]:
        """What happened of a type."""
        return self.happened[event.type]

    def life(self, source: str, id: str) -> list[str]:
        """The types of what happened to a record, in order."""
        events = [e for e in self.history if (e.source, e.subject) == (source, id)]
        return [event.type for event in sorted(events, key=lambda event: event.sequence)]


async def read_books(place: Place) -> Books:
    """Reads everything; only what is at rest agrees."""
    log, waiting = await asyncio.gather(_log(place), _waiting(place))
    return await asyncio.to_thread(_read, place, log, waiting)


def _read(place: Place, log: list[Event], waiting: dict[str, int]) -> Books:
    client: MongoClient[Document]
    with MongoClient(place.mongo_url, tz_aware=True) as client:

        def all_of(service: str, collection: str) -> list[Document]:
            return list(client[place.database(service)][collection].find())

        def by_id(service: str, collection: str) -> dict[str, Document]:
            return {document["_id"]: document for document in all_of(service, collection)}

        return Books(
            records={source: by_id(*source.split("/")[1:]) for source in _SOURCES},
            history=[Event.model_validate(event) for service in _SERVICES for event in all_of(service, "events")],
            log=log,
            replicas={service: by_id(service, "members") for service in ("lead-service", "pipeline-service")},
            facts=by_id("kpi-service", "facts"),
            daily=all_of("kpi-service", "daily"),
            firsts=by_id("kpi-service", "firsts"),
            waiting=waiting,
        )


_END = "end-of-the-audit"


async def _log(place: Place) -> list[Event]:
    """The whole log, up to a mark that is set now; marks are no events."""
    events: list[Event] = []
    mark = aio_pika.Message(b"", type=_END, message_id=f"{_END}-{time.monotonic_ns()}")
    connection = await aio_pika.connect(place.amqp_url)
    async with connection, connection.channel() as channel:
        await channel.set_qos(prefetch_count=500)
        arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        log = await channel.get_queue(LOG)
        await channel.default_exchange.publish(mark, LOG)
        await log.consume(arrived.put, arguments={"x-stream-offset": "first"})
        async with asyncio.timeout(60):
            while (message := await arrived.get()).message_id != mark.message_id:
                if message.type != _END:
                    events.append(Event.model_validate_json(message.body))
                await message.ack()
    return events


async def _waiting(place: Place) -> dict[str, int]:
    path = f"/api/queues/{quote(place.vhost, safe='')}"
    async with plain_client(place.management_url) as management:
        names = [queue["name"] for queue in (await management.get(path)).raise_for_status().json()]
    connection = await aio_pika.connect(place.amqp_url)
    async with connection, connection.channel() as channel:
        declared = {name: await channel.declare_queue(name, passive=True) for name in names if name != LOG}
    return {name: queue.declaration_result.message_count or 0 for name, queue in declared.items()}
