"""What figures look like to callers: a number, what it was made of, and where the facts behind it are."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Request
from pydantic import BaseModel, Field

from dealwire.catalogue.common import Role
from dealwire.event import Event
from dealwire.kit.web.auth import Caller
from kpi_service.domain.bonus import Pool
from kpi_service.domain.funnel import Step
from kpi_service.domain.metrics import Metric
from kpi_service.domain.period import Period
from kpi_service.domain.scorecard import Figure, Unit
from kpi_service.handlers import By
from kpi_service.store.ledger import Proof

_SEE_ALL = {Role.SO, Role.MANAGEMENT, Role.TEAM_LEAD, Role.FINANCE}


class PeriodView(BaseModel):
    """Days in the organisation's zone, both ends included."""

    name: str
    first: date
    last: date


class FigureView(BaseModel):
    """A figure: `value` is `numerator`, or that divided by `denominator` and rounded half up; null where that is 0.

    Money is in minor units of `currency`. `events` lists the facts that the figure is made of.
    """

    name: str
    unit: Unit
    value: int | float | None
    currency: str | None
    numerator: int
    denominator: int | None
    events: Annotated[str, Field(description="Path of the facts behind this figure.")]


class ScorecardView(BaseModel):
    """What a member, a team or the company did in a period."""

    of: Literal["member", "team", "company"]
    id: str | None
    name: str | None
    period: PeriodView
    figures: list[FigureView]


class PlaceView(BaseModel):
    """A place in a ranking; equals share it."""

    rank: int
    id: str
    name: str | None
    figure: FigureView


class TableView(BaseModel):
    """A ranking; money has one per currency."""

    currency: str | None
    places: list[PlaceView]


class PerformanceView(BaseModel):
    """How well a member did of late, from 0 to 100, and every figure that counted."""

    member_id: str
    version: int
    rating: int | None
    first: date
    last: date
    because: tuple[str, ...]


class RankingView(BaseModel):
    """Who is ahead in a metric, the best first."""

    metric: str
    by: By
    period: PeriodView
    tables: list[TableView]


class StepView(BaseModel):
    """A step of a funnel; shares are null where nobody was before."""

    name: str
    count: int
    from_previous: float | None
    from_first: float | None
    events: str


class FunnelView(BaseModel):
    """What happened in the period: milestones of leads, deals and orders, and first entries into the sales stages."""

    period: PeriodView
    milestones: list[StepView]
    stages: list[StepView]


class ShareView(BaseModel):
    """A member's part of the pool, in minor units."""

    member_id: str
    sales: int
    by_sales: int
    by_appraisal: int
    total: int


class PoolView(BaseModel):
    """A pool in minor units; `held` waits for appraisals. `shares` are those that the caller may see."""

    currency: str
    sales: int
    amount: int
    by_sales: int
    by_appraisal: int
    held: int
    shares: list[ShareView]
    events: str


class BonusView(BaseModel):
    """The bonus pools of a month, one per currency."""

    month: str
    pools: list[PoolView]


class FactView(BaseModel):
    """What one event counts for: its own content is for those who may see it."""

    event_id: str
    type: str
    subject: str
    time: datetime
    day: date
    member_id: str | None
    metric: Metric
    value: int
    currency: str | None
    event: Event | None


class Links:
    """Paths of the facts behind figures, as the caller reaches them."""

    def __init__(self, request: Request, period: Period, **who: str) -> None:
        self._base = f"{request.scope.get('root_path', '')}/v1/facts"
        self._days = {"from": period.first.isoformat(), "to": period.last.isoformat()}
        self._who = who

    def to(self, metrics: tuple[Metric, ...], currency: str | None = None) -> str:
        asked = {"metric": list(dict.fromkeys(metrics)), **self._who, **self._days}
        if currency:
            asked["currency"] = currency
        return f"{self._base}?{urlencode(asked, doseq=True)}"


def period_view(period: Period) -> PeriodView:
    return PeriodView.model_validate(asdict(period))


def figure_view(figure: Figure, links: Links) -> FigureView:
    measure = figure.measure
    return FigureView(
        name=measure.name,
        unit=measure.unit,
        value=figure.value,
        currency=figure.currency,
        numerator=figure.numerator,
        denominator=figure.denominator,
        events=links.to((*measure.metrics, *measure.per), figure.currency),
    )


def step_view(step: Step, links: Links) -> StepView:
    return StepView(
        name=step.name,
        count=step.count,
        from_previous=step.from_previous,
        from_first=step.from_first,
        events=links.to(step.metrics),
    )


def pool_view(pool: Pool, caller: Caller, links: Links) -> PoolView:
    """Leads and above see every share, everybody else the own one."""
    shares = [
        ShareView(**asdict(share), total=share.total)
        for share in pool.shares
        if caller.roles & _SEE_ALL or share.member_id == caller.id
    ]
    return PoolView(**{**asdict(pool), "shares": shares}, events=links.to((Metric.SALES_AMOUNT,), pool.currency))


def fact_view(proof: Proof, caller: Caller) -> FactView:
    """Everybody sees what counts; what a customer told is seen by leads and above, and by whose work it is."""
    visible = caller.roles & _SEE_ALL or "facts:read" in caller.scopes or caller.id == proof.fact.member_id
    return FactView(
        event_id=proof.event.id,
        type=proof.event.type,
        subject=proof.event.subject,
        time=proof.event.time,
        day=proof.fact.day,
        member_id=proof.fact.member_id,
        metric=proof.contribution.metric,
        value=proof.contribution.value,
        currency=proof.contribution.currency,
        event=proof.event if visible else None,
    )
