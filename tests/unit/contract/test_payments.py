from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from unit.contract.builders import (
    TODAY,
    a_draft,
    a_receipt,
    a_signed_contract,
    a_won_deal,
    an_approved_contract,
    cny,
)

from contract_service.domain.contract import Contract, Receipt
from contract_service.domain.drafting import record_past_contract
from contract_service.domain.payments import due, outstanding, overdue, paid, record_receipt
from dealwire.catalogue.common import Money
from dealwire.catalogue.contract import Instalment, PaymentReceived
from dealwire.errors import Conflict, Rejected

JUNE, SEPTEMBER = date(2025, 6, 1), date(2025, 9, 1)
IN_TWO_PARTS = (Instalment(due_on=JUNE, amount=cny(30_000)), Instalment(due_on=SEPTEMBER, amount=cny(70_000)))


def a_contract_paid(*minor: int) -> Contract:
    contract = a_signed_contract(IN_TWO_PARTS)
    for place, amount in enumerate(minor):
        contract, _ = record_receipt(contract, a_receipt(f"BANK-{place}", amount), TODAY)
    return contract


def test_a_receipt_tells_what_is_paid_and_outstanding() -> None:
    contract, events = record_receipt(a_contract_paid(10_000), a_receipt("BANK-2", 25_000), TODAY)
    assert (paid(contract), outstanding(contract)) == (cny(35_000), cny(65_000))
    assert events == (
        PaymentReceived(
            contract_id=contract.id,
            am_id="am.li",
            reference="BANK-2",
            amount=cny(25_000),
            received_on=TODAY,
            paid=cny(35_000),
            outstanding=cny(65_000),
        ),
    )


def test_a_receipt_counts_once() -> None:
    contract = a_contract_paid(100_000)
    assert record_receipt(contract, a_receipt("BANK-0", 100_000), TODAY) == (contract, ())


@pytest.mark.parametrize(
    "other", [a_receipt("BANK-0", 1), a_receipt("BANK-0", 10_000, received_on=TODAY - timedelta(days=1))]
)
def test_a_reference_stands_for_one_receipt_only(other: Receipt) -> None:
    with pytest.raises(Conflict) as no:
        record_receipt(a_contract_paid(10_000), other, TODAY)
    assert no.value.slug == "reference-taken"


@pytest.mark.parametrize(
    ("receipt", "slug", "pointer"),
    [
        (a_receipt(minor=90_001), "more-than-outstanding", "/amount"),
        (a_receipt(minor=0), "amount-zero", "/amount"),
        (a_receipt(amount=Money(minor=1, currency="USD")), "other-currency", "/amount"),
        (a_receipt(received_on=TODAY + timedelta(days=1)), "received-in-the-future", "/received_on"),
    ],
)
def test_a_receipt_is_of_the_contracts_currency_and_at_most_what_is_outstanding(
    receipt: Receipt, slug: str, pointer: str
) -> None:
    with pytest.raises(Rejected) as no:
        record_receipt(a_contract_paid(10_000), receipt, TODAY)
    assert (no.value.slug, no.value.pointer) == (slug, pointer)


@pytest.mark.parametrize("contract", [a_draft(), an_approved_contract()])
def test_nothing_is_owed_before_the_signature(contract: Contract) -> None:
    assert due(contract, date.max) == outstanding(contract) == overdue(contract, date.max) == cny(0)
    with pytest.raises(Conflict) as no:
        record_receipt(contract, a_receipt(), TODAY)
    assert no.value.slug == "contract-not-signed"


def test_the_payments_of_a_past_contract_stay_where_they_were_recorded() -> None:
    contract, _ = record_past_contract(a_won_deal())
    with pytest.raises(Conflict) as no:
        record_receipt(contract, a_receipt(), TODAY)
    assert no.value.slug == "contract-historical"


@pytest.mark.parametrize(
    ("by", "minor"),
    [(JUNE - timedelta(days=1), 0), (JUNE, 30_000), (SEPTEMBER - timedelta(days=1), 30_000), (SEPTEMBER, 100_000)],
)
def test_an_instalment_is_due_on_its_day(by: date, minor: int) -> None:
    assert due(a_contract_paid(10_000), by) == cny(minor)


@pytest.mark.parametrize(
    ("received", "on", "minor"),
    [
        (0, JUNE, 0),
        (0, JUNE + timedelta(days=1), 30_000),
        (10_000, JUNE + timedelta(days=1), 20_000),
        (30_000, SEPTEMBER, 0),
        (30_000, SEPTEMBER + timedelta(days=1), 70_000),
        (60_000, JUNE + timedelta(days=1), 0),
    ],
)
def test_an_instalment_is_overdue_from_the_day_after_unless_receipts_cover_it(
    received: int, on: date, minor: int
) -> None:
    assert overdue(a_contract_paid(*[received] if received else []), on) == cny(minor)


receipts = st.builds(
    a_receipt,
    st.sampled_from(["BANK-1", "BANK-2", "BANK-3", "BANK-4"]),
    st.integers(min_value=0, max_value=60_000),
)


@given(st.lists(receipts, max_size=12), st.dates())
@example([], date.min)
def test_paid_and_outstanding_are_always_the_whole_amount_whatever_comes_in_however_often(
    incoming: list[Receipt], day: date
) -> None:
    contract = a_signed_contract(IN_TWO_PARTS)
    taken: dict[str, int] = {}
    for receipt in incoming:
        try:
            contract, events = record_receipt(contract, receipt, TODAY)
        except (Conflict, Rejected):
            continue
        assert len(events) == (receipt.reference not in taken)
        taken[receipt.reference] = receipt.amount.minor
    assert paid(contract).minor == sum(taken.values()) <= contract.amount.minor
    assert paid(contract) + outstanding(contract) == contract.amount
    assert overdue(contract, day).minor <= outstanding(contract).minor
    assert overdue(contract, day).minor <= due(contract, day).minor <= contract.amount.minor
