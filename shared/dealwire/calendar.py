"""Business time: when people work, and what a deadline is (X9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

_SEARCH_LIMIT = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment by which something must have happened to a record, and what it is called."""

    name: str
    due: datetime


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """The organisation's working hours, without weekends and public holidays.

    `country` is an ISO 3166 code the `holidays` library knows; it also knows the weekends that China makes working
    days. Times inside are aware UTC; `zone` is where `opens` and `closes` are read on the clock.
    """

    zone: str = "Asia/Shanghai"
    country: str = "CN"
    opens: time = time(9)
    closes: time = time(18)

    def __post_init__(self) -> None:
        if self.opens >= self.closes:
            raise ValueError("the working day must open before it closes")
        _working_days(self.country)
        ZoneInfo(self.zone)

    def add(self, start: datetime, hours: float) -> datetime:
        """The moment `hours` of working time after `start`, in UTC; none are the next moment that is working time.

        Raises ValueError for negative hours, and when there is too little working time within a year.
        """
        left = timedelta(hours=hours)
        if left < timedelta():
            raise ValueError(f"{hours} working hours lie in the past")
        day = self.day(start)
        for _ in range(_SEARCH_LIMIT.days):
            opens, closes = self._hours(day)
            begins = max(start, opens)
            if self.is_working_day(day) and begins < closes:
                if begins + left <= closes:
                    return begins + left
                left -= closes - begins
            day += timedelta(days=1)
        raise ValueError(f"no {hours} working hours within {_SEARCH_LIMIT.days} days of {start}")

    def is_working_day(self, day: date) -> bool:
        """Whether people work on that day."""
        return _working_days(self.country).is_working_day(day)

    def day(self, moment: datetime) -> date:
        """The organisation's date at a moment."""
        return moment.astimezone(ZoneInfo(self.zone)).date()

    def _hours(self, day: date) -> tuple[datetime, datetime]:
        zone = ZoneInfo(self.zone)
        opens, closes = (datetime.combine(day, at, zone).astimezone(UTC) for at in (self.opens, self.closes))
        return opens, closes


@lru_cache(maxsize=8)
def _working_days(country: str) -> holidays.HolidayBase:
    try:
        return holidays.country_holidays(country)
    except NotImplementedError as unknown:
        raise ValueError(f"no public holidays known for country {country!r}") from unknown
