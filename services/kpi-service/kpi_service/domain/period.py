"""Periods a figure is asked for, in days of the organisation's zone, both ends included."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from dealwire.errors import Rejected

_NAME = re.compile(r"(?P<year>[0-9]{4})(?:-(?:(?P<month>0[1-9]|1[0-2])|Q(?P<quarter>[1-4])))?")


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to `last`; `name` is how it was asked for."""

    name: str
    first: date
    last: date


def named(name: str, parameter: str = "period") -> Period:
    """A month `2017-03`, a quarter `2017-Q2` or a year `2017`; `parameter` is where it was asked for."""
    match = _NAME.fullmatch(name)
    if match is None or match["year"] == "0000":
        raise Rejected(
            "unknown-period", f"'{name}' is no month (2017-03), quarter (2017-Q2) or year (2017).", pointer=parameter
        )
    year = int(match["year"])
    if match["month"]:
        start = end = int(match["month"])
    elif match["quarter"]:
        end = int(match["quarter"]) * 3
        start = end - 2
    else:
        start, end = 1, 12
    return Period(name, date(year, start, 1), date(year, end, monthrange(year, end)[1]))


def between(first: date, last: date) -> Period:
    """Any run of days."""
    if last < first:
        raise Rejected("period-ends-before-it-starts", f"{last} is before {first}.", pointer="to")
    return Period(f"{first}..{last}", first, last)
