"""The funnel: how many came how far in a period, and which share went on (K15).

It counts what happened in the period, so a share may exceed 1 when work of earlier periods arrives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kpi_service.domain.metrics import ENTERED, QUALIFIED, Metric
from kpi_service.domain.rollups import Cell, Totals
from kpi_service.domain.scorecard import ratio

MILESTONES: Mapping[str, tuple[Metric, ...]] = {
    "lead_captured": (Metric.LEADS_CAPTURED,),
    "lead_qualified": tuple(QUALIFIED.values()),
    "lead_converted": (Metric.LEADS_CONVERTED,),
    "opportunity_opened": (Metric.OPPORTUNITIES_OPENED,),
    "quote_sent": (Metric.QUOTES_SENT,),
    "quote_accepted": (Metric.QUOTES_ACCEPTED,),
    "contract_signed": (Metric.DEALS_SIGNED,),
    "order_delivered": (Metric.ORDERS_DELIVERED,),
}
"""From a stranger to a delivered order, each once per lead, deal, contract or order."""

STAGES: Mapping[str, tuple[Metric, ...]] = {stage.value: (metric,) for stage, metric in ENTERED.items()}
"""First entries into the stages of the sales process (P1)."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a funnel; `from_previous` and `from_first` are shares, `None` where nobody was before."""

    name: str
    metrics: tuple[Metric, ...]
    count: int
    from_previous: float | None
    from_first: float | None


def funnel(steps: Mapping[str, tuple[Metric, ...]], totals: Totals) -> tuple[Step, ...]:
    """Count and conversion from step to step."""
    counts = [sum(totals.get((metric, None), Cell()).total for metric in metrics) for metrics in steps.values()]
    return tuple(
        Step(
            name,
            metrics,
            count,
            ratio(count, counts[index - 1]) if index else None,
            ratio(count, counts[0]) if index else None,
        )
        for index, ((name, metrics), count) in enumerate(zip(steps.items(), counts, strict=True))
    )
