"""Other services' records, as far as their events told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from pymongo.errors import DuplicateKeyError

from dealwire.event import EventData
from dealwire.kit.cause import Cause
from dealwire.kit.store.database import Database, Index, needs_database

E = TypeVar("E", bound=EventData)


class Replica(Generic[E]):
    """Keeps the newest state-carrying event of each of another service's records; queries name fields as `data.name`."""

    def __init__(
        self, database: Database, name: str, event: type[E], *, id: Callable[[E], str], indexes: Sequence[Index] = ()
    ) -> None:
        self.database = database
        self._collection = database.collection(name, indexes)
        self._event = event
        self._id = id

    @needs_database
    async def apply(self, data: E, cause: Cause) -> None:
        """Takes over what an event says, unless a newer one of the same record was there first."""
        newer = {"$set": {"sequence": cause.sequence, "data": data.model_dump()}}
        older = {"_id": self._id(data), "sequence": {"$lt": cause.sequence}}
        try:
            await self._collection.update_one(older, newer, upsert=True)
        except DuplicateKeyError:  # it is there, with something newer, or with something older since a moment ago
            await self._collection.update_one(older, newer)

    @needs_database
    async def get(self, id: str) -> E | None:
        document = await self._collection.find_one({"_id": id})
        return self._event.model_validate(document["data"]) if document else None

    @needs_database
    async def find(self, query: Mapping[str, Any]) -> list[E]:
        """All that match, ordered by id."""
        documents = await self._collection.find(query).sort("_id", 1).to_list(None)
        return [self._event.model_validate(document["data"]) for document in documents]
