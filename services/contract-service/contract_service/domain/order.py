"""The order a signed contract becomes, handed over to those who fulfil it (C8)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from pydantic import AwareDatetime, computed_field

from contract_service.domain.policy import Policy
from dealwire.calendar import BusinessCalendar, Deadline
from dealwire.catalogue.common import Id, Line, Role, Value
from dealwire.catalogue.contract import (
    ContractSigned,
    Department,
    OrderAccepted,
    OrderDelivered,
    OrderEscalated,
    OrderHandedOver,
)
from dealwire.errors import Conflict, Rejected
from dealwire.event import Decision, derived_id


class Acceptance(Value):
    """That a department took the order over."""

    department: Department
    by: Id
    at: AwareDatetime


class Status(StrEnum):
    """How far an order has come."""

    HANDED_OVER = "handed_over"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"


class Order(Value):
    """What was sold, on its way to the customer; `accept_by` is when all departments should have taken it over.

    Status and who is waited for follow from the rest; they are stored with it so that lists can ask for them.
    """

    id: Id
    contract_id: Id
    opportunity_id: Id
    account_id: Id | None = None
    account_name: Line | None = None
    am_id: Id
    signed_on: date
    accept_by: AwareDatetime
    acceptances: tuple[Acceptance, ...] = ()
    escalated: bool = False
    delivered_on: date | None = None

    @computed_field  # type: ignore[prop-decorator]  # pydantic's way, which mypy does not know
    @property
    def waiting_for(self) -> tuple[Department, ...]:
        """The departments that have not accepted yet."""
        accepted = {acceptance.department for acceptance in self.acceptances}
        return tuple(department for department in Department if department not in accepted)

    @computed_field  # type: ignore[prop-decorator]  # same
    @property
    def status(self) -> Status:
        """Accepted is when all departments have."""
        if self.delivered_on is not None:
            return Status.DELIVERED
        return Status.HANDED_OVER if self.waiting_for else Status.ACCEPTED


STANDS_FOR = {Department.PRODUCTION: Role.SO, Department.DELIVERY: Role.SO, Department.SERVICE: Role.CS}
"""Who accepts for a department; where that is sales operations, it stands in for the department's own system."""


def hand_over(
    signed: ContractSigned, now: datetime, calendar: BusinessCalendar, policy: Policy
) -> Decision[Order] | None:
    """A signed contract is handed over to production, delivery and service at once; history is not (C8).

    Each accepts within `policy.order_acceptance_hours` of working time.
    """
    if signed.historical:
        return None
    order = Order(
        id=derived_id("order", signed.contract_id),
        contract_id=signed.contract_id,
        opportunity_id=signed.opportunity_id,
        account_id=signed.account_id,
        account_name=signed.account_name,
        am_id=signed.am_id,
        signed_on=signed.signed_on,
        accept_by=calendar.add(now, policy.order_acceptance_hours),
    )
    handed_over = OrderHandedOver(
        order_id=order.id,
        contract_id=order.contract_id,
        opportunity_id=order.opportunity_id,
        account_id=order.account_id,
        account_name=order.account_name,
        am_id=order.am_id,
        departments=order.waiting_for,
        accept_by=order.accept_by,
    )
    return order, (handed_over,)


def deadlines(order: Order) -> list[Deadline]:
    """An order waits for its acceptance until it is accepted or escalated (C8)."""
    return [Deadline("accept", order.accept_by)] if order.waiting_for and not order.escalated else []


def escalate_if_late(order: Order, now: datetime) -> Decision[Order]:
    """An order not accepted by everybody in time escalates, once, naming who is waited for (C8)."""
    if not any(deadline.due <= now for deadline in deadlines(order)):
        return order, ()
    event = OrderEscalated(
        order_id=order.id,
        contract_id=order.contract_id,
        am_id=order.am_id,
        waiting_for=order.waiting_for,
        due=order.accept_by,
    )
    return order.model_copy(update={"escalated": True}), (event,)


def accept(order: Order, department: Department, by: str, now: datetime) -> Decision[Order]:
    """A department accepts the order; late is better than never, but late it is, whether a clock saw it first or not."""
    if department not in order.waiting_for:
        return order, ()
    order, escalated = escalate_if_late(order, now)
    acceptance = Acceptance(department=department, by=by, at=now)
    accepted = order.model_copy(update={"acceptances": (*order.acceptances, acceptance)})
    event = OrderAccepted(
        order_id=order.id,
        contract_id=order.contract_id,
        department=department,
        by=by,
        complete=not accepted.waiting_for,
    )
    return accepted, (*escalated, event)


def deliver(order: Order, delivered_on: date, today: date) -> Decision[Order]:
    """An order is delivered when all departments had accepted it, on a day between the signature and today."""
    if order.delivered_on == delivered_on:
        return order, ()
    if order.delivered_on is not None:
        raise Conflict("order-delivered", f"This order was delivered on {order.delivered_on}.")
    if order.waiting_for:
        raise Conflict("order-not-accepted", f"Still waiting for {' and '.join(order.waiting_for)} to accept.")
    if not order.signed_on <= delivered_on <= today:
        raise Rejected(
            "delivery-day-impossible",
            f"A delivery lies between the signature ({order.signed_on}) and today ({today}).",
            pointer="/delivered_on",
        )
    delivered = order.model_copy(update={"delivered_on": delivered_on})
    return delivered, (
        OrderDelivered(order_id=order.id, contract_id=order.contract_id, am_id=order.am_id, delivered_on=delivered_on),
    )
