from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from dealwire.catalogue.people import MemberPerformanceRated
from kpi_service.domain.metrics import Metric
from kpi_service.domain.performance import Performance, publish, rate, rated_period
from kpi_service.domain.policy import Policy
from kpi_service.domain.rollups import Cell, Totals

POLICY = Policy()
TODAY = date(2017, 3, 31)
PERIOD = rated_period(TODAY, POLICY)


def totals(**counts: int) -> Totals:
    return {(Metric(name), None): Cell(count, count) for name, count in counts.items()}


def rated(**counts: int) -> Performance:
    return rate(totals(**counts), PERIOD, POLICY)


def test_performance_is_the_weighted_mean_of_the_rates_there_are_and_names_them() -> None:
    performance = rated(
        opportunities_won=3, opportunities_lost=1, leads_assigned=10, leads_accepted=8, leads_converted=4
    )
    assert performance.rating == 69  # 0.75 at 40, 0.5 at 30 and 0.8 at 30
    assert performance.because == (
        "win_rate 0.75 of 4, counted 40",
        "lead_conversion_rate 0.5 of 8, counted 30",
        "lead_acceptance_rate 0.8 of 10, counted 30",
    )
    assert rated(leads_assigned=10, leads_accepted=8).rating == 40  # none of eight converted, 0.8 accepted
    assert rated(opportunities_won=3, opportunities_lost=1).rating == 75
    assert (rated().rating, rated().because) == (None, ())


def test_the_last_ninety_days_count() -> None:
    assert (PERIOD.first, PERIOD.last) == (date(2017, 1, 1), TODAY)
    assert rated().first == PERIOD.first


def test_a_deployment_decides_what_counts_and_how_long() -> None:
    policy = Policy(rated_days=7, performance_weights={"win_rate": 1})
    assert rated_period(TODAY, policy).first == date(2017, 3, 25)
    assert rate(totals(opportunities_won=1, leads_assigned=9), PERIOD, policy).rating == 100


def test_a_share_above_the_whole_counts_as_the_whole() -> None:
    """A lead converted today may have been accepted before the days that count."""
    assert rated(leads_accepted=1, leads_converted=3, leads_assigned=1).rating == 100


@given(won=st.integers(0, 50), lost=st.integers(0, 50), more=st.integers(1, 50))
def test_who_does_better_is_never_rated_worse(won: int, lost: int, more: int) -> None:
    before = rated(opportunities_won=won, opportunities_lost=lost).rating
    after = rated(opportunities_won=won + more, opportunities_lost=lost).rating
    assert after is not None
    assert 0 <= (before or 0) <= after <= 100


def test_a_rating_is_told_when_it_says_something_else_than_before() -> None:
    first = rated(opportunities_won=1)
    state, (event,) = publish("am.li", None, first)
    assert state == first
    assert event == MemberPerformanceRated(member_id="am.li", **dict(first))
    tomorrow = first.model_copy(update={"last": date(2017, 4, 1)})
    assert publish("am.li", first, tomorrow) == (first, ())
    assert publish("am.li", first, rated(opportunities_won=2))[1]
    assert publish("am.li", None, rated())[1] == ()
    assert publish("am.li", first, rated())[1]
