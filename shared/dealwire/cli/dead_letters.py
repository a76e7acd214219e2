"""Reading a service's dead letters without taking them away, and putting them back into its inbox."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity, DeliveryError

from dealwire.cli.console import Failure
from dealwire.kit.inbox import ATTEMPT, DEAD_SINCE, REASON, copy_of, dlq_name, inbox_name

_CONFIRM_SECONDS = 10


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that a service could not handle."""

    message: AbstractIncomingMessage

    @property
    def id(self) -> str:
        """Its message id; of one that came without, the beginning of a hash of what it says."""
        return self.message.message_id or hashlib.sha256(self.message.body).hexdigest()[:16]

    @property
    def reason(self) -> str:
        """Why it is here: what the service said, or the broker, when the service never came to say anything."""
        return str(self.message.headers.get(REASON) or ", ".join(each["reason"] for each in self.deaths) or "unknown")

    @property
    def attempts(self) -> int:
        """How often it was tried again after a wait."""
        return int(self.message.headers.get(ATTEMPT, 0))  # type: ignore[arg-type]  # ours, a number

    @property
    def since(self) -> str:
        """When it became one (ISO 8601), if the service said so."""
        return str(self.message.headers.get(DEAD_SINCE, ""))

    @property
    def deaths(self) -> list[Any]:
        """What the broker itself noted (`x-death`)."""
        return list(self.message.headers.get("x-death") or [])  # type: ignore[arg-type]  # a list of tables

    @property
    def body(self) -> Any:
        """The event as JSON, or the text it is instead."""
        try:
            return json.loads(self.message.body)
        except ValueError:
            return self.message.body.decode(errors="replace")


async def count(connection: AbstractConnection, service: str) -> int | None:
    """How many dead letters a service has; None when it has no such queue."""
    channel = await connection.channel()
    try:
        queue = await channel.declare_queue(dlq_name(service), passive=True)
    except ChannelNotFoundEntity:
        return None
    await channel.close()
    return queue.declaration_result.message_count


async def read(connection: AbstractConnection, service: str, limit: int | None = None) -> list[DeadLetter]:
    """The oldest ones. They stay where they are, in their order. Raises Failure when the service has no such queue."""
    async with connection.channel() as channel, aclosing(_taken(channel, service, limit)) as letters:
        return [letter async for letter in letters]


async def redrive(connection: AbstractConnection, service: str, ids: frozenset[str] | None) -> set[str]:
    """Puts messages back into the inbox, their attempts forgotten; all of them, when `ids` is None. Answers their ids.

    Each is safe in the inbox before it leaves the dead letters: killed in between, it is in both, and the service knows
    an event it has seen. The others stay in their order. Raises Failure when a queue is missing.
    """
    driven: set[str] = set()
    async with (
        connection.channel(publisher_confirms=True, on_return_raises=True) as channel,
        aclosing(_taken(channel, service)) as letters,
    ):
        async for letter in letters:
            if ids is None or letter.id in ids:
                await _send_back(channel, service, letter)
                driven.add(letter.id)
    return driven


async def _send_back(channel: AbstractChannel, service: str, letter: DeadLetter) -> None:
    again = copy_of(letter.message, letter.reason, {ATTEMPT: 0})
    try:
        await channel.default_exchange.publish(again, inbox_name(service), mandatory=True, timeout=_CONFIRM_SECONDS)
    except DeliveryError:
        raise Failure(f"{inbox_name(service)} is not there. {service} declares it: start it, then try again.") from None
    await letter.message.ack()


async def _taken(channel: AbstractChannel, service: str, limit: int | None = None) -> AsyncGenerator[DeadLetter, None]:
    """As many as there are now, from the head; what is not acknowledged goes back there, in order, with the channel."""
    try:
        queue = await channel.declare_queue(dlq_name(service), passive=True)
    except ChannelNotFoundEntity:
        raise Failure(f"{service} has no {dlq_name(service)} on this broker: it has not been started there.") from None
    there = queue.declaration_result.message_count or 0
    for _ in range(there if limit is None else min(there, limit)):
        message = await queue.get(fail=False)
        if message is None:
            return
        yield DeadLetter(message)
