"""What a quote is, and its arithmetic: integers of minor units, no rounding but the one per line."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from dealwire.catalogue.common import MAX_MINOR, Id, Money, QuoteLine, Value
from dealwire.errors import Rejected

_PERCENT = 100


class QuoteStatus(StrEnum):
    """How far a quote got."""

    DRAFT = "draft"
    SENT = "sent"
    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"


class Quote(Value):
    """An offer to the customer. `confirmed_by_am` and `confirmed_by_se` say who stood for it (P8)."""

    id: Id
    lines: tuple[QuoteLine, ...]
    total: Money
    status: QuoteStatus = QuoteStatus.DRAFT
    confirmed_by_am: Id | None = None
    confirmed_by_se: Id | None = None


def line_total(line: QuoteLine) -> int:
    """What a line costs in minor units: quantity times unit price less discount, half a unit rounded up."""
    hundredths = line.quantity * line.unit_price.minor * (_PERCENT - line.discount_percent)
    return (hundredths + _PERCENT // 2) // _PERCENT


def total(lines: Sequence[QuoteLine]) -> Money:
    """The sum of the lines. Raises Rejected for no lines, two currencies, or a sum nobody can mean."""
    if not lines:
        raise Rejected("quote-empty", "A quote has at least one line.", pointer="/lines")
    currency = lines[0].unit_price.currency
    for number, line in enumerate(lines):
        if line.unit_price.currency != currency:
            raise Rejected(
                "two-currencies",
                f"A quote is in one currency: its first line is in {currency}, this one in {line.unit_price.currency}.",
                pointer=f"/lines/{number}/unit_price/currency",
            )
    minor = sum(line_total(line) for line in lines)
    if minor > MAX_MINOR:
        raise Rejected("total-too-large", f"The quote's total is more than {MAX_MINOR} minor units.", pointer="/lines")
    return Money(minor=minor, currency=currency)
