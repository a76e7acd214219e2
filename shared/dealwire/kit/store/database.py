"""The connection to a service's own MongoDB database."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from bson.codec_options import CodecOptions, TypeRegistry
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession, AsyncIOMotorCollection
from pymongo import IndexModel, WriteConcern
from pymongo.errors import BulkWriteError, ConnectionFailure, CursorNotFound, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.topology_description import TopologyDescription

from dealwire.errors import Unavailable

Document = dict[str, Any]
Collection = AsyncIOMotorCollection[Document]
Session = AsyncIOMotorClientSession

_DUPLICATE_KEY = 11000
_START_SECONDS = 3.0
_HEARTBEAT_MS = 5000
_SELECTION_MS = 1500  # a planned change of the primary takes less
_LOOK_SECONDS = 0.1
_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Index:
    """An index of a collection: fields with 1 or -1, e.g. `Index({"state.phone": 1}, unique=True)`."""

    keys: Mapping[str, int]
    unique: bool = False
    where: Mapping[str, Any] | None = field(default=None)
    expires: bool = False
    """Documents go by themselves when the time in this field has come."""

    def model(self) -> IndexModel:
        partial = {"partialFilterExpression": dict(self.where)} if self.where else {}
        expiry = {"expireAfterSeconds": 0} if self.expires else {}
        return IndexModel(list(self.keys.items()), unique=self.unique, **partial, **expiry)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot be stored")


class _Stored(Protocol):
    """Whatever keeps something in a database."""

    @property
    def database(self) -> Database: ...


_S = TypeVar("_S", bound=_Stored)


def needs_database(
    method: Callable[Concatenate[_S, _P], Awaitable[_T]],
) -> Callable[Concatenate[_S, _P], Coroutine[Any, Any, _T]]:
    """Turns "the database is away" into the error tree's Unavailable, whoever calls."""

    @functools.wraps(method)
    async def wrapped(self: _S, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        await self.database.until_there()
        try:
            return await method(self, *args, **kwargs)
        except (ConnectionFailure, CursorNotFound) as error:  # a cursor is not found when its server started again
            raise _away() from error
        except PyMongoError as error:
            if error.timeout or is_transient(error):
                raise Unavailable("database-busy", "The database asks to try again in a moment.") from error
            raise

    return wrapped


def _away() -> Unavailable:
    return Unavailable("database-away", "The database cannot be reached. Try again in a moment.")


def is_transient(error: PyMongoError) -> bool:
    """A primary that steps down, or a transaction that has to start over."""
    return error.has_error_label("RetryableWriteError") or error.has_error_label("TransientTransactionError")


def is_conflict(error: PyMongoError) -> bool:
    """A transaction that met another writer; one that lost its connection is told apart."""
    return error.has_error_label("TransientTransactionError") and not isinstance(error, ConnectionFailure)


def duplicates(error: BulkWriteError) -> list[tuple[int, tuple[str, ...]]]:
    """Which of many documents were not inserted because of a unique index, each with the fields of that index.

    Raises Unavailable when the others are not known to be safe, and the error itself when anything else was wrong.
    """
    if error.details["writeConcernErrors"]:
        raise Unavailable("database-busy", "The database asks to try again in a moment.") from error
    faults = error.details["writeErrors"]
    if any(fault["code"] != _DUPLICATE_KEY for fault in faults):
        raise error
    return [(fault["index"], tuple(fault["keyPattern"])) for fault in faults]


class Database:
    """One MongoDB database, opened lazily: a service starts and answers `/livez` while MongoDB is still away.

    Writes are acknowledged by a majority and journalled, so that what was answered is never lost. While no server takes
    writes, everybody waits here, for `patience` seconds since it went away (long enough for another member of a replica
    set to take over); from then on everybody is told at once. To wait in the driver would take a thread of its few for
    each, and what came next would stand in line behind them.
    """

    def __init__(self, url: str, name: str, *, patience: float = 12.0) -> None:
        self._client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            url,
            tz_aware=True,
            retryWrites=True,
            serverSelectionTimeoutMS=min(_SELECTION_MS, int(patience * 250)),
            connectTimeoutMS=int(patience * 250),
            socketTimeoutMS=int(patience * 2000),
            heartbeatFrequencyMS=_HEARTBEAT_MS,
            appname=name,
        )
        self._database = self._client.get_database(
            name,
            codec_options=CodecOptions(tz_aware=True, type_registry=TypeRegistry(fallback_encoder=_plain)),
            write_concern=WriteConcern(w="majority", j=True),
            read_concern=ReadConcern("majority"),
        )
        self._indexes: dict[str, list[Index]] = {}
        self._patience = patience
        self._known: TopologyDescription | None = None
        self._writable = False
        self._away_since: float | None = None
        self._search: asyncio.Task[None] | None = None

    @property
    def database(self) -> Database:
        """Itself: what it does needs it too."""
        return self

    async def until_there(self) -> None:
        """Returns while a server takes writes. Raises Unavailable when none has for `patience` seconds."""
        if self._is_there():
            self._away_since = None
            return
        now = asyncio.get_running_loop().time
        if self._away_since is None:
            self._away_since = now()
        while True:
            if self._search is None or self._search.done():
                self._search = asyncio.create_task(self._look(), name="database.search")
            if now() >= self._away_since + self._patience:
                raise _away()
            await asyncio.wait([self._search], timeout=_LOOK_SECONDS)
            if self._is_there():
                self._away_since = None
                return

    def _is_there(self) -> bool:
        topology: TopologyDescription = self._client.delegate.topology_description
        if topology is not self._known:  # what is known of the servers is a new object whenever it changes
            self._known, self._writable = topology, topology.has_writable_server()
        return self._writable

    async def _look(self) -> None:
        """Looking for a server is what makes the driver look: the first time, and more often than every few seconds."""
        with suppress(PyMongoError):
            await self._client.admin.command("ping")

    def collection(self, name: str, indexes: Sequence[Index] = ()) -> Collection:
        """A collection; its indexes are there before the service is ready."""
        known = self._indexes.setdefault(name, [])
        known.extend(index for index in indexes if index not in known)  # stores of one service share a collection
        return self._database.get_collection(name)

    @needs_database
    async def ensure_indexes(self) -> None:
        """Creates what is missing, once in the life of the process; what is there stays."""
        while self._indexes:
            name, indexes = next(iter(self._indexes.items()))
            if indexes:
                await self._database.get_collection(name).create_indexes([index.model() for index in indexes])
            self._indexes.pop(name, None)

    async def read(self, found: AsyncIterator[_T]) -> AsyncIterator[_T]:
        """What a cursor finds, a few at a time; raises Unavailable as everything does."""
        while True:
            try:
                document = await self._next(found)
            except StopAsyncIteration:
                return
            yield document

    @needs_database
    async def _next(self, found: AsyncIterator[_T]) -> _T:
        return await anext(found)

    @needs_database
    async def ping(self) -> None:
        """Raises Unavailable when MongoDB does not answer."""
        await self._database.command("ping")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """Several records that must change together, or not at all."""
        async with (
            await self._client.start_session() as session,
            session.start_transaction(ReadConcern("snapshot"), self._database.write_concern),
        ):
            yield session

    async def start(self) -> None:
        """Creates indexes when MongoDB answers soon; else that is done before the service is ready."""
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(_START_SECONDS):
                await self.ensure_indexes()

    async def stop(self) -> None:
        if self._search:
            self._search.cancel()
            await asyncio.gather(self._search, return_exceptions=True)
        await asyncio.to_thread(self._client.close)  # says goodbye to the server, and waits for it
