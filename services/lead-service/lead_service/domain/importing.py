"""An import of leads from a file: received, looked at, run, and undone (L1)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from dealwire.catalogue.sources import (
    Columns,
    ImportOutcome,
    LeadImportFinished,
    LeadImportMapped,
    LeadImportOpened,
    LeadImportReceived,
    LeadImportStarted,
    LeadImportUndone,
    LeadImportUndoStarted,
    LeadImportUploadGivenUp,
    Preset,
)
from dealwire.errors import Conflict, Rejected
from dealwire.event import Decision
from lead_service.domain.columns import NEEDED, REACHED_BY, Mapping, guess


class ImportStatus(StrEnum):
    """Where an import is."""

    OPEN = "open"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


AT_WORK = (ImportStatus.RUNNING, ImportStatus.UNDOING)


class Import(BaseModel):
    """The state of an import. `upload` names the rows as they were received, `rows` counts them; rows of uploads
    `given_up` are gone, or about to be; `kept` are leads that an undo left alone.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    by: str
    preset: Preset
    status: ImportStatus = ImportStatus.OPEN
    upload: str | None = None
    given_up: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: int = 0
    sample: tuple[tuple[str, ...], ...] = ()
    mapping: Mapping = {}
    outcome: ImportOutcome | None = None
    undone_because: str | None = None
    withdrawn: int | None = None
    kept: int | None = None


def open_import(id: str, name: str, preset: Preset, by: str) -> Decision[Import]:
    """An import begins with its name, and with what is true of every row that says nothing else."""
    opened = Import(id=id, name=name, by=by, preset=preset)
    return opened, (LeadImportOpened(import_id=id, name=name, preset=preset),)


def receive(
    known: Import, upload: str, columns: tuple[str, ...], rows: int, sample: tuple[tuple[str, ...], ...]
) -> Decision[Import]:
    """A file's columns are guessed from their names, in Chinese or English, and shown before anything runs (L1).

    Another file takes the place of the one before.
    """
    _must_be(known, "take a file", ImportStatus.OPEN, ImportStatus.READY)
    if upload in known.given_up:
        raise Conflict("upload-given-up", "Receiving this file took too long. Send it again.")
    mapping = guess(columns)
    facts = {"upload": upload, "columns": columns, "rows": rows, "sample": sample, "mapping": mapping}
    if known.upload:
        facts["given_up"] = (*known.given_up, known.upload)
    received = known.model_copy(update={"status": ImportStatus.READY, **facts})
    told = LeadImportReceived(import_id=known.id, columns=columns, rows=rows, mapping=_told(mapping))
    return received, (told,)


def give_up(known: Import, upload: str) -> Decision[Import]:
    """An upload that broke off is given up, so that its rows can be removed; one that the import has stays (L1)."""
    if upload in (known.upload, *known.given_up):
        return known, ()
    given_up = known.model_copy(update={"given_up": (*known.given_up, upload)})
    return given_up, (LeadImportUploadGivenUp(import_id=known.id, upload=upload),)


def remap(known: Import, mapping: Mapping) -> Decision[Import]:
    """Somebody who knows better than the guess says which column is what. Raises Rejected for columns that are not
    there.
    """
    _must_be(known, "be mapped", ImportStatus.READY)
    for field, columns in mapping.items():
        for column in columns:
            if column not in known.columns:
                detail = f"The file has no column {column!r}."
                raise Rejected("no-such-column", detail, pointer=f"/mapping/{field}")
    if mapping == known.mapping:
        return known, ()
    mapped = known.model_copy(update={"mapping": mapping})
    return mapped, (LeadImportMapped(import_id=known.id, mapping=_told(mapping)),)


def start(known: Import) -> Decision[Import]:
    """An import runs once it is known where company, name, a way to reach somebody, and the channel are (L1)."""
    if known.status in (ImportStatus.RUNNING, ImportStatus.DONE):
        return known, ()
    _must_be(known, "run", ImportStatus.READY)
    missing = unmapped(known)
    if missing:
        detail = f"No column is mapped to {', '.join(missing)}."
        raise Conflict("mapping-incomplete", detail)
    return known.model_copy(update={"status": ImportStatus.RUNNING}), (LeadImportStarted(import_id=known.id),)


def unmapped(known: Import) -> tuple[str, ...]:
    """What an import needs and finds in no column, nor in its preset."""
    missing = [field for field in NEEDED if field not in known.mapping]
    if not any(field in known.mapping for field in REACHED_BY):
        missing.append(" or ".join(REACHED_BY))
    if "channel" not in known.mapping and known.preset.channel is None:
        missing.append("channel")
    return tuple(missing)


def finish(known: Import, outcome: ImportOutcome, now: datetime) -> Decision[Import]:
    """An import is done when every row has its result."""
    if known.status is not ImportStatus.RUNNING:
        return known, ()
    done = known.model_copy(update={"status": ImportStatus.DONE, "outcome": outcome})
    return done, (LeadImportFinished(import_id=known.id, outcome=outcome, finished_at=now),)


def undo(known: Import, reason: str) -> Decision[Import]:
    """An import that is done can be undone: leads that nobody touched since are withdrawn, the rest is listed (L1)."""
    if known.status in (ImportStatus.UNDOING, ImportStatus.UNDONE):
        return known, ()
    _must_be(known, "be undone", ImportStatus.DONE)
    undoing = known.model_copy(update={"status": ImportStatus.UNDOING, "undone_because": reason})
    return undoing, (LeadImportUndoStarted(import_id=known.id, reason=reason),)


def finish_undo(known: Import, withdrawn: int, kept: int) -> Decision[Import]:
    """An undo is over when every lead of the import is withdrawn or listed as kept."""
    if known.status is not ImportStatus.UNDOING:
        return known, ()
    undone = known.model_copy(update={"status": ImportStatus.UNDONE, "withdrawn": withdrawn, "kept": kept})
    return undone, (LeadImportUndone(import_id=known.id, withdrawn=withdrawn, kept=kept),)


def _must_be(known: Import, done: str, *statuses: ImportStatus) -> None:
    if known.status not in statuses:
        raise Conflict("import-not-there", f"An import that is {known.status} cannot {done}.")


def _told(mapping: Mapping) -> tuple[Columns, ...]:
    return tuple(Columns(field=field, columns=columns) for field, columns in mapping.items())
