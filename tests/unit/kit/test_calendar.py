from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealwire.calendar import BusinessCalendar

CHINA = BusinessCalendar()
CALENDARS = [
    CHINA,
    BusinessCalendar("Europe/Berlin", "DE", time(8), time(17, 30)),
    BusinessCalendar("America/New_York", "US", time(1, 30), time(3)),  # across both changes of the clocks
    BusinessCalendar("Asia/Kolkata", "IN", time(10), time(19)),
    BusinessCalendar("Australia/Lord_Howe", "AU", time(0), time(23, 59)),  # changes its clocks by half an hour
]

calendars = st.sampled_from(CALENDARS)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001  # given by timezones
hours = st.integers(0, 400).map(lambda quarters: quarters / 4)


def shanghai(*at: int) -> datetime:
    return datetime(*at, tzinfo=ZoneInfo("Asia/Shanghai"))  # type: ignore[misc,arg-type]


@given(calendars, moments, hours)
def test_a_deadline_is_in_working_time_and_in_utc(calendar: BusinessCalendar, start: datetime, worked: float) -> None:
    due = calendar.add(start, worked)
    local = due.astimezone(ZoneInfo(calendar.zone))
    assert due.tzinfo is UTC
    assert due >= start
    assert calendar.is_working_day(local.date())
    opens, closes = calendar._hours(local.date())
    assert opens <= due <= closes


@given(calendars, moments, hours, hours)
def test_more_hours_are_never_due_earlier(
    calendar: BusinessCalendar, start: datetime, some: float, more: float
) -> None:
    assert calendar.add(start, some) <= calendar.add(start, some + more)


@given(calendars, moments, hours, st.integers(0, 60 * 24 * 30))
def test_who_starts_later_is_never_due_earlier(
    calendar: BusinessCalendar, start: datetime, worked: float, minutes: int
) -> None:
    assert calendar.add(start, worked) <= calendar.add(start + timedelta(minutes=minutes), worked)


@given(calendars, moments, hours, hours.filter(bool))
def test_hours_may_be_added_in_pieces(calendar: BusinessCalendar, start: datetime, first: float, second: float) -> None:
    assert calendar.add(calendar.add(start, first), second) == calendar.add(start, first + second)


@given(calendars, moments, hours)
def test_the_answer_does_not_depend_on_the_zone_a_start_is_written_in(
    calendar: BusinessCalendar, start: datetime, worked: float
) -> None:
    assert calendar.add(start.astimezone(ZoneInfo("America/Lima")), worked) == calendar.add(start, worked)


@pytest.mark.parametrize(
    ("start", "worked", "due"),
    [
        (shanghai(2026, 3, 4, 10), 2, shanghai(2026, 3, 4, 12)),
        (shanghai(2026, 3, 4, 17), 2, shanghai(2026, 3, 5, 10)),
        (shanghai(2026, 3, 4, 17), 1, shanghai(2026, 3, 4, 18)),  # the very end still belongs to the day
        (shanghai(2026, 3, 4, 20), 2, shanghai(2026, 3, 5, 11)),
        (shanghai(2026, 3, 4, 6), 2, shanghai(2026, 3, 4, 11)),
        (shanghai(2026, 3, 6, 17), 2, shanghai(2026, 3, 9, 10)),  # over a weekend
        (shanghai(2026, 3, 7, 12), 0, shanghai(2026, 3, 9, 9)),
        (shanghai(2026, 3, 4, 10), 20, shanghai(2026, 3, 6, 12)),
        # Spring Festival 2026: off from 15 to 23 February; the Saturdays around it, 14 and 28 February, are worked.
        (shanghai(2026, 2, 13, 17), 2, shanghai(2026, 2, 14, 10)),
        (shanghai(2026, 2, 14, 17), 2, shanghai(2026, 2, 24, 10)),
        (shanghai(2026, 2, 27, 17), 2, shanghai(2026, 2, 28, 10)),
        # National Day and Mid-Autumn 2025: off from 1 to 8 October; 28 September and 11 October are worked.
        (shanghai(2025, 9, 27, 12), 1, shanghai(2025, 9, 28, 10)),
        (shanghai(2025, 9, 30, 17), 2, shanghai(2025, 10, 9, 10)),
        (shanghai(2025, 10, 10, 17), 2, shanghai(2025, 10, 11, 10)),
    ],
)
def test_business_hours_in_china(start: datetime, worked: float, due: datetime) -> None:
    assert CHINA.add(start, worked) == due


@pytest.mark.parametrize(
    ("day", "passes"), [(date(2026, 3, 6), 1.5), (date(2026, 3, 8), 0.5), (date(2026, 11, 1), 2.5)]
)
def test_a_day_on_which_the_clocks_change_has_the_hours_that_pass(day: date, passes: float) -> None:
    """New York leaves out 2:00 to 3:00 on 8 March 2026, and has 1:00 to 2:00 twice on 1 November."""
    opens, closes = BusinessCalendar("America/New_York", "US", time(1, 30), time(3))._hours(day)
    assert (closes - opens) == timedelta(hours=passes)


@given(st.lists(st.dates(date(2020, 1, 1), date(2030, 12, 31)), min_size=2, max_size=6))
def test_whether_a_day_is_worked_does_not_depend_on_what_was_asked_before(days: list[date]) -> None:
    import holidays

    for country in ("CN", "US", "DE"):
        for day in days:
            fresh = holidays.country_holidays(country, years=range(day.year - 1, day.year + 2))
            assert BusinessCalendar(country=country).is_working_day(day) == fresh.is_working_day(day)


def test_the_organisations_date_is_that_of_its_zone() -> None:
    assert CHINA.day(datetime(2026, 3, 4, 17, tzinfo=UTC)) == date(2026, 3, 5)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="open before it closes"):
        BusinessCalendar(opens=time(18), closes=time(9))
    with pytest.raises(ValueError, match="no public holidays known"):
        BusinessCalendar(country="XX")
    with pytest.raises(ValueError, match="past"):
        CHINA.add(shanghai(2026, 3, 4, 10), -1)
    with pytest.raises(ValueError, match="working hours within"):
        CHINA.add(shanghai(2026, 3, 4, 10), 10_000)
