from __future__ import annotations

from datetime import date

import pytest

from dealwire.errors import Rejected
from kpi_service.domain.period import Period, between, named


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("2017-03", "2017-03-01", "2017-03-31"),
        ("2016-02", "2016-02-01", "2016-02-29"),
        ("2017-Q2", "2017-04-01", "2017-06-30"),
        ("2017-Q4", "2017-10-01", "2017-12-31"),
        ("2017", "2017-01-01", "2017-12-31"),
    ],
)
def test_a_period_is_a_month_a_quarter_or_a_year(name: str, first: str, last: str) -> None:
    assert named(name) == Period(name, date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    "name", ["", "2017-13", "2017-00", "2017-Q5", "0000", "2017-3", "17", "2017-03-01", "２０１７"]
)
def test_anything_else_is_no_period(name: str) -> None:
    with pytest.raises(Rejected) as no:
        named(name)
    assert (no.value.slug, no.value.pointer) == ("unknown-period", "period")


def test_a_run_of_days_is_a_period_too() -> None:
    assert between(date(2017, 3, 1), date(2017, 3, 1)).name == "2017-03-01..2017-03-01"
    with pytest.raises(Rejected) as no:
        between(date(2017, 3, 2), date(2017, 3, 1))
    assert no.value.slug == "period-ends-before-it-starts"
