"""Routes by which files of leads come in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, StringConstraints

from dealwire.catalogue.common import Channel, Id, Line, Text
from dealwire.catalogue.sources import Preset
from dealwire.event import RecordedEvent
from dealwire.kit.settings import MIB
from dealwire.kit.store import Record
from dealwire.kit.web import Body, PageView, Paging, body_limit, page_view, record_headers
from lead_service.api.access import Importer
from lead_service.api.tables import FILES, csv_response
from lead_service.api.views import CostBody
from lead_service.domain.importing import Import, ImportStatus, unmapped
from lead_service.handlers import Imports
from lead_service.store import LeadStore
from lead_service.store.import_rows import Chunk, Result

CaptureField = Literal[
    "company",
    "name",
    "phone",
    "email",
    "title",
    "channel",
    "campaign",
    "cost",
    "currency",
    "industry",
    "region",
    "size",
    "product_line",
    "uscc",
    "need",
]
Column = Annotated[str, StringConstraints(min_length=1, max_length=4001)]
_FILE = {"schema": {"type": "string", "format": "binary"}}
_FILES = {
    "requestBody": {
        "required": True,
        "description": "CSV (UTF-8 or GB18030), XLSX (the first sheet) or NDJSON; which one is seen from its content.",
        "content": {
            "text/csv": _FILE,
            "application/x-ndjson": _FILE,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _FILE,
            "application/octet-stream": _FILE,
        },
    }
}


class OpenImportBody(Body):
    """What the file is called, and what holds for every row that says nothing else."""

    name: Line
    channel: Channel | None = None
    campaign: Line | None = None
    cost: Annotated[CostBody | None, Field(description="What one lead cost.")] = None


class MappingBody(Body):
    """Of each field the columns it is looked for in: the first that says something counts."""

    mapping: dict[CaptureField, Annotated[tuple[Column, ...], Field(min_length=1, max_length=10)]]


class UndoBody(Body):
    """Why an import is undone."""

    reason: Annotated[Text, StringConstraints(min_length=1)]


class ImportView(BaseModel):
    """An import: `sample` are its first rows; of `rows` so many were captured, linked or refused, and so many wait."""

    id: str
    version: int
    name: str
    by: str
    status: ImportStatus
    preset: Preset
    columns: tuple[str, ...]
    mapping: dict[str, tuple[str, ...]]
    unmapped: Annotated[tuple[str, ...], Field(description="Needed fields that no column is mapped to.")]
    sample: tuple[tuple[str, ...], ...]
    rows: int
    captured: int
    linked: int
    errors: int
    waiting: int
    undone_because: str | None
    withdrawn: int | None
    kept: int | None


def routes(imports: Imports, store: LeadStore) -> APIRouter:  # noqa: C901  # one function per route
    """Imports."""
    router = APIRouter(prefix="/v1", tags=["imports"])

    async def answer(response: Response, record: Record[Import]) -> ImportView:
        record_headers(response, record)
        return await view(record)

    async def view(record: Record[Import]) -> ImportView:
        known, progress = record.state, await imports.progress(record.state)
        return ImportView(
            version=record.version,
            unmapped=unmapped(known),
            captured=progress.captured,
            linked=progress.linked,
            errors=progress.errors,
            waiting=progress.waiting,
            **known.model_dump(exclude={"upload", "outcome"}),
        )

    @router.post("/imports", status_code=201)
    async def open_import(body: OpenImportBody, caller: Importer, response: Response) -> ImportView:
        """Begins an import; its file comes next."""
        preset = Preset.model_validate(body.model_dump(exclude={"name"}))
        return await answer(response, await imports.open(body.name, preset, caller.cause))

    @router.put("/imports/{import_id}/file", openapi_extra=body_limit(64 * MIB, streamed=True) | _FILES)
    async def receive_file(import_id: Id, request: Request, caller: Importer, response: Response) -> ImportView:
        """Takes the file, and answers which column it takes for what. Nothing runs yet."""
        return await answer(response, await imports.receive(import_id, request.stream(), caller.cause))

    @router.put("/imports/{import_id}/mapping")
    async def map_columns(import_id: Id, body: MappingBody, caller: Importer, response: Response) -> ImportView:
        """Says which column is what, instead of the guess."""
        return await answer(
            response,
            await imports.remap(
                import_id, {str(field): columns for field, columns in body.mapping.items()}, caller.cause
            ),
        )

    @router.post("/imports/{import_id}/start")
    async def start_import(import_id: Id, caller: Importer, response: Response) -> ImportView:
        """Lets the import run, in the background."""
        return await answer(response, await imports.start(import_id, caller.cause))

    @router.post("/imports/{import_id}/undo")
    async def undo_import(import_id: Id, body: UndoBody, caller: Importer, response: Response) -> ImportView:
        """Withdraws the leads that nobody has worked on since, in the background; the others are listed in the rows."""
        return await answer(response, await imports.undo(import_id, body.reason, caller.cause))

    @router.get("/imports")
    async def list_imports(_: Importer, paging: Paging, request: Request, response: Response) -> PageView[ImportView]:
        """Imports, newest first."""
        page = await store.imports.page({}, cursor=paging.cursor, limit=paging.limit)
        views = {record.id: await view(record) for record in page.items}
        return page_view(page, lambda record: views[record.id], request, response)

    @router.get("/imports/{import_id}")
    async def get_import(import_id: Id, _: Importer, response: Response) -> ImportView:
        """One import, and how far it is."""
        return await answer(response, await store.imports.get(import_id))

    @router.get("/imports/{import_id}/timeline")
    async def get_import_timeline(
        import_id: Id, _: Importer, paging: Paging, request: Request, response: Response
    ) -> PageView[RecordedEvent]:
        """Everything that happened to an import."""
        page = await store.imports.timeline(import_id, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    @router.get("/imports/{import_id}/rows", response_class=StreamingResponse, responses=FILES)
    async def download_rows(
        import_id: Id,
        _: Importer,
        only: Annotated[
            Literal["captured", "linked", "error", "withdrawn", "kept"] | None,
            Query(description="Only rows that came to that."),
        ] = None,
    ) -> StreamingResponse:
        """What became of each row, with the row itself, as CSV: to be put right and brought in again."""
        known = (await store.imports.get(import_id)).state
        chunks = store.import_rows.chunks(known.upload or "")
        return csv_response(f"import-{import_id}", _lines(known, chunks, only))

    return router


async def _lines(known: Import, chunks: AsyncIterator[Chunk], only: str | None) -> AsyncIterator[Sequence[object]]:
    yield ["row", "status", "lead_id", "error", "field", *known.columns]
    async for chunk in chunks:
        for place, cells in enumerate(chunk.rows):
            result = _last(chunk, place)
            if only in (None, result.status) and any(cells):
                yield [chunk.first + place, result.status, result.lead_id, result.error, result.pointer, *cells]


def _last(chunk: Chunk, place: int) -> Result:
    results = chunk.undone or chunk.outcomes
    return results[place] if results else Result("waiting")
