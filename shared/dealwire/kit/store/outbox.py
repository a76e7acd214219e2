"""Events that are committed with their records and not yet confirmed by the broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from pymongo import WriteConcern
from pymongo.errors import BulkWriteError

from dealwire.event import RecordedEvent, utc_now
from dealwire.kit.store.database import Collection, Database, Document, duplicates, needs_database


class Outbox:
    """The relay's view of a record store: what is pending, and moving what was confirmed to the history."""

    def __init__(self, database: Database, records: Collection, events: Collection) -> None:
        self.database = database
        self._records = records
        self._events = events
        self._quick = records.with_options(write_concern=WriteConcern(w=1))

    @needs_database
    async def claim_pending(
        self, before: datetime, lease: timedelta, limit: int
    ) -> list[tuple[str, list[RecordedEvent]]]:
        """Records with events pending since before that moment, the oldest first, under a short lease.

        The lease only saves work: without it two replicas would announce the same events twice.
        """
        now = utc_now()
        free = {"pending_since": {"$lt": before}, "$or": [{"leased_until": None}, {"leased_until": {"$lt": now}}]}
        found = await self._records.find(free, {"_id": 1}).sort("pending_since", 1).limit(limit).to_list(None)
        if not found:
            return []
        lease_id = str(uuid4())
        mine = {"_id": {"$in": [document["_id"] for document in found]}}
        lease_for = {"$set": {"leased_until": now + lease, "leased_by": lease_id}}
        await self._records.update_many({**mine, **free}, lease_for)  # by a majority, which is what is read
        documents = self._records.find({**mine, "leased_by": lease_id}, {"outbox": 1}).sort("pending_since", 1)
        return [
            (document["_id"], [RecordedEvent.model_validate(event) for event in document["outbox"]])
            async for document in documents
        ]

    @needs_database
    async def settle(self, confirmed: Mapping[str, Sequence[RecordedEvent]]) -> None:
        """Moves events that the broker confirmed from their records' outboxes to the history.

        Taking them out waits for no majority: what a primary that falls leaves in an outbox is only announced again.
        """
        history = [{"_id": event.id, **event_document(event)} for events in confirmed.values() for event in events]
        try:
            await self._events.insert_many(history, ordered=False)
        except BulkWriteError as error:
            duplicates(error)  # told by another replica too
        done = [event.id for events in confirmed.values() for event in events]
        await self._quick.update_many({"_id": {"$in": list(confirmed)}}, _without(done))

    @needs_database
    async def pending(self) -> tuple[int, datetime | None]:
        """How many records have events pending, and since when the oldest has."""
        oldest = await self._records.find_one(
            {"pending_since": {"$exists": True}}, {"pending_since": 1}, sort=[("pending_since", 1)]
        )
        if oldest is None:
            return 0, None
        return await self._records.count_documents({"pending_since": {"$exists": True}}), oldest["pending_since"]


def event_document(event: RecordedEvent) -> Document:
    return event.model_dump(mode="json", exclude_none=True)


def _without(announced: Sequence[str]) -> list[Document]:
    """The update that takes these events out of a record's outbox."""
    left = {"$filter": {"input": "$outbox", "cond": {"$not": {"$in": ["$$this.id", announced]}}}}
    since = {"$ifNull": [{"$toDate": {"$first": "$outbox.time"}}, "$$REMOVE"]}
    return [{"$set": {"outbox": left}}, {"$set": {"pending_since": since}}, {"$unset": ["leased_until", "leased_by"]}]
