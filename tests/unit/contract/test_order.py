from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.contract.builders import (
    CALENDAR,
    MONDAY_10H,
    MONDAY_14H,
    POLICY,
    SIGNED_ON,
    TODAY,
    a_won_deal,
    an_order,
    the_signing,
    types,
)

from contract_service.domain.drafting import record_past_contract
from contract_service.domain.order import Order, Status, accept, deadlines, deliver, escalate_if_late, hand_over
from contract_service.domain.policy import Policy
from dealwire.calendar import Deadline
from dealwire.catalogue.contract import (
    ContractSigned,
    Department,
    OrderAccepted,
    OrderDelivered,
    OrderEscalated,
    OrderHandedOver,
)
from dealwire.errors import Conflict, Rejected
from dealwire.event import EventData, derived_id

LATER = MONDAY_14H + timedelta(hours=1)


def an_order_accepted_by(*departments: Department, at: datetime = MONDAY_10H) -> Order:
    order = an_order()
    for department in departments:
        order, _ = accept(order, department, f"{department}.1", at)
    return order


def test_a_signed_contract_is_handed_over_to_production_delivery_and_service_at_once() -> None:
    signed = the_signing()
    decision = hand_over(signed, MONDAY_10H, CALENDAR, POLICY)
    assert decision is not None
    order, events = decision
    assert (order.waiting_for, order.status) == (tuple(Department), Status.HANDED_OVER)
    assert events == (
        OrderHandedOver(
            order_id=derived_id("order", signed.contract_id),
            contract_id=signed.contract_id,
            opportunity_id="opp-1",
            account_id="acc-1",
            account_name="上海云帆科技有限公司",
            am_id="am.li",
            departments=(Department.PRODUCTION, Department.DELIVERY, Department.SERVICE),
            accept_by=MONDAY_14H,
        ),
    )


def test_history_is_not_handed_over() -> None:
    _, (signed,) = record_past_contract(a_won_deal())
    assert isinstance(signed, ContractSigned)
    assert hand_over(signed, MONDAY_10H, CALENDAR, POLICY) is None


@pytest.mark.parametrize(
    ("hours", "handed_over", "accept_by"),
    [
        (4, "2025-03-10T10:00+08:00", "2025-03-10T14:00+08:00"),
        (4, "2025-03-10T16:30+08:00", "2025-03-11T11:30+08:00"),
        (4, "2025-03-14T17:00+08:00", "2025-03-17T12:00+08:00"),
        (4, "2025-04-30T17:00+08:00", "2025-05-06T12:00+08:00"),
        (1.5, "2025-03-10T10:00+08:00", "2025-03-10T11:30+08:00"),
    ],
)
def test_an_order_is_accepted_within_four_business_hours(hours: float, handed_over: str, accept_by: str) -> None:
    policy = Policy(order_acceptance_hours=hours)
    decision = hand_over(the_signing(), datetime.fromisoformat(handed_over), CALENDAR, policy)
    assert decision is not None
    assert decision[0].accept_by == datetime.fromisoformat(accept_by)


def test_an_order_waits_for_its_acceptance_until_it_is_accepted_or_escalated() -> None:
    assert deadlines(an_order()) == [Deadline("accept", MONDAY_14H)]
    assert deadlines(an_order_accepted_by(Department.SERVICE)) == [Deadline("accept", MONDAY_14H)]
    assert deadlines(an_order_accepted_by(*Department)) == []
    escalated, _ = escalate_if_late(an_order(), MONDAY_14H)
    assert deadlines(escalated) == []


def test_an_order_not_accepted_by_everybody_in_time_escalates_once_naming_who_is_waited_for() -> None:
    order = an_order_accepted_by(Department.DELIVERY)
    assert escalate_if_late(order, MONDAY_14H - timedelta(milliseconds=1)) == (order, ())
    escalated, events = escalate_if_late(order, MONDAY_14H)
    assert events == (
        OrderEscalated(
            order_id=order.id,
            contract_id=order.contract_id,
            am_id="am.li",
            waiting_for=(Department.PRODUCTION, Department.SERVICE),
            due=MONDAY_14H,
        ),
    )
    assert escalate_if_late(escalated, LATER) == (escalated, ())


def test_an_order_accepted_in_time_does_not_escalate() -> None:
    order = an_order_accepted_by(*Department)
    assert escalate_if_late(order, LATER) == (order, ())


def test_an_escalated_order_can_still_be_accepted() -> None:
    order, _ = escalate_if_late(an_order(), MONDAY_14H)
    for department in Department:
        order, events = accept(order, department, "cs.1", LATER)
        assert types(events) == ["OrderAccepted"]
    assert (order.waiting_for, order.status) == ((), Status.ACCEPTED)


def test_a_late_acceptance_escalates_even_before_the_clock_notices() -> None:
    order, events = accept(an_order(), Department.SERVICE, "cs.1", LATER)
    assert types(events) == ["OrderEscalated", "OrderAccepted"]
    assert escalate_if_late(order, LATER) == (order, ())


def test_a_department_accepts_once() -> None:
    order = an_order_accepted_by(Department.SERVICE)
    assert accept(order, Department.SERVICE, "cs.2", LATER) == (order, ())


def test_an_order_is_delivered_when_all_departments_had_accepted_it() -> None:
    order, events = deliver(an_order_accepted_by(*Department), TODAY, TODAY)
    assert (order.delivered_on, order.status) == (TODAY, Status.DELIVERED)
    assert events == (
        OrderDelivered(order_id=order.id, contract_id=order.contract_id, am_id="am.li", delivered_on=TODAY),
    )


@pytest.mark.parametrize("missing", Department)
def test_an_order_is_not_delivered_before_everybody_accepted_it(missing: Department) -> None:
    order = an_order_accepted_by(*set(Department) - {missing})
    with pytest.raises(Conflict) as no:
        deliver(order, TODAY, TODAY)
    assert no.value.slug == "order-not-accepted"
    assert missing in no.value.detail


@pytest.mark.parametrize("day", [SIGNED_ON - timedelta(days=1), TODAY + timedelta(days=1)])
def test_a_delivery_lies_between_the_signature_and_today(day: date) -> None:
    with pytest.raises(Rejected) as no:
        deliver(an_order_accepted_by(*Department), day, TODAY)
    assert (no.value.slug, no.value.pointer) == ("delivery-day-impossible", "/delivered_on")


@pytest.mark.parametrize("day", [SIGNED_ON, TODAY])
def test_a_delivery_may_be_of_the_day_of_the_signature_or_of_today(day: date) -> None:
    order, _ = deliver(an_order_accepted_by(*Department), day, TODAY)
    assert order.delivered_on == day


def test_an_order_is_delivered_once() -> None:
    order, _ = deliver(an_order_accepted_by(*Department), TODAY, TODAY)
    assert deliver(order, TODAY, TODAY) == (order, ())
    with pytest.raises(Conflict) as no:
        deliver(order, SIGNED_ON, TODAY)
    assert no.value.slug == "order-delivered"


moments = st.integers(min_value=0, max_value=12 * 60).map(lambda minutes: MONDAY_10H + timedelta(minutes=minutes))
happenings = st.lists(st.tuples(moments, st.sampled_from(["clock", *Department])), max_size=20).map(sorted)


@given(happenings)
def test_an_order_is_completed_once_and_escalates_once_if_late_however_often_anybody_tries(
    happening: list[tuple[datetime, Department | str]],
) -> None:
    order, seen, late = an_order(), list[EventData](), False
    for now, who in happening:
        before = order
        late |= now >= MONDAY_14H and (who in order.waiting_for or (who == "clock" and bool(order.waiting_for)))
        order, events = (
            accept(order, who, "somebody", now) if isinstance(who, Department) else escalate_if_late(order, now)
        )
        assert bool(events) == (order != before)
        seen.extend(events)
    acceptances = [event for event in seen if isinstance(event, OrderAccepted)]
    assert {event.department for event in acceptances} == {who for _, who in happening} - {"clock"}
    assert len(acceptances) == len(order.acceptances)
    assert [event.complete for event in acceptances].count(True) == (not order.waiting_for)
    assert types(seen).count("OrderEscalated") == order.escalated == late
