"""What an event says about the figures.

Every projected event is kept as a fact under its own id, with what it contributes to which metric. To add a KPI: name
it in `metrics`, let a reading below contribute to it, put it on the scorecard; `POST /v1/rebuild` reads the past anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from dealwire.catalogue.common import Money
from dealwire.catalogue.contract import ContractSigned, OrderDelivered, PaymentReceived
from dealwire.catalogue.lead import (
    LeadAccepted,
    LeadAssigned,
    LeadCaptured,
    LeadConverted,
    LeadQualified,
    LeadReturned,
    LeadWithdrawn,
)
from dealwire.catalogue.pipeline import (
    OpportunityLossRevoked,
    OpportunityLost,
    OpportunityOpened,
    OpportunityStageChanged,
    OpportunityWon,
    QuoteAccepted,
    QuoteSent,
)
from dealwire.event import Event, EventData
from kpi_service.domain.metrics import ENTERED, QUALIFIED, Metric


class Contribution(NamedTuple):
    """`value` units, minor units or days of a metric.

    Of all contributions with the same `once`, only the earliest by day, time and event id counts: whichever comes first
    on the wire.
    """

    metric: Metric
    value: int = 1
    currency: str | None = None
    once: str | None = None


class Fact(NamedTuple):
    """One event as the figures see it. Without a member it counts for the company only."""

    event_id: str
    day: date
    time: datetime
    member_id: str | None
    contributions: tuple[Contribution, ...]


class Reading(NamedTuple):
    """What one type of event says; `day` is its business date, when it has one."""

    member_id: str | None
    contributions: tuple[Contribution, ...]
    day: date | None = None


def fact_of(event: Event, zone: ZoneInfo) -> Fact:
    """The fact an event is. Without a business date its day is its time in the organisation's zone.

    Its time is cut to milliseconds, which is what a database keeps.
    """
    reading = _read(event)
    day = reading.day or event.time.astimezone(zone).date()
    time = event.time.replace(microsecond=event.time.microsecond // 1000 * 1000)
    return Fact(event.id, day, time, reading.member_id, reading.contributions)


def _read(event: Event) -> Reading:
    known = _BY_TYPE.get(event.type)
    if known is None:
        return Reading(None, ())  # once projected, and no more
    model, read = known
    return read(model.model_validate(event.data))


def contract_signed(event: ContractSigned) -> Reading:
    """A signed contract counts on the day it was signed, historical or not; an account is new with its first (K2, C7)."""
    contributions = [
        _money(Metric.SALES_AMOUNT, event.amount),
        Contribution(Metric.DEALS_SIGNED),
        Contribution(Metric.SALES_CYCLE_DAYS, (event.signed_on - event.opened_on).days),
    ]
    if event.drafted_on:
        contributions.append(Contribution(Metric.SIGNING_CYCLE_DAYS, (event.signed_on - event.drafted_on).days))
    if event.account_id:
        contributions.append(Contribution(Metric.NEW_CUSTOMERS, once=f"customer/{event.account_id}"))
    return Reading(event.am_id, tuple(contributions), event.signed_on)


def payment_received(event: PaymentReceived) -> Reading:
    """Money counts as received on its day, for the contract's AM (C15)."""
    return Reading(event.am_id, (_money(Metric.RECEIVED, event.amount),), event.received_on)


def order_delivered(event: OrderDelivered) -> Reading:
    return Reading(event.am_id, (Contribution(Metric.ORDERS_DELIVERED),), event.delivered_on)


def opportunity_opened(event: OpportunityOpened) -> Reading:
    """A deal enters the stage it is opened in."""
    entered = (Contribution(ENTERED[event.stage]),) if event.stage in ENTERED else ()
    return Reading(event.am_id, (Contribution(Metric.OPPORTUNITIES_OPENED), *entered), event.opened_on)


def opportunity_stage_changed(event: OpportunityStageChanged) -> Reading:
    """A deal counts in a stage the first time it enters it."""
    entered = event.first_entry and event.to_stage in ENTERED
    return Reading(event.am_id, (Contribution(ENTERED[event.to_stage]),) if entered else ())


def opportunity_won(event: OpportunityWon) -> Reading:
    return Reading(event.am_id, (Contribution(Metric.OPPORTUNITIES_WON),), event.won_on)


def opportunity_lost(event: OpportunityLost) -> Reading:
    return Reading(event.am_id, (Contribution(Metric.OPPORTUNITIES_LOST),), event.lost_on)


def opportunity_loss_revoked(event: OpportunityLossRevoked) -> Reading:
    """A loss that was none is taken off the day on which it had counted (P22)."""
    return Reading(event.am_id, (Contribution(Metric.OPPORTUNITIES_LOST, -1),), event.lost_on)


def quote_sent(event: QuoteSent) -> Reading:
    """A deal counts as quoted once, however many quotes went out."""
    return Reading(event.am_id, (Contribution(Metric.QUOTES_SENT, once=f"quoted/{event.opportunity_id}"),))


def quote_accepted(event: QuoteAccepted) -> Reading:
    """A deal counts as accepted once."""
    return Reading(event.am_id, (Contribution(Metric.QUOTES_ACCEPTED, once=f"accepted/{event.opportunity_id}"),))


def lead_captured(_: LeadCaptured) -> Reading:
    return Reading(None, (Contribution(Metric.LEADS_CAPTURED),))


def lead_withdrawn(event: LeadWithdrawn) -> Reading:
    """A capture that was undone is taken off the day on which it had counted (L1)."""
    undone = (Contribution(Metric.LEADS_CAPTURED, -1),) if event.captured_on else ()  # not every one tells its day
    return Reading(None, undone, event.captured_on)


def lead_qualified(event: LeadQualified) -> Reading:
    """A lead counts as qualified once, in the grade it was first given (L2, L8)."""
    return Reading(None, (Contribution(QUALIFIED[event.grade], once=f"qualified/{event.lead_id}"),))


def lead_assigned(event: LeadAssigned) -> Reading:
    return Reading(event.am_id, (Contribution(Metric.LEADS_ASSIGNED),))


def lead_accepted(event: LeadAccepted) -> Reading:
    return Reading(event.am_id, (Contribution(Metric.LEADS_ACCEPTED),))


def lead_returned(event: LeadReturned) -> Reading:
    return Reading(event.am_id, (Contribution(Metric.LEADS_RETURNED),))


def lead_converted(event: LeadConverted) -> Reading:
    return Reading(event.am_id, (Contribution(Metric.LEADS_CONVERTED),))


def _money(metric: Metric, amount: Money) -> Contribution:
    return Contribution(metric, amount.minor, str(amount.currency))


READINGS: Mapping[type[EventData], Callable[[Any], Reading]] = {
    ContractSigned: contract_signed,
    PaymentReceived: payment_received,
    OrderDelivered: order_delivered,
    OpportunityOpened: opportunity_opened,
    OpportunityStageChanged: opportunity_stage_changed,
    OpportunityWon: opportunity_won,
    OpportunityLost: opportunity_lost,
    OpportunityLossRevoked: opportunity_loss_revoked,
    QuoteSent: quote_sent,
    QuoteAccepted: quote_accepted,
    LeadCaptured: lead_captured,
    LeadWithdrawn: lead_withdrawn,
    LeadQualified: lead_qualified,
    LeadAssigned: lead_assigned,
    LeadAccepted: lead_accepted,
    LeadReturned: lead_returned,
    LeadConverted: lead_converted,
}
"""Every event that is projected, and what it says."""

_BY_TYPE = {model.type: (model, read) for model, read in READINGS.items()}
