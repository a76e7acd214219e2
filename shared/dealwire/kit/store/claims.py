"""Requests that may end in another record than the one they would have created."""

from __future__ import annotations

from pymongo.errors import DuplicateKeyError

from dealwire.kit.cause import Cause
from dealwire.kit.store.database import Database, needs_database
from dealwire.kit.store.documents import same_request


class Claims:
    """Remembers which request an id was derived for, so that its Idempotency-Key cannot be used for another one."""

    def __init__(self, database: Database, name: str) -> None:
        self.database = database
        self._collection = database.collection(name)

    @needs_database
    async def claim(self, id: str, cause: Cause) -> None:
        """Raises Rejected when another request came under the same key. Without a key there is nothing to remember."""
        if cause.key is None:
            return
        try:
            await self._collection.insert_one({"_id": id, "key": cause.key, "fingerprint": cause.fingerprint})
        except DuplicateKeyError:
            claimed = await self._collection.find_one({"_id": id})
            if claimed is not None:
                same_request(claimed, cause)
