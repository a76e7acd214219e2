"""The connection to RabbitMQ, and what every service shares there: the exchange and the log of all events.

One session at a time: connect, see that the exchange and the log are there, open the publisher, run the attendants
(consumers) until anything of it ends, and start over. Attendants are straight-line code that may simply raise: whatever
was lost (connection, channel, queue, exchange) is set up again by the same lines that set it up first.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange
from aio_pika.exceptions import AMQPConnectionError, AMQPError, ChannelNotFoundEntity, DeliveryError
from aiormq.exceptions import ChannelAccessRefused, ChannelInvalidStateError
from yarl import URL

from dealwire.errors import Unavailable
from dealwire.event import CONTENT_TYPE, Event
from dealwire.kit import metrics

EXCHANGE = "dealwire.events"
LOG = "dealwire.events.log"
LOG_ARGUMENTS: dict[str, Any] = {"x-queue-type": "stream", "x-max-age": "365D"}

_HEARTBEAT_SECONDS = 10
_CONFIRM_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 5.0
_CHECKS_BEFORE_CREATING = 3

log = structlog.get_logger(__name__)

Attendant = Callable[[AbstractConnection], Awaitable[None]]


class TopologyMissing(Exception):
    """The exchange or the log is not there."""


class Bus:
    """A service's link to the broker. It never fails a request: while it is away, events stay in their records.

    `gaps` counts the times the exchange or the log was found missing: bindings went with it, so whoever consumes must
    catch up from the log. `fault` says what is wrong now, for `/readyz`; None when nothing is.
    """

    def __init__(self, url: str, service: str, *, check_seconds: float = 5.0) -> None:
        self._url = URL(url).update_query(heartbeat=str(_HEARTBEAT_SECONDS), name=service)
        self.check_seconds = check_seconds
        self._attendants: list[Attendant] = []
        self._publisher: AbstractExchange | None = None
        self._direct: AbstractExchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._seen = False
        self._missing_since: float | None = None
        self.gaps = 0
        self.fault: str | None = "not connected yet"

    @property
    def connected(self) -> bool:
        """Whether events can be published now."""
        return self._publisher is not None

    def attend(self, attendant: Attendant) -> None:
        """Runs `attendant` in every session, from its start until it returns or the session ends."""
        self._attendants.append(attendant)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="bus")

    async def stop(self) -> None:
        self._stopping = True
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def publish(self, event: Event) -> None:
        """Returns when the broker has the event safely. Raises Unavailable when that cannot be said: it may or may not."""
        message = aio_pika.Message(
            event.to_json(),
            message_id=event.id,
            type=event.type,
            content_type=CONTENT_TYPE,
            timestamp=event.time,
            app_id=event.source,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        await self._publish(self._publisher, message, event.type)
        metrics.events_published.labels(event.type).inc()

    async def send(self, message: aio_pika.Message, queue: str) -> None:
        """Puts a message into one queue, safely. Raises Unavailable as `publish` does."""
        await self._publish(self._direct, message, queue)

    async def _publish(self, exchange: AbstractExchange | None, message: aio_pika.Message, key: str) -> None:
        if exchange is None:
            raise Unavailable("broker-away", f"The broker cannot be reached: {self.fault}.")
        try:
            await exchange.publish(message, key, mandatory=True, timeout=_CONFIRM_SECONDS)
        except (AMQPError, DeliveryError, ChannelInvalidStateError, OSError, TimeoutError, RuntimeError) as error:
            raise Unavailable("broker-away", f"The broker did not confirm a message: {error!r}.") from error

    async def _run(self) -> None:
        pause = 0.2
        while True:
            started = time.monotonic()
            try:
                await self._session()
                self.fault = "the connection was closed"
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001  # whatever ended the session, the answer is to start over
                self.fault = _first(error)
            if self._stopping:  # a task group that fails while it is being cancelled forgets that it was cancelled
                return
            lasted = time.monotonic() - started
            pause = 0.2 if lasted > _LONGEST_PAUSE_SECONDS else min(pause * 2, _LONGEST_PAUSE_SECONDS)
            log.warning("bus.session_ended", reason=self.fault, again_in_seconds=round(pause, 1))
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))

    async def _session(self) -> None:
        connection = await aio_pika.connect(self._url, timeout=_LONGEST_PAUSE_SECONDS)
        try:
            await self._ensure_topology(connection)
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            self._direct = channel.default_exchange
            self._publisher = await channel.get_exchange(EXCHANGE, ensure=False)
            self.fault = None
            log.info("bus.connected")
            async with asyncio.TaskGroup() as group:
                for attendant in self._attendants:
                    group.create_task(_attend(attendant, connection))
                group.create_task(_until_closed(connection, channel))
                group.create_task(self._watch(connection))
        finally:
            self._publisher = self._direct = None
            with suppress(Exception):
                async with asyncio.timeout(_LONGEST_PAUSE_SECONDS):
                    await connection.close()

    async def _watch(self, connection: AbstractConnection) -> None:
        while True:
            await asyncio.sleep(self.check_seconds)
            await self._ensure_topology(connection)

    async def _ensure_topology(self, connection: AbstractConnection) -> None:
        """Sees that the exchange and the log are there, and creates them on first sight of an empty broker.

        One that was there and is gone is created again only after some checks: bindings went with it, and every other
        service must have had the time to notice, so that it catches up.
        """
        missing = [
            name
            for name, there in ((EXCHANGE, self._exchange_there), (LOG, self._log_there))
            if not await there(connection)
        ]
        if missing:
            if self._missing_since is None:
                self._missing_since = time.monotonic()
                self.gaps += 1
            patience = _CHECKS_BEFORE_CREATING * self.check_seconds
            if self._seen and time.monotonic() - self._missing_since < patience:
                raise TopologyMissing(f"{' and '.join(missing)} missing on the broker")
            await self._create(connection, missing)
        self._seen = True
        self._missing_since = None

    async def _exchange_there(self, connection: AbstractConnection) -> bool:
        return await _there(connection, lambda channel: channel.declare_exchange(EXCHANGE, passive=True))

    async def _log_there(self, connection: AbstractConnection) -> bool:
        return await _there(connection, lambda channel: channel.declare_queue(LOG, passive=True))

    async def _create(self, connection: AbstractConnection, missing: list[str]) -> None:
        try:
            async with connection.channel() as channel:
                exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
                events = await channel.declare_queue(LOG, durable=True, arguments=LOG_ARGUMENTS)
                await events.bind(exchange, "#")
        except ChannelAccessRefused as error:
            raise TopologyMissing(
                f"{' and '.join(missing)} missing on the broker, and this service's credential may not create it: "
                "run `dealwire setup broker`"
            ) from error
        log.warning("bus.topology_created", missing=missing)


async def _there(connection: AbstractConnection, look: Callable[[AbstractChannel], Awaitable[object]]) -> bool:
    channel = await connection.channel()
    try:
        await look(channel)
    except ChannelNotFoundEntity:
        return False  # and the broker has closed the channel
    await channel.close()
    return True


async def _attend(attendant: Attendant, connection: AbstractConnection) -> None:
    await attendant(connection)


async def _until_closed(connection: AbstractConnection, channel: AbstractChannel) -> None:
    closed = [asyncio.ensure_future(each.closed()) for each in (connection, channel)]
    await asyncio.wait(closed, return_when=asyncio.FIRST_COMPLETED)
    raise AMQPConnectionError("the connection to the broker was lost")


def _first(error: BaseException) -> str:
    """The reason inside nested exception groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}" if not isinstance(error, TopologyMissing) else str(error)
