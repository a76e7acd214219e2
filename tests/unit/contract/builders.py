"""Contracts and orders in the states that tests start from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from contract_service.domain.assigning import HandOver
from contract_service.domain.contract import Contract, Receipt, Review, Signatory, Signature
from contract_service.domain.drafting import change_terms, draft
from contract_service.domain.order import Order, hand_over
from contract_service.domain.policy import Policy
from contract_service.domain.review import SPEAKS_FOR, review, submit
from contract_service.domain.signing import sign
from contract_service.domain.withdrawal import withdraw
from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.common import Money, QuoteLine, Stage
from dealwire.catalogue.contract import Clause, ContractSigned, Desk, Instalment
from dealwire.catalogue.pipeline import OpportunityAmAssigned, OpportunityLost, QuoteAccepted, WonDealImported
from dealwire.event import Decision, EventData

CALENDAR = BusinessCalendar(zone="Asia/Shanghai", country="CN", opens=time(9), closes=time(18))
POLICY = Policy()
DRAFTED_ON = date(2025, 3, 3)
SIGNED_ON = date(2025, 3, 10)
TODAY = date(2025, 3, 12)
MONDAY_10H = datetime(2025, 3, 10, 2, tzinfo=UTC)
MONDAY_14H = datetime(2025, 3, 10, 6, tzinfo=UTC)

AM = "am.li"
ANOTHER_AM = "am.chen"
ACCEPTED_AS = 5  # the sequence of its deal with which the quote was accepted
STANDARD = Clause(kind="standard", text="验收合格后付款。")
SPECIAL = Clause(kind="special", topic="ip", text="The customer keeps its intellectual property.")


def cny(minor: int) -> Money:
    return Money(minor=minor, currency="CNY")


def an_accepted_quote(**changes: Any) -> QuoteAccepted:
    values: dict[str, Any] = {
        "opportunity_id": "opp-1",
        "quote_id": "quote-1",
        "account_id": "acc-1",
        "account_name": "上海云帆科技有限公司",
        "am_id": AM,
        "se_id": "se.wu",
        "lines": (QuoteLine(product="GTX Pro", quantity=2, unit_price=cny(50_000)),),
        "total": cny(100_000),
        "opened_on": date(2025, 2, 1),
        "accepted_at": datetime(2025, 3, 3, 3, tzinfo=UTC),
    }
    return QuoteAccepted(**values | changes)


def a_won_deal(**changes: Any) -> WonDealImported:
    values: dict[str, Any] = {
        "opportunity_id": "opp-old",
        "external_id": "1C1I7A6R",
        "account_name": "Cancity",
        "am_id": "darcel.schlecht",
        "product": "GTX Plus Basic",
        "amount": Money(minor=105_400, currency="USD"),
        "opened_on": date(2016, 10, 20),
        "signed_on": date(2017, 3, 1),
    }
    return WonDealImported(**values | changes)


def a_lost_deal(**changes: Any) -> OpportunityLost:
    values: dict[str, Any] = {
        "opportunity_id": "opp-1",
        "am_id": AM,
        "stage": Stage.CONTRACT,
        "reason": "价格太高",
        "lost_on": TODAY,
    }
    return OpportunityLost(**values | changes)


def an_assigned_deal(am_id: str = ANOTHER_AM, former_am_id: str = AM, **changes: Any) -> OpportunityAmAssigned:
    values: dict[str, Any] = {"opportunity_id": "opp-1", "am_id": am_id, "former_am_id": former_am_id, "se_id": "se.wu"}
    return OpportunityAmAssigned(**values | changes)


def a_hand_over(am_id: str = ANOTHER_AM, sequence: int = ACCEPTED_AS + 1) -> HandOver:
    return HandOver(opportunity_id="opp-1", am_id=am_id, sequence=sequence)


def a_draft(clauses: Sequence[Clause] = (STANDARD,), plan: Sequence[Instalment] = (), **quote: Any) -> Contract:
    drafted, _ = draft(an_accepted_quote(**quote), ACCEPTED_AS, DRAFTED_ON, POLICY)
    contract, _ = change_terms(drafted, clauses, plan, drafted.am_id)
    return contract


def a_contract_in_review(clauses: Sequence[Clause] = (STANDARD,), plan: Sequence[Instalment] = ()) -> Contract:
    contract, _ = submit(a_draft(clauses, plan), AM)
    return contract


def decide(
    contract: Contract, desk: Desk, *, approved: bool = True, by: str | None = None, comment: str | None = None
) -> Decision[Contract]:
    """A review by somebody of the desk's own role."""
    role = SPEAKS_FOR[desk]
    return review(contract, Review(desk=desk, approved=approved, by=by or f"{role}.1", comment=comment), {role})


def an_approved_contract(clauses: Sequence[Clause] = (STANDARD,), plan: Sequence[Instalment] = ()) -> Contract:
    contract = a_contract_in_review(clauses, plan)
    for desk in contract.desks:
        contract, _ = decide(contract, desk)
    return contract


def a_signature(**changes: Any) -> Signature:
    values: dict[str, Any] = {
        "signatories": (Signatory(name="王总", party="ours"), Signatory(name="Ms Zhao", party="customer")),
        "document_sha256": "a" * 64,
        "signed_on": SIGNED_ON,
    }
    return Signature(**values | changes)


def a_signed_contract(plan: Sequence[Instalment] = ()) -> Contract:
    contract, _ = sign(an_approved_contract(plan=plan), a_signature(), AM, TODAY, POLICY)
    return contract


def a_withdrawn_contract() -> Contract:
    contract, _ = withdraw(an_approved_contract(), a_lost_deal())
    return contract


def a_receipt(reference: str = "BANK-1", minor: int = 40_000, **changes: Any) -> Receipt:
    values: dict[str, Any] = {"reference": reference, "amount": cny(minor), "received_on": TODAY}
    return Receipt(**values | changes)


def the_signing(contract: Contract | None = None) -> ContractSigned:
    _, (signed,) = sign(contract or an_approved_contract(), a_signature(), AM, TODAY, POLICY)
    assert isinstance(signed, ContractSigned)
    return signed


def an_order(now: datetime = MONDAY_10H) -> Order:
    decision = hand_over(the_signing(), now, CALENDAR, POLICY)
    assert decision is not None
    return decision[0]


def types(events: Iterable[EventData]) -> list[str]:
    return [type(event).__name__ for event in events]
