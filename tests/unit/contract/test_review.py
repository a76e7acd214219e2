from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from unit.contract.builders import (
    AM,
    SPECIAL,
    STANDARD,
    a_contract_in_review,
    a_draft,
    a_signed_contract,
    an_approved_contract,
    decide,
    types,
)

from contract_service.domain.contract import Contract, Review, Status
from contract_service.domain.drafting import change_terms
from contract_service.domain.review import desks_for, review, submit
from dealwire.catalogue.common import Role
from dealwire.catalogue.contract import (
    Clause,
    ContractApproved,
    ContractReviewed,
    ContractReviewRequested,
    Desk,
    Topic,
)
from dealwire.errors import Conflict, Forbidden


@pytest.mark.parametrize("topic", Topic)
def test_legal_reviews_a_contract_only_when_a_special_clause_is_in_it(topic: Topic) -> None:
    special = Clause(kind="special", topic=topic, text="特别约定")
    assert desks_for([STANDARD, STANDARD]) == (Desk.SALES_OPS, Desk.FINANCE)
    assert desks_for([STANDARD, special]) == (Desk.SALES_OPS, Desk.LEGAL, Desk.FINANCE)


def test_a_submitted_draft_is_reviewed_by_all_desks_concerned_at_once() -> None:
    contract, events = submit(a_draft([STANDARD, SPECIAL]), AM)
    assert contract.status is Status.IN_REVIEW
    assert events == (
        ContractReviewRequested(contract_id=contract.id, desks=(Desk.SALES_OPS, Desk.LEGAL, Desk.FINANCE), round=1),
    )


def test_submitting_again_changes_nothing() -> None:
    contract = a_contract_in_review()
    assert submit(contract, AM) == (contract, ())


@pytest.mark.parametrize("contract", [an_approved_contract(), a_signed_contract()])
def test_only_a_draft_is_submitted(contract: Contract) -> None:
    with pytest.raises(Conflict) as no:
        submit(contract, AM)
    assert no.value.slug == "contract-not-draft"


def test_a_contract_without_clauses_is_not_submitted() -> None:
    with pytest.raises(Conflict) as no:
        submit(a_draft(clauses=[]), AM)
    assert no.value.slug == "contract-without-clauses"


def test_only_its_am_submits_a_contract() -> None:
    with pytest.raises(Forbidden) as no:
        submit(a_draft(), "am.chen")
    assert no.value.slug == "not-your-contract"


@pytest.mark.parametrize("order", list(itertools.permutations(Desk)))
def test_the_last_approval_approves_the_contract_in_whatever_order_they_come(order: Sequence[Desk]) -> None:
    contract = a_contract_in_review([SPECIAL])
    for desk in order[:-1]:
        contract, events = decide(contract, desk)
        assert (contract.status, types(events)) == (Status.IN_REVIEW, ["ContractReviewed"])
    contract, events = decide(contract, order[-1])
    assert contract.status is Status.APPROVED
    assert events[-1] == ContractApproved(contract_id=contract.id, round=1)


@pytest.mark.parametrize("desk", Desk)
def test_any_objection_returns_the_contract_to_draft(desk: Desk) -> None:
    contract, events = decide(a_contract_in_review([SPECIAL]), desk, approved=False, comment="Credit term too long.")
    assert contract.status is Status.DRAFT
    (objection,) = events
    assert isinstance(objection, ContractReviewed)
    assert (objection.desk, objection.approved, objection.comment) == (desk, False, "Credit term too long.")


def test_the_next_submit_is_the_next_round_in_which_all_desks_review_again() -> None:
    contract, _ = decide(a_contract_in_review(), Desk.SALES_OPS)
    contract, _ = decide(contract, Desk.FINANCE, approved=False)
    contract, _ = change_terms(contract, [STANDARD, SPECIAL], [], AM)
    contract, events = submit(contract, AM)
    assert contract.reviews == ()
    assert events == (
        ContractReviewRequested(contract_id=contract.id, desks=(Desk.SALES_OPS, Desk.LEGAL, Desk.FINANCE), round=2),
    )


def test_an_objection_stays_readable_until_the_next_submit() -> None:
    contract, _ = decide(a_contract_in_review(), Desk.FINANCE, approved=False, comment="Prepayment, please.")
    assert [each.comment for each in contract.reviews] == ["Prepayment, please."]


def test_a_desk_decides_once_per_round() -> None:
    contract, _ = decide(a_contract_in_review(), Desk.FINANCE)
    with pytest.raises(Conflict) as no:
        decide(contract, Desk.FINANCE, approved=False)
    assert no.value.slug == "desk-has-decided"
    with pytest.raises(Conflict):
        decide(contract, Desk.FINANCE, by="finance.2")


@pytest.mark.parametrize("approved", [True, False])
def test_the_same_decision_again_changes_nothing(approved: bool) -> None:
    contract, _ = decide(a_contract_in_review(), Desk.FINANCE, approved=approved)
    assert decide(contract, Desk.FINANCE, approved=approved) == (contract, ())


def test_a_desk_not_asked_does_not_review() -> None:
    with pytest.raises(Conflict) as no:
        decide(a_contract_in_review([STANDARD]), Desk.LEGAL)
    assert no.value.slug == "desk-not-asked"


@pytest.mark.parametrize("contract", [a_draft(), a_signed_contract()])
def test_nobody_reviews_a_contract_that_is_not_in_review(contract: Contract) -> None:
    with pytest.raises(Conflict) as no:
        decide(contract, Desk.FINANCE, by="finance.2")
    assert no.value.slug == "contract-not-in-review"


@pytest.mark.parametrize(
    ("desk", "role"), [(Desk.SALES_OPS, Role.SO), (Desk.LEGAL, Role.LEGAL), (Desk.FINANCE, Role.FINANCE)]
)
def test_a_desk_is_spoken_for_by_its_role_only(desk: Desk, role: Role) -> None:
    contract, decision = a_contract_in_review([SPECIAL]), Review(desk=desk, approved=True, by="somebody")
    with pytest.raises(Forbidden) as no:
        review(contract, decision, set(Role) - {role})
    assert no.value.slug == "not-your-desk"
    assert review(contract, decision, {role})[0].reviews == (decision,)


def test_nobody_reviews_a_contract_of_their_own() -> None:
    with pytest.raises(Forbidden) as no:
        decide(a_contract_in_review(), Desk.FINANCE, by=AM)
    assert no.value.slug == "own-contract"
