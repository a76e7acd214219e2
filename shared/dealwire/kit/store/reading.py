"""Reading records: one, many, counted, in pages, and what ever happened to one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from heapq import merge
from itertools import islice
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from dealwire.errors import NotFound
from dealwire.event import RecordedEvent
from dealwire.kit.store.database import Database, Document, Index, Session, needs_database
from dealwire.kit.store.documents import Kind, Record
from dealwire.kit.store.pages import NEWEST, OLDEST, Order, Page, make_cursor, read_cursor

S = TypeVar("S", bound=BaseModel)


class ReadableRecords(Generic[S]):
    """All records of one kind, for who reads them. Queries name fields as `state.phone`."""

    def __init__(self, database: Database, kind: Kind[S], indexes: Sequence[Index]) -> None:
        self.name = kind.name
        self.database = database
        self._kind = kind
        self._records = database.collection(kind.name, (Index({"created_at": -1, "_id": -1}), *indexes))
        self._events = database.collection(
            "events", (Index({"source": 1, "subject": 1, "sequence": 1, "causationid": 1}),)
        )

    @needs_database
    async def get(self, id: str) -> Record[S]:
        """Raises NotFound."""
        return self._kind.record(await self._document(id))

    @needs_database
    async def find_one(self, query: Mapping[str, Any]) -> Record[S] | None:
        """The oldest record that matches."""
        document = await self._records.find_one(query, sort=[("created_at", 1), ("_id", 1)])
        return self._kind.record(document) if document else None

    async def scan(self, query: Mapping[str, Any], order: Order = OLDEST) -> AsyncIterator[Record[S]]:
        """All records that match, a few at a time: for what may be more than fits into memory."""
        found = self._records.find(query).sort(order.fields)
        async for document in self.database.read(found):
            yield self._kind.record(document)

    @needs_database
    async def sum_by(
        self, fields: Mapping[str, str], total: str, query: Mapping[str, Any], *, each: str | None = None
    ) -> list[tuple[dict[str, Any], int, int]]:
        """Records that match, grouped by some fields: their values by name, how many, and the sum of another field.

        With `each`, the name of a list, not the records are grouped but the entries of that list which match.
        """
        grouped = {name: {"$ifNull": [f"${field}", None]} for name, field in fields.items()}
        group = {"_id": grouped, "n": {"$sum": 1}, "total": {"$sum": f"${total}"}}
        match: Document = {"$match": dict(query)}
        entries: list[Document] = [{"$unwind": f"${each}"}, match] if each else []
        rows = self._records.aggregate([match, *entries, {"$group": group}])
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
        conditions = [query, order.after(cursor)] if cursor else [query]
        found = self._records.find({"$and": conditions}).sort(order.fields).limit(limit + 1)
        documents = await found.to_list(None)
        more = len(documents) > limit
        records = [self._kind.record(document) for document in documents[:limit]]
        return Page(records, order.cursor(documents[limit - 1]) if more else None)

    @needs_database
    async def values(self, field: str, query: Mapping[str, Any], limit: int) -> dict[str, Any]:
        """One field of so many records that match, by id."""
        rows = await self._records.find(query, {field: 1}).limit(limit).to_list(None)
        return {row["_id"]: _inside(row, field) for row in rows}

    @needs_database
    async def timeline(
        self, id: str, *, also: Sequence[str] = (), cursor: str | None = None, limit: int = 50
    ) -> Page[RecordedEvent]:
        """Everything that ever happened to a record, in order, announced or not yet; with what happened to others
        `also`.

        Raises NotFound.
        """
        places: dict[str, int] = read_cursor(cursor, (partial(_places, id),))[0] if cursor else {}
        histories = [await self._history(each, places.get(each, 0), limit + 1) for each in (id, *also)]
        events = list(islice(merge(*histories, key=lambda event: event.time), limit + 1))
        shown = events[:limit]
        places |= {event.subject: event.sequence for event in shown}
        place = places if also else places.get(id)
        return Page(shown, make_cursor(place) if len(events) > limit else None)

    async def _history(self, id: str, after: int, limit: int) -> list[RecordedEvent]:
        document = await self._document(id)
        query = {"source": self._kind.source, "subject": id, "sequence": {"$gt": f"{after:010d}"}}
        found = await self._events.find(query).sort("sequence", 1).limit(limit).to_list(None)
        told = {event.sequence: event for event in map(RecordedEvent.model_validate, [*found, *document["outbox"]])}
        return [told[sequence] for sequence in sorted(told) if sequence > after][:limit]

    async def _document(self, id: str, session: Session | None = None) -> Document:
        document = await self._records.find_one({"_id": id}, session=session)
        if document is None:
            raise NotFound("not-found", f"There is no record {id!r} among the {self.name}.")
        return document


def _inside(document: Document, field: str) -> Any:
    value: Any = document
    for name in field.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _places(id: str, value: Any) -> dict[str, int]:
    """How far each record's history was shown; a bare number is that of the record itself."""
    return {each: int(place) for each, place in (value if isinstance(value, dict) else {id: value}).items()}
