"""Requests that may end in another record than the one they would have created."""

from __future__ import annotations

from pymongo.errors import DuplicateKeyError

from dealwire.kit.cause import Cause
from dealwire.kit.store.database import Database, needs_database
from dealwire.kit.store.documents import same_request


class Claims:
    """Remembers which request an id was derived for, so that its Idempotency-Key cannot be used for another one, and
    where that request ended, when it was not in the record of that id.
    """

    def __init__(self, database: Database, name: str) -> None:
        self.database = database
        self._collection = database.collection(name)

    @needs_database
    async def claim(self, id: str, cause: Cause) -> str | None:
        """The record in which this request ended before, where that is known.

        Raises Rejected when another request came under the same key. Without a key there is nothing to remember.
        """
        if cause.key is None:
            return None
        try:
            await self._collection.insert_one({"_id": id, "key": cause.key, "fingerprint": cause.fingerprint})
        except DuplicateKeyError:
            claimed = await self._collection.find_one({"_id": id})
            if claimed is not None:
                same_request(claimed, cause)
                return claimed.get("ended_in")
        return None

    @needs_database
    async def ended(self, id: str, cause: Cause, record_id: str) -> None:
        """Notes where a request ended: what led it there may have changed by the time it is repeated."""
        if cause.key is not None:
            await self._collection.update_one({"_id": id}, {"$set": {"ended_in": record_id}})
