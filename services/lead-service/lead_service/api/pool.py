"""Routes of the pool: what there is to be had, bids, and why somebody got it (L11)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from dealwire.catalogue.common import Grade, Id, Role
from dealwire.catalogue.lead import RankedBid
from dealwire.errors import NotFound
from dealwire.kit.store import Record
from dealwire.kit.web.auth import Caller, allow
from dealwire.kit.web.pages import PageView, Paging, page_view
from dealwire.kit.web.records import record_headers
from lead_service.api.access import AccountManager
from lead_service.domain.grab import running
from lead_service.domain.lead import Lead, Status
from lead_service.handlers import Pool
from lead_service.store import LeadStore

_SEE_EVERY_BID = frozenset({Role.SO, Role.TEAM_LEAD, Role.MANAGEMENT})

Looker = Annotated[Caller, allow(Role.AM, *_SEE_EVERY_BID, scope="leads:read")]
Bidder = Annotated[Caller, allow(Role.AM, *_SEE_EVERY_BID)]


class PoolView(BaseModel):
    """A lead that can be bid for; how to reach the person is for the winner."""

    id: str
    version: int
    company: str
    industry: str | None
    region: str | None
    size: int | None
    product_line: str | None
    need: str | None
    grade: Grade | None
    score: int | None
    captured_at: datetime
    bids: Annotated[int, Field(description="How many have bid so far.")]
    my_bid_at: datetime | None
    closes_at: Annotated[datetime | None, Field(description="Until when one may bid; null before the first bid.")]


class GrabView(BaseModel):
    """A grab. Until it is decided a bidder sees the own bid only; then everybody who bid sees all of them, and why."""

    lead_id: str
    version: int
    opened_at: datetime | None
    closes_at: datetime | None
    decided_at: datetime | None
    am_id: Annotated[str | None, Field(description="Who won.")]
    my_bid_at: datetime | None
    bids: Annotated[int, Field(description="How many bid.")]
    ranking: Annotated[tuple[RankedBid, ...], Field(description="Every bid, the best first, once it is decided.")]


def routes(pool: Pool, store: LeadStore) -> APIRouter:
    """All that is done with leads in the pool."""
    router = APIRouter(prefix="/v1", tags=["pool"])

    @router.get("/pool")
    async def list_pool(caller: Looker, paging: Paging, request: Request, response: Response) -> PageView[PoolView]:
        """Leads in the pool, newest first."""
        page = await store.leads.page({"state.status": Status.POOL}, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda record: _in_pool(record, caller.id), request, response)

    @router.post("/leads/{lead_id}/bid")
    async def bid(lead_id: Id, caller: AccountManager, response: Response) -> GrabView:
        """Bids for a lead in the pool. The first bid opens the window; when it closes the grab is decided."""
        record = await pool.bid(lead_id, caller.id, caller.cause)
        record_headers(response, record)
        return _grab(record, caller.id)

    @router.get("/leads/{lead_id}/grab")
    async def get_grab(lead_id: Id, caller: Bidder, response: Response) -> GrabView:
        """How the grab of a lead stands, or who won it and why."""
        record = await store.leads.get(lead_id)
        bidders = {each.am_id for each in record.state.grab.bids} if record.state.grab else set()
        if not caller.roles & _SEE_EVERY_BID and caller.id not in bidders:
            raise NotFound("no-bid", "You did not bid for this lead.")
        record_headers(response, record)
        return _grab(record, caller.id)

    return router


def _in_pool(record: Record[Lead], caller: str) -> PoolView:
    lead = record.state
    grab = running(lead)
    return PoolView.model_validate(
        {
            **lead.capture.model_dump(),
            **lead.model_dump(include={"grade", "score", "captured_at"}),
            "id": record.id,
            "version": record.version,
            "bids": len(grab.bids) if grab else 0,
            "my_bid_at": next((each.at for each in grab.bids if each.am_id == caller), None) if grab else None,
            "closes_at": grab.closes_at if grab else None,
        }
    )


def _grab(record: Record[Lead], caller: str) -> GrabView:
    grab = record.state.grab
    return GrabView(
        lead_id=record.id,
        version=record.version,
        opened_at=grab.opened_at if grab else None,
        closes_at=grab.closes_at if grab else None,
        decided_at=grab.decided_at if grab else None,
        am_id=grab.am_id if grab else None,
        my_bid_at=next((each.at for each in grab.bids if each.am_id == caller), None) if grab else None,
        bids=len(grab.bids) if grab else 0,
        ranking=grab.ranking if grab else (),
    )
