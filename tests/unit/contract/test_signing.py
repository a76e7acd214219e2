from __future__ import annotations

from datetime import date, timedelta

import pytest
from unit.contract.builders import (
    AM,
    DRAFTED_ON,
    POLICY,
    SIGNED_ON,
    TODAY,
    a_contract_in_review,
    a_draft,
    a_signature,
    a_signed_contract,
    an_approved_contract,
    cny,
)

from contract_service.domain.contract import Contract, Signatory, Status
from contract_service.domain.policy import Policy
from contract_service.domain.signing import sign
from dealwire.catalogue.contract import ContractSigned, Instalment
from dealwire.errors import Conflict, Forbidden, Rejected


def test_the_am_records_that_both_sides_signed_the_approved_contract() -> None:
    contract, events = sign(an_approved_contract(), a_signature(), AM, TODAY, POLICY)
    assert (contract.status, contract.signed_on) == (Status.SIGNED, SIGNED_ON)
    assert events == (
        ContractSigned(
            contract_id=contract.id,
            opportunity_id="opp-1",
            account_id="acc-1",
            account_name="上海云帆科技有限公司",
            am_id=AM,
            se_id="se.wu",
            amount=cny(100_000),
            signatories=("王总", "Ms Zhao"),
            document_sha256="a" * 64,
            signed_on=SIGNED_ON,
            opened_on=date(2025, 2, 1),
            drafted_on=DRAFTED_ON,
        ),
    )


@pytest.mark.parametrize("contract", [a_draft(), a_contract_in_review()])
def test_only_an_approved_contract_is_signed(contract: Contract) -> None:
    with pytest.raises(Conflict) as no:
        sign(contract, a_signature(), AM, TODAY, POLICY)
    assert no.value.slug == "contract-not-approved"


def test_the_same_signature_again_changes_nothing_and_another_is_too_late() -> None:
    contract = a_signed_contract()
    assert sign(contract, a_signature(), AM, TODAY, POLICY) == (contract, ())
    with pytest.raises(Conflict) as no:
        sign(contract, a_signature(document_sha256="b" * 64), AM, TODAY, POLICY)
    assert no.value.slug == "contract-not-approved"


def test_only_its_am_records_a_signature() -> None:
    with pytest.raises(Forbidden) as no:
        sign(an_approved_contract(), a_signature(), "am.chen", TODAY, POLICY)
    assert no.value.slug == "not-your-contract"


@pytest.mark.parametrize("parties", [(), ("ours",), ("customer",), ("ours", "ours"), ("customer", "customer")])
def test_somebody_signs_for_us_and_somebody_for_the_customer(parties: tuple[str, ...]) -> None:
    signatories = tuple(Signatory.model_validate({"name": "王总", "party": party}) for party in parties)
    with pytest.raises(Rejected) as no:
        sign(an_approved_contract(), a_signature(signatories=signatories), AM, TODAY, POLICY)
    assert (no.value.slug, no.value.pointer) == ("both-sides-sign", "/signatories")


@pytest.mark.parametrize(
    ("signed_on", "slug"),
    [
        (TODAY + timedelta(days=1), "signed-in-the-future"),
        (DRAFTED_ON - timedelta(days=1), "signed-before-draft"),
    ],
)
def test_a_signature_lies_between_the_draft_and_today(signed_on: date, slug: str) -> None:
    with pytest.raises(Rejected) as no:
        sign(an_approved_contract(), a_signature(signed_on=signed_on), AM, TODAY, POLICY)
    assert (no.value.slug, no.value.pointer) == (slug, "/signed_on")


@pytest.mark.parametrize("signed_on", [DRAFTED_ON, TODAY])
def test_a_signature_may_be_of_the_day_of_the_draft_or_of_today(signed_on: date) -> None:
    contract, _ = sign(an_approved_contract(), a_signature(signed_on=signed_on), AM, TODAY, POLICY)
    assert contract.signed_on == signed_on


def test_without_a_payment_plan_the_whole_amount_is_due_when_the_credit_term_ends() -> None:
    assert a_signed_contract().payment_plan == (Instalment(due_on=date(2025, 4, 9), amount=cny(100_000)),)
    contract, _ = sign(an_approved_contract(), a_signature(), AM, TODAY, Policy(credit_days=0))
    assert contract.payment_plan == (Instalment(due_on=SIGNED_ON, amount=cny(100_000)),)


def test_signing_keeps_the_payment_plan_agreed() -> None:
    plan = tuple(Instalment(due_on=date(2025, month, 1), amount=cny(50_000)) for month in (6, 9))
    assert a_signed_contract(plan).payment_plan == plan
