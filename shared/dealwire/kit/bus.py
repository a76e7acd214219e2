"""The connection to RabbitMQ, and what every service shares there: the exchange and the log of all events.

One session at a time: connect, see that the exchange and the log are there, open the publisher, run the attendants
(consumers) until anything of it ends, and start over. Attendants are straight-line code that may simply raise: whatever
was lost (connection, channel, queue, exchange) is set up again by the same lines that set it up first.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar, cast

import aio_pika
import aiormq
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import AMQPConnectionError, AMQPError, ChannelNotFoundEntity, PublishError
from aiormq.exceptions import ChannelAccessRefused, ChannelInvalidStateError
from pamqp.commands import Basic
from yarl import URL

from dealwire.errors import Unavailable
from dealwire.event import CONTENT_TYPE, Event
from dealwire.kit import metrics

EXCHANGE = "dealwire.events"
LOG = "dealwire.events.log"
LOG_ARGUMENTS: dict[str, Any] = {"x-queue-type": "stream", "x-max-age": "365D"}

_DIRECT = ""  # the exchange that brings a message to the queue of its routing key
_HEARTBEAT_SECONDS = 10
_CONFIRM_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 2.0  # between two tries: a try costs little, and everything waits for the one that succeeds
_PATIENCE_SECONDS = 5.0

log = structlog.get_logger(__name__)

T = TypeVar("T")
Attendant = Callable[[AbstractConnection], Coroutine[Any, Any, None]]


class TopologyMissing(Exception):
    """The exchange or the log is not there, and this service may not create it."""


class Bus:
    """A service's link to the broker. It never fails a request: while it is away, events stay in their records.

    `fault` says what is wrong now, for `/readyz`; None when nothing is.
    """

    def __init__(self, url: str, service: str, *, check_seconds: float = 5.0) -> None:
        self._url = URL(url).update_query(heartbeat=str(_HEARTBEAT_SECONDS), name=service)
        self.check_seconds = check_seconds
        self._attendants: list[Attendant] = []
        self._publisher: aiormq.Channel | None = None
        self._connection: AbstractConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._unrouted = False
        self._may_bind = True
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
        """Ends the session. A call that is cancelled in the moment of its answer can leave the library waiting for
        ever; then the connection is closed under it.
        """
        if self._task is None:
            return
        self._task.cancel()
        ended, _ = await asyncio.wait([self._task], timeout=_PATIENCE_SECONDS)
        if not ended and self._connection:
            log.warning("bus.stop_forced")
            with suppress(Exception):
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await self._connection.close()
            await asyncio.wait([self._task], timeout=_PATIENCE_SECONDS)

    async def publish(self, event: Event) -> None:
        """Returns when the broker has the event safely. Raises Unavailable when that cannot be said: it may or may not."""
        properties = Basic.Properties(
            message_id=event.id,
            message_type=event.type,
            content_type=CONTENT_TYPE,
            timestamp=event.time,
            app_id=event.source,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        await self._publish(EXCHANGE, event.type, event.to_json(), properties)
        metrics.events_published.labels(event.type).inc()

    async def send(self, message: aio_pika.Message, queue: str) -> None:
        """Puts a message into one queue, safely. Raises Unavailable as `publish` does."""
        await self._publish(_DIRECT, queue, message.body, message.properties)

    async def _publish(self, exchange: str, key: str, body: bytes, properties: Basic.Properties) -> None:
        if self._publisher is None:
            raise Unavailable("broker-away", f"The broker cannot be reached: {self.fault}.")
        # Waiting for the confirmation only, not for the socket as well, lets one write take what many publish at once.
        sending = self._publisher.basic_publish(
            body,
            exchange=exchange,
            routing_key=key,
            properties=properties,
            mandatory=True,
            timeout=_CONFIRM_SECONDS,
            wait=False,
        )
        try:
            await unless_lost(sending)
        except PublishError as error:
            self._unrouted |= exchange == EXCHANGE
            raise Unavailable("unroutable", f"The broker has no queue for {key}.") from error
        except (AMQPError, ChannelInvalidStateError, OSError, TimeoutError, RuntimeError) as error:
            raise Unavailable("broker-away", f"The broker did not confirm a message: {error!r}.") from error

    async def _run(self) -> None:
        pause = 0.2
        while True:
            started = time.monotonic()
            try:
                # In a task of its own: a task group that failed leaves its task marked as cancelled.
                await unless_lost(asyncio.create_task(self._session(), name="bus.session"))
            except Exception as error:  # noqa: BLE001  # whatever ended the session, the answer is to start over
                self.fault = _first(error)
            if _is_cancelled():  # and the session failed over it
                return
            lasted = time.monotonic() - started
            pause = 0.2 if lasted > _PATIENCE_SECONDS else min(pause * 2, _LONGEST_PAUSE_SECONDS)
            log.warning("bus.session_ended", reason=self.fault, again_in_seconds=round(pause, 1))
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))

    async def _session(self) -> None:
        # Not aio_pika.connect: what failed to connect it leaves to the garbage collector, which may run in any thread.
        self._connection = connection = aio_pika.Connection(self._url)
        self._may_bind = True
        try:
            await connection.connect(timeout=_PATIENCE_SECONDS)
            await self._ensure_topology(connection)
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            self._publisher = cast("aiormq.Channel", await channel.get_underlay_channel())
            self.fault = None
            log.info("bus.connected")
            async with asyncio.TaskGroup() as group:
                for attendant in self._attendants:
                    group.create_task(unless_lost(attendant(connection)))
                group.create_task(unless_lost(_until_closed(connection, channel)))
                group.create_task(unless_lost(self._watch(connection)))
        except BaseException as error:
            self.fault = _first(error)  # at once, since closing takes its time and a probe may look meanwhile
            raise
        finally:
            self._publisher = None
            await _close(connection)

    async def _watch(self, connection: AbstractConnection) -> None:
        while True:
            await asyncio.sleep(self.check_seconds)
            await self._ensure_topology(connection)

    async def _ensure_topology(self, connection: AbstractConnection) -> None:
        """Sees that the exchange and the log are there and belong together, and creates what is missing.

        Bindings go with an exchange; that consumers find out by themselves (`dealwire.kit.inbox`).
        """
        exchange = await is_there(connection, lambda channel: channel.declare_exchange(EXCHANGE, passive=True))
        events = await is_there(connection, lambda channel: channel.declare_queue(LOG, passive=True))
        if exchange and events and not self._unrouted:
            await self._bind_log_again(connection)
            return
        faults = [
            *([] if exchange else [f"the exchange {EXCHANGE} is missing"]),
            *([] if events else [f"the log {LOG} is missing"]),
            *([f"nothing takes what is published: the log {LOG} is not bound"] if self._unrouted else []),
        ]
        try:
            async with a_channel(connection) as channel:
                await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
                if not events:
                    await channel.declare_queue(LOG, durable=True, arguments=LOG_ARGUMENTS)
                await (await channel.get_queue(LOG, ensure=False)).bind(EXCHANGE, "#")
        except ChannelAccessRefused as error:
            self._unrouted = (
                False  # somebody else has to bind it; the next event that comes back says whether they have
            )
            raise TopologyMissing(
                f"{' and '.join(faults)}, and this service's credential may not put that right: "
                "run `dealwire setup broker`"
            ) from error
        self._unrouted = False
        log.warning("bus.topology_created", because=faults)

    async def _bind_log_again(self, connection: AbstractConnection) -> None:
        """Should somebody have unbound it: what a consumer takes as well would be missing there, and nobody would be
        told.
        """
        if not self._may_bind:
            return
        try:
            async with a_channel(connection) as channel:
                await (await channel.get_queue(LOG, ensure=False)).bind(EXCHANGE, "#")
        except ChannelAccessRefused:
            self._may_bind = False  # asked once a session: the broker writes down every refusal


@asynccontextmanager
async def a_channel(connection: AbstractConnection) -> AsyncIterator[AbstractChannel]:
    """A channel for a while. Closing one now and then swallows a cancellation; here it is raised after all."""
    async with connection.channel() as channel:
        yield channel
    if _is_cancelled():
        raise asyncio.CancelledError


async def is_there(connection: AbstractConnection, look: Callable[[AbstractChannel], Awaitable[object]]) -> bool:
    """Whether a passive declaration finds what it names."""
    async with a_channel(connection) as channel:
        try:
            await look(channel)
        except ChannelNotFoundEntity:
            return False
        return True


async def _close(connection: AbstractConnection) -> None:
    """Closes it in good order if that can be; if not, it counts as closed all the same."""
    with suppress(Exception):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await connection.close()
    if not connection.is_closed:
        await connection.close()  # which has no transport to wait for any more


async def _until_closed(connection: AbstractConnection, channel: AbstractChannel) -> None:
    closed = [asyncio.ensure_future(each.closed()) for each in (connection, channel)]
    await asyncio.wait(closed, return_when=asyncio.FIRST_COMPLETED)
    raise AMQPConnectionError("the connection to the broker was lost")


async def unless_lost(work: Awaitable[T]) -> T:
    """Closing a connection also cancels what still waits for it: to that, the connection was lost.

    As it is, a cancellation would end the task that waits, in silence. What waits for a channel that is closed without
    a reason fails with a bare `Exception`, which means the same.
    """
    try:
        return await work
    except asyncio.CancelledError:
        if _is_cancelled():
            raise
        raise AMQPConnectionError("the connection to the broker was lost") from None
    except Exception as error:
        if type(error) is Exception:
            raise AMQPConnectionError("the connection to the broker was lost") from error
        raise


def _is_cancelled() -> bool:
    """Whether somebody wants the current task to end."""
    task = asyncio.current_task()
    return task is not None and bool(task.cancelling())


def _first(error: BaseException) -> str:
    """The reason inside nested exception groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}" if not isinstance(error, TopologyMissing) else str(error)
