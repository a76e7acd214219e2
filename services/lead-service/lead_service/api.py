"""The HTTP side of lead-service: routes, and what goes in and out of them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dealwire.catalogue.common import Channel, Contact, Grade, Id, Line, Money, Role, Text
from dealwire.catalogue.lead import Bant, ScoreReason
from dealwire.errors import Forbidden
from dealwire.event import Event
from dealwire.kit.store import Record
from dealwire.kit.web.auth import Caller, allow
from dealwire.kit.web.pages import PageView, Paging, page_view
from dealwire.kit.web.records import record_headers
from lead_service.domain.lead import Capture, Lead, Status
from lead_service.handlers import Handlers
from lead_service.store import LeadStore

_READ_ALL = (Role.SO, Role.TEAM_LEAD, Role.MANAGEMENT)

Capturer = Annotated[Caller, allow(Role.SO, Role.AM, Role.TEAM_LEAD, scope="leads:capture")]
Reader = Annotated[Caller, allow(*_READ_ALL, Role.AM, Role.SE, scope="leads:read")]
SalesOps = Annotated[Caller, allow(Role.SO)]
AccountManager = Annotated[Caller, allow(Role.AM)]

LeadId = Id
Answer = Annotated[int, Field(ge=0, le=100, strict=True, description="0: nothing known, 100: confirmed.")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ContactBody(_Body):
    """At least one of phone and e-mail."""

    name: Line
    phone: Annotated[str, StringConstraints(max_length=40)] | None = None
    email: Annotated[str, StringConstraints(max_length=254)] | None = None
    title: Line | None = None


class CostBody(Money):
    """What the capture cost."""

    model_config = ConfigDict(extra="forbid")


class CaptureBody(_Body):
    """What a channel told about a stranger."""

    company: Line
    contact: ContactBody
    channel: Channel
    campaign: Line | None = None
    cost: CostBody | None = None
    industry: Line | None = None
    region: Line | None = None
    need: Text | None = None


class QualifyBody(_Body):
    """BANT: budget, authority, need and timeline."""

    budget: Answer
    authority: Answer
    need: Answer
    timeline: Answer


class AssignBody(_Body):
    """Who gets the lead; left out, the routing finds somebody."""

    am_id: Id | None = None


class DiscardBody(_Body):
    """Why the lead is invalid."""

    reason: Annotated[Text, StringConstraints(min_length=1)]


class CaptureView(BaseModel):
    """Which lead a capture ended in, and no more: whoever may capture need not be allowed to read."""

    id: str
    version: int
    status: Status
    captures: Annotated[int, Field(ge=1, description="How often this person came in; 1: for the first time.")]


class LeadView(BaseModel):
    """A lead as callers see it."""

    id: str
    version: int
    status: Status
    company: str
    contact: Contact
    channel: Channel
    campaign: str | None
    cost: Money | None
    industry: str | None
    region: str | None
    need: str | None
    captured_at: datetime
    captures: int
    bant: Bant | None
    model: str | None
    score: int | None
    grade: Grade | None
    reasons: tuple[ScoreReason, ...]
    am_id: str | None
    se_id: str | None
    assigned_at: datetime | None
    accept_by: datetime | None
    accepted_at: datetime | None
    attempt: int
    discarded_because: str | None


class RoutingView(BaseModel):
    """Who would get a lead, and why; nulls when there is nobody."""

    am_id: str | None
    se_id: str | None
    because: tuple[str, ...]


def routes(handlers: Handlers, store: LeadStore) -> APIRouter:  # noqa: C901  # one function per route
    """All routes of lead-service."""
    router = APIRouter(prefix="/v1", tags=["leads"])

    @router.post("/leads", status_code=201)
    async def capture_lead(body: CaptureBody, caller: Capturer, response: Response) -> CaptureView:
        """Captures a lead. A person who is already known is not captured again, but linked to the lead there is."""
        record = await handlers.capture_lead(Capture.model_validate(body.model_dump()), caller.cause)
        record_headers(response, record)
        lead = record.state
        return CaptureView(id=lead.id, version=record.version, status=lead.status, captures=lead.captures)

    @router.get("/leads")
    async def list_leads(
        caller: Reader,
        paging: Paging,
        request: Request,
        response: Response,
        status: Annotated[Status | None, Query(description="Only leads there.")] = None,
        am_id: Annotated[Id | None, Query(description="Only leads of this account manager.")] = None,
    ) -> PageView[LeadView]:
        """Leads, newest first; an AM or SE sees the own ones."""
        wanted = {"state.status": status, "state.am_id": am_id}
        query = {**_own(caller), **{field: value for field, value in wanted.items() if value is not None}}
        page = await store.leads.page(query, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, _view, request, response)

    @router.get("/leads/{lead_id}")
    async def get_lead(lead_id: LeadId, caller: Reader, response: Response) -> LeadView:
        """One lead."""
        return _answer(response, await _readable(lead_id, caller))

    @router.get("/leads/{lead_id}/timeline")
    async def get_timeline(
        lead_id: LeadId, caller: Reader, paging: Paging, request: Request, response: Response
    ) -> PageView[Event]:
        """Everything that ever happened to a lead: who, when, and why."""
        await _readable(lead_id, caller)
        page = await store.leads.timeline(lead_id, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    @router.get("/leads/{lead_id}/routing")
    async def try_routing(lead_id: LeadId, _: SalesOps) -> RoutingView:
        """Says who would get a lead if it were assigned now. Nothing is changed."""
        to = await handlers.who_would_get(lead_id)
        return RoutingView(**asdict(to)) if to else RoutingView(am_id=None, se_id=None, because=())

    @router.post("/leads/{lead_id}/qualify")
    async def qualify_lead(lead_id: LeadId, body: QualifyBody, caller: SalesOps, response: Response) -> LeadView:
        """Scores and grades a lead; an A lead is assigned at once."""
        bant = Bant.model_validate(body.model_dump())
        return _answer(response, await handlers.qualify_lead(lead_id, bant, caller.cause))

    @router.post("/leads/{lead_id}/assign")
    async def assign_lead(lead_id: LeadId, body: AssignBody, caller: SalesOps, response: Response) -> LeadView:
        """Gives a qualified lead to an account manager."""
        return _answer(response, await handlers.assign_lead(lead_id, body.am_id, caller.cause))

    @router.post("/leads/{lead_id}/accept")
    async def accept_lead(lead_id: LeadId, caller: AccountManager, response: Response) -> LeadView:
        """The account manager takes the lead on."""
        return _answer(response, await handlers.accept_lead(lead_id, caller.id, caller.cause))

    @router.post("/leads/{lead_id}/discard")
    async def discard_lead(lead_id: LeadId, body: DiscardBody, caller: SalesOps, response: Response) -> LeadView:
        """Discards an invalid lead."""
        return _answer(response, await handlers.discard_lead(lead_id, body.reason, caller.cause))

    @router.post("/leads/{lead_id}/convert")
    async def convert_lead(lead_id: LeadId, caller: AccountManager, response: Response) -> LeadView:
        """Hands the lead over to pipeline-service, which opens the account and the opportunity."""
        return _answer(response, await handlers.convert_lead(lead_id, caller.id, caller.cause))

    async def _readable(lead_id: str, caller: Caller) -> Record[Lead]:
        record = await store.leads.get(lead_id)
        if _own(caller) and caller.id not in (record.state.am_id, record.state.se_id):
            raise Forbidden("not-your-lead", "The lead belongs to somebody else.")
        return record

    return router


def _own(caller: Caller) -> dict[str, object]:
    """What a caller who may not read everything is limited to."""
    if caller.roles & set(_READ_ALL) or "leads:read" in caller.scopes:
        return {}
    return {"$or": [{"state.am_id": caller.id}, {"state.se_id": caller.id}]}


def _answer(response: Response, record: Record[Lead]) -> LeadView:
    record_headers(response, record)
    return _view(record)


def _view(record: Record[Lead]) -> LeadView:
    lead = record.state
    return LeadView.model_validate({"version": record.version, **lead.capture.model_dump(), **lead.model_dump()})
