"""Routes of the channel report, and of what campaigns cost (L2)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.common import Channel, Grade, Id, Line, Text
from dealwire.event import RecordedEvent
from dealwire.kit.store import Record
from dealwire.kit.web import Body, PageView, Paging, page_view, record_headers
from lead_service.api.access import Reporter, SalesOps
from lead_service.api.filters import LeadFilter, period_of
from lead_service.api.views import CostBody
from lead_service.domain.campaign import Campaign, Figures, Spend, campaign_id, record_spend, report
from lead_service.store import LeadStore


class SpendBody(Body):
    """What was spent on a campaign on a day."""

    channel: Channel
    campaign: Line
    day: date
    amount: CostBody
    what_for: Text | None = None


class CampaignView(BaseModel):
    """A campaign and what was spent on it."""

    id: str
    version: int
    channel: Channel
    name: str
    spend: tuple[Spend, ...]


class Figure(BaseModel):
    """A number of leads, its share of the source's leads, and where these leads are listed."""

    leads: int
    share: Annotated[float, Field(ge=0, le=1)]
    at: str


class CostView(BaseModel):
    """What a source cost in one currency, in minor units; null where there is no lead to share it."""

    currency: str
    minor: int
    per_lead: float | None
    per_qualified_lead: float | None


class SourceView(BaseModel):
    """What came of a source: every number says which leads it counts."""

    channel: Channel
    campaign: str | None
    volume: Figure
    grades: dict[Grade, Figure]
    qualified: Annotated[Figure, Field(description="Graded A or B.")]
    discarded: Figure
    converted: Figure
    cost: list[CostView]


class ReportView(BaseModel):
    """Leads captured in a period, by where they came from."""

    first: date
    last: date
    by: Literal["channel", "campaign"]
    sources: list[SourceView]


def routes(store: LeadStore, calendar: BusinessCalendar) -> APIRouter:
    """The report, and what it needs to know of costs."""
    router = APIRouter(prefix="/v1", tags=["reports"])
    campaigns = store.sources.campaigns

    @router.get("/reports/channels")
    async def channel_report(
        _: Reporter,
        first: Annotated[date, Query(description="Leads captured on this day or later.")],
        last: Annotated[date, Query(description="Leads captured on this day or before.")],
        by: Annotated[Literal["channel", "campaign"], Query(description="What a line is.")] = "channel",
    ) -> ReportView:
        """Volume, quality, conversion and cost of the leads of a period, by channel or campaign."""
        begin, end = period_of(first, last, calendar.zone)
        period = LeadFilter(captured_from=first, captured_to=last)
        counts = await store.count_sources(begin, end)
        spent = [record.state async for record in campaigns.scan({})]
        figures = report(counts, spent, first, last, by_campaign=by == "campaign")
        return ReportView(first=first, last=last, by=by, sources=[_source(each, period, by) for each in figures])

    @router.post("/campaigns/spend", status_code=201)
    async def record_campaign_spend(body: SpendBody, caller: SalesOps, response: Response) -> CampaignView:
        """Records what was spent on a campaign."""
        spend = Spend.model_validate(body.model_dump(include={"day", "amount", "what_for"}))
        record = await campaigns.put(
            campaign_id(body.channel, body.campaign),
            lambda known: record_spend(known, body.channel, body.campaign, spend),
            caller.cause,
        )
        record_headers(response, record)
        return _campaign(record)

    @router.get("/campaigns")
    async def list_campaigns(
        _: Reporter, paging: Paging, request: Request, response: Response
    ) -> PageView[CampaignView]:
        """Campaigns on which something was spent, newest first."""
        page = await campaigns.page({}, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, _campaign, request, response)

    @router.get("/campaigns/{campaign_id}/timeline")
    async def get_campaign_timeline(
        campaign_id: Id, _: Reporter, paging: Paging, request: Request, response: Response
    ) -> PageView[RecordedEvent]:
        """Everything that happened to a campaign's costs."""
        page = await campaigns.timeline(campaign_id, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    return router


def _campaign(record: Record[Campaign]) -> CampaignView:
    return CampaignView(version=record.version, **record.state.model_dump())


def _source(figures: Figures, period: LeadFilter, by: str) -> SourceView:
    source = period.model_dump(mode="json", exclude_defaults=True) | {"channel": figures.channel.value}
    if by == "campaign":
        source |= {"campaign": figures.campaign} if figures.campaign else {"without_campaign": True}

    def figure(leads: int, **more: str) -> Figure:
        share = leads / figures.leads if figures.leads else 0.0
        return Figure(leads=leads, share=share, at=f"/v1/leads?{urlencode(source | more)}")

    return SourceView(
        channel=figures.channel,
        campaign=figures.campaign,
        volume=figure(figures.leads),
        grades={grade: figure(figures.grades[grade], grade=grade.value) for grade in Grade},
        qualified=figure(figures.qualified, qualified="true"),
        discarded=figure(figures.discarded, status="discarded"),
        converted=figure(figures.converted, status="converted"),
        cost=[
            CostView(
                currency=currency,
                minor=minor,
                per_lead=minor / figures.leads if figures.leads else None,
                per_qualified_lead=minor / figures.qualified if figures.qualified else None,
            )
            for currency, minor in sorted(figures.cost.items())
        ],
    )
