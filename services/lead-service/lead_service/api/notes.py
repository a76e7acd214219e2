"""Routes of market notes (L22)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, StringConstraints

from dealwire.catalogue.common import Id, Line, Text
from dealwire.catalogue.market import NoteKind
from dealwire.event import RecordedEvent
from dealwire.kit.store import Record
from dealwire.kit.web import Body, PageView, Paging, page_view, record_headers
from lead_service.api.access import Colleague, Worker, working
from lead_service.api.filters import begins
from lead_service.api.views import LeadView, answer
from lead_service.domain.note import Note, NoteText
from lead_service.handlers import Notes
from lead_service.store import LeadStore


class NoteBody(Body):
    """What is known of an industry, a competitor or a policy; `about` is which one, `source` where it was learned."""

    kind: NoteKind
    title: Line
    text: Annotated[Text, StringConstraints(min_length=1)]
    about: Line | None = None
    source: Line | None = None


class NoteView(BaseModel):
    """A note."""

    id: str
    version: int
    by: str
    kind: NoteKind
    title: str
    text: str
    about: str | None
    source: str | None


class CiteBody(Body):
    """Which note matters."""

    note_id: Id


def routes(notes: Notes, store: LeadStore) -> APIRouter:
    """Notes, and the leads they matter for."""
    router = APIRouter(prefix="/v1", tags=["notes"])
    records = store.sources.notes

    @router.post("/notes", status_code=201)
    async def write_note(body: NoteBody, caller: Colleague, response: Response) -> NoteView:
        """Writes down what somebody learned of the market."""
        return _answer(response, await notes.write(NoteText.model_validate(body.model_dump()), caller.cause))

    @router.get("/notes")
    async def list_notes(
        _: Colleague,
        paging: Paging,
        request: Request,
        response: Response,
        kind: Annotated[NoteKind | None, Query(description="Only notes of this kind.")] = None,
        q: Annotated[str, Query(max_length=200, description="Words of title, text, or what it is about.")] = "",
    ) -> PageView[NoteView]:
        """Notes, newest first."""
        of_kind: list[dict[str, Any]] = [{"state.kind": kind}] if kind else []
        query = {"$and": [{}, *of_kind, *begins(q)]}
        page = await records.page(query, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, _view, request, response)

    @router.get("/notes/{note_id}")
    async def get_note(note_id: Id, _: Colleague, response: Response) -> NoteView:
        """One note."""
        return _answer(response, await records.get(note_id))

    @router.put("/notes/{note_id}")
    async def revise_note(note_id: Id, body: NoteBody, caller: Colleague, response: Response) -> NoteView:
        """Lets a note say something else."""
        told = NoteText.model_validate(body.model_dump())
        return _answer(response, await notes.revise(note_id, told, working(caller), caller.cause))

    @router.get("/notes/{note_id}/timeline")
    async def get_note_timeline(
        note_id: Id, _: Colleague, paging: Paging, request: Request, response: Response
    ) -> PageView[RecordedEvent]:
        """Everything that happened to a note."""
        page = await records.timeline(note_id, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    @router.post("/leads/{lead_id}/notes")
    async def cite_note(lead_id: Id, body: CiteBody, caller: Worker, response: Response) -> LeadView:
        """Says that a note matters for a lead; `GET /v1/leads?note_id=` lists the leads of a note."""
        return answer(response, await notes.cite(lead_id, body.note_id, working(caller), caller.cause))

    return router


def _answer(response: Response, record: Record[Note]) -> NoteView:
    record_headers(response, record)
    return _view(record)


def _view(record: Record[Note]) -> NoteView:
    return NoteView(version=record.version, **record.state.model_dump(exclude={"terms"}))
