"""Records that wait for a worker in the background: for the clock, or for who looks at whatever is new."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel

from dealwire.kit.store.database import Database, Index, needs_database
from dealwire.kit.store.documents import Kind, Record
from dealwire.kit.store.reading import ReadableRecords

S = TypeVar("S", bound=BaseModel)


class WatchedRecords(ReadableRecords[S]):
    """All records of one kind, for who waits until there is something to do about one."""

    def __init__(self, database: Database, kind: Kind[S], indexes: Sequence[Index]) -> None:
        due = Index({"next_due": 1, "_id": 1}, where={"next_due": {"$exists": True}})
        unseen = Index({"unseen": 1}, where={"unseen": {"$exists": True}})
        super().__init__(database, kind, (due, *([unseen] if kind.looked_at else []), *indexes))
        self.deadlines = kind.deadlines

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

    @needs_database
    async def unseen(self, limit: int) -> list[Record[S]]:
        """Records that are new or have changed since somebody looked at them."""
        documents = await self._records.find({"unseen": {"$exists": True}}).limit(limit).to_list(None)
        return [self._kind.record(document) for document in documents]

    @needs_database
    async def seen(self, records: Sequence[Record[S]]) -> None:
        """Somebody has looked at these; one that has changed meanwhile stays unseen."""
        by_version: dict[int, list[str]] = {}
        for each in records:
            by_version.setdefault(each.version, []).append(each.id)
        for version, ids in by_version.items():  # most have the same: they are new
            await self._records.update_many({"_id": {"$in": ids}, "unseen": version}, {"$unset": {"unseen": ""}})
