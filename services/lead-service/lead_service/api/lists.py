"""Routes of lists: the leads that somebody works with, filters worth keeping, and both as files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.common import Id, Line, Money, minor_digits
from dealwire.errors import NotFound
from dealwire.event import RecordedEvent
from dealwire.kit.store import Record
from dealwire.kit.web import Body, Caller, PageView, Paging, page_view, record_headers
from lead_service.api.access import Colleague, Reader, visible
from lead_service.api.filters import Filter, LeadFilter
from lead_service.api.tables import FILES, csv_response, xlsx_response
from lead_service.api.views import LeadView, lead_view
from lead_service.domain.lead import Lead
from lead_service.domain.saved_list import SavedList, delete_list, save_list
from lead_service.store import LeadStore

_COLUMNS = (
    *("id", "status", "company", "name", "phone", "email", "title", "channel", "campaign", "cost", "currency"),
    *("industry", "region", "size", "product_line", "uscc", "need", "captured_at", "captures", "grade", "score"),
    *("am_id", "se_id", "assigned_at", "accepted_at", "discarded_because"),
)


class ListBody(Body):
    """A filter that is worth keeping, and its name."""

    name: Line
    filter: LeadFilter


class ListView(BaseModel):
    """A saved list: it belongs to who saved it."""

    id: str
    version: int
    name: str
    filter: LeadFilter


def routes(store: LeadStore, calendar: BusinessCalendar) -> APIRouter:  # noqa: C901  # one function per route
    """Lists of leads, saved lists, and files of them."""
    router = APIRouter(prefix="/v1", tags=["lists"])

    async def wanted(told: LeadFilter, caller: Caller) -> dict[str, object]:
        asked = told.query(caller.id, caller.cause.now, calendar.zone)
        return {"$and": [await visible(store, caller), asked]}

    async def own_list(list_id: str, caller: Caller) -> Record[SavedList]:
        record = await store.lists.get(list_id)
        if record.state.owner != caller.id or record.state.deleted:
            raise NotFound("not-found", f"You have no list {list_id!r}.")
        return record

    @router.get("/leads")
    async def list_leads(
        caller: Reader, told: Filter, paging: Paging, request: Request, response: Response
    ) -> PageView[LeadView]:
        """Leads, newest first unless asked otherwise; an AM or SE sees the own ones, a team lead those of the team."""
        query = await wanted(told, caller)
        page = await store.leads.page(query, cursor=paging.cursor, limit=paging.limit, order=told.order)
        return page_view(page, lead_view, request, response)

    @router.get("/leads/export", response_class=StreamingResponse, responses=FILES)
    async def export_leads(
        caller: Reader,
        told: Filter,
        format: Annotated[Literal["csv", "xlsx"], Query(description="The kind of file.")] = "csv",
    ) -> StreamingResponse:
        """The same leads as a file."""
        rows = _rows(store.leads.scan(await wanted(told, caller), told.order))
        return csv_response("leads", rows) if format == "csv" else await xlsx_response("leads", rows)

    @router.post("/lists", status_code=201)
    async def save_filter(body: ListBody, caller: Colleague, response: Response) -> ListView:
        """Keeps a filter under a name, for oneself."""
        id_ = caller.cause.new_id("list")
        kept = body.filter.model_dump(mode="json", exclude_defaults=True)
        record = await store.lists.create(id_, save_list(id_, caller.id, body.name, kept), caller.cause)
        record_headers(response, record)
        return _view(record)

    @router.get("/lists")
    async def list_lists(caller: Colleague, paging: Paging, request: Request, response: Response) -> PageView[ListView]:
        """One's own saved lists, newest first."""
        query = {"state.owner": caller.id, "state.deleted": False}
        page = await store.lists.page(query, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, _view, request, response)

    @router.delete("/lists/{list_id}")
    async def delete_saved_list(list_id: Id, caller: Colleague, response: Response) -> ListView:
        """Forgets a saved list."""
        record = await store.lists.change(list_id, lambda known: delete_list(known, caller.id), caller.cause)
        record_headers(response, record)
        return _view(record)

    @router.get("/lists/{list_id}/leads")
    async def list_leads_of_list(
        list_id: Id, caller: Colleague, paging: Paging, request: Request, response: Response
    ) -> PageView[LeadView]:
        """The leads of a saved list, as of now."""
        told = LeadFilter.model_validate((await own_list(list_id, caller)).state.filter)
        query = await wanted(told, caller)
        page = await store.leads.page(query, cursor=paging.cursor, limit=paging.limit, order=told.order)
        return page_view(page, lead_view, request, response)

    @router.get("/lists/{list_id}/timeline")
    async def get_list_timeline(
        list_id: Id, caller: Colleague, paging: Paging, request: Request, response: Response
    ) -> PageView[RecordedEvent]:
        """Everything that happened to a saved list."""
        await own_list(list_id, caller)
        page = await store.lists.timeline(list_id, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    return router


def _view(record: Record[SavedList]) -> ListView:
    known = record.state
    return ListView(
        id=record.id, version=record.version, name=known.name, filter=LeadFilter.model_validate(known.filter)
    )


async def _rows(leads: AsyncIterator[Record[Lead]]) -> AsyncIterator[Sequence[object]]:
    yield _COLUMNS
    async for record in leads:
        lead, told = record.state, record.state.capture
        facts = {
            **lead.model_dump(include=set(_COLUMNS)),
            **told.model_dump(include=set(_COLUMNS) - {"cost"}),
            **told.contact.model_dump(),
            "cost": _major(told.cost) if told.cost else None,
            "currency": told.cost.currency if told.cost else None,
        }
        yield [facts.get(column) for column in _COLUMNS]


def _major(cost: Money) -> Decimal:
    return Decimal(cost.minor).scaleb(-minor_digits(cost.currency))
