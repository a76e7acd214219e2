"""Small facts a service keeps about itself across restarts."""

from __future__ import annotations

from pymongo import ReturnDocument

from dealwire.kit.store.database import Database, needs_database


class Marks:
    """Marks by name; a mark is the number of times it was set, so that it is cleared only by who saw it set last."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._collection = database.collection("marks")

    @needs_database
    async def set(self, name: str) -> int:
        """Sets a mark and answers it."""
        document = await self._collection.find_one_and_update(
            {"_id": name},
            {"$set": {"set": True}, "$inc": {"count": 1}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return int(document["count"])

    @needs_database
    async def get(self, name: str) -> int:
        """The mark; 0 when it is not set."""
        document = await self._collection.find_one({"_id": name, "set": True})
        return int(document["count"]) if document else 0

    @needs_database
    async def clear(self, name: str, mark: int) -> None:
        """Clears a mark, unless it was set again since."""
        await self._collection.update_one({"_id": name, "count": mark}, {"$set": {"set": False}})
