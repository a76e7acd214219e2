"""Requests that may end in another record than the one they would have created."""

from __future__ import annotations

from collections.abc import Mapping

from pymongo.errors import DuplicateKeyError

from dealwire.kit.cause import Cause
from dealwire.kit.store.database import Database, needs_database
from dealwire.kit.store.documents import same_request


class Claims:
    """Remembers which request an id was derived for, so that its Idempotency-Key cannot be used for another one, and
    where that request, or each part of it, ended, when it was not in the record of the id derived for it.
    """

    def __init__(self, database: Database, name: str) -> None:
        self.database = database
        self._collection = database.collection(name)

    @needs_database
    async def claim(self, id: str, cause: Cause) -> Mapping[str, str]:
        """In which records this request ended before, where that is known, by the ids that were derived for them.

        Raises Rejected when another request came under the same key. Without a key there is nothing to remember.
        """
        if cause.key is None:
            return {}
        try:
            await self._collection.insert_one({"_id": id, "key": cause.key, "fingerprint": cause.fingerprint})
        except DuplicateKeyError:
            claimed = await self._collection.find_one({"_id": id})
            if claimed is not None:
                same_request(claimed, cause)
                ended_in: Mapping[str, str] = claimed.get("ended_in", {})
                return ended_in
        return {}

    @needs_database
    async def ended(self, id: str, cause: Cause, ended_in: Mapping[str, str]) -> None:
        """Notes where a request ended: what led it there may have changed by the time it is repeated."""
        if cause.key is not None and ended_in:
            await self._collection.update_one({"_id": id}, {"$set": {"ended_in": ended_in}})
