"""The projector: a consumer for services that count rather than act, and so take events in batches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import structlog
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from dealwire.errors import Unavailable
from dealwire.event import Event, EventData
from dealwire.kit import metrics
from dealwire.kit.bus import Bus
from dealwire.kit.consumer import Malformed, observe_lag, read_data, read_event
from dealwire.kit.inbox import Inbox
from dealwire.kit.log import settle
from dealwire.kit.store import Database

log = structlog.get_logger(__name__)

Apply = Callable[[list[Event]], Awaitable[None]]

_LONGEST_WAIT_SECONDS = 15.0


class Projector:
    """Hands events to `apply` in batches: all that came while the last one was applied, up to `batch`.

    `apply` must be atomic and know an event it has seen. When it fails for a batch, each event is tried by itself, so that
    one bad event is retried and dead-lettered alone.
    """

    def __init__(
        self,
        bus: Bus,
        database: Database,
        service: str,
        events: Sequence[type[EventData]],
        apply: Apply,
        *,
        batch: int = 500,
        tiers: Sequence[int] = (5, 30, 120, 600),
        drain_seconds: float = 10.0,
    ) -> None:
        self._models = {event.type: event for event in events}
        self.inbox = Inbox(bus, database, service, list(self._models), tiers)
        self._apply = apply
        self._batch = batch
        self._drain_seconds = drain_seconds
        self._stop = asyncio.Event()
        self._attending = asyncio.Lock()
        self._waiting: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue(maxsize=2 * batch)
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
            await self.inbox.consume(connection, self._waiting.put, 2 * self._batch, self._stop, self._waiting.join)

    async def _work(self) -> None:
        while True:
            messages = [await self._waiting.get()]
            while len(messages) < self._batch and not self._waiting.empty():
                messages.append(self._waiting.get_nowait())
            try:
                await self._project(messages)
            except Exception as error:  # noqa: BLE001  # they could not even be put off, so they come again
                log.warning("projector.unsettled", messages=len(messages), reason=str(error))
                self.inbox.give_up()
            finally:
                for _ in messages:
                    self._waiting.task_done()

    async def _project(self, messages: list[AbstractIncomingMessage]) -> None:
        readable: list[tuple[AbstractIncomingMessage, Event]] = []
        for message in messages:
            try:
                readable.append((message, self._read(message)))
            except Malformed as error:
                self._count(message, "malformed")
                await self.inbox.dead_letter(message, str(error))
        if not readable:
            return
        try:
            await self._until_available([event for _, event in readable])
        except Exception as error:
            if len(readable) > 1:
                for message, _ in readable:
                    await self._project([message])
                return
            message = readable[0][0]
            log.warning("projector.fault", event_id=message.message_id, exc_info=True)
            self._count(message, "fault")
            await self.inbox.retry(message, f"{type(error).__name__}: {error}")
            return
        for message, event in readable:
            await settle(message)
            self._count(message, "done")
            observe_lag(event)

    def _read(self, message: AbstractIncomingMessage) -> Event:
        event = read_event(message)
        model = self._models.get(event.type)
        if model is not None:
            read_data(event, model)
        return event

    async def _until_available(self, events: list[Event]) -> None:
        wait = 0.05
        while True:
            try:
                await self._apply(events)
            except Unavailable as error:
                log.info("projector.waiting", reason=error.detail)
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT_SECONDS)
            else:
                return

    def _count(self, message: AbstractIncomingMessage, outcome: str) -> None:
        event_type = message.type if message.type in self._models else "unknown"
        metrics.consumer_handled.labels(event_type, outcome).inc()
