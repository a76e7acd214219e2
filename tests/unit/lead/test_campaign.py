"""What came of channels and campaigns."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from dealwire.catalogue.common import Channel, Grade, Money
from lead_service.domain.campaign import Campaign, Count, Spend, record_spend, report
from lead_service.domain.lead import Status

FIRST, LAST = date(2025, 3, 1), date(2025, 3, 31)
EXPO, SEARCH = Channel.EXPO, Channel.SEARCH


def some(leads: int, grade: Grade | None = None, status: Status = Status.INTAKE, **more: object) -> Count:
    told = {"channel": EXPO, "campaign": "CMEF", "currency": "CNY", "minor": 100 * leads} | more
    return Count(grade=grade, status=status, leads=leads, **told)  # type: ignore[arg-type]


def a_campaign(*spend: tuple[date, int, str]) -> Campaign:
    campaign = None
    for day, minor, currency in spend:
        entry = Spend(day=day, amount=Money(minor=minor, currency=currency))
        campaign, _ = record_spend(campaign, EXPO, "CMEF", entry)
    assert campaign
    return campaign


def test_a_source_is_reported_by_volume_grades_and_cost() -> None:
    counts = [
        some(3, Grade.A, Status.CONVERTED),
        some(2, Grade.B),
        some(4, Grade.C),
        some(1, status=Status.DISCARDED),
        some(5, channel=SEARCH, campaign=None),
    ]
    expo, search = report(counts, [], FIRST, LAST, by_campaign=False)
    assert (expo.leads, expo.qualified, expo.converted, expo.discarded) == (10, 5, 3, 1)
    assert dict(expo.grades) == {Grade.A: 3, Grade.B: 2, Grade.C: 4}
    assert (expo.cost, search.leads, search.campaign) == ({"CNY": 1000}, 5, None)


def test_amounts_of_two_currencies_are_never_added() -> None:
    (expo,) = report([some(1), some(2, currency="EUR", minor=7)], [], FIRST, LAST, by_campaign=True)
    assert expo.cost == {"CNY": 100, "EUR": 7}


def test_what_a_campaign_cost_as_a_whole_counts_on_its_day() -> None:
    campaign = a_campaign((FIRST, 50, "CNY"), (LAST, 60, "CNY"), (date(2025, 4, 1), 70, "CNY"), (LAST, 3, "USD"))
    (expo,) = report([some(1)], [campaign], FIRST, LAST, by_campaign=True)
    assert expo.cost == {"CNY": 210, "USD": 3}
    (alone,) = report([], [campaign], FIRST, LAST, by_campaign=True)
    assert (alone.leads, alone.campaign) == (0, "CMEF")
    assert report([], [campaign], date(2025, 5, 1), date(2025, 5, 2), by_campaign=True) == []


@given(
    st.lists(
        st.builds(
            some,
            st.integers(1, 9),
            st.sampled_from([*Grade, None]),
            st.sampled_from(list(Status)),
            channel=st.sampled_from([EXPO, SEARCH]),
            campaign=st.sampled_from(["CMEF", "x", None]),
        )
    )
)
def test_channels_and_campaigns_count_the_same_leads(counts: list[Count]) -> None:
    by_channel = report(counts, [], FIRST, LAST, by_campaign=False)
    by_campaign = report(counts, [], FIRST, LAST, by_campaign=True)
    for name in ("leads", "qualified", "discarded", "converted"):
        sums = [sum(getattr(each, name) for each in figures) for figures in (by_channel, by_campaign)]
        assert sums[0] == sums[1]
    assert sum(each.leads for each in by_channel) == sum(count.leads for count in counts)
