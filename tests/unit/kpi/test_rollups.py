from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st
from unit.kpi.builders import (
    NOON,
    SHANGHAI,
    a_captured_lead,
    a_loss,
    a_payment,
    a_qualified_lead,
    a_revoked_loss,
    a_sent_quote,
    a_signing,
    a_win,
    a_withdrawn_lead,
    fact,
    happened,
    yuan,
)

from dealwire.catalogue.common import Grade
from dealwire.event import Event, EventData
from kpi_service.domain.facts import fact_of
from kpi_service.domain.metrics import Metric
from kpi_service.domain.rollups import Cell, Key, RollUps, roll_up

DAYS = st.dates(date(2017, 2, 27), date(2017, 3, 2))
AMS = st.sampled_from(["am.li", "am.mo", "am.wu"])
ANYTHING: st.SearchStrategy[EventData] = st.one_of(
    st.builds(
        a_signing,
        am_id=AMS,
        amount=st.builds(yuan, st.integers(0, 10**9), st.sampled_from(["CNY", "USD"])),
        account_id=st.sampled_from(["acme", "betasoloin", None]),
        signed_on=DAYS,
        drafted_on=st.none() | DAYS,
    ),
    st.builds(a_payment, am_id=AMS, received_on=DAYS),
    st.builds(a_win, AMS, DAYS),
    st.builds(a_loss, AMS, DAYS),
    st.builds(a_revoked_loss, AMS, DAYS),
    st.builds(a_captured_lead),
    st.builds(a_withdrawn_lead, st.none() | DAYS),
    st.builds(a_qualified_lead, st.sampled_from(Grade), st.sampled_from(["l1", "l2"])),
    st.builds(a_sent_quote, st.sampled_from(["o1", "o2"])),
)


def in_a_row(data: Sequence[EventData]) -> list[Event]:
    return [
        happened(one, sequence=number, time=NOON + timedelta(hours=number % 5))
        for number, one in enumerate(data, start=1)
    ]


def projected(deliveries: Sequence[Event], batches: random.Random) -> RollUps:
    """As the projector does it: batch by batch, what is known already left out."""
    known: set[str] = set()
    result = RollUps()
    left = list(deliveries)
    while left:
        size = batches.randint(1, len(left))
        batch, left = left[:size], left[size:]
        fresh = {event.id: event for event in batch if event.id not in known}
        known |= fresh.keys()
        result = result.plus(roll_up(fact_of(event, SHANGHAI) for event in fresh.values()))
    return result


@given(st.lists(ANYTHING, max_size=20), st.randoms())
def test_any_shuffle_with_duplicates_gives_the_same_roll_ups(data: list[EventData], chance: random.Random) -> None:
    events = in_a_row(data)
    deliveries = events * 3
    chance.shuffle(deliveries)

    assert projected(deliveries, chance) == roll_up(fact_of(event, SHANGHAI) for event in events)


@given(st.lists(ANYTHING, max_size=20), st.lists(ANYTHING, max_size=20), st.lists(ANYTHING, max_size=20))
def test_roll_ups_add_up_in_any_grouping(a: list[EventData], b: list[EventData], c: list[EventData]) -> None:
    events = in_a_row([*a, *b, *c])
    facts = [fact_of(event, SHANGHAI) for event in events]
    first, second, third = (
        roll_up(part) for part in (facts[: len(a)], facts[len(a) : len(a) + len(b)], facts[len(a) + len(b) :])
    )
    assert first.plus(second).plus(third) == third.plus(first).plus(second) == roll_up(facts)
    assert reduce(RollUps.plus, (first, second, third), RollUps()) == roll_up(facts)


def test_a_cell_knows_its_sum_and_how_many_facts_are_in_it() -> None:
    rolled = roll_up([fact(a_signing(), "k1"), fact(a_signing(amount=yuan(5)), "k2")])

    assert rolled.cells[Key(date(2017, 3, 1), "am.li", Metric.SALES_AMOUNT, "CNY")] == Cell(10_500, 2)


def test_a_customer_is_new_with_the_contract_signed_first_whichever_is_heard_of_first() -> None:
    early = fact(a_signing(am_id="am.mo", signed_on=date(2017, 1, 5)), "k1")
    late = fact(a_signing(am_id="am.li", signed_on=date(2017, 3, 1)), "k2")

    for order in ([early, late], [late, early]):
        (first,) = roll_up(order).firsts.values()
        assert first.key == Key(date(2017, 1, 5), "am.mo", Metric.NEW_CUSTOMERS)


def test_a_loss_that_was_revoked_counts_on_no_day_whichever_is_heard_of_first() -> None:
    lost = fact(a_loss(lost_on=date(2017, 2, 27)), sequence=1)
    revoked = fact(a_revoked_loss(lost_on=date(2017, 2, 27)), sequence=2)

    for order in ([lost, revoked], [revoked, lost]):
        assert {cell.total for cell in roll_up(order).cells.values()} == {0}


def test_a_capture_that_was_undone_counts_on_no_day_whichever_is_heard_of_first() -> None:
    captured = fact(a_captured_lead(), sequence=1, time=NOON)
    undone = fact(a_withdrawn_lead(date(2017, 3, 1)), sequence=2, time=NOON + timedelta(days=3))

    for order in ([captured, undone], [undone, captured]):
        assert {cell.total for cell in roll_up(order).cells.values()} == {0}


def test_a_lead_counts_once_in_the_grade_it_was_first_given() -> None:
    first = fact(a_qualified_lead(Grade.B), sequence=2, time=NOON)
    again = fact(a_qualified_lead(Grade.A), sequence=3, time=NOON + timedelta(minutes=5))

    (counted,) = roll_up([again, first]).firsts.values()
    assert counted.metric is Metric.LEADS_QUALIFIED_B


def test_a_deal_counts_as_quoted_once_however_many_quotes_went_out() -> None:
    rolled = roll_up([fact(a_sent_quote(), sequence=1), fact(a_sent_quote(), sequence=2)])

    assert (len(rolled.firsts), rolled.cells) == (1, {})
