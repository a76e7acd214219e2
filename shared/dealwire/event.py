"""What an event is: business data (`EventData`) inside a CloudEvents 1.0 envelope (`Event`)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    WithJsonSchema,
)

CONTENT_TYPE = "application/cloudevents+json"
"""The media type of an event on the wire: CloudEvents 1.0, JSON format, structured mode."""

_IDS = uuid.UUID("5b0f8a52-6a0e-5d0c-9f0e-0d1e5a1c77e1")
_SEQUENCE_DIGITS = 10

State = TypeVar("State")


class EventData(BaseModel):
    """The business data of one type of event; each subclass is declared once, in the catalogue of its publisher.

    Readers ignore fields they do not know, so a publisher may add optional ones; anything else is a new version.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    """Event type with its version, also the routing key: `contract.signed.v1`."""


Decision = tuple[State, Sequence[EventData]]
"""What a domain function answers: the new state, and what happened. No events means nothing changed."""


def derived_id(*parts: object) -> str:
    """The same id for the same parts, always: how a repeated message or request finds what it made the first time."""
    return str(uuid.uuid5(_IDS, "\x1f".join(str(part) for part in parts)))


def utc_now() -> datetime:
    """Now, in UTC, to the millisecond: the precision MongoDB stores, so that what is read equals what was written."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


# The CloudEvents sequence extension is a string that orders lexicographically; inside it is a number.
SequenceNumber = Annotated[
    int,
    BeforeValidator(lambda value: int(value) if isinstance(value, str) and value.isascii() else value),
    PlainSerializer(lambda value: f"{value:0{_SEQUENCE_DIGITS}d}", return_type=str),
    Field(ge=1),
    WithJsonSchema({"type": "string", "pattern": f"^[0-9]{{{_SEQUENCE_DIGITS}}}$"}),
]


class Event(BaseModel):
    """A CloudEvents 1.0 event as Dealwire sends it.

    `subject` is the record the event is about and `sequence` its place among that record's events, without gaps;
    `correlationid` is shared by all that follows from one outside request, `causationid` is the request or event that
    led to this one, `actor` who did it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: str = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: AwareDatetime
    datacontenttype: str = "application/json"
    dataschema: str
    sequence: SequenceNumber
    correlationid: str
    causationid: str | None = None
    actor: str
    traceparent: str | None = None
    data: dict[str, Any]

    @classmethod
    def of(
        cls,
        data: EventData,
        *,
        source: str,
        subject: str,
        sequence: int,
        time: datetime,
        actor: str,
        correlationid: str,
        causationid: str | None = None,
        traceparent: str | None = None,
        **more: Any,
    ) -> Self:
        """Wraps business data; the id follows from source, subject and sequence. `more` is what a subclass adds."""
        return cls(
            id=derived_id("event", source, subject, sequence),
            source=source,
            type=data.type,
            subject=subject,
            time=time,
            dataschema=schema_uri(data.type),
            sequence=sequence,
            correlationid=correlationid,
            causationid=causationid,
            actor=actor,
            traceparent=traceparent,
            data=data.model_dump(mode="json"),
            **more,
        )

    def to_json(self) -> bytes:
        """The body of the message on the wire, without what a subclass adds; absent attributes are left out, as
        CloudEvents asks.
        """
        return _ON_THE_WIRE.dump_json(self, exclude_none=True)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        loaded: dict[str, Any] = json.loads(self.to_json())
        return loaded


_ON_THE_WIRE = TypeAdapter(Event)


class RecordedEvent(Event):
    """An event as the service that it happened in keeps and shows it: with what is told to nobody else (X5)."""

    clientaddress: Annotated[
        str | None,
        Field(
            description="From where it was done: the network address of the caller. Null where no request was the cause, "
            "and for what happened before addresses were kept. Stays in this service: the event on the bus has none."
        ),
    ] = None


def schema_uri(event_type: str) -> str:
    """The `dataschema` of an event type, which is also the `$id` of its published JSON Schema."""
    return f"urn:dealwire:event:{event_type}"


class CatchUpStarted(EventData):
    """A service's inbox was new or had been deleted, so it now replays the log up to this event."""

    type: ClassVar[str] = "service.catch_up_started.v1"

    service: str
    queue: str
