"""The projector: a consumer for services that count rather than act, and so take events in batches."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import WeakSet

import structlog
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelInvalidStateError
from pydantic import ValidationError

from dealwire.errors import Unavailable
from dealwire.event import Event, EventData
from dealwire.kit import metrics
from dealwire.kit.bus import Bus
from dealwire.kit.consumer import Malformed, malformed_data, observe_lag, read_event
from dealwire.kit.inbox import Inbox
from dealwire.kit.store import Database
from dealwire.kit.stream import settle

log = structlog.get_logger(__name__)

T = TypeVar("T")

_LONGEST_WAIT_SECONDS = 3.0  # between two tries
_BATCHES_AT_HAND = 4  # read, or being read, while one is applied


@dataclass(frozen=True, slots=True)
class _Received(Generic[T]):
    """A message and its channel, the event in it and what was read from that; or why there is none."""

    message: AbstractIncomingMessage
    channel: AbstractChannel
    read: tuple[Event, T] | None
    fault: str = ""


class Projector(Generic[T]):
    """Hands what `read` makes of each event to `apply` in batches: all that came while the last one was applied, up to
    `batch`.

    `read` raises ValidationError for data that is none. `apply` must be atomic and know an event it has seen. When it
    fails for a batch, each event is tried by itself, so that one bad event is retried and dead-lettered alone.
    """

    def __init__(
        self,
        bus: Bus,
        database: Database,
        service: str,
        events: Sequence[type[EventData]],
        read: Callable[[Event], T],
        apply: Callable[[list[T]], Awaitable[None]],
        *,
        batch: int = 500,
        tiers: Sequence[int] = (5, 30, 120, 600),
        drain_seconds: float = 10.0,
    ) -> None:
        self._types = frozenset(event.type for event in events)
        self.inbox = Inbox(bus, database, service, sorted(self._types), tiers)
        self._reading = read
        self._apply = apply
        self._batch = batch
        self._drain_seconds = drain_seconds
        self._stop = asyncio.Event()
        self._attending = asyncio.Lock()
        self._waiting: asyncio.Queue[_Received[T]] = asyncio.Queue()  # the prefetch bounds it
        self._given_up: WeakSet[AbstractChannel] = WeakSet()
        self._task: asyncio.Task[None] | None = None
        bus.attend(self._attend)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._work(), name="projector")

    async def stop(self) -> None:
        """Takes no more messages and finishes those at hand, for some seconds at most."""
        self._stop.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._drain_seconds), self._attending:
                pass
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _attend(self, connection: AbstractConnection) -> None:
        async with self._attending:
            await self.inbox.consume(
                connection, self._receive, _BATCHES_AT_HAND * self._batch, self._stop, self._waiting.join
            )

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        """Reads a message as it comes, while the database is at work on the batch before.

        Nothing is awaited in here: messages stay in the order in which they are acknowledged.
        """
        try:
            channel = message.channel
        except ChannelInvalidStateError:  # lost since; the message comes again
            return
        told, fault = None, ""
        try:
            told = self._read(message)
        except Malformed as error:
            fault = str(error)
        except Exception as error:
            # Reading is pure: what cannot be read now never can be.
            log.warning("projector.unreadable", event_id=message.message_id, exc_info=True)
            fault = f"{type(error).__name__}: {error}"
        self._waiting.put_nowait(_Received(message, channel, told, fault))

    async def _work(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < self._batch and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            try:
                await self._project(batch)
            except Exception as error:  # noqa: BLE001  # they could not even be put off, so they come again
                log.warning("projector.unsettled", messages=len(batch), reason=str(error))
                self._given_up.update(received.channel for received in batch)
                self.inbox.give_up()
            finally:
                for _ in batch:
                    self._waiting.task_done()

    async def _project(self, batch: list[_Received[T]]) -> None:
        readable: list[_Received[T]] = []
        told: list[T] = []
        for received in batch:
            if received.read is None:
                self._count([received], "malformed")
                await self.inbox.dead_letter(received.message, received.fault)
            else:
                readable.append(received)
                told.append(received.read[1])
        if not readable:
            return
        try:
            await self._until_available(told)
        except Exception as error:
            if len(readable) > 1:
                for received in readable:
                    await self._project([received])
                return
            (received,) = readable
            log.warning("projector.fault", event_id=received.message.message_id, exc_info=True)
            self._count(readable, "fault")
            await self.inbox.retry(received.message, f"{type(error).__name__}: {error}")
            return
        await self._settle(readable)
        self._count(readable, "done")
        for received in readable:
            if received.read:
                observe_lag(received.read[0])

    async def _settle(self, batch: Sequence[_Received[T]]) -> None:
        """Acknowledges a batch at once: what came before it on a channel is settled, unless that channel was given up."""
        for received in batch:
            if received.channel in self._given_up:
                await settle(received.message)
        for channel, message in {received.channel: received.message for received in batch}.items():
            if channel not in self._given_up:
                await settle(message, and_before=True)

    def _read(self, message: AbstractIncomingMessage) -> tuple[Event, T]:
        event = read_event(message)
        try:
            return event, self._reading(event)
        except ValidationError as error:
            raise malformed_data(event, error) from error

    async def _until_available(self, told: list[T]) -> None:
        wait = 0.05
        while True:
            try:
                await self._apply(told)
            except Unavailable as error:
                log.info("projector.waiting", reason=error.detail)
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT_SECONDS)
            else:
                return

    def _count(self, batch: Iterable[_Received[T]], outcome: str) -> None:
        types = (received.message.type for received in batch)
        for event_type, number in Counter(each if each in self._types else "unknown" for each in types).items():
            metrics.consumer_handled.labels(event_type, outcome).inc(number)
