"""A consuming service's queues: its inbox, the retry tiers and the dead letters; and how it catches up from the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import ChannelNotFoundEntity

from dealwire.event import CatchUpStarted, Event, derived_id, utc_now
from dealwire.kit import metrics
from dealwire.kit.bus import EXCHANGE, Bus
from dealwire.kit.log import read_log, settle
from dealwire.kit.store import Database
from dealwire.kit.store.marks import Marks

ATTEMPT = "x-dealwire-attempt"
REASON = "x-dealwire-reason"
DEAD_SINCE = "x-dealwire-dead-since"

_DELIVERY_LIMIT = 20
_LATE_SECONDS = 1.0

log = structlog.get_logger(__name__)

Handle = Callable[[AbstractIncomingMessage], Coroutine[Any, Any, None]]
Drained = Callable[[], Awaitable[object]]


def inbox_name(service: str) -> str:
    return f"{service}.inbox"


def dlq_name(service: str) -> str:
    return f"{service}.dlq"


def retry_name(service: str, seconds: int) -> str:
    """The tier's time is part of the name, because arguments of a declared queue never change."""
    return f"{service}.retry.{seconds}s"


def _quorum(dead_letter_to: str | None = None, **more: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {"x-queue-type": "quorum", **more}
    if dead_letter_to:
        arguments |= {
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": dead_letter_to,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",  # at-least-once dead-lettering insists on it
        }
    return arguments


def queues(service: str, tiers: Iterable[int]) -> Mapping[str, dict[str, Any]]:
    """Every queue of a consuming service, with its arguments."""
    inbox, dlq = inbox_name(service), dlq_name(service)
    return {
        dlq: _quorum(),
        **{retry_name(service, tier): _quorum(inbox, **{"x-message-ttl": tier * 1000}) for tier in tiers},
        inbox: _quorum(dlq, **{"x-delivery-limit": _DELIVERY_LIMIT}),
    }


class Inbox:
    """Opens a service's inbox in a session of the bus and settles its messages.

    `types` are the routing keys it is bound to, `tiers` the waiting times before another attempt, in seconds.
    """

    def __init__(self, bus: Bus, database: Database, service: str, types: Sequence[str], tiers: Sequence[int]) -> None:
        self.service = service
        self._bus = bus
        self._types = frozenset(types)
        self._tiers = tiers
        self._marks = Marks(database)
        self._gaps = bus.gaps
        self._check_seconds = bus.check_seconds
        self._broken = asyncio.Event()
        self.consuming = False

    async def consume(
        self, connection: AbstractConnection, handle: Handle, prefetch: int, stop: asyncio.Event, drained: Drained
    ) -> None:
        """Catches up if there is something to catch up with, then hands every message to `handle` until `stop`.

        `drained` returns when everything handed over is settled. Raises when the session is of no use any more.
        """
        self._broken.clear()
        gaps = self._bus.gaps
        if gaps != self._gaps or await self._is_missing(connection):
            await self._marks.set(inbox_name(self.service))
        self._gaps = gaps
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=prefetch)
        inbox = await self._declare(channel)
        if await self._marks.is_set(inbox_name(self.service)):
            await self._catch_up(connection, handle, prefetch, drained)
        (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(lambda _: self.give_up())
        tag = await inbox.consume(handle)
        self.consuming = True
        try:
            await self._watch(connection, inbox, stop)
            await inbox.cancel(tag)
            await drained()  # what is settled now still needs the session
        finally:
            self.consuming = False

    def give_up(self) -> None:
        """Ends the session: a message could not be settled, or the consumer is gone. What is unsettled comes again."""
        self._broken.set()

    async def retry(self, message: AbstractIncomingMessage, reason: str) -> None:
        """Puts a message off to the next tier; after the last one it goes to the dead letters."""
        attempt = int(message.headers.get(ATTEMPT, 0))  # type: ignore[arg-type]
        if attempt >= len(self._tiers):
            await self.dead_letter(message, reason)
            return
        tier = self._tiers[attempt]
        await self._bus.send(_copy(message, {ATTEMPT: attempt + 1, REASON: reason}), retry_name(self.service, tier))
        metrics.retry_scheduled.labels(f"{tier}s").inc()
        await settle(message)

    async def dead_letter(self, message: AbstractIncomingMessage, reason: str) -> None:
        """Keeps a message, with the reason, for a person to look at."""
        await self._bus.send(
            _copy(message, {REASON: reason, DEAD_SINCE: utc_now().isoformat()}), dlq_name(self.service)
        )
        log.error("consumer.dead_lettered", event_id=message.message_id, event_type=message.type, reason=reason)
        await settle(message)

    async def _is_missing(self, connection: AbstractConnection) -> bool:
        channel = await connection.channel()
        try:
            await channel.declare_queue(inbox_name(self.service), passive=True)
        except ChannelNotFoundEntity:
            return True
        await channel.close()
        return False

    async def _declare(self, channel: AbstractChannel) -> AbstractQueue:
        for name, arguments in queues(self.service, self._tiers).items():
            queue = await channel.declare_queue(name, durable=True, arguments=arguments)
        await self._bind(queue)  # the inbox is the last one
        return queue

    async def _bind(self, inbox: AbstractQueue) -> None:
        for event_type in sorted(self._types):
            await inbox.bind(EXCHANGE, event_type)

    async def _watch(self, connection: AbstractConnection, inbox: AbstractQueue, stop: asyncio.Event) -> None:
        """Returns on `stop`. Bindings are asserted again and again, should somebody have removed one."""
        ending = [asyncio.create_task(event.wait()) for event in (self._broken, stop)]
        try:
            while not stop.is_set():
                self._check()
                await self._bind(inbox)
                async with connection.channel() as channel:
                    dead = await channel.declare_queue(dlq_name(self.service), passive=True)
                    metrics.dlq_messages.set(dead.declaration_result.message_count or 0)
                await asyncio.wait(ending, timeout=self._check_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ending:
                task.cancel()

    def _check(self) -> None:
        if self._broken.is_set():
            raise ConnectionError(f"{inbox_name(self.service)} cannot be consumed in this session")

    async def _catch_up(self, connection: AbstractConnection, handle: Handle, at_once: int, drained: Drained) -> None:
        """Handles everything the log has from before the inbox was bound; what came since is in the inbox.

        The end is an event of our own: all that was routed before the binding stands before it in the log.
        """
        started = Event.of(
            CatchUpStarted(service=self.service, queue=inbox_name(self.service)),
            source=f"/{self.service}/inbox",
            subject=inbox_name(self.service),
            sequence=await self._marks.count(inbox_name(self.service)),
            time=utc_now(),
            actor=self.service,
            correlationid=derived_id("catch-up", utc_now()),
        )
        log.warning("inbox.catching_up", queue=inbox_name(self.service))
        await self._bus.publish(started)
        replayed, deadline, handling = 0, None, set[asyncio.Task[None]]()
        messages = read_log(connection, "first")
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    message = await anext(messages)
            except TimeoutError:
                break
            except StopAsyncIteration:
                raise ConnectionError("the log was closed while catching up") from None
            if message.routing_key in self._types:
                if len(handling) >= at_once:
                    _, handling = await asyncio.wait(handling, return_when=asyncio.FIRST_COMPLETED)
                handling.add(asyncio.create_task(handle(message)))
                replayed += 1
                continue
            if message.message_id == started.id:
                # An event routed just before the binding may still have been on its way into the log.
                deadline = asyncio.get_running_loop().time() + _LATE_SECONDS
            await settle(message)
        await asyncio.gather(*handling)
        await drained()
        self._check()
        await self._marks.clear(inbox_name(self.service))
        log.warning("inbox.caught_up", queue=inbox_name(self.service), events=replayed)


def _copy(message: AbstractIncomingMessage, headers: Mapping[str, Any]) -> aio_pika.Message:
    return aio_pika.Message(
        message.body,
        headers={ATTEMPT: message.headers.get(ATTEMPT, 0), **headers},
        message_id=message.message_id,
        type=message.type,
        content_type=message.content_type,
        timestamp=message.timestamp,
        app_id=message.app_id,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
