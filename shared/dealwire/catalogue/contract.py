"""Events of contract-service."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from dealwire.catalogue.common import Id, Line, Money, Sha256, Text, Value
from dealwire.event import EventData


class Desk(StrEnum):
    """Who reviews a contract (C2)."""

    SALES_OPS = "sales_ops"
    LEGAL = "legal"
    FINANCE = "finance"


class Department(StrEnum):
    """Who takes an order over (C8)."""

    PRODUCTION = "production"
    DELIVERY = "delivery"
    SERVICE = "service"


class Topic(StrEnum):
    """What a special clause is about (C2)."""

    BREACH = "breach"
    IP = "ip"
    LIABILITY = "liability"
    OTHER = "other"


class Clause(Value):
    """A clause of a contract; a special one departs from the house's standard in its topic, a standard one has none."""

    kind: Literal["standard", "special"]
    topic: Topic | None = None
    text: Annotated[Text, Field(min_length=1)]

    @model_validator(mode="after")
    def _special_has_topic(self) -> Self:
        if (self.topic is not None) != (self.kind == "special"):
            raise ValueError("a special clause names its topic, a standard one has none")
        return self


class Instalment(Value):
    """A part of the contract's amount and the day it is due (C15)."""

    due_on: date
    amount: Money


class ContractDrafted(EventData):
    """A contract was drafted from an accepted quote (C1)."""

    type: ClassVar[str] = "contract.drafted.v1"

    contract_id: Id
    opportunity_id: Id
    account_id: Id | None = None
    account_name: Line | None = None
    am_id: Id
    amount: Money


class ContractAmAssigned(EventData):
    """A contract that is not signed followed its deal to another AM; `former_am_id` had it before (P20)."""

    type: ClassVar[str] = "contract.am_assigned.v1"

    contract_id: Id
    opportunity_id: Id
    am_id: Id
    former_am_id: Id


class ContractTermsChanged(EventData):
    """The AM rewrote a draft's terms; these are the whole terms now (C1).

    An empty `payment_plan` stands for the whole amount at the end of the credit term after signing (C15).
    """

    type: ClassVar[str] = "contract.terms_changed.v1"

    contract_id: Id
    clauses: tuple[Clause, ...]
    payment_plan: tuple[Instalment, ...]


class ContractReviewRequested(EventData):
    """The desks in `desks` review in parallel; legal only when a special clause is in the contract (C2, C3)."""

    type: ClassVar[str] = "contract.review_requested.v1"

    contract_id: Id
    desks: tuple[Desk, ...]
    round: int


class ContractReviewed(EventData):
    """A desk approved, or objected."""

    type: ClassVar[str] = "contract.reviewed.v1"

    contract_id: Id
    desk: Desk
    approved: bool
    by: Id
    comment: Text | None = None
    round: int


class ContractApproved(EventData):
    """All desks asked have approved; the contract may be signed."""

    type: ClassVar[str] = "contract.approved.v1"

    contract_id: Id
    round: int


class ContractSigned(EventData):
    """The contract is signed (C5). `opened_on` is the day the deal was opened, `drafted_on` that of the draft.

    `historical` contracts come from an older system: they count, but nothing is handed over.
    """

    type: ClassVar[str] = "contract.signed.v1"

    contract_id: Id
    opportunity_id: Id
    account_id: Id | None = None
    account_name: Line | None = None
    am_id: Id
    se_id: Id | None = None
    amount: Money
    signatories: tuple[Line, ...] = ()
    document_sha256: Sha256 | None = None
    signed_on: date
    opened_on: date
    drafted_on: date | None = None
    historical: bool = False


class ContractWithdrawn(EventData):
    """The deal was lost before the contract was signed, so there is nothing to review or sign any more (P22).

    `am_id` is the AM who lost the deal.
    """

    type: ClassVar[str] = "contract.withdrawn.v1"

    contract_id: Id
    opportunity_id: Id
    account_id: Id | None = None
    account_name: Line | None = None
    am_id: Id
    reason: Text
    withdrawn_on: date


class PaymentReceived(EventData):
    """Money came in for a contract (C15)."""

    type: ClassVar[str] = "payment.received.v1"

    contract_id: Id
    am_id: Id
    reference: Line
    amount: Money
    received_on: date
    paid: Money
    outstanding: Money


class OrderHandedOver(EventData):
    """Production, delivery and service have the order and accept it by `accept_by` (C8)."""

    type: ClassVar[str] = "order.handed_over.v1"

    order_id: Id
    contract_id: Id
    opportunity_id: Id
    account_id: Id | None = None
    account_name: Line | None = None
    am_id: Id
    departments: tuple[Department, ...]
    accept_by: AwareDatetime


class OrderAccepted(EventData):
    """A department accepted the order; `complete` when it was the last one."""

    type: ClassVar[str] = "order.accepted.v1"

    order_id: Id
    contract_id: Id
    department: Department
    by: Id
    complete: bool


class OrderEscalated(EventData):
    """Departments in `waiting_for` had not accepted the order in time (C8)."""

    type: ClassVar[str] = "order.escalated.v1"

    order_id: Id
    contract_id: Id
    am_id: Id
    waiting_for: tuple[Department, ...]
    due: AwareDatetime


class OrderDelivered(EventData):
    """What was sold is delivered."""

    type: ClassVar[str] = "order.delivered.v1"

    order_id: Id
    contract_id: Id
    am_id: Id
    delivered_on: date
