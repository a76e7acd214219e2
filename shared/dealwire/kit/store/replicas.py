"""Other services' records, as far as their events told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from pymongo.errors import DuplicateKeyError

from dealwire.kit.cause import Cause
from dealwire.kit.store.database import Database, Index, needs_database

E = TypeVar("E", bound=BaseModel)


class Replica(Generic[E]):
    """Keeps what the newest event of each of another service's records told, as the event itself or what is made of it.

    Queries name fields as `data.name`.
    """

    def __init__(
        self, database: Database, name: str, kept: type[E], *, id: Callable[[E], str], indexes: Sequence[Index] = ()
    ) -> None:
        self.database = database
        self._collection = database.collection(name, indexes)
        self._kept = kept
        self._id = id

    @needs_database
    async def apply(self, data: E, cause: Cause) -> None:
        """Takes over what the event that is the cause says, unless a newer one of the same record was there first."""
        newer = {"$set": {"sequence": cause.sequence, "data": data.model_dump()}}
        older = {"_id": self._id(data), "sequence": {"$lt": cause.sequence}}
        try:
            await self._collection.update_one(older, newer, upsert=True)
        except DuplicateKeyError:  # it is there, with something newer, or with something older since a moment ago
            await self._collection.update_one(older, newer)

    @needs_database
    async def get(self, id: str) -> E | None:
        document = await self._collection.find_one({"_id": id})
        return self._kept.model_validate(document["data"]) if document else None

    @needs_database
    async def find(self, query: Mapping[str, Any], limit: int = 0) -> list[E]:
        """All that match, or so many of them, ordered by id."""
        documents = await self._collection.find(query).sort("_id", 1).limit(limit).to_list(None)
        return [self._kept.model_validate(document["data"]) for document in documents]
