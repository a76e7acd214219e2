from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kpi_service.domain.bonus import Share, pool, split
from kpi_service.domain.policy import Policy

NAMES = st.text("abcdef", min_size=1, max_size=3)
WEIGHTS = st.dictionaries(NAMES, st.integers(0, 10**17), max_size=30)


def test_the_pool_is_five_percent_of_the_months_sales_seventy_by_sales_thirty_by_appraisal() -> None:
    march = pool("CNY", {"am.li": 600_000, "am.mo": 400_000}, {}, Policy())

    assert (march.sales, march.amount, march.by_sales, march.by_appraisal) == (1_000_000, 50_000, 35_000, 15_000)
    assert march.shares == (Share("am.li", 600_000, 21_000, 0), Share("am.mo", 400_000, 14_000, 0))


def test_without_appraisals_their_part_is_held() -> None:
    assert pool("CNY", {"am.li": 1_000_000}, {}, Policy()).held == 15_000


def test_with_appraisals_their_part_goes_by_score_also_to_who_sold_nothing() -> None:
    march = pool("CNY", {"am.li": 1_000_000}, {"am.li": 90, "se.qi": 60}, Policy())

    assert march.held == 0
    assert march.shares == (Share("am.li", 1_000_000, 35_000, 9_000), Share("se.qi", 0, 0, 6_000))


def test_an_organisation_may_decide_other_parts() -> None:
    march = pool("CNY", {"am.li": 1_000_000}, {}, Policy(pool_of_sales=1000, by_sales=10_000))

    assert (march.amount, march.by_sales, march.held) == (100_000, 100_000, 0)
    with pytest.raises(ValidationError):
        Policy(pool_of_sales=10_001)


@given(WEIGHTS, WEIGHTS, st.integers(0, 10_000), st.integers(0, 10_000))
def test_every_unit_of_the_pool_is_given_out_or_held(
    sales: dict[str, int], appraisals: dict[str, int], pool_of_sales: int, by_sales: int
) -> None:
    result = pool("CNY", sales, appraisals, Policy(pool_of_sales=pool_of_sales, by_sales=by_sales))

    assert sum(share.total for share in result.shares) + result.held == result.amount
    assert sum(share.sales for share in result.shares) == result.sales
    assert sum(share.by_sales for share in result.shares) == result.by_sales


@given(st.integers(0, 10**15), WEIGHTS)
def test_shares_sum_exactly_and_are_less_than_a_unit_from_their_proportion(
    amount: int, weights: dict[str, int]
) -> None:
    shares, whole = split(amount, weights), sum(weights.values())

    assert sum(shares.values()) == (amount if whole else 0)
    for who, share in shares.items():
        assert abs(share * whole - amount * weights[who]) < whole


def test_the_largest_remainder_gets_the_unit_that_is_left_and_ties_go_by_id() -> None:
    assert split(100, {"a": 1, "b": 1, "c": 1}) == {"a": 34, "b": 33, "c": 33}
    assert split(10, {"a": 24, "b": 26, "c": 50}) == {"a": 2, "b": 3, "c": 5}
