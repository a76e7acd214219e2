"""Working hours for tests that wait for a business clock, on whatever day and at whatever hour they run."""

from __future__ import annotations

from datetime import time
from typing import Any

from dealwire.calendar import BusinessCalendar
from dealwire.event import utc_now

_COUNTRIES = ("CN", "US", "HK", "EG", "GB", "IL", "IR", "JP")
"""Their weekends differ, so that on every day of the week several of them work."""


def always_open() -> dict[str, Any]:
    """Settings under which people are working now and for hours to come: where it is midday, in a country at work."""
    now = utc_now()
    zone = f"Etc/GMT{now.hour - 12:+d}"  # POSIX counts westwards
    opens, closes = time(0), time(23, 59)
    for country in _COUNTRIES:
        calendar = BusinessCalendar(zone, country, opens, closes)
        if calendar.is_working_day(calendar.day(now)):
            return {"timezone": zone, "holidays": country, "workday_start": opens, "workday_end": closes}
    raise AssertionError(f"nobody works on {now.date()}")
