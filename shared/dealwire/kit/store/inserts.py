"""Inserting documents for many callers at once: what one trip to the database costs, they share."""

from __future__ import annotations

import asyncio

import bson
from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError

from dealwire.kit.store.database import Collection, Database, Document, duplicates, needs_database

_QUIET_TURNS = 3  # of the event loop, which a request that has arrived needs to get here
_MOST = 500

_Waiting = tuple[RawBSONDocument, asyncio.Future[tuple[str, ...] | None]]


class Inserts:
    """Inserts documents one by one as callers bring them; those that come while an insert is under way go together
    next.

    So a caller alone waits for nobody, and under load a trip to the database serves all that came during the last one,
    and all that have arrived by now: a trip costs far more than a few turns of the event loop.
    """

    def __init__(self, database: Database, collection: Collection) -> None:
        self.database = database
        self._collection = collection
        self._waiting: list[_Waiting] = []
        self._work: asyncio.Task[None] | None = None

    async def insert(self, document: Document) -> tuple[str, ...] | None:
        """None when the document is in, else the fields of the unique index that does not admit it."""
        # Encoded here, so that one that cannot be is the fault of its own caller only.
        encoded = RawBSONDocument(bson.encode(document, codec_options=self._collection.codec_options))
        outcome: asyncio.Future[tuple[str, ...] | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((encoded, outcome))
        if self._work is None:
            self._work = asyncio.create_task(self._insert_all(), name=f"inserts.{self._collection.name}")
        return await outcome

    async def _insert_all(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                await self._insert_batch(batch)
        finally:
            self._work = None

    async def _gather(self) -> None:
        """Returns when some turns of the event loop have brought nobody more."""
        gathered = quiet = 0
        while quiet < _QUIET_TURNS and gathered < _MOST:
            quiet = quiet + 1 if len(self._waiting) == gathered else 0
            gathered = len(self._waiting)
            await asyncio.sleep(0)

    async def _insert_batch(self, batch: list[_Waiting]) -> None:
        held: dict[int, tuple[str, ...]] = {}
        failure: Exception | None = None
        try:
            held = await self._insert_many([document for document, _ in batch])
        except Exception as error:  # noqa: BLE001  # whatever it is, each of the callers has to know
            failure = error
        for index, (_, outcome) in enumerate(batch):
            if outcome.done():  # nobody waits for it any more
                continue
            if failure:
                outcome.set_exception(failure)
            else:
                outcome.set_result(held.get(index))

    @needs_database
    async def _insert_many(self, documents: list[RawBSONDocument]) -> dict[int, tuple[str, ...]]:
        try:
            await self._collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            return dict(duplicates(error))
        return {}
