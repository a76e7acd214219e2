"""Routes of public web forms (L1)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from dealwire.catalogue.common import Channel, Contact, Id, Line, Text
from dealwire.catalogue.sources import Preset
from dealwire.event import RecordedEvent
from dealwire.kit.store import Record
from dealwire.kit.web import Body, PageView, Paging, cause_of, cross_origin, page_view, record_headers
from dealwire.kit.web.problems import MEDIA_TYPE
from lead_service.api.access import SalesOps
from lead_service.api.views import CostBody
from lead_service.domain.lead import Capture
from lead_service.domain.web_form import Form
from lead_service.handlers import Forms
from lead_service.store import LeadStore

Key = Annotated[str, Path(min_length=1, max_length=100, description="The key of the form.")]
Origin = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^/\s]{1,200}$", max_length=210),
    AfterValidator(lambda origin: origin.lower()),
]
_PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",  # no cookie or token is ever sent here
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
    "Access-Control-Max-Age": "86400",
}
_TOO_MANY: dict[int | str, dict[str, Any]] = {
    429: {
        "description": "Too Many Requests",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}


class OpenFormBody(Body):
    """What the form is called, what holds for all its leads, and the sites it may stand on (none: any)."""

    name: Line
    channel: Channel = Channel.WEB_FORM
    campaign: Line | None = None
    cost: CostBody | None = None
    origins: Annotated[tuple[Origin, ...], Field(max_length=20)] = ()


class FormView(BaseModel):
    """A form; its key is in the first answer only."""

    id: str
    version: int
    name: str
    preset: Preset
    origins: tuple[str, ...]
    revoked: bool
    key: Annotated[str | None, Field(description="To be kept in the page; nobody can look it up again.")] = None


class LeftBody(Body):
    """What somebody left in a form. `website` is a field that people do not see: what is in it came from a robot."""

    company: Line
    name: Line
    phone: Annotated[str, StringConstraints(max_length=40)] | None = None
    email: Annotated[str, StringConstraints(max_length=254)] | None = None
    title: Line | None = None
    industry: Line | None = None
    region: Line | None = None
    size: Annotated[int, Field(ge=1, le=10_000_000, strict=True)] | None = None
    product_line: Line | None = None
    need: Text | None = None
    website: Annotated[str, StringConstraints(max_length=1000)] | None = None


class ReceivedView(BaseModel):
    """All there is to know, whoever it was."""

    received: Literal[True] = True


def routes(forms: Forms, store: LeadStore) -> APIRouter:
    """Forms, and the one route that needs no token."""
    router = APIRouter(prefix="/v1", tags=["forms"])
    records = store.sources.forms

    @router.post("/forms", status_code=201)
    async def open_form(body: OpenFormBody, caller: SalesOps, response: Response) -> FormView:
        """Makes a form, and answers its key."""
        preset = Preset(channel=body.channel, campaign=body.campaign, cost=body.cost)
        record, key = await forms.open(body.name, preset, body.origins, caller.cause)
        record_headers(response, record)
        return _view(record, key)

    @router.get("/forms")
    async def list_forms(_: SalesOps, paging: Paging, request: Request, response: Response) -> PageView[FormView]:
        """Forms, newest first."""
        page = await records.page({}, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, _view, request, response)

    @router.get("/forms/{form_id}/timeline")
    async def get_form_timeline(
        form_id: Id, _: SalesOps, paging: Paging, request: Request, response: Response
    ) -> PageView[RecordedEvent]:
        """Everything that happened to a form."""
        page = await records.timeline(form_id, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    @router.post("/forms/{form_id}/revoke")
    async def revoke_form(form_id: Id, caller: SalesOps, response: Response) -> FormView:
        """Closes a form: its key holds no longer."""
        record = await forms.revoke(form_id, caller.cause)
        record_headers(response, record)
        return _view(record)

    @router.options("/public/forms/{key}", include_in_schema=False)
    async def ask_first(key: Key) -> Response:  # noqa: ARG001  # part of the path
        """What browsers ask before they send a form of another site."""
        return Response(status_code=204, headers=_PREFLIGHT)

    @router.post("/public/forms/{key}", status_code=202, responses=_TOO_MANY, openapi_extra=cross_origin())
    async def take_in(key: Key, body: LeftBody, request: Request) -> ReceivedView:
        """Takes in what somebody left in a form. Needs no token; the answer is the same, whoever it was."""
        form = await forms.form(key)
        await forms.take_in(
            form,
            _told(form, body),
            origin=request.headers.get("origin"),
            address=request.client.host if request.client else "",
            trapped=bool(body.website),
            cause=await cause_of(request, f"form:{form.id}"),
        )
        return ReceivedView()

    return router


def _told(form: Form, body: LeftBody) -> Capture:
    facts = body.model_dump(exclude={"name", "phone", "email", "title", "website"})
    contact = Contact(name=body.name, phone=body.phone, email=body.email, title=body.title)
    channel = form.preset.channel or Channel.WEB_FORM
    return Capture(**facts, contact=contact, channel=channel, campaign=form.preset.campaign, cost=form.preset.cost)


def _view(record: Record[Form], key: str | None = None) -> FormView:
    return FormView(version=record.version, key=key, **record.state.model_dump(exclude={"key_hash"}))
