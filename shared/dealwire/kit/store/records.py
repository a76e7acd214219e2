"""The record store: a record is one document, and one conditional write commits all that a change means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel
from pymongo import ReturnDocument
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

from dealwire.calendar import Deadline
from dealwire.errors import Conflict, NotFound, StaleVersion, Unavailable
from dealwire.event import Decision, RecordedEvent
from dealwire.kit.cause import Cause
from dealwire.kit.store.database import Database, Document, Index, Session, duplicates, is_conflict, needs_database
from dealwire.kit.store.documents import Kind, Record, is_repeat, same_request
from dealwire.kit.store.inserts import Inserts
from dealwire.kit.store.outbox import Outbox
from dealwire.kit.store.turns import Turns, step_aside
from dealwire.kit.store.worklists import WatchedRecords

S = TypeVar("S", bound=BaseModel)

_ATTEMPTS = 20


class Taken(Conflict):
    """Another record holds a value that only one may have; `fields` names the unique index."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        super().__init__("taken", f"Another record already has this {', '.join(fields)}.")
        self.fields = fields


class _Overtaken(Exception):
    """Somebody else changed the record in the meantime."""


class Announcer(Protocol):
    """Whoever brings committed events to the broker: the relay."""

    def watch(self, store: RecordStore[Any]) -> None: ...

    def offer(self, store: RecordStore[Any], id: str, events: list[RecordedEvent]) -> None: ...


def _no_deadlines(_: object) -> list[Deadline]:
    return []


class RecordStore(WatchedRecords[S]):
    """All records of one kind, `name` being the collection and part of the events' `source`."""

    def __init__(
        self,
        database: Database,
        relay: Announcer,
        service: str,
        name: str,
        state: type[S],
        *,
        deadlines: Callable[[S], list[Deadline]] = _no_deadlines,
        indexes: Sequence[Index] = (),
        remembers: int = 100,
        looked_at: bool = False,
    ) -> None:
        pending = Index({"pending_since": 1}, where={"pending_since": {"$exists": True}})
        kind = Kind(name, f"/{service}/{name}", state, deadlines, remembers, looked_at)
        super().__init__(database, kind, (pending, *indexes))
        self.outbox = Outbox(database, self._records, self._events)
        self._inserts = Inserts(database, self._records)
        self._turns = Turns()
        self._relay = relay
        relay.watch(self)

    @needs_database
    async def create(self, id: str, decision: Decision[S], cause: Cause) -> Record[S]:
        """Writes a new record. One that is there already under this id is answered as it is, `replayed`.

        Raises Rejected when it was created by another request under the same Idempotency-Key, Taken when a unique
        index holds.
        """
        document, events = self._kind.new(id, decision, cause)
        held_by = await self._inserts.insert(document)
        if held_by is not None:
            if held_by != ("_id",):
                raise Taken(held_by)
            return self._made_by(cause, await self._document(id))
        self._relay.offer(self, id, events)
        return self._kind.record(document, decision[0])

    @needs_database
    async def made_before(self, id: str, cause: Cause) -> Record[S] | None:
        """The record of this id, `replayed`, if it is there: for who decides by what may be otherwise when a request is
        repeated.

        Raises Rejected when it was created by another request under the same Idempotency-Key.
        """
        there = await self._records.find_one({"_id": id}) if cause.key is not None else None
        return self._made_by(cause, there) if there else None

    @needs_database
    async def create_many(self, new: Iterable[tuple[str, Decision[S]]], cause: Cause) -> dict[str, tuple[str, ...]]:
        """Writes many new records at once; answers which were not written, each with the fields of the index that
        holds.

        Those of `_id` were there already; another unique index means that another record has what only one may have.
        """
        made = [(new_id, *self._kind.new(new_id, decision, cause)) for new_id, decision in new]
        held: dict[int, tuple[str, ...]] = {}
        if made:
            try:
                await self._records.insert_many([document for _, document, _ in made], ordered=False)
            except BulkWriteError as error:
                held = dict(duplicates(error))
        for index, (new_id, _, events) in enumerate(made):
            if index not in held:
                self._relay.offer(self, new_id, events)
        return {made[index][0]: fields for index, fields in held.items()}

    @needs_database
    async def change(self, id: str, decide: Callable[[S], Decision[S]], cause: Cause) -> Record[S]:
        """Loads a record, lets `decide` say what becomes of it, and saves; again from the start if somebody was faster.

        Raises NotFound, StaleVersion (If-Match), Rejected (the key belongs to another request), Taken when a unique
        index holds, whatever `decide` raises, and Unavailable when the record is too contended.
        """
        async with self._turns.of(id):
            for attempt in range(_ATTEMPTS):
                document = await self._document(id)
                record, decided = await self._decided(document, decide, cause)
                if decided is None:
                    if record.replayed or await self._remember(document, cause):
                        return record
                    await step_aside(attempt)
                    continue
                saved = await self._save(document, decided, cause)
                if saved is not None:
                    changed, events = saved
                    self._relay.offer(self, id, events)
                    return changed
                await step_aside(attempt)
        raise Unavailable("contended", "Too many changes of this record at once. Try again in a moment.")

    async def put(self, id: str, decide: Callable[[S | None], Decision[S]], cause: Cause) -> Record[S]:
        """Changes a record, or creates the one that is not there yet. Raises as `change` does."""
        try:
            return await self.change(id, decide, cause)
        except NotFound:
            if cause.expects_record:
                raise StaleVersion("no-such-version", "There is no such record yet; leave If-Match out.") from None
        created = await self.create(id, decide(None), cause)
        return await self.change(id, decide, cause) if created.replayed else created

    @needs_database
    async def change_together(
        self, changes: Mapping[str, Callable[[S], Decision[S]]], cause: Cause, *, seen: str | None = None
    ) -> list[Record[S]]:
        """Changes several records, all or none, in one transaction: for what `change` cannot do (a merge).

        They are decided and written in order. The version that the caller saw (If-Match) is that of the record `seen`,
        of the first where none is named. Raises as `change` does; a conflict with another writer starts the whole over.
        """
        seen = seen or next(iter(changes))
        causes = [cause if each == seen else replace(cause, expected_version=None) for each in changes]
        async with AsyncExitStack() as turns:
            for each in sorted(changes):
                await turns.enter_async_context(self._turns.of(each))
            for attempt in range(_ATTEMPTS):
                try:
                    async with self.database.transaction() as session:
                        saved = [
                            await self._change_in(session, each, decide, its_cause)
                            for (each, decide), its_cause in zip(changes.items(), causes, strict=True)
                        ]
                except (_Overtaken, PyMongoError) as error:
                    if isinstance(error, PyMongoError) and not is_conflict(error):
                        raise
                    await step_aside(attempt)
                    continue
                for record, events in saved:
                    if events:
                        self._relay.offer(self, record.id, events)
                return [record for record, _ in saved]
        raise Unavailable("contended", "Too many changes of these records at once. Try again in a moment.")

    def _made_by(self, cause: Cause, document: Document) -> Record[S]:
        same_request(document["origin"], cause)
        return replace(self._kind.record(document), replayed=True)

    async def _decided(
        self, document: Document, decide: Callable[[S], Decision[S]], cause: Cause
    ) -> tuple[Record[S], Decision[S] | None]:
        """The record as it is, and what becomes of it; None when nothing does."""
        record = self._kind.record(document)
        if is_repeat(document, cause) or await self._forgot(document, cause):
            return replace(record, replayed=True), None
        return record, self._kind.decided(record, decide, cause)

    async def _forgot(self, document: Document, cause: Cause) -> bool:
        """Whether an event changed the record so long ago that only its history still knows: catching up brings such."""
        if not self._kind.may_have_forgotten(document, cause):
            return False
        if any(event.get("causationid") == cause.key for event in document["outbox"]):
            return True
        caused = {"source": self._kind.source, "subject": document["_id"], "causationid": cause.key}
        return await self._events.find_one(caused, {"_id": 1}) is not None

    async def _change_in(
        self, session: Session, id: str, decide: Callable[[S], Decision[S]], cause: Cause
    ) -> tuple[Record[S], list[RecordedEvent]]:
        document = await self._document(id, session)
        record, decided = await self._decided(document, decide, cause)
        if decided is None:
            return record, []
        saved = await self._save(document, decided, cause, session)
        if saved is None:
            raise _Overtaken
        return saved

    async def _remember(self, document: Document, cause: Cause) -> bool:
        """Keeps the key of a request that changed nothing, so that its repeat changes nothing either, whatever came
        since.

        False when somebody was faster. An event has no such need: it is compared with what is known of its sender.
        """
        if cause.key is None or cause.fingerprint is None:
            return True
        known = {"$push": self._kind.handled(cause)}
        result = await self._records.update_one({"_id": document["_id"], "version": document["version"]}, known)
        return result.matched_count == 1

    async def _save(
        self, document: Document, decision: Decision[S], cause: Cause, session: Session | None = None
    ) -> tuple[Record[S], list[RecordedEvent]] | None:
        """The one conditional write: the record as saved and all its pending events; None when somebody was faster."""
        record_id, version = document["_id"], document["version"]
        update, events = self._kind.update(document, decision, cause)
        try:
            saved = await self._records.find_one_and_update(
                {"_id": record_id, "version": version},
                update,
                {"outbox": 1},
                return_document=ReturnDocument.AFTER,
                session=session,
            )
        except DuplicateKeyError as error:
            raise _taken(error) from error
        if saved is None:
            return None
        # What an earlier change left pending goes out before this one, whichever replica made it.
        unsent = [RecordedEvent.model_validate(event) for event in saved["outbox"][: -len(events)]]
        record = Record(record_id, version + len(events), decision[0], document["created_at"], cause.now, changed=True)
        return record, [*unsent, *events]


def _taken(error: DuplicateKeyError) -> Taken:
    return Taken(tuple((error.details or {}).get("keyPattern", {"_id": 1})))
