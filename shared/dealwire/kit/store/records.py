"""The record store: a record is one document, and one conditional write commits all that a change means.

state       the business fields
version     the optimistic lock; it advances by one for every event, so it is also the sequence of the newest one
outbox      events not yet confirmed by the broker, in order; `pending_since` while there are any
handled     the last causes that changed the record, by key and fingerprint: what makes a repeat recognisable
next_due    the earliest deadline of the state
unseen      the version that a background worker has not looked at yet, where one looks at whatever is new
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from heapq import merge
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakValueDictionary

from pydantic import BaseModel
from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

from dealwire.calendar import Deadline
from dealwire.errors import Conflict, NotFound, Rejected, StaleVersion, Unavailable
from dealwire.event import Decision, Event, EventData
from dealwire.kit.cause import Cause
from dealwire.kit.store.cursors import a_time, make_cursor, read_cursor
from dealwire.kit.store.database import (
    Database,
    Document,
    Index,
    Session,
    duplicates,
    is_conflict,
    needs_database,
)
from dealwire.kit.store.inserts import Inserts
from dealwire.kit.store.outbox import Outbox, event_document

S = TypeVar("S", bound=BaseModel)
T = TypeVar("T")

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Record(Generic[S]):
    """A record as it was read or just written. `replayed`: the cause had already done its work before; `changed`: it did now."""

    id: str
    version: int
    state: S
    created_at: datetime
    updated_at: datetime
    replayed: bool = False
    changed: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A piece of a list, and the cursor of the next one."""

    items: list[T]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """By which field a list is ordered, `read` from a cursor; every record that is listed has it. The id decides a tie."""

    field: str
    read: Callable[[Any], Any]
    descending: bool = True

    @property
    def fields(self) -> list[tuple[str, int]]:
        """As the database sorts."""
        return [(self.field, way := -1 if self.descending else 1), ("_id", way)]

    def after(self, value: object, id: str) -> Document:
        """What comes after this record."""
        way = "$lt" if self.descending else "$gt"
        return {"$or": [{self.field: {way: value}}, {self.field: value, "_id": {way: id}}]}

    def cursor(self, document: Document) -> str:
        """Where a page that ends with this record ends."""
        value: Any = document
        for name in self.field.split("."):
            value = value[name]
        return make_cursor(value.isoformat() if isinstance(value, datetime) else value, document["_id"])


NEWEST = Order("created_at", a_time)
OLDEST = Order("created_at", a_time, descending=False)


class Taken(Conflict):
    """Another record holds a value that only one may have; `fields` names the unique index."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        super().__init__("taken", f"Another record already has this {', '.join(fields)}.")
        self.fields = fields


class _Overtaken(Exception):
    """Somebody else changed the record in the meantime."""


class Announcer(Protocol):
    """Whoever brings committed events to the broker: the relay."""

    def watch(self, store: RecordStore[Any]) -> None: ...

    def offer(self, store: RecordStore[Any], id: str, events: list[Event]) -> None: ...


def _no_deadlines(_: object) -> list[Deadline]:
    return []


class RecordStore(Generic[S]):
    """All records of one kind, `name` being the collection and part of the events' `source`."""

    def __init__(
        self,
        database: Database,
        relay: Announcer,
        service: str,
        name: str,
        state: type[S],
        *,
        deadlines: Callable[[S], list[Deadline]] = _no_deadlines,
        indexes: Sequence[Index] = (),
        remembers: int = 100,
        looked_at: bool = False,
    ) -> None:
        self.name = name
        self.source = f"/{service}/{name}"
        self.deadlines = deadlines
        self._state = state
        self._remembers = remembers
        self._looked_at = looked_at
        self.database = database
        self._records = database.collection(
            name,
            (
                Index({"created_at": -1, "_id": -1}),
                Index({"pending_since": 1}, where={"pending_since": {"$exists": True}}),
                Index({"next_due": 1, "_id": 1}, where={"next_due": {"$exists": True}}),
                *([Index({"unseen": 1}, where={"unseen": {"$exists": True}})] if looked_at else []),
                *indexes,
            ),
        )
        self._events = database.collection(
            "events", (Index({"source": 1, "subject": 1, "sequence": 1, "causationid": 1}),)
        )
        self.outbox = Outbox(database, self._records, self._events)
        self._inserts = Inserts(database, self._records)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._relay = relay
        relay.watch(self)

    # Reading

    @needs_database
    async def get(self, id: str) -> Record[S]:
        """Raises NotFound."""
        return self._record(await self._document(id))

    @needs_database
    async def find_one(self, query: Mapping[str, Any]) -> Record[S] | None:
        """The oldest record that matches; fields are named as `state.phone`."""
        document = await self._records.find_one(query, sort=[("created_at", 1), ("_id", 1)])
        return self._record(document) if document else None

    async def scan(self, query: Mapping[str, Any], order: Order = OLDEST) -> AsyncIterator[Record[S]]:
        """All records that match, a few at a time: for what may be more than fits into memory."""
        found = self._records.find(query).sort(order.fields)
        async for document in self.database.read(found):
            yield self._record(document)

    @needs_database
    async def sum_by(
        self, fields: Mapping[str, str], total: str, query: Mapping[str, Any]
    ) -> list[tuple[dict[str, Any], int, int]]:
        """Records that match, grouped by some fields: their values by name, how many, and the sum of another field."""
        grouped = {name: {"$ifNull": [f"${field}", None]} for name, field in fields.items()}
        group = {"_id": grouped, "n": {"$sum": 1}, "total": {"$sum": f"${total}"}}
        rows = self._records.aggregate([{"$match": dict(query)}, {"$group": group}])
        return [(row["_id"], row["n"], row["total"]) async for row in rows]

    @needs_database
    async def count_by(self, field: str, query: Mapping[str, Any]) -> dict[str, int]:
        """How many records match, by the value of a field."""
        rows = self._records.aggregate([{"$match": dict(query)}, {"$group": {"_id": f"${field}", "n": {"$sum": 1}}}])
        return {row["_id"]: row["n"] async for row in rows}

    @needs_database
    async def page(
        self, query: Mapping[str, Any], *, cursor: str | None = None, limit: int = 50, order: Order = NEWEST
    ) -> Page[Record[S]]:
        """Records that match, newest first or in another order. Raises Rejected for a cursor that is none."""
        conditions: list[Mapping[str, Any]] = [query]
        if cursor:
            conditions.append(order.after(*read_cursor(cursor, (order.read, str))))
        found = self._records.find({"$and": conditions}).sort(order.fields).limit(limit + 1)
        documents = await found.to_list(None)
        more = len(documents) > limit
        records = [self._record(document) for document in documents[:limit]]
        return Page(records, order.cursor(documents[limit - 1]) if more else None)

    @needs_database
    async def values(self, field: str, query: Mapping[str, Any], limit: int) -> dict[str, Any]:
        """One field of so many records that match, by id."""
        rows = self._records.find(query, {field: 1}).limit(limit)
        return {row["_id"]: _inside(row, field) async for row in rows}

    @needs_database
    async def timeline(
        self, id: str, *, also: Sequence[str] = (), cursor: str | None = None, limit: int = 50
    ) -> Page[Event]:
        """Everything that ever happened to a record, in order, announced or not yet; with what happened to others `also`.

        Raises NotFound.
        """
        places: dict[str, int] = read_cursor(cursor, (partial(_places, id),))[0] if cursor else {}
        histories = [await self._history(each, places.get(each, 0), limit + 1) for each in (id, *also)]
        events = list(islice(merge(*histories, key=lambda event: event.time), limit + 1))
        shown = events[:limit]
        places |= {event.subject: event.sequence for event in shown}
        place = places if also else places.get(id)
        return Page(shown, make_cursor(place) if len(events) > limit else None)

    # Writing

    @needs_database
    async def create(self, id: str, decision: Decision[S], cause: Cause) -> Record[S]:
        """Writes a new record. One that is there already under this id is answered as it is, `replayed`.

        Raises Rejected when it was created by another request under the same Idempotency-Key, Taken when a unique
        index holds.
        """
        document, events = self._new(id, decision, cause)
        held_by = await self._inserts.insert(document)
        if held_by is not None:
            if held_by != ("_id",):
                raise Taken(held_by)
            there = await self._document(id)
            same_request(there["origin"], cause)
            return replace(self._record(there), replayed=True)
        self._relay.offer(self, id, events)
        return self._record(document, decision[0])

    @needs_database
    async def create_many(self, new: Iterable[tuple[str, Decision[S]]], cause: Cause) -> dict[str, tuple[str, ...]]:
        """Writes many new records at once; answers which were not written, each with the fields of the index that holds.

        Those of `_id` were there already; another unique index means that another record has what only one may have.
        """
        made = [(new_id, *self._new(new_id, decision, cause)) for new_id, decision in new]
        held: dict[int, tuple[str, ...]] = {}
        if made:
            try:
                await self._records.insert_many([document for _, document, _ in made], ordered=False)
            except BulkWriteError as error:
                held = dict(duplicates(error))
        for index, (new_id, _, events) in enumerate(made):
            if index not in held:
                self._relay.offer(self, new_id, events)
        return {made[index][0]: fields for index, fields in held.items()}

    @needs_database
    async def change(self, id: str, decide: Callable[[S], Decision[S]], cause: Cause) -> Record[S]:
        """Loads a record, lets `decide` say what becomes of it, and saves; again from the start if somebody was faster.

        Raises NotFound, StaleVersion (If-Match), Rejected (the key belongs to another request), Taken when a unique
        index holds, whatever `decide` raises, and Unavailable when the record is too contended.
        """
        async with self._turn(id):
            for attempt in range(_ATTEMPTS):
                document = await self._document(id)
                record, decided = await self._decided(document, decide, cause)
                if decided is None:
                    if record.replayed or await self._remember(document, cause):
                        return record
                    await _pause(attempt)
                    continue
                saved = await self._save(document, decided, cause)
                if saved is not None:
                    changed, events = saved
                    self._relay.offer(self, id, events)
                    return changed
                await _pause(attempt)
        raise Unavailable("contended", "Too many changes of this record at once. Try again in a moment.")

    async def put(self, id: str, decide: Callable[[S | None], Decision[S]], cause: Cause) -> Record[S]:
        """Changes a record, or creates the one that is not there yet. Raises as `change` does."""
        try:
            return await self.change(id, decide, cause)
        except NotFound:
            if cause.expected_version is not None:
                raise StaleVersion("no-such-version", "There is no such record yet; leave If-Match out.") from None
        created = await self.create(id, decide(None), cause)
        return await self.change(id, decide, cause) if created.replayed else created

    @needs_database
    async def change_together(
        self, changes: Mapping[str, Callable[[S], Decision[S]]], cause: Cause, *, seen: str | None = None
    ) -> list[Record[S]]:
        """Changes several records, all or none, in one transaction: for what `change` cannot do (a merge).

        They are decided and written in order. The version that the caller saw (If-Match) is that of the record `seen`, of
        the first where none is named. Raises as `change` does; a conflict with another
        writer starts the whole over.
        """
        seen = seen or next(iter(changes))
        causes = [cause if each == seen else replace(cause, expected_version=None) for each in changes]
        async with AsyncExitStack() as turns:
            for each in sorted(changes):
                await turns.enter_async_context(self._turn(each))
            for attempt in range(_ATTEMPTS):
                try:
                    async with self.database.transaction() as session:
                        saved = [
                            await self._change_in(session, each, decide, its_cause)
                            for (each, decide), its_cause in zip(changes.items(), causes, strict=True)
                        ]
                except (_Overtaken, PyMongoError) as error:
                    if isinstance(error, PyMongoError) and not is_conflict(error):
                        raise
                    await _pause(attempt)
                    continue
                for record, events in saved:
                    if events:
                        self._relay.offer(self, record.id, events)
                return [record for record, _ in saved]
        raise Unavailable("contended", "Too many changes of these records at once. Try again in a moment.")

    # For who looks at whatever is new

    @needs_database
    async def unseen(self, limit: int) -> list[Record[S]]:
        """Records that are new or have changed since somebody looked at them."""
        documents = await self._records.find({"unseen": {"$exists": True}}).limit(limit).to_list(None)
        return [self._record(document) for document in documents]

    @needs_database
    async def seen(self, records: Sequence[Record[S]]) -> None:
        """Somebody has looked at these; one that has changed meanwhile stays unseen."""
        await self._records.bulk_write(
            [UpdateOne({"_id": each.id, "unseen": each.version}, {"$unset": {"unseen": ""}}) for each in records],
            ordered=False,
        )

    # For the clock worker

    @needs_database
    async def due(self, now: datetime, limit: int) -> list[str]:
        """Records whose earliest deadline has come, the most overdue first."""
        query = {"next_due": {"$lte": now}, "$or": [{"put_off_until": None}, {"put_off_until": {"$lte": now}}]}
        found = self._records.find(query, {"_id": 1}).sort("next_due", 1).limit(limit)
        return [document["_id"] async for document in found]

    @needs_database
    async def put_off(self, id: str, until: datetime) -> None:
        """Looks at a record's deadlines again only later, or when it has changed: one that fails holds nobody up."""
        await self._records.update_one({"_id": id}, {"$set": {"put_off_until": until}})

    @needs_database
    async def overdue(self, now: datetime) -> int:
        """How many records have a deadline that has passed."""
        return await self._records.count_documents({"next_due": {"$lte": now}})

    # Inside

    async def _history(self, id: str, after: int, limit: int) -> list[Event]:
        document = await self._document(id)
        query = {"source": self.source, "subject": id, "sequence": {"$gt": f"{after:010d}"}}
        found = await self._events.find(query).sort("sequence", 1).limit(limit).to_list(None)
        told = {event.sequence: event for event in map(Event.model_validate, [*found, *document["outbox"]])}
        return [told[sequence] for sequence in sorted(told) if sequence > after][:limit]

    def _turn(self, id: str) -> asyncio.Lock:
        """Changes of one record take turns within the process.

        A write that meets a transaction waits in the server, and a thread of the driver with it: were there as many of
        those as threads, the transaction itself would find none to end with.
        """
        return self._turns.setdefault(id, asyncio.Lock())

    async def _document(self, id: str, session: Session | None = None) -> Document:
        document = await self._records.find_one({"_id": id}, session=session)
        if document is None:
            raise NotFound("not-found", f"There is no record {id!r} among the {self.name}.")
        return document

    def _record(self, document: Document, state: S | None = None) -> Record[S]:
        return Record(
            id=document["_id"],
            version=document["version"],
            state=state if state is not None else self._state.model_validate(document["state"]),
            created_at=document["created_at"],
            updated_at=document["updated_at"],
        )

    async def _decided(
        self, document: Document, decide: Callable[[S], Decision[S]], cause: Cause
    ) -> tuple[Record[S], Decision[S] | None]:
        """The record as it is, and what becomes of it; None when nothing does."""
        record = self._record(document)
        for entry in (document["origin"], *document["handled"]):
            if cause.key is not None and entry["key"] == cause.key:
                same_request(entry, cause)
                return replace(record, replayed=True), None
        if await self._forgot(document, cause):
            return replace(record, replayed=True), None
        if cause.expected_version is not None and cause.expected_version != record.version:
            raise StaleVersion(
                "stale-version",
                f"The record is at version {record.version}, not {cause.expected_version}. Read it again first.",
            )
        state, events = decide(record.state)
        if events:
            return record, (state, events)
        if state != record.state:
            raise AssertionError(f"{self.name}: a change of state without an event would be told to nobody")
        return record, None

    async def _forgot(self, document: Document, cause: Cause) -> bool:
        """Whether an event changed the record so long ago that only its history still knows: catching up brings such."""
        if cause.key is None or cause.key != cause.causation_id or len(document["handled"]) < self._remembers:
            return False
        if any(event.get("causationid") == cause.key for event in document["outbox"]):
            return True
        caused = {"source": self.source, "subject": document["_id"], "causationid": cause.key}
        return await self._events.find_one(caused, {"_id": 1}) is not None

    def _new(self, id: str, decision: Decision[S], cause: Cause) -> tuple[Document, list[Event]]:
        state, data = decision
        if not data:
            raise AssertionError(f"{self.name}: a record that begins without an event would be told to nobody")
        events = self._wrap(id, 0, data, cause)
        document: Document = {
            "_id": id,
            "version": len(events),
            **({"unseen": len(events)} if self._looked_at else {}),
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

    async def _change_in(
        self, session: Session, id: str, decide: Callable[[S], Decision[S]], cause: Cause
    ) -> tuple[Record[S], list[Event]]:
        document = await self._document(id, session)
        record, decided = await self._decided(document, decide, cause)
        if decided is None:
            return record, []
        saved = await self._save(document, decided, cause, session)
        if saved is None:
            raise _Overtaken
        return saved

    async def _remember(self, document: Document, cause: Cause) -> bool:
        """Keeps the key of a request that changed nothing, so that its repeat changes nothing either, whatever came since.

        False when somebody was faster. An event has no such need: it is compared with what is known of its sender.
        """
        if cause.key is None or cause.fingerprint is None:
            return True
        known = {"$push": {"handled": self._handled(cause)}}
        result = await self._records.update_one({"_id": document["_id"], "version": document["version"]}, known)
        return result.matched_count == 1

    def _handled(self, cause: Cause) -> Document:
        return {"$each": [{"key": cause.key, "fingerprint": cause.fingerprint}], "$slice": -self._remembers}

    async def _save(
        self, document: Document, decision: Decision[S], cause: Cause, session: Session | None = None
    ) -> tuple[Record[S], list[Event]] | None:
        """The one conditional write: the record as saved and all its pending events; None when somebody was faster."""
        record_id, version = document["_id"], document["version"]
        state, data = decision
        events = self._wrap(record_id, version, data, cause)
        due = self._next_due(state)
        update: Document = {
            "$set": {"version": version + len(events), "state": state.model_dump(), "updated_at": cause.now},
            "$push": {"outbox": {"$each": [event_document(event) for event in events]}},
            "$min": {"pending_since": cause.now},
        }
        if self._looked_at:
            update["$set"]["unseen"] = version + len(events)
        update["$unset"] = {"put_off_until": ""}
        if due is None:
            update["$unset"]["next_due"] = ""
        else:
            update["$set"]["next_due"] = due
        if cause.key is not None:
            update["$push"]["handled"] = self._handled(cause)
        try:
            saved = await self._records.find_one_and_update(
                {"_id": record_id, "version": version},
                update,
                {"outbox": 1},
                return_document=ReturnDocument.AFTER,
                session=session,
            )
        except DuplicateKeyError as error:
            raise _taken(error) from error
        if saved is None:
            return None
        # What an earlier change left pending goes out before this one, whichever replica made it.
        unsent = [Event.model_validate(event) for event in saved["outbox"][: -len(events)]]
        record = Record(record_id, version + len(events), state, document["created_at"], cause.now, changed=True)
        return record, [*unsent, *events]

    def _wrap(self, id: str, version: int, data: Sequence[EventData], cause: Cause) -> list[Event]:
        return [
            Event.of(
                datum,
                source=self.source,
                subject=id,
                sequence=sequence,
                time=cause.now,
                actor=cause.actor,
                correlationid=cause.correlation_id,
                causationid=cause.causation_id,
                traceparent=cause.traceparent,
            )
            for sequence, datum in enumerate(data, version + 1)
        ]

    def _next_due(self, state: S) -> datetime | None:
        return min((deadline.due for deadline in self.deadlines(state)), default=None)


def _inside(document: Document, field: str) -> Any:
    value: Any = document
    for name in field.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _places(id: str, value: Any) -> dict[str, int]:
    """How far each record's history was shown; a bare number is that of the record itself."""
    return {each: int(place) for each, place in (value if isinstance(value, dict) else {id: value}).items()}


async def _pause(attempt: int) -> None:
    """Lets other processes by."""
    await asyncio.sleep(random.random() * 0.005 * attempt)


def _taken(error: DuplicateKeyError) -> Taken:
    return Taken(tuple((error.details or {}).get("keyPattern", {"_id": 1})))


def same_request(entry: Document, cause: Cause) -> None:
    """Raises Rejected when the key is known and the request is another one."""
    if cause.fingerprint is not None and entry["key"] == cause.key and entry["fingerprint"] != cause.fingerprint:
        raise Rejected(
            "idempotency-key-reused",
            "This Idempotency-Key belongs to another request. Use a new key for a new request.",
        )
