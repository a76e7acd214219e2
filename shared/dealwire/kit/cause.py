"""Who or what makes a change, and what makes a repeat of it recognisable."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from dealwire.event import Event, derived_id
from dealwire.kit.trace import child_traceparent, new_traceparent


def clock_of(service: str) -> str:
    """Who it was, when nobody but time passing did something in a service."""
    return f"{service}/clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A request, an event or the clock, as the reason of a change.

    `correlation_id` is shared by all that follows from one outside request; `causation_id` is that of the request or
    event at hand. `key` is what a repeat of this cause has in common with it (an Idempotency-Key within its caller, or
    the event's id), `fingerprint` what tells that a request under the same key is another one after all.
    `expects_record` says that there has to be a record already, of the `expected_version` if one is named. `sequence`
    and `happened_at` are an event's own: it may have happened long before `now`, when it is handled. `client` is the
    network address that a request came from.
    """

    actor: str
    now: datetime
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
    key: str | None = None
    fingerprint: str | None = None
    expects_record: bool = False
    expected_version: int | None = None
    sequence: int | None = None
    happened_at: datetime | None = None
    client: str | None = None

    @classmethod
    def of_event(cls, event: Event, now: datetime) -> Self:
        """An event that reached us is the cause; its actor is who did it in the first place."""
        return cls(
            actor=event.actor,
            now=now,
            correlation_id=event.correlationid,
            causation_id=event.id,
            traceparent=child_traceparent(event.traceparent),
            key=event.id,
            sequence=event.sequence,
            happened_at=event.time,
        )

    @classmethod
    def of_clock(cls, service: str, now: datetime) -> Self:
        """Time passing is the cause. Nothing is to be recognised again: the record's version lets a clock act once."""
        return cls(actor=clock_of(service), now=now, correlation_id=str(uuid.uuid4()), traceparent=new_traceparent())

    def new_id(self, kind: str, *within: str) -> str:
        """An id for something of that kind: the same one when the cause is a repeat, else a random one.

        `within` names the record that a part of it is for: the same key on another record is another request.
        """
        return derived_id(kind, *within, self.key) if self.key else str(uuid.uuid4())
