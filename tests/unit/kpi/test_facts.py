from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from unit.kpi.builders import (
    NOON,
    a_captured_lead,
    a_loss,
    a_move,
    a_payment,
    a_qualified_lead,
    a_revoked_loss,
    a_sent_quote,
    a_signing,
    a_win,
    a_withdrawn_lead,
    fact,
    yuan,
)

from dealwire.catalogue.common import Channel, Contact, Grade, Stage
from dealwire.catalogue.contract import OrderDelivered
from dealwire.catalogue.lead import Bant, LeadAccepted, LeadAssigned, LeadConverted, LeadReturned
from dealwire.catalogue.pipeline import OpportunityOpened, QuoteAccepted
from dealwire.event import EventData
from kpi_service.domain.facts import READINGS, Contribution
from kpi_service.domain.metrics import Metric

DAY = date(2017, 3, 1)
ONE_OF_EACH: list[tuple[EventData, str | None, date, set[Metric]]] = [
    (
        a_signing(),
        "am.li",
        DAY,
        {Metric.SALES_AMOUNT, Metric.DEALS_SIGNED, Metric.SALES_CYCLE_DAYS, Metric.NEW_CUSTOMERS},
    ),
    (a_payment(), "am.li", date(2017, 3, 5), {Metric.RECEIVED}),
    (
        OrderDelivered(order_id="d", contract_id="k1", am_id="am.li", delivered_on=date(2017, 4, 2)),
        "am.li",
        date(2017, 4, 2),
        {Metric.ORDERS_DELIVERED},
    ),
    (
        OpportunityOpened(
            opportunity_id="o1", title="t", am_id="am.li", stage=Stage.NEEDS, opened_on=date(2016, 12, 31)
        ),
        "am.li",
        date(2016, 12, 31),
        {Metric.OPPORTUNITIES_OPENED, Metric.ENTERED_NEEDS},
    ),
    (a_move(Stage.SOLUTION), "am.li", DAY, {Metric.ENTERED_SOLUTION}),
    (a_win(), "am.li", DAY, {Metric.OPPORTUNITIES_WON}),
    (a_loss(), "am.li", DAY, {Metric.OPPORTUNITIES_LOST}),
    (a_revoked_loss(), "am.li", DAY, {Metric.OPPORTUNITIES_LOST}),
    (a_sent_quote(), None, DAY, {Metric.QUOTES_SENT}),
    (
        QuoteAccepted(
            opportunity_id="o1", quote_id="q", am_id="am.li", lines=(), total=yuan(1), opened_on=DAY, accepted_at=NOON
        ),
        "am.li",
        DAY,
        {Metric.QUOTES_ACCEPTED},
    ),
    (a_captured_lead(), None, DAY, {Metric.LEADS_CAPTURED}),
    (a_withdrawn_lead(date(2017, 2, 27)), None, date(2017, 2, 27), {Metric.LEADS_CAPTURED}),
    (a_qualified_lead(Grade.B), None, DAY, {Metric.LEADS_QUALIFIED_B}),
    (
        LeadAssigned(lead_id="l1", am_id="am.li", grade=Grade.A, attempt=1, accept_by=NOON, because=()),
        "am.li",
        DAY,
        {Metric.LEADS_ASSIGNED},
    ),
    (
        LeadAccepted(lead_id="l1", am_id="am.li", assigned_at=NOON, accepted_at=NOON),
        "am.li",
        DAY,
        {Metric.LEADS_ACCEPTED},
    ),
    (
        LeadReturned(lead_id="l1", am_id="am.li", reason="not_accepted_in_time", due=NOON),
        "am.li",
        DAY,
        {Metric.LEADS_RETURNED},
    ),
    (
        LeadConverted(
            lead_id="l1",
            company="Acme",
            contact=Contact(name="王芳"),
            channel=Channel.EXPO,
            grade=Grade.A,
            score=80,
            bant=Bant(budget=1, authority=1, need=1, timeline=1),
            am_id="am.li",
            captured_at=NOON,
        ),
        "am.li",
        DAY,
        {Metric.LEADS_CONVERTED},
    ),
]


@pytest.mark.parametrize(
    ("data", "member_id", "day", "metrics"), ONE_OF_EACH, ids=lambda value: getattr(value, "type", "")
)
def test_every_projected_event_counts_for_its_member_on_its_day(
    data: EventData, member_id: str | None, day: date, metrics: set[Metric]
) -> None:
    known = fact(data)

    assert (known.member_id, known.day) == (member_id, day)
    assert {contribution.metric for contribution in known.contributions} == metrics


def test_every_projected_event_has_a_case_above() -> None:
    assert {type(data) for data, *_ in ONE_OF_EACH} == set(READINGS)


def test_a_signed_contract_counts_its_amount_in_minor_units_of_its_currency() -> None:
    assert Contribution(Metric.SALES_AMOUNT, 10_000, "CNY") in fact(a_signing(amount=yuan(100))).contributions


def test_a_historical_contract_counts_on_the_day_it_was_signed() -> None:
    known = fact(a_signing(historical=True, signed_on=date(2016, 12, 31)))

    assert known.day == date(2016, 12, 31)
    assert Contribution(Metric.DEALS_SIGNED) in known.contributions


def test_the_sales_cycle_runs_from_opening_and_the_signing_cycle_from_the_draft_where_it_is_known() -> None:
    days = {item.metric: item.value for item in fact(a_signing(drafted_on=date(2017, 2, 26))).contributions}

    assert (days[Metric.SALES_CYCLE_DAYS], days[Metric.SIGNING_CYCLE_DAYS]) == (28, 3)
    assert Metric.SIGNING_CYCLE_DAYS not in {item.metric for item in fact(a_signing(drafted_on=None)).contributions}


def test_a_contract_without_an_account_makes_no_new_customer() -> None:
    assert Metric.NEW_CUSTOMERS not in {item.metric for item in fact(a_signing(account_id=None)).contributions}


def test_an_event_without_a_business_date_counts_on_the_day_it_is_in_the_organisations_zone() -> None:
    before, after = datetime(2017, 2, 28, 15, 59, tzinfo=UTC), datetime(2017, 2, 28, 16, 0, tzinfo=UTC)

    assert fact(a_captured_lead(), time=before).day == date(2017, 2, 28)
    assert fact(a_captured_lead(), time=after).day == date(2017, 3, 1)


def test_a_deal_that_enters_a_stage_again_is_kept_but_does_not_count() -> None:
    assert fact(a_move(Stage.SOLUTION, first_entry=False)).contributions == ()


@pytest.mark.parametrize("stage", [Stage.WON, Stage.LOST])
def test_a_move_to_won_or_lost_counts_by_its_own_event_only(stage: Stage) -> None:
    assert fact(a_move(stage)).contributions == ()
