"""The consumer: runs a reaction for every event of another service (or of one's own), with one of three outcomes.

Done, or done before     acknowledged
a business "no"          logged and acknowledged: trying again would not change it
a fault                  tried again after each retry tier, then kept among the dead letters with the reason

A malformed message goes to the dead letters at once. While a dependency is away a message just waits: that is no fault
of its own, and costs it no attempt.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from pydantic import ValidationError

from dealwire.errors import Conflict, Forbidden, Rejected, Unavailable
from dealwire.event import Event, EventData, utc_now
from dealwire.kit import metrics
from dealwire.kit.bus import Bus
from dealwire.kit.cause import Cause
from dealwire.kit.inbox import Inbox
from dealwire.kit.store import Database, Record
from dealwire.kit.stream import settle

log = structlog.get_logger(__name__)

Reaction = Callable[[Any, Cause], Awaitable[object]]
Reactions = Mapping[type[EventData], Reaction]

_LONGEST_WAIT_SECONDS = 3.0  # between two tries


class Malformed(Exception):
    """A message that is no event, or whose data its own schema does not allow."""


def read_event(message: AbstractIncomingMessage) -> Event:
    """Raises Malformed."""
    try:
        return Event.model_validate_json(message.body)
    except ValidationError as error:
        raise Malformed(f"not a CloudEvents event: {_first_fault(error)}") from error


def read_data(event: Event, model: type[EventData]) -> EventData:
    """The business data of an event. Raises Malformed."""
    try:
        return model.model_validate(event.data)
    except ValidationError as error:
        raise malformed_data(event, error) from error


def malformed_data(event: Event, error: ValidationError) -> Malformed:
    return Malformed(f"the data is no {event.type}: {_first_fault(error)}")


def observe_lag(event: Event) -> None:
    """Notes how long after it happened an event has been handled."""
    metrics.consumer_lag.observe(max(0.0, time.time() - event.time.timestamp()))


class Consumer:
    """Runs `reactions` for the events in the service's inbox, up to `prefetch` of them at once."""

    def __init__(
        self,
        bus: Bus,
        database: Database,
        service: str,
        reactions: Reactions,
        *,
        prefetch: int = 64,
        tiers: Sequence[int] = (5, 30, 120, 600),
        drain_seconds: float = 10.0,
    ) -> None:
        self._reactions = {event.type: (event, reaction) for event, reaction in reactions.items()}
        self.inbox = Inbox(bus, database, service, list(self._reactions), tiers)
        self._prefetch = prefetch
        self._drain_seconds = drain_seconds
        self._stop = asyncio.Event()
        self._attending = asyncio.Lock()
        self._working = 0
        self._idle = asyncio.Event()
        self._idle.set()
        bus.attend(self._attend)

    async def start(self) -> None:
        """Nothing to do: the bus runs us in its sessions."""

    async def stop(self) -> None:
        """Takes no more messages and finishes those at hand, for some seconds at most."""
        self._stop.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._drain_seconds), self._attending:
                pass

    async def _attend(self, connection: AbstractConnection) -> None:
        async with self._attending:
            await self.inbox.consume(connection, self._on_message, self._prefetch, self._stop, self._idle.wait)

    async def _on_message(self, message: AbstractIncomingMessage) -> None:
        self._working += 1
        self._idle.clear()
        try:
            await self._handle(message)
        except Exception as error:  # noqa: BLE001  # it could not even be put off, so it comes again in the next session
            log.warning("consumer.unsettled", event_id=message.message_id, reason=str(error))
            self.inbox.give_up()
        finally:
            self._working -= 1
            if not self._working:
                self._idle.set()

    async def _handle(self, message: AbstractIncomingMessage) -> None:
        event_type = message.type if message.type in self._reactions else "unknown"
        outcome = "fault"
        try:
            event = read_event(message)
            outcome = await self._react(event)
            await settle(message)
        except Malformed as error:
            outcome = "malformed"
            await self.inbox.dead_letter(message, str(error))
        except Unavailable:
            raise
        except Exception as error:  # any other fault may pass, or be looked at among the dead letters
            log.warning("consumer.fault", event_id=message.message_id, event_type=event_type, exc_info=True)
            await self.inbox.retry(message, f"{type(error).__name__}: {error}")
        finally:
            metrics.consumer_handled.labels(event_type, outcome).inc()

    async def _react(self, event: Event) -> str:
        known = self._reactions.get(event.type)
        if known is None:
            return "ignored"
        model, reaction = known
        data = read_data(event, model)
        with structlog.contextvars.bound_contextvars(
            event_id=event.id, event_type=event.type, correlation_id=event.correlationid
        ):
            result = await self._run(reaction, data, event)
        observe_lag(event)
        return result

    async def _run(self, reaction: Reaction, data: EventData, event: Event) -> str:
        wait = 0.2
        while True:
            try:
                result = await reaction(data, Cause.of_event(event, utc_now()))
            except Unavailable as error:
                log.warning("consumer.waiting", reason=error.detail)
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT_SECONDS)
            except (Conflict, Rejected, Forbidden) as no:
                log.info("consumer.refused", slug=no.slug, reason=no.detail)
                return "refused"
            else:
                return "duplicate" if isinstance(result, Record) and result.replayed else "done"


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}"
