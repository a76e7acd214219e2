"""What a contract is; drafting, review, signing and payments are rules of their own beside this one."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Literal

from dealwire.catalogue.common import Id, Line, Money, QuoteLine, Sha256, Text, Value
from dealwire.catalogue.contract import Clause, Desk, Instalment
from dealwire.errors import Forbidden


class Status(StrEnum):
    """How far a contract has come; an objection leads from review back to draft."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SIGNED = "signed"
    WITHDRAWN = "withdrawn"


class Review(Value):
    """What a desk decided in the current round."""

    desk: Desk
    approved: bool
    by: Id
    comment: Text | None = None


class Signatory(Value):
    """Who signed, and for which side."""

    name: Line
    party: Literal["ours", "customer"]


class Signature(Value):
    """That both sides signed a document, and when (C5)."""

    signatories: tuple[Signatory, ...]
    document_sha256: Sha256
    signed_on: date


class Receipt(Value):
    """Money that came in; `reference` is the bank's or the ledger's name for it, unique within a contract."""

    reference: Line
    amount: Money
    received_on: date


class Contract(Value):
    """A promise to a customer, from the accepted quote to the last payment.

    `desks` and `reviews` are those of review round `round`; after an objection they stay readable until the next
    submit. An empty `payment_plan` stands, until signing, for the whole amount at the end of the credit term.
    `am_since` is the sequence of the deal's event that named the AM.
    `historical` contracts were signed and paid in an older system, so they have no plan.
    """

    id: Id
    opportunity_id: Id
    quote_id: Id | None = None
    account_id: Id | None = None
    account_name: Line | None = None
    am_id: Id
    am_since: int = 0
    se_id: Id | None = None
    status: Status
    lines: tuple[QuoteLine, ...] = ()
    amount: Money
    clauses: tuple[Clause, ...] = ()
    payment_plan: tuple[Instalment, ...] = ()
    round: int = 0
    desks: tuple[Desk, ...] = ()
    reviews: tuple[Review, ...] = ()
    signature: Signature | None = None
    receipts: tuple[Receipt, ...] = ()
    opened_on: date
    drafted_on: date | None = None
    signed_on: date | None = None
    withdrawn_on: date | None = None
    withdrawal_reason: Text | None = None
    historical: bool = False


def only_by_its_am(contract: Contract, by: str) -> None:
    """A contract is worked on by its own AM only; anybody else is Forbidden."""
    if by != contract.am_id:
        raise Forbidden("not-your-contract", f"This contract is {contract.am_id}'s.")
