"""Deals and their quotes: read by whom they concern, worked on by their AM and SE; few hand them over."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from dealwire.catalogue.common import Id, Role, Stage
from dealwire.errors import Forbidden
from dealwire.event import RecordedEvent
from dealwire.kit.store import Record
from dealwire.kit.web import Caller, PageView, Paging, allow, page_view, record_headers
from pipeline_service.api.accounts import Assigner
from pipeline_service.api.views import (
    AssignAmBody,
    AssignBody,
    CiteBody,
    LoseBody,
    MoveBody,
    OpenBody,
    OpportunityView,
    QuoteBody,
)
from pipeline_service.domain.opportunity import Opportunity
from pipeline_service.handlers import Handlers
from pipeline_service.store import PipelineStore

_READ_ALL = (Role.SO, Role.TEAM_LEAD, Role.MANAGEMENT, Role.FINANCE, Role.LEGAL)
_READ_SCOPE = "opportunities:read"

Reader = Annotated[Caller, allow(*_READ_ALL, Role.AM, Role.SE, scope=_READ_SCOPE)]
AccountManager = Annotated[Caller, allow(Role.AM)]
Worker = Annotated[Caller, allow(Role.AM, Role.SO)]
Confirmer = Annotated[Caller, allow(Role.AM, Role.SE)]


def routes(handlers: Handlers, store: PipelineStore) -> APIRouter:  # noqa: C901  # one function per route
    """The routes of deals."""
    router = APIRouter(prefix="/v1/opportunities", tags=["opportunities"])

    @router.post("", status_code=201)
    async def open_opportunity(body: OpenBody, caller: AccountManager, response: Response) -> OpportunityView:
        """Opens a deal for a customer of the caller's own."""
        record = await handlers.open_opportunity(
            body.account_id, body.title, body.product, body.se_id, caller.id, caller.cause
        )
        return _answer(response, record)

    @router.get("")
    async def list_opportunities(
        caller: Reader,
        paging: Paging,
        request: Request,
        response: Response,
        stage: Annotated[Stage | None, Query(description="Only deals there.")] = None,
        am_id: Annotated[Id | None, Query(description="Only deals of this account manager.")] = None,
        account_id: Annotated[Id | None, Query(description="Only deals with this customer.")] = None,
        note_id: Annotated[Id | None, Query(description="Only deals that cite this market note.")] = None,
    ) -> PageView[OpportunityView]:
        """Deals, newest first; an AM or SE sees the own ones."""
        wanted = {"state.stage": stage, "state.am_id": am_id, "state.account_id": account_id, "state.notes": note_id}
        query = {**_own(caller), **{field: value for field, value in wanted.items() if value is not None}}
        page = await store.opportunities.page(query, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, OpportunityView.of, request, response)

    @router.get("/{opportunity_id}")
    async def get_opportunity(opportunity_id: Id, caller: Reader, response: Response) -> OpportunityView:
        """One deal, with its quotes."""
        return _answer(response, await _readable(opportunity_id, caller))

    @router.get("/{opportunity_id}/timeline")
    async def get_timeline(
        opportunity_id: Id, caller: Reader, paging: Paging, request: Request, response: Response
    ) -> PageView[RecordedEvent]:
        """Everything that ever happened to a deal: who, when, and why."""
        await _readable(opportunity_id, caller)
        page = await store.opportunities.timeline(opportunity_id, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    @router.post("/{opportunity_id}/move")
    async def move_opportunity(
        opportunity_id: Id, body: MoveBody, caller: AccountManager, response: Response
    ) -> OpportunityView:
        """Moves the deal one stage forward, or back."""
        return _answer(response, await handlers.move_opportunity(opportunity_id, body.stage, caller.id, caller.cause))

    @router.post("/{opportunity_id}/lose")
    async def lose_opportunity(
        opportunity_id: Id, body: LoseBody, caller: AccountManager, response: Response
    ) -> OpportunityView:
        """Gives the deal up, with a reason."""
        return _answer(response, await handlers.lose_opportunity(opportunity_id, body.reason, caller.id, caller.cause))

    @router.post("/{opportunity_id}/se")
    async def assign_se(
        opportunity_id: Id, body: AssignBody, caller: AccountManager, response: Response
    ) -> OpportunityView:
        """Takes an SE into the deal."""
        return _answer(response, await handlers.assign_se(opportunity_id, body.se_id, caller.id, caller.cause))

    @router.post("/{opportunity_id}/assign")
    async def assign_am(
        opportunity_id: Id, body: AssignAmBody, caller: Assigner, response: Response
    ) -> OpportunityView:
        """Hands the deal over to another account manager, who confirms anew what is not sent yet.

        A contract that was drafted from it goes to them too, unless it is signed: then it stays with who signed it.
        """
        return _answer(response, await handlers.assign_am(opportunity_id, body.am_id, caller.cause))

    @router.post("/{opportunity_id}/notes")
    async def cite_note(opportunity_id: Id, body: CiteBody, caller: Worker, response: Response) -> OpportunityView:
        """Says that a market note matters for a deal; `GET /v1/opportunities?note_id=` lists the deals of a note."""
        by = None if Role.SO in caller.roles else caller.id
        return _answer(response, await handlers.cite_note(opportunity_id, body.note_id, by, caller.cause))

    @router.post("/{opportunity_id}/quotes", status_code=201)
    async def draft_quote(
        opportunity_id: Id, body: QuoteBody, caller: AccountManager, response: Response
    ) -> OpportunityView:
        """Writes a quote: the last one of the deal, superseding one that was not accepted yet."""
        return _answer(response, await handlers.draft_quote(opportunity_id, body.lines, caller.id, caller.cause))

    @router.post("/{opportunity_id}/quotes/{quote_id}/confirm")
    async def confirm_quote(opportunity_id: Id, quote_id: Id, caller: Confirmer, response: Response) -> OpportunityView:
        """Stands for a quote, as the AM or the SE of the deal."""
        return _answer(response, await handlers.confirm_quote(opportunity_id, quote_id, caller.id, caller.cause))

    @router.post("/{opportunity_id}/quotes/{quote_id}/send")
    async def send_quote(
        opportunity_id: Id, quote_id: Id, caller: AccountManager, response: Response
    ) -> OpportunityView:
        """Sends a quote that both AM and SE confirmed."""
        return _answer(response, await handlers.send_quote(opportunity_id, quote_id, caller.id, caller.cause))

    @router.post("/{opportunity_id}/quotes/{quote_id}/accept")
    async def accept_quote(
        opportunity_id: Id, quote_id: Id, caller: AccountManager, response: Response
    ) -> OpportunityView:
        """Records that the customer accepted a quote; the deal is in contract then."""
        return _answer(response, await handlers.accept_quote(opportunity_id, quote_id, caller.id, caller.cause))

    async def _readable(opportunity_id: str, caller: Caller) -> Record[Opportunity]:
        record = await store.opportunities.get(opportunity_id)
        if _own(caller) and caller.id not in (record.state.am_id, record.state.se_id):
            raise Forbidden("not-your-deal", "The deal belongs to somebody else.")
        return record

    return router


def _own(caller: Caller) -> dict[str, object]:
    """What a caller who may not read everything is limited to."""
    if caller.roles & set(_READ_ALL) or _READ_SCOPE in caller.scopes:
        return {}
    return {"$or": [{"state.am_id": caller.id}, {"state.se_id": caller.id}]}


def _answer(response: Response, record: Record[Opportunity]) -> OpportunityView:
    record_headers(response, record)
    return OpportunityView.of(record)
