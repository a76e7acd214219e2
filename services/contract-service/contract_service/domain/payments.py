"""What is to be paid for a contract, and what was (C15). Amounts are in the currency of the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

from contract_service.domain.contract import Contract, Receipt, Status
from dealwire.catalogue.common import Money
from dealwire.catalogue.contract import Instalment, PaymentReceived
from dealwire.errors import Conflict, Rejected
from dealwire.event import Decision


def check_plan(plan: Sequence[Instalment], amount: Money) -> None:
    """The instalments are positive, in the contract's currency, and together exactly its amount; else Rejected (C15).

    No instalments at all stand for the default plan.
    """
    for place, instalment in enumerate(plan):
        _check_amount(instalment.amount, amount.currency, f"/payment_plan/{place}/amount")
    total = sum(instalment.amount.minor for instalment in plan)
    if plan and total != amount.minor:
        raise Rejected(
            "plan-differs-from-amount",
            f"The instalments add up to {total}, the contract is about {amount.minor} (minor units).",
            pointer="/payment_plan",
        )


def default_plan(amount: Money, signed_on: date, credit_days: int) -> tuple[Instalment, ...]:
    """One instalment of the whole amount, due `credit_days` days after signing (C15)."""
    return (Instalment(due_on=signed_on + timedelta(days=credit_days), amount=amount),)


def record_receipt(contract: Contract, receipt: Receipt, today: date) -> Decision[Contract]:
    """Finance records money that came in; a reference counts once, and never more comes in than is outstanding (C15)."""
    for earlier in contract.receipts:
        if earlier == receipt:
            return contract, ()
        if earlier.reference == receipt.reference:
            raise Conflict("reference-taken", f"{receipt.reference} is already a receipt of another amount or day.")
    if contract.status is not Status.SIGNED:
        raise Conflict("contract-not-signed", f"Nothing is owed before the signature; it is {contract.status}.")
    if contract.historical:
        raise Conflict("contract-historical", "The payments of this contract are in the system it came from.")
    _check_amount(receipt.amount, contract.amount.currency, "/amount")
    if receipt.received_on > today:
        raise Rejected("received-in-the-future", f"Today is {today}; nothing came in yet then.", pointer="/received_on")
    if receipt.amount.minor > outstanding(contract).minor:
        raise Rejected(
            "more-than-outstanding", f"{outstanding(contract).minor} (minor units) are outstanding.", pointer="/amount"
        )
    received = contract.model_copy(update={"receipts": (*contract.receipts, receipt)})
    event = PaymentReceived(
        contract_id=received.id,
        am_id=received.am_id,
        reference=receipt.reference,
        amount=receipt.amount,
        received_on=receipt.received_on,
        paid=paid(received),
        outstanding=outstanding(received),
    )
    return received, (event,)


def due(contract: Contract, by: date) -> Money:
    """What the plan asks for up to and including a day, paid or not."""
    return _owed(contract, lambda instalment: instalment.due_on <= by)


def paid(contract: Contract) -> Money:
    """What came in."""
    return _sum((receipt.amount for receipt in contract.receipts), contract)


def outstanding(contract: Contract) -> Money:
    """What the customer owes, whenever it is due, and did not come in yet."""
    return _unpaid(contract, lambda _: True)


def overdue(contract: Contract, on: date) -> Money:
    """What should have come in before a day and did not; receipts settle the earliest instalments first."""
    return _unpaid(contract, lambda instalment: instalment.due_on < on)


def _check_amount(amount: Money, currency: str, pointer: str) -> None:
    if amount.currency != currency:
        raise Rejected("other-currency", f"The contract is in {currency}, not {amount.currency}.", pointer=pointer)
    if amount.minor == 0:
        raise Rejected("amount-zero", "An amount to be paid is more than nothing.", pointer=pointer)


def _owed(contract: Contract, asked: Callable[[Instalment], bool]) -> Money:
    """The instalments asked for, once the contract is signed: before that nothing is owed."""
    plan = contract.payment_plan if contract.status is Status.SIGNED else ()
    return _sum((instalment.amount for instalment in plan if asked(instalment)), contract)


def _unpaid(contract: Contract, asked: Callable[[Instalment], bool]) -> Money:
    owed, came_in = _owed(contract, asked).minor, paid(contract).minor
    return Money(minor=max(0, owed - came_in), currency=contract.amount.currency)


def _sum(amounts: Iterable[Money], contract: Contract) -> Money:
    return sum(amounts, Money(minor=0, currency=contract.amount.currency))
