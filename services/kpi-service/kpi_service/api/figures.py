"""Routes of figures: scorecards, ranking, funnel, bonus pools, the facts behind them, and the rebuild."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import StringConstraints, TypeAdapter

from dealwire.catalogue.common import PEOPLE, Id, Role
from dealwire.errors import Rejected
from dealwire.kit.web.auth import Caller, allow
from dealwire.kit.web.pages import PageView, Paging, page_view
from dealwire.kit.web.records import record_headers
from kpi_service.api.views import (
    BonusView,
    FactView,
    FunnelView,
    Links,
    PerformanceView,
    PlaceView,
    RankingView,
    ScorecardView,
    TableView,
    fact_view,
    figure_view,
    period_view,
    pool_view,
    step_view,
)
from kpi_service.domain.funnel import MILESTONES, STAGES, funnel
from kpi_service.domain.metrics import Metric
from kpi_service.domain.period import Period, between, named
from kpi_service.domain.scorecard import scorecard
from kpi_service.handlers import By, Handlers
from kpi_service.store import KpiStore
from kpi_service.store.rebuild import Report, rebuild

Reader = Annotated[Caller, allow(*PEOPLE, scope="figures:read")]
Auditor = Annotated[Caller, allow(Role.SO, Role.MANAGEMENT)]

_REPORT = TypeAdapter(Report)

Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
Month = Annotated[str, StringConstraints(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$")]


def _asked_period(
    period: Annotated[
        str | None, Query(max_length=10, description="A month 2017-03, a quarter 2017-Q2 or a year 2017.")
    ] = None,
    first: Annotated[date | None, Query(alias="from", description="Instead of a period: its first day.")] = None,
    last: Annotated[date | None, Query(alias="to", description="Instead of a period: its last day.")] = None,
) -> Period:
    if period is not None and first is None and last is None:
        return named(period)
    if period is None and first is not None and last is not None:
        return between(first, last)
    raise Rejected("which-period", "Give a period, or both from and to.", pointer="period")


Asked = Annotated[Period, Depends(_asked_period)]


def routes(handlers: Handlers, store: KpiStore) -> APIRouter:  # noqa: C901  # one function per route
    """All routes of figures."""
    router = APIRouter(prefix="/v1", tags=["figures"])

    @router.get("/scorecards/company")
    async def get_company_scorecard(_: Reader, asked: Asked, request: Request) -> ScorecardView:
        """What the company did."""
        return await _scorecard(request, asked, "company")

    @router.get("/scorecards/teams/{team_id}")
    async def get_team_scorecard(team_id: Id, _: Reader, asked: Asked, request: Request) -> ScorecardView:
        """What a team did: on each day, those who belonged to it."""
        team = await store.teams.get(team_id)
        return await _scorecard(request, asked, "team", team_id, team.state.name)

    @router.get("/scorecards/members/{member_id}")
    async def get_member_scorecard(member_id: Id, _: Reader, asked: Asked, request: Request) -> ScorecardView:
        """What a member did."""
        member = await store.members.get(member_id)
        return await _scorecard(request, asked, "member", member_id, member.state.name)

    async def _scorecard(
        request: Request, period: Period, of: Literal["member", "team", "company"], id: str = "", name: str = ""
    ) -> ScorecardView:
        who = await handlers.days_of(period, id if of == "member" else None, id if of == "team" else None)
        links = Links(request, period, **({of: id} if id else {}))
        figures = scorecard(await handlers.totals(period, who), company=of == "company")
        return ScorecardView(
            of=of,
            id=id or None,
            name=name or None,
            period=period_view(period),
            figures=[figure_view(figure, links) for figure in figures],
        )

    @router.get("/members/{member_id}/performance")
    async def get_performance(member_id: Id, _: Reader, response: Response) -> PerformanceView:
        """How a member did of late, as it counts when AMs bid for a lead; not found before there is anything to tell."""
        record = await store.ratings.get(member_id)
        record_headers(response, record)
        return PerformanceView(member_id=member_id, version=record.version, **dict(record.state))

    @router.get("/ranking")
    async def get_ranking(
        _: Reader,
        asked: Asked,
        request: Request,
        metric: Annotated[str, Query(max_length=50, description="A figure of the scorecards.")] = Metric.SALES_AMOUNT,
        by: By = By.MEMBER,
    ) -> RankingView:
        """Who is ahead; open to everybody."""
        ranked = await handlers.ranking(metric, by, asked)
        known = await (store.all_members() if by is By.MEMBER else store.all_teams())
        tables = [
            TableView(
                currency=currency,
                places=[
                    PlaceView(
                        rank=place.rank,
                        id=place.id,
                        name=known[place.id].name if place.id in known else None,
                        figure=figure_view(place.figure, Links(request, asked, **{by: place.id})),
                    )
                    for place in places
                ],
            )
            for currency, places in ranked.items()
        ]
        return RankingView(metric=metric, by=by, period=period_view(asked), tables=tables)

    @router.get("/funnel")
    async def get_funnel(_: Reader, asked: Asked, request: Request) -> FunnelView:
        """How many came how far, and which share went on."""
        totals, links = await handlers.totals(asked, None), Links(request, asked)
        return FunnelView(
            period=period_view(asked),
            milestones=[step_view(step, links) for step in funnel(MILESTONES, totals)],
            stages=[step_view(step, links) for step in funnel(STAGES, totals)],
        )

    @router.get("/bonus-pools/{month}")
    async def get_bonus_pools(month: Month, caller: Reader, request: Request) -> BonusView:
        """The month's bonus pools. Everybody sees the pools and the own share, leads and above every share."""
        period = named(month, "month")
        pools, links = await handlers.bonus_pools(period), Links(request, period)
        return BonusView(month=month, pools=[pool_view(pool, caller, links) for pool in pools])

    @router.get("/facts")
    async def list_facts(
        caller: Reader,
        asked: Asked,
        paging: Paging,
        request: Request,
        response: Response,
        metric: Annotated[list[Metric], Query(min_length=1, max_length=len(Metric))],
        member: Annotated[Id | None, Query(description="Only what counts for this member.")] = None,
        team: Annotated[Id | None, Query(description="Only what counts for this team.")] = None,
        currency: Annotated[Currency | None, Query(description="Only money in this currency.")] = None,
    ) -> PageView[FactView]:
        """The facts behind a figure, by day: they sum to it. A page may hold fewer than asked for."""
        if team is not None:
            await store.teams.get(team)
        who = await handlers.days_of(asked, member, team)
        page = await store.ledger.proofs(
            metric, asked, who, currency=currency, cursor=paging.cursor, limit=paging.limit
        )
        return page_view(page, lambda proof: fact_view(proof, caller), request, response)

    @router.post(
        "/rebuild",
        response_class=StreamingResponse,
        responses={
            200: {
                "description": "One line of JSON per step; the last one has `done` true.",
                "content": {"application/x-ndjson": {"schema": {"type": "object"}}},
            }
        },
    )
    async def rebuild_figures(
        _: Auditor, check: Annotated[bool, Query(description="Only say what differs.")] = False
    ) -> StreamingResponse:
        """Makes all figures anew from the facts, telling how far it is; what differed is listed at the end."""
        reports = rebuild(store.ledger, check=check)
        first = await anext(reports)  # what fails at once is answered as a problem
        return StreamingResponse(_lines(first, reports), media_type="application/x-ndjson")

    return router


async def _lines(first: Report, others: AsyncIterator[Report]) -> AsyncIterator[bytes]:
    yield _line(first)
    async for report in others:
        yield _line(report)


def _line(report: Report) -> bytes:
    return _REPORT.dump_json(report) + b"\n"
