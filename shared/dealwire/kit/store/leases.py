"""Who is at work on what, among replicas."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from pymongo.errors import DuplicateKeyError

from dealwire.kit.store.database import Database, needs_database


class Leases:
    """A lease keeps the other replicas off a piece of work, and ends by itself when its holder is gone."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._collection = database.collection("leases")
        self._holder = str(uuid.uuid4())

    @needs_database
    async def take(self, name: str, now: datetime, lasts: timedelta) -> bool:
        """Whether the lease is ours now, for the first time or for longer."""
        free = {"_id": name, "$or": [{"holder": self._holder}, {"until": {"$lt": now}}]}
        ours = {"$set": {"holder": self._holder, "until": now + lasts}}
        try:
            await self._collection.update_one(free, ours, upsert=True)
        except DuplicateKeyError:
            return False
        return True

    @needs_database
    async def give_up(self, name: str) -> None:
        """Somebody else may go on at once."""
        await self._collection.delete_one({"_id": name, "holder": self._holder})
