"""What is measured. A metric names a count or a sum; ratios of metrics are made when a scorecard is read."""

from __future__ import annotations

from enum import StrEnum

from dealwire.catalogue.common import Grade, Stage


class Metric(StrEnum):
    """Each is counted per member, day and, for money, currency (K2, K6)."""

    SALES_AMOUNT = "sales_amount"
    DEALS_SIGNED = "deals_signed"
    NEW_CUSTOMERS = "new_customers"
    SIGNING_CYCLE_DAYS = "signing_cycle_days"
    SALES_CYCLE_DAYS = "sales_cycle_days"
    RECEIVED = "received"

    OPPORTUNITIES_OPENED = "opportunities_opened"
    OPPORTUNITIES_WON = "opportunities_won"
    OPPORTUNITIES_LOST = "opportunities_lost"
    QUOTES_SENT = "quotes_sent"
    QUOTES_ACCEPTED = "quotes_accepted"
    ORDERS_DELIVERED = "orders_delivered"
    ENTERED_PROSPECT = "entered_prospect"
    ENTERED_NEEDS = "entered_needs"
    ENTERED_SOLUTION = "entered_solution"
    ENTERED_QUOTE = "entered_quote"
    ENTERED_NEGOTIATION = "entered_negotiation"
    ENTERED_CONTRACT = "entered_contract"

    LEADS_CAPTURED = "leads_captured"
    LEADS_QUALIFIED_A = "leads_qualified_a"
    LEADS_QUALIFIED_B = "leads_qualified_b"
    LEADS_QUALIFIED_C = "leads_qualified_c"
    LEADS_ASSIGNED = "leads_assigned"
    LEADS_ACCEPTED = "leads_accepted"
    LEADS_RETURNED = "leads_returned"
    LEADS_CONVERTED = "leads_converted"


QUALIFIED: dict[Grade, Metric] = {
    Grade.A: Metric.LEADS_QUALIFIED_A,
    Grade.B: Metric.LEADS_QUALIFIED_B,
    Grade.C: Metric.LEADS_QUALIFIED_C,
}

ENTERED: dict[Stage, Metric] = {
    Stage.PROSPECT: Metric.ENTERED_PROSPECT,
    Stage.NEEDS: Metric.ENTERED_NEEDS,
    Stage.SOLUTION: Metric.ENTERED_SOLUTION,
    Stage.QUOTE: Metric.ENTERED_QUOTE,
    Stage.NEGOTIATION: Metric.ENTERED_NEGOTIATION,
    Stage.CONTRACT: Metric.ENTERED_CONTRACT,
}
"""Open stages only: won and lost have events of their own."""
