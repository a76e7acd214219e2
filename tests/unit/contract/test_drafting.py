from __future__ import annotations

from datetime import date

import pytest
from unit.contract.builders import (
    ACCEPTED_AS,
    AM,
    DRAFTED_ON,
    POLICY,
    SPECIAL,
    STANDARD,
    a_contract_in_review,
    a_draft,
    a_signed_contract,
    a_won_deal,
    an_accepted_quote,
    an_approved_contract,
    cny,
)

from contract_service.domain.contract import Contract, Status
from contract_service.domain.drafting import change_terms, draft, record_past_contract
from contract_service.domain.payments import due, outstanding, paid
from contract_service.domain.policy import Policy
from dealwire.catalogue.common import Money
from dealwire.catalogue.contract import ContractDrafted, ContractSigned, ContractTermsChanged, Instalment
from dealwire.errors import Conflict, Forbidden, Rejected
from dealwire.event import derived_id


def test_an_accepted_quote_becomes_a_draft_for_its_am_with_the_standard_clauses() -> None:
    quote = an_accepted_quote()
    contract, events = draft(quote, ACCEPTED_AS, DRAFTED_ON, POLICY)
    assert contract == Contract(
        id=derived_id("contract", "quote-1"),
        opportunity_id="opp-1",
        quote_id="quote-1",
        account_id="acc-1",
        account_name="上海云帆科技有限公司",
        am_id=AM,
        am_since=ACCEPTED_AS,
        se_id="se.wu",
        status=Status.DRAFT,
        lines=quote.lines,
        amount=cny(100_000),
        clauses=POLICY.standard_clauses,
        opened_on=date(2025, 2, 1),
        drafted_on=DRAFTED_ON,
    )
    assert events == (
        ContractDrafted(
            contract_id=contract.id,
            opportunity_id="opp-1",
            account_id="acc-1",
            account_name="上海云帆科技有限公司",
            am_id=AM,
            amount=cny(100_000),
        ),
    )


def test_the_standard_clauses_are_the_organisations_own() -> None:
    contract, _ = draft(an_accepted_quote(), ACCEPTED_AS, DRAFTED_ON, Policy(standard_clauses=(STANDARD,)))
    assert contract.clauses == (STANDARD,)


def test_the_am_rewrites_clauses_and_payment_plan_of_a_draft() -> None:
    later, sooner = (Instalment(due_on=date(2025, month, 1), amount=cny(50_000)) for month in (9, 6))
    contract, events = change_terms(a_draft(), [STANDARD, SPECIAL], [later, sooner], AM)
    assert contract.clauses == (STANDARD, SPECIAL)
    assert contract.payment_plan == (sooner, later)
    assert events == (
        ContractTermsChanged(contract_id=contract.id, clauses=(STANDARD, SPECIAL), payment_plan=(sooner, later)),
    )


def test_rewriting_terms_to_what_they_are_changes_nothing() -> None:
    contract = a_draft()
    assert change_terms(contract, contract.clauses, contract.payment_plan, AM) == (contract, ())


@pytest.mark.parametrize("contract", [a_contract_in_review(), an_approved_contract(), a_signed_contract()])
def test_terms_change_in_a_draft_only(contract: Contract) -> None:
    with pytest.raises(Conflict) as no:
        change_terms(contract, [SPECIAL], [], AM)
    assert no.value.slug == "contract-not-draft"


def test_a_contract_is_worked_on_by_its_own_am_only() -> None:
    with pytest.raises(Forbidden) as no:
        change_terms(a_draft(), [SPECIAL], [], "am.chen")
    assert no.value.slug == "not-your-contract"


@pytest.mark.parametrize(
    ("amounts", "slug", "pointer"),
    [
        ([cny(50_000), cny(49_999)], "plan-differs-from-amount", "/payment_plan"),
        ([cny(50_000), cny(50_001)], "plan-differs-from-amount", "/payment_plan"),
        ([cny(100_000), cny(0)], "amount-zero", "/payment_plan/1/amount"),
        ([Money(minor=100_000, currency="USD")], "other-currency", "/payment_plan/0/amount"),
    ],
)
def test_the_instalments_are_positive_in_the_contracts_currency_and_exactly_its_amount(
    amounts: list[Money], slug: str, pointer: str
) -> None:
    plan = [Instalment(due_on=date(2025, 6, 1), amount=amount) for amount in amounts]
    with pytest.raises(Rejected) as no:
        change_terms(a_draft(), [STANDARD], plan, AM)
    assert (no.value.slug, no.value.pointer) == (slug, pointer)


def test_a_past_won_deal_is_a_contract_signed_on_its_date_with_no_payments_to_make() -> None:
    deal = a_won_deal()
    contract, events = record_past_contract(deal)
    assert (contract.status, contract.signed_on, contract.historical) == (Status.SIGNED, deal.signed_on, True)
    assert events == (
        ContractSigned(
            contract_id=derived_id("contract", deal.opportunity_id),
            opportunity_id=deal.opportunity_id,
            account_name="Cancity",
            am_id="darcel.schlecht",
            amount=deal.amount,
            signed_on=deal.signed_on,
            opened_on=deal.opened_on,
            historical=True,
        ),
    )
    nothing = Money(minor=0, currency="USD")
    assert due(contract, date.max) == paid(contract) == outstanding(contract) == nothing
