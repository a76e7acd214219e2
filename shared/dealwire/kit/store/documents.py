"""What the document of a record says, decided without a database.

state       the business fields
version     the optimistic lock; it advances by one for every event, so it is also the sequence of the newest one
outbox      events not yet confirmed by the broker, in order; `pending_since` while there are any
handled     the last causes that changed the record, by key and fingerprint: what makes a repeat recognisable
next_due    the earliest deadline of the state
unseen      the version that a background worker has not looked at yet, where one looks at whatever is new
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel

from dealwire.calendar import Deadline
from dealwire.errors import Rejected, StaleVersion
from dealwire.event import Decision, EventData, RecordedEvent
from dealwire.kit.cause import Cause
from dealwire.kit.store.database import Document
from dealwire.kit.store.outbox import event_document

S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Record(Generic[S]):
    """A record as it was read or just written. `replayed`: the cause had already done its work before; `changed`: it
    did now.
    """

    id: str
    version: int
    state: S
    created_at: datetime
    updated_at: datetime
    replayed: bool = False
    changed: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Kind(Generic[S]):
    """One kind of records: how they become documents, and documents records again."""

    name: str
    source: str
    state: type[S]
    deadlines: Callable[[S], list[Deadline]]
    remembers: int
    looked_at: bool

    def record(self, document: Document, state: S | None = None) -> Record[S]:
        return Record(
            id=document["_id"],
            version=document["version"],
            state=state if state is not None else self.state.model_validate(document["state"]),
            created_at=document["created_at"],
            updated_at=document["updated_at"],
        )

    def decided(self, record: Record[S], decide: Callable[[S], Decision[S]], cause: Cause) -> Decision[S] | None:
        """What becomes of a record; None when nothing does. Raises StaleVersion (If-Match), and whatever `decide`
        raises.
        """
        if cause.expected_version is not None and cause.expected_version != record.version:
            raise StaleVersion(
                "stale-version",
                f"The record is at version {record.version}, not {cause.expected_version}. Read it again first.",
            )
        state, events = decide(record.state)
        if events:
            return state, events
        if state != record.state:
            raise AssertionError(f"{self.name}: a change of state without an event would be told to nobody")
        return None

    def new(self, id: str, decision: Decision[S], cause: Cause) -> tuple[Document, list[RecordedEvent]]:
        """The document of a record that begins, and the events that tell of it."""
        state, data = decision
        if not data:
            raise AssertionError(f"{self.name}: a record that begins without an event would be told to nobody")
        events = self._wrap(id, 0, data, cause)
        document: Document = {
            "_id": id,
            "version": len(events),
            **({"unseen": len(events)} if self.looked_at else {}),
            "state": state.model_dump(),
            "outbox": [event_document(event) for event in events],
            "pending_since": cause.now,
            "origin": {"key": cause.key, "fingerprint": cause.fingerprint},
            "handled": [],
            "created_at": cause.now,
            "updated_at": cause.now,
        }
        if (due := self._next_due(state)) is not None:
            document["next_due"] = due
        return document, events

    def update(self, document: Document, decision: Decision[S], cause: Cause) -> tuple[Document, list[RecordedEvent]]:
        """The update that makes of a record what was decided, and the events that tell of it."""
        version = document["version"]
        state, data = decision
        events = self._wrap(document["_id"], version, data, cause)
        due = self._next_due(state)
        update: Document = {
            "$set": {"version": version + len(events), "state": state.model_dump(), "updated_at": cause.now},
            "$push": {"outbox": {"$each": [event_document(event) for event in events]}},
            "$min": {"pending_since": cause.now},
        }
        if self.looked_at:
            update["$set"]["unseen"] = version + len(events)
        update["$unset"] = {"put_off_until": ""}
        if due is None:
            update["$unset"]["next_due"] = ""
        else:
            update["$set"]["next_due"] = due
        if cause.key is not None:
            update["$push"] |= self.handled(cause)
        return update, events

    def handled(self, cause: Cause) -> Document:
        """What keeps a cause among those that the record has handled."""
        entry = {"key": cause.key, "fingerprint": cause.fingerprint}
        return {"handled": {"$each": [entry], "$slice": -self.remembers}}

    def may_have_forgotten(self, document: Document, cause: Cause) -> bool:
        """Whether an event may have changed the record so long ago that only its history still knows."""
        return cause.key is not None and cause.key == cause.causation_id and len(document["handled"]) >= self.remembers

    def _wrap(self, id: str, version: int, data: Sequence[EventData], cause: Cause) -> list[RecordedEvent]:
        return [
            RecordedEvent.of(
                datum,
                source=self.source,
                subject=id,
                sequence=sequence,
                time=cause.now,
                actor=cause.actor,
                correlationid=cause.correlation_id,
                causationid=cause.causation_id,
                traceparent=cause.traceparent,
                clientaddress=cause.client,
            )
            for sequence, datum in enumerate(data, version + 1)
        ]

    def _next_due(self, state: S) -> datetime | None:
        return min((deadline.due for deadline in self.deadlines(state)), default=None)


def is_repeat(document: Document, cause: Cause) -> bool:
    """Whether the record remembers this cause. Raises Rejected when the key belongs to another request."""
    for entry in (document["origin"], *document["handled"]):
        if cause.key is not None and entry["key"] == cause.key:
            same_request(entry, cause)
            return True
    return False


def same_request(entry: Document, cause: Cause) -> None:
    """Raises Rejected when the key is known and the request is another one."""
    if cause.fingerprint is not None and entry["key"] == cause.key and entry["fingerprint"] != cause.fingerprint:
        raise Rejected(
            "idempotency-key-reused",
            "This Idempotency-Key belongs to another request. Use a new key for a new request.",
        )
