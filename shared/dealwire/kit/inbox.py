"""A consuming service's queues: its inbox, the retry tiers and the dead letters; and how it catches up from the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue

from dealwire.event import CatchUpStarted, Event, utc_now
from dealwire.kit import metrics
from dealwire.kit.bus import EXCHANGE, Bus, a_channel, is_there
from dealwire.kit.store import Database
from dealwire.kit.store.marks import Marks
from dealwire.kit.stream import read_log, settle

ATTEMPT = "x-dealwire-attempt"
REASON = "x-dealwire-reason"
DEAD_SINCE = "x-dealwire-dead-since"

_DELIVERY_LIMIT = 20
_NO_LIMIT = 1_000_000_000  # looking at a dead letter is a delivery too, and RabbitMQ 4 drops what it delivered 20 times
_LONGEST_REASON = 1000
_LATE_SECONDS = 1.0

log = structlog.get_logger(__name__)

Handle = Callable[[AbstractIncomingMessage], Coroutine[Any, Any, None]]
Drained = Callable[[], Awaitable[object]]


def inbox_name(service: str) -> str:
    return f"{service}.inbox"


def witness_name(service: str) -> str:
    """An exchange that routes nothing and is deleted with its only binding, which leads to the exchange of all events.

    So it is gone when that one was deleted after the inbox was bound to it, even if it is there again.
    """
    return f"{service}.witness"


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
        dlq: _quorum(None, **{"x-delivery-limit": _NO_LIMIT}),
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
        self.types = frozenset(types)
        self._tiers = tiers
        self._marks = Marks(database)
        self._check_seconds = bus.check_seconds
        self._broken = asyncio.Event()
        self.consuming = False

    async def consume(
        self, connection: AbstractConnection, handle: Handle, prefetch: int, stop: asyncio.Event, drained: Drained
    ) -> None:
        """Catches up if there is something to catch up with, then hands every message to `handle` until `stop`.

        `drained` returns when everything handed over is settled. Raises when the session is of no use any more.
        """
        if stop.is_set():
            return
        self._broken.clear()
        name = inbox_name(self.service)
        behind = await self._marks.set(name) if await self._missed_events(connection) else await self._marks.get(name)
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=prefetch)
        inbox = await self._declare(channel, anew=bool(behind))
        if behind:
            await self._catch_up(connection, handle, prefetch, stop)
            await drained()
            self._check()
            if stop.is_set():
                return
            await self._marks.clear(name, behind)
        (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(lambda _: self.give_up())
        tag = await inbox.consume(handle)
        self._consumes(True)
        try:
            await self._watch(connection, inbox, stop)
            await inbox.cancel(tag)
            await drained()  # what is settled now still needs the session
        finally:
            self._consumes(False)

    def _consumes(self, consuming: bool) -> None:
        self.consuming = consuming
        metrics.consuming.set(consuming)

    def give_up(self) -> None:
        """Ends the session: a message could not be settled, or the consumer is gone. What is unsettled comes again."""
        self._broken.set()

    async def retry(self, message: AbstractIncomingMessage, reason: str) -> None:
        """Puts a message off to the next tier; after the last one it goes to the dead letters."""
        attempt = _attempts(message)
        if attempt >= len(self._tiers):
            await self.dead_letter(message, reason)
            return
        tier = self._tiers[attempt]
        await self._bus.send(copy_of(message, reason, {ATTEMPT: attempt + 1}), retry_name(self.service, tier))
        metrics.retry_scheduled.labels(f"{tier}s").inc()
        await settle(message)

    async def dead_letter(self, message: AbstractIncomingMessage, reason: str) -> None:
        """Keeps a message, with the reason, for a person to look at."""
        await self._bus.send(copy_of(message, reason, {DEAD_SINCE: utc_now().isoformat()}), dlq_name(self.service))
        log.error("consumer.dead_lettered", event_id=message.message_id, event_type=message.type, reason=reason)
        await settle(message)

    async def _missed_events(self, connection: AbstractConnection) -> bool:
        """Whether events may have passed by: the inbox, or the exchange it was bound to, was deleted."""
        inbox, witness = inbox_name(self.service), witness_name(self.service)
        return not (
            await is_there(connection, lambda channel: channel.declare_queue(inbox, passive=True))
            and await is_there(connection, lambda channel: channel.declare_exchange(witness, passive=True))
        )

    async def _declare(self, channel: AbstractChannel, *, anew: bool) -> AbstractQueue:
        """Declares what is missing; the inbox only for somebody who then catches up, and its witness before its
        bindings.
        """
        for name, arguments in queues(self.service, self._tiers).items():
            if name != inbox_name(self.service):
                await channel.declare_queue(name, durable=True, arguments=arguments)
            elif anew:
                witness = await channel.declare_exchange(witness_name(self.service), durable=True, auto_delete=True)
                exchange = await channel.get_exchange(EXCHANGE, ensure=False)
                await exchange.bind(witness)
                inbox = await channel.declare_queue(name, durable=True, arguments=arguments)
            else:
                inbox = await channel.declare_queue(name, passive=True)
        await self._bind(inbox)
        return inbox

    async def _bind(self, inbox: AbstractQueue) -> None:
        for event_type in sorted(self.types):
            await inbox.bind(EXCHANGE, event_type)

    async def _watch(self, connection: AbstractConnection, inbox: AbstractQueue, stop: asyncio.Event) -> None:
        """Returns on `stop`. Bindings are asserted again and again, should somebody have removed one."""
        ending = [asyncio.create_task(event.wait()) for event in (self._broken, stop)]
        try:
            while not stop.is_set():
                self._check()
                await self._bind(inbox)
                if await self._missed_events(connection):
                    raise ConnectionError("the exchange was deleted, and the bindings with it")
                async with a_channel(connection) as channel:
                    dead = await channel.declare_queue(dlq_name(self.service), passive=True)
                    metrics.dlq_messages.set(dead.declaration_result.message_count or 0)
                await asyncio.wait(ending, timeout=self._check_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ending:
                task.cancel()

    def _check(self) -> None:
        if self._broken.is_set():
            raise ConnectionError(f"{inbox_name(self.service)} cannot be consumed in this session")

    async def _catch_up(
        self, connection: AbstractConnection, handle: Handle, at_once: int, stop: asyncio.Event
    ) -> None:
        """Handles everything the log has from before the inbox was bound; what came since is in the inbox.

        The end is an event of our own: all that was routed before the binding stands before it in the log.
        """
        started = Event.of(
            CatchUpStarted(service=self.service, queue=inbox_name(self.service)),
            source=f"/{self.service}/inbox",
            subject=str(uuid4()),
            sequence=1,
            time=utc_now(),
            actor=self.service,
            correlationid=str(uuid4()),
        )
        log.warning("inbox.catching_up", queue=inbox_name(self.service))
        await self._bus.publish(started)
        now = asyncio.get_running_loop().time
        replayed, end = 0, None
        async with aclosing(read_log(connection, "first", at_once)) as messages, asyncio.TaskGroup() as handling:
            while not stop.is_set() and (end is None or now() < end):
                self._check()
                try:
                    async with asyncio.timeout_at(end):
                        message = await anext(messages)
                except TimeoutError:
                    if end is None:
                        raise
                    break
                except StopAsyncIteration:
                    raise ConnectionError("the log was lost while catching up") from None
                if message.routing_key in self.types:  # at most `at_once`: the log waits for the others to be settled
                    handling.create_task(handle(message))
                    replayed += 1
                    continue
                if message.message_id == started.id:
                    # An event routed just before the binding may still have been on its way into the log.
                    end = now() + _LATE_SECONDS
                await settle(message)
        log.warning("inbox.caught_up", queue=inbox_name(self.service), events=replayed)


def _attempts(message: AbstractIncomingMessage) -> int:
    """How often a message was put off before; whatever else somebody wrote there counts as never."""
    attempts = message.headers.get(ATTEMPT)
    return attempts if isinstance(attempts, int) and attempts > 0 else 0


def copy_of(message: AbstractIncomingMessage, reason: str, headers: Mapping[str, Any]) -> aio_pika.Message:
    """The message, to be sent again: persistent, with the number of its attempts and what `headers` add."""
    return aio_pika.Message(
        message.body,
        headers={ATTEMPT: _attempts(message), REASON: reason[:_LONGEST_REASON], **headers},
        message_id=message.message_id,
        type=message.type,
        content_type=message.content_type,
        timestamp=message.timestamp,
        app_id=message.app_id,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
