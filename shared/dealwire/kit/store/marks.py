"""Small facts a service keeps about itself across restarts."""

from __future__ import annotations

from dealwire.kit.store.database import Database, needs_database


class Marks:
    """Flags by name, each with a count of how often it was set."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("marks")

    @needs_database
    async def set(self, name: str) -> None:
        await self._collection.update_one({"_id": name}, {"$set": {"set": True}, "$inc": {"count": 1}}, upsert=True)

    @needs_database
    async def clear(self, name: str) -> None:
        await self._collection.update_one({"_id": name}, {"$set": {"set": False}})

    @needs_database
    async def is_set(self, name: str) -> bool:
        return await self._collection.find_one({"_id": name, "set": True}) is not None

    @needs_database
    async def count(self, name: str) -> int:
        document = await self._collection.find_one({"_id": name})
        return int(document["count"]) if document else 0
