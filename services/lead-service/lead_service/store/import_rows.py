"""The rows of imports as they came in, and what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dealwire.kit.store import Database, Index
from dealwire.kit.store.database import Document, needs_database

OUTCOMES, UNDONE = "outcomes", "undone"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a row, or what its undoing came to; `error` says why not, `pointer` the field at fault."""

    status: str
    lead_id: str | None = None
    error: str | None = None
    pointer: str | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file; `first` is the number of the first, as a spreadsheet counts (the header is row 1)."""

    id: str
    first: int
    rows: list[list[str]]
    outcomes: list[Result] = field(default_factory=list)
    undone: list[Result] = field(default_factory=list)


class ImportRows:
    """A document holds a chunk of rows with their results: whoever goes on after a crash sees which have none yet.

    A chunk is loose until the import has its upload: what stays loose is left of an upload that broke off.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._collection = database.collection(
            "import_rows",
            (Index({"upload": 1, "first": 1}), Index({"loose_since": 1}, where={"loose_since": {"$exists": True}})),
        )

    @needs_database
    async def put(self, import_id: str, upload: str, first: int, rows: list[list[str]], now: datetime) -> None:
        """Keeps rows that were received."""
        chunk: Document = {"_id": f"{upload}/{first}", "import": import_id, "upload": upload, "first": first}
        await self._collection.insert_one({**chunk, "rows": rows, "loose_since": now})

    @needs_database
    async def fasten(self, upload: str) -> None:
        """The import has these rows now."""
        await self._collection.update_many({"upload": upload}, {"$unset": {"loose_since": ""}})

    @needs_database
    async def loose(self, before: datetime) -> list[str]:
        """Uploads that the import did not have yet when it was `before`, and of which nothing came in since then."""
        old: list[str] = await self._collection.distinct("upload", {"loose_since": {"$lt": before}})
        newer = {"upload": {"$in": old}, "loose_since": {"$gte": before}}
        alive = set(await self._collection.distinct("upload", newer)) if old else set()
        return [upload for upload in old if upload not in alive]

    @needs_database
    async def import_of(self, upload: str) -> str | None:
        """Which import an upload is for, as long as rows of it are kept."""
        found = await self._collection.find_one({"upload": upload}, {"import": 1})
        return found["import"] if found else None

    @needs_database
    async def drop(self, upload: str) -> None:
        """Forgets rows that were received."""
        await self._collection.delete_many({"upload": upload})

    @needs_database
    async def next_without(self, upload: str, results: str) -> Chunk | None:
        """The first chunk that lacks these results (`OUTCOMES`, `UNDONE`)."""
        found = await self._collection.find_one({"upload": upload, results: None}, sort=[("first", 1)])
        return _chunk(found) if found else None

    @needs_database
    async def settle(self, chunk: Chunk, results: str, each: Sequence[Result]) -> None:
        """Keeps the results of a chunk's rows."""
        told = [[result.status, result.lead_id, result.error, result.pointer] for result in each]
        counts = Counter(result.status for result in each)
        await self._collection.update_one({"_id": chunk.id}, {"$set": {results: told, f"{results}_counts": counts}})

    @needs_database
    async def counts(self, upload: str, results: str) -> Counter[str]:
        """How many rows came to what, so far."""
        total: Counter[str] = Counter()
        found = self._collection.find({"upload": upload, results: {"$ne": None}}, {f"{results}_counts": 1})
        async for document in found:
            total.update(document[f"{results}_counts"])
        return total

    async def chunks(self, upload: str) -> AsyncIterator[Chunk]:
        """All rows, in order."""
        async for document in self.database.read(self._collection.find({"upload": upload}).sort("first", 1)):
            yield _chunk(document)


def _chunk(document: Document) -> Chunk:
    def results(name: str) -> list[Result]:
        told: list[list[Any]] = document.get(name) or []
        return [Result(*each) for each in told]

    return Chunk(document["_id"], document["first"], document["rows"], results(OUTCOMES), results(UNDONE))
