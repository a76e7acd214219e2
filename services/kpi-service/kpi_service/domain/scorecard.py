"""Scorecards and ranking: sums as they are, means and rates made when read (K2, K12).

Money stays an integer of minor units; means and rates are rounded half up and are `None` where nothing is divided by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from itertools import groupby

from dealwire.errors import Rejected
from kpi_service.domain.metrics import QUALIFIED, Metric
from kpi_service.domain.rollups import Cell, Totals


class Unit(StrEnum):
    """What a figure's value is measured in."""

    MINOR = "minor"
    COUNT = "count"
    DAYS = "days"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Measure:
    """How a figure follows from metrics: the sum of `metrics`, divided by that of `per` where there is one.

    `intake` measures happen before anybody has the lead, so only the company has them.
    """

    name: str
    unit: Unit
    metrics: tuple[Metric, ...]
    per: tuple[Metric, ...] = ()
    intake: bool = False


def _amount(metric: Metric) -> Measure:
    return Measure(metric, Unit.MINOR, (metric,))


def _count(metric: Metric, *, intake: bool = False) -> Measure:
    return Measure(metric, Unit.COUNT, (metric,), intake=intake)


def _mean(metric: Metric) -> Measure:
    return Measure(metric, Unit.DAYS, (metric,))


def _rate(name: str, part: Metric, *whole: Metric) -> Measure:
    return Measure(name, Unit.RATIO, (part,), whole)


MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        _amount(Metric.SALES_AMOUNT),
        _count(Metric.DEALS_SIGNED),
        _count(Metric.NEW_CUSTOMERS),
        _count(Metric.OPPORTUNITIES_OPENED),
        _count(Metric.OPPORTUNITIES_WON),
        _count(Metric.OPPORTUNITIES_LOST),
        _rate("win_rate", Metric.OPPORTUNITIES_WON, Metric.OPPORTUNITIES_WON, Metric.OPPORTUNITIES_LOST),
        _mean(Metric.SALES_CYCLE_DAYS),
        _mean(Metric.SIGNING_CYCLE_DAYS),
        _amount(Metric.RECEIVED),
        _count(Metric.ORDERS_DELIVERED),
        _count(Metric.LEADS_CAPTURED, intake=True),
        *(_count(metric, intake=True) for metric in QUALIFIED.values()),
        _count(Metric.LEADS_ASSIGNED),
        _count(Metric.LEADS_ACCEPTED),
        _count(Metric.LEADS_RETURNED),
        _count(Metric.LEADS_CONVERTED),
        _rate("lead_acceptance_rate", Metric.LEADS_ACCEPTED, Metric.LEADS_ASSIGNED),
        _rate("lead_conversion_rate", Metric.LEADS_CONVERTED, Metric.LEADS_ACCEPTED),
    )
}
"""Every figure of a scorecard, in its order."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and what it was made of: `value` is `numerator`, or that divided by `denominator`."""

    measure: Measure
    value: int | float | None
    numerator: int
    denominator: int | None = None
    currency: str | None = None


def scorecard(totals: Totals, *, company: bool = False) -> tuple[Figure, ...]:
    """Every figure of a member, a team or the company; money once per currency that occurs."""
    return tuple(
        figure for measure in MEASURES.values() if company or not measure.intake for figure in figures(measure, totals)
    )


def figures(measure: Measure, totals: Totals) -> tuple[Figure, ...]:
    """The figure of a measure, or one per currency for money."""
    if measure.unit is Unit.MINOR:
        amounts = ((currency, cell) for (metric, currency), cell in totals.items() if metric in measure.metrics)
        return tuple(Figure(measure, cell.total, cell.total, currency=currency) for currency, cell in sorted(amounts))
    cell = _sum(totals, measure.metrics)
    if measure.unit is Unit.COUNT:
        return (Figure(measure, cell.total, cell.total),)
    denominator = cell.facts if measure.unit is Unit.DAYS else _sum(totals, measure.per).total
    places = 1 if measure.unit is Unit.DAYS else 4
    return (Figure(measure, ratio(cell.total, denominator, places=places), cell.total, denominator),)


def ratio(numerator: int, denominator: int, *, places: int = 4) -> float | None:
    """Rounded half up to `places`; nothing divided by nothing is no number."""
    if denominator == 0:
        return None
    return float((Decimal(numerator) / denominator).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def _sum(totals: Totals, metrics: tuple[Metric, ...]) -> Cell:
    cell = Cell()
    for metric in metrics:
        cell = cell.plus(totals.get((metric, None), Cell()))
    return cell


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a ranking; equals share it and the next place is left free."""

    rank: int
    id: str
    figure: Figure


def ranking(name: str, by_id: Mapping[str, Totals]) -> Mapping[str | None, tuple[Place, ...]]:
    """Who is ahead in a measure, per currency for money: more is better, fewer days are (K12).

    Who has no such figure is not ranked.
    """
    measure = MEASURES.get(name)
    if measure is None or measure.intake:
        raise Rejected("unknown-measure", f"'{name}' is nothing people are ranked by.", pointer="metric")
    sign = 1 if measure.unit is Unit.DAYS else -1
    entries = sorted(
        (figure.currency or "", sign * figure.value, who, figure)
        for who, totals in by_id.items()
        for figure in figures(measure, totals)
        if figure.value is not None
    )
    tables: dict[str | None, tuple[Place, ...]] = {}
    for currency, rows in groupby(entries, key=lambda entry: entry[0]):
        places: list[Place] = []
        for position, (_, _, who, figure) in enumerate(rows, start=1):
            tied = places and places[-1].figure.value == figure.value
            places.append(Place(places[-1].rank if tied else position, who, figure))
        tables[currency or None] = tuple(places)
    return tables
