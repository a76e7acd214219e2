from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealwire.errors import Rejected
from kpi_service.domain.metrics import Metric
from kpi_service.domain.rollups import Cell, Totals
from kpi_service.domain.scorecard import MEASURES, Figure, figures, ranking, ratio, scorecard


def the(name: str, totals: Totals) -> Figure:
    (figure,) = figures(MEASURES[name], totals)
    return figure


def test_a_sum_is_itself_and_nothing_is_zero() -> None:
    totals: Totals = {(Metric.DEALS_SIGNED, None): Cell(3, 3)}

    assert the("deals_signed", totals).value == 3
    assert the("opportunities_won", totals).value == 0


def test_money_stays_apart_by_currency() -> None:
    totals: Totals = {(Metric.SALES_AMOUNT, "USD"): Cell(700, 1), (Metric.SALES_AMOUNT, "CNY"): Cell(10**15 * 900, 2)}

    amounts = [(figure.currency, figure.value) for figure in figures(MEASURES["sales_amount"], totals)]
    assert amounts == [("CNY", 10**15 * 900), ("USD", 700)]


def test_the_win_rate_is_won_of_won_and_lost() -> None:
    totals: Totals = {(Metric.OPPORTUNITIES_WON, None): Cell(2, 2), (Metric.OPPORTUNITIES_LOST, None): Cell(1, 1)}

    rate = the("win_rate", totals)
    assert (rate.numerator, rate.denominator, rate.value) == (2, 3, 0.6667)


def test_a_cycle_is_the_mean_over_the_deals_that_have_one() -> None:
    cycle = the("signing_cycle_days", {(Metric.SIGNING_CYCLE_DAYS, None): Cell(7, 4)})

    assert (cycle.numerator, cycle.denominator, cycle.value) == (7, 4, 1.8)


@pytest.mark.parametrize("name", ["win_rate", "lead_acceptance_rate", "lead_conversion_rate", "signing_cycle_days"])
def test_nothing_divided_by_nothing_is_no_number(name: str) -> None:
    assert the(name, {}).value is None


@given(st.integers(0, 10**18), st.integers(1, 10**9))
def test_a_ratio_is_rounded_half_up_to_four_places(numerator: int, denominator: int) -> None:
    rounded = ratio(numerator % denominator, denominator)

    assert rounded is not None
    assert abs(Decimal(str(rounded)) * denominator - numerator % denominator) <= Decimal("0.00005") * denominator
    assert ratio(1, 20_000) == 0.0001


def test_only_the_company_has_the_figures_of_the_intake() -> None:
    names = {figure.measure.name for figure in scorecard({})}
    company = {figure.measure.name for figure in scorecard({}, company=True)}

    assert company - names == {"leads_captured", "leads_qualified_a", "leads_qualified_b", "leads_qualified_c"}
    assert "win_rate" in names


def deals(number: int) -> Totals:
    return {(Metric.DEALS_SIGNED, None): Cell(number, number)}


def test_equals_share_a_place_and_the_next_is_left_free() -> None:
    places = ranking("deals_signed", {"am.wu": deals(2), "am.li": deals(5), "am.mo": deals(2), "am.xi": deals(1)})[None]

    assert [(place.rank, place.id) for place in places] == [(1, "am.li"), (2, "am.mo"), (2, "am.wu"), (4, "am.xi")]


def test_money_is_ranked_per_currency_by_whoever_has_some() -> None:
    tables = ranking(
        "sales_amount",
        {
            "am.li": {(Metric.SALES_AMOUNT, "CNY"): Cell(5, 1), (Metric.SALES_AMOUNT, "USD"): Cell(1, 1)},
            "am.mo": {(Metric.SALES_AMOUNT, "USD"): Cell(2, 1)},
            "am.wu": {},
        },
    )
    assert {currency: [place.id for place in places] for currency, places in tables.items()} == {
        "CNY": ["am.li"],
        "USD": ["am.mo", "am.li"],
    }


def test_the_shorter_cycle_is_ahead_and_without_one_nobody_is_ranked() -> None:
    cycles = {"am.li": Cell(30, 1), "am.mo": Cell(40, 2)}
    by_id: dict[str, Totals] = {who: {(Metric.SALES_CYCLE_DAYS, None): cell} for who, cell in cycles.items()}

    assert [place.id for place in ranking("sales_cycle_days", by_id | {"am.wu": {}})[None]] == ["am.mo", "am.li"]


@pytest.mark.parametrize("name", ["luck", "leads_captured"])
def test_nobody_is_ranked_by_what_is_no_measure_of_people(name: str) -> None:
    with pytest.raises(Rejected) as no:
        ranking(name, {})
    assert no.value.slug == "unknown-measure"
