"""How often something happened within a while, counted for all replicas together."""

from __future__ import annotations

from datetime import datetime, timedelta

from pymongo import ReturnDocument

from dealwire.kit.store import Database, Index
from dealwire.kit.store.database import needs_database


class Limits:
    """Counts in windows of fixed length; what has been counted is forgotten by the database itself."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._collection = database.collection("limits", (Index({"expires": 1}, expires=True),))

    @needs_database
    async def count(self, what: str, now: datetime, window: timedelta) -> int:
        """Counts once more, and answers how often it was in this window."""
        number = int(now.timestamp() // window.total_seconds())
        counted = await self._collection.find_one_and_update(
            {"_id": f"{what}/{number}"},
            {"$inc": {"times": 1}, "$setOnInsert": {"expires": now + 2 * window}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return int(counted["times"])
