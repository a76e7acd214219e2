from __future__ import annotations

from kpi_service.domain.funnel import MILESTONES, STAGES, funnel
from kpi_service.domain.metrics import Metric
from kpi_service.domain.rollups import Cell, Totals


def seen(**counts: int) -> Totals:
    return {(Metric(name), None): Cell(count, count) for name, count in counts.items()}


def test_the_funnel_counts_each_step_and_the_share_that_came_from_the_one_before_and_from_the_first() -> None:
    totals = seen(
        leads_captured=80, leads_qualified_a=10, leads_qualified_b=20, leads_qualified_c=10, leads_converted=20
    )

    steps = {step.name: step for step in funnel(MILESTONES, totals)}

    assert list(steps)[:4] == ["lead_captured", "lead_qualified", "lead_converted", "opportunity_opened"]
    assert (steps["lead_captured"].count, steps["lead_captured"].from_previous) == (80, None)
    assert (steps["lead_qualified"].count, steps["lead_qualified"].from_previous) == (40, 0.5)
    assert (steps["lead_converted"].from_previous, steps["lead_converted"].from_first) == (0.5, 0.25)


def test_after_a_step_nobody_reached_there_is_no_share() -> None:
    *_, quoted, accepted, signed, _ = funnel(MILESTONES, seen(opportunities_opened=4, deals_signed=2))

    assert (quoted.from_previous, accepted.from_previous, signed.from_previous) == (0.0, None, None)


def test_the_stages_of_the_sales_process_are_a_funnel_of_their_own() -> None:
    steps = funnel(STAGES, seen(entered_prospect=10, entered_needs=5))

    assert [step.name for step in steps] == ["prospect", "needs", "solution", "quote", "negotiation", "contract"]
    assert steps[1].from_previous == 0.5
