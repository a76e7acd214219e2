"""How well a member did of late, as one number that others can weigh (L11)."""

from __future__ import annotations

from datetime import date, timedelta

from dealwire.catalogue.common import Value
from dealwire.catalogue.people import MemberPerformanceRated
from dealwire.event import Decision
from kpi_service.domain.period import Period, between
from kpi_service.domain.policy import Policy
from kpi_service.domain.rollups import Totals
from kpi_service.domain.scorecard import MEASURES, figures


class Performance(Value):
    """From 0 to 100, or None while there is nothing to tell it by; `because` names every figure that counted."""

    rating: int | None
    first: date
    last: date
    because: tuple[str, ...]


def rated_period(today: date, policy: Policy) -> Period:
    """The days that count: the last ninety (L11)."""
    return between(today - timedelta(days=policy.rated_days - 1), today)


def rate(totals: Totals, period: Period, policy: Policy) -> Performance:
    """The weighted mean of the rates on the scorecard of which there are any, in percent (L11)."""
    counted = [
        (figure.value, figure.denominator, weight, name)
        for name, weight in policy.performance_weights.items()
        for figure in figures(MEASURES[name], totals)
        if figure.value is not None and weight
    ]
    weights = sum(weight for _, _, weight, _ in counted)
    points = sum(min(value, 1) * weight for value, _, weight, _ in counted)
    return Performance(
        rating=int(100 * points / weights + 0.5) if weights else None,
        first=period.first,
        last=period.last,
        because=tuple(f"{name} {value:g} of {whole}, counted {weight}" for value, whole, weight, name in counted),
    )


def publish(member_id: str, known: Performance | None, now: Performance) -> Decision[Performance]:
    """A rating is told when it says something else than before; that time went on is nothing new."""
    before = known or now.model_copy(update={"rating": None, "because": ()})
    if (before.rating, before.because) == (now.rating, now.because):
        return before, ()
    return now, (MemberPerformanceRated(member_id=member_id, **dict(now)),)
