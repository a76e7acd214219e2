"""Use cases of imports, and the work of running and undoing them in the background."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import IO
from uuid import uuid4

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.sources import ImportOutcome, Preset
from dealwire.errors import Rejected, StaleVersion
from dealwire.event import derived_id, utc_now
from dealwire.kit.cause import Cause, clock_of
from dealwire.kit.store import Record
from dealwire.kit.trace import new_traceparent
from lead_service.domain import importing, intake
from lead_service.domain.columns import Mapping, read_row
from lead_service.domain.importing import AT_WORK, Import, ImportStatus
from lead_service.domain.lead import Capture
from lead_service.domain.policy import Policy
from lead_service.handlers.bulk import Bulk, Outcome, Row
from lead_service.handlers.sheets import chunked, open_table
from lead_service.store import SERVICE, LeadStore
from lead_service.store.import_rows import OUTCOMES, UNDONE, Chunk, Result

CHUNK = 500
_SAMPLE = 5
_BLANK = Result("blank")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is, in rows."""

    captured: int
    linked: int
    errors: int
    waiting: int


class Imports:
    """Everything that is done with imports."""

    def __init__(self, store: LeadStore, bulk: Bulk, calendar: BusinessCalendar, policy: Policy) -> None:
        self._store = store
        self._imports = store.imports
        self._rows = store.import_rows
        self._bulk = bulk
        self._calendar = calendar
        self._policy = policy

    async def open(self, name: str, preset: Preset, cause: Cause) -> Record[Import]:
        """An import begins."""
        id_ = cause.new_id("import")
        return await self._imports.create(id_, importing.open_import(id_, name, preset, cause.actor), cause)

    async def receive(self, import_id: str, body: AsyncIterator[bytes], cause: Cause) -> Record[Import]:
        """Takes a file in, looks through all of it, and keeps its rows; another file takes the place of the one before."""
        await self._imports.get(import_id)
        upload = str(uuid4())
        try:
            with tempfile.TemporaryFile() as file:
                async for part in body:
                    file.write(part)
                columns, rows, sample = await self._keep(import_id, upload, file)
            record = await self._imports.change(
                import_id, lambda known: importing.receive(known, upload, columns, rows, sample), cause
            )
        except BaseException:
            await asyncio.shield(self._rows.drop(upload))
            raise
        if record.state.upload != upload:  # a repeat of the request that brought the file that is there
            await self._rows.drop(upload)
        else:
            await self._tidy_up(record.state)
        return record

    async def broken_off(self) -> list[str]:
        """Uploads that somebody began, and was not at work on for so long that nobody will end them."""
        return await self._rows.loose(utc_now() - timedelta(minutes=self._policy.broken_off_minutes))

    async def clear_away(self, upload: str) -> AsyncGenerator[None, None]:
        """Removes the rows of an upload that broke off; had the import got it after all, its rows stay (L1)."""
        import_id = await self._rows.import_of(upload)
        if import_id is None:
            return
        cause = Cause.of_clock(SERVICE, utc_now())
        record = await self._imports.change(import_id, lambda known: importing.give_up(known, upload), cause)
        await self._tidy_up(record.state)
        yield

    async def _tidy_up(self, known: Import) -> None:
        """Whatever ends before its time here is done again by who looks for what broke off: what is fastened comes
        last.
        """
        for upload in known.given_up:
            await self._rows.drop(upload)
        if known.upload:
            await self._rows.fasten(known.upload)

    async def _keep(
        self, import_id: str, upload: str, file: IO[bytes]
    ) -> tuple[tuple[str, ...], int, tuple[tuple[str, ...], ...]]:
        table = await asyncio.to_thread(open_table, file)
        chunks = chunked(table.rows, CHUNK)
        count, sample = 0, list[list[str]]()
        while chunk := await asyncio.to_thread(next, chunks, None):
            sample = sample or chunk[:_SAMPLE]
            await self._rows.put(import_id, upload, count + 2, chunk, utc_now())
            count += len(chunk)
            if count > self._policy.import_rows:
                raise Rejected("too-many-rows", f"An import takes at most {self._policy.import_rows} rows.")
        if not count:
            raise Rejected("empty-file", "The file has no rows below its header.")
        return tuple(table.columns), count, tuple(map(tuple, sample))

    async def remap(self, import_id: str, mapping: Mapping, cause: Cause) -> Record[Import]:
        """Somebody says which column is what."""
        return await self._imports.change(import_id, lambda known: importing.remap(known, mapping), cause)

    async def start(self, import_id: str, cause: Cause) -> Record[Import]:
        """Lets an import run."""
        return await self._imports.change(import_id, importing.start, cause)

    async def undo(self, import_id: str, reason: str, cause: Cause) -> Record[Import]:
        """Lets an import be undone."""
        return await self._imports.change(import_id, lambda known: importing.undo(known, reason), cause)

    async def progress(self, known: Import) -> Progress:
        """How far an import is."""
        if known.outcome or known.upload is None:
            told = known.outcome or ImportOutcome(captured=0, linked=0, errors=0)
            return Progress(told.captured, told.linked, told.errors, 0 if known.outcome else known.rows)
        counts = await self._rows.counts(known.upload, OUTCOMES)
        return Progress(counts["captured"], counts["linked"], counts["error"], known.rows - counts.total())

    async def at_work(self) -> list[str]:
        """Imports that run or are being undone."""
        page = await self._imports.page({"state.status": {"$in": list(AT_WORK)}})
        return [record.id for record in page.items]

    async def work(self, import_id: str) -> AsyncGenerator[None, None]:
        """Goes on with an import, a chunk of rows at a time; nothing of it matters twice."""
        known = (await self._imports.get(import_id)).state
        upload = known.upload or ""
        work, results = (self._run, OUTCOMES) if known.status is ImportStatus.RUNNING else (self._undo, UNDONE)
        while known.status in AT_WORK and (chunk := await self._rows.next_without(upload, results)):
            await self._rows.settle(chunk, results, await work(known, chunk))
            yield
        counts = await self._rows.counts(upload, results)
        cause = _cause(known)
        if known.status is ImportStatus.RUNNING:
            outcome = ImportOutcome(captured=counts["captured"], linked=counts["linked"], errors=counts["error"])
            await self._imports.change(known.id, lambda now: importing.finish(now, outcome, cause.now), cause)
        elif known.status is ImportStatus.UNDOING:
            withdrawn, kept = counts["withdrawn"], counts["kept"]
            await self._imports.change(known.id, lambda now: importing.finish_undo(now, withdrawn, kept), cause)

    async def _run(self, known: Import, chunk: Chunk) -> list[Result]:
        rows = await asyncio.to_thread(_read, known, chunk)
        outcomes = iter(await self._bulk.capture(rows, _cause(known, known.id)))
        return [_result(next(outcomes)) if any(cells) else _BLANK for cells in chunk.rows]

    async def _undo(self, known: Import, chunk: Chunk) -> list[Result]:
        return await asyncio.gather(*(self._withdraw(known, outcome) for outcome in chunk.outcomes))

    async def _withdraw(self, known: Import, outcome: Result) -> Result:
        """A lead is untouched when all that ever happened to it came from this import, or from time going by."""
        if outcome.status != "captured" or outcome.lead_id is None:
            why = "The row was linked to a lead." if outcome.status == "linked" else None
            return Result("kept" if why else outcome.status, outcome.lead_id, why)
        events = (await self._store.leads.timeline(outcome.lead_id, limit=200)).items
        cause = _cause(known, f"undo {outcome.lead_id}")
        reason = known.undone_because or ""
        if all(event.correlationid == known.id or event.actor == clock_of(SERVICE) for event in events):
            untouched = replace(cause, expected_version=events[-1].sequence)
            try:
                await self._store.leads.change(
                    outcome.lead_id, lambda lead: intake.withdraw(lead, reason, self._calendar), untouched
                )
            except StaleVersion:
                pass  # somebody did just now
            else:
                return Result("withdrawn", outcome.lead_id)
        return Result("kept", outcome.lead_id, "Somebody has worked on the lead since.")


def _cause(known: Import, key: str | None = None) -> Cause:
    """The import as the reason of a change: whoever started it did all that follows."""
    return Cause(
        actor=known.by,
        now=utc_now(),
        correlation_id=known.id,
        causation_id=known.id,
        traceparent=new_traceparent(),
        key=key,
    )


def _read(known: Import, chunk: Chunk) -> list[Row]:
    def told(cells: Sequence[str]) -> Capture | Rejected:
        try:
            return read_row(cells, known.columns, known.mapping, known.preset)
        except Rejected as no:
            return no

    return [
        Row(derived_id("row", known.id, number), told(cells))
        for number, cells in enumerate(chunk.rows, chunk.first)
        if any(cells)
    ]


def _result(outcome: Outcome) -> Result:
    if outcome.error:
        return Result(outcome.status, None, outcome.error.detail, outcome.error.pointer)
    return Result(outcome.status, outcome.lead_id)
