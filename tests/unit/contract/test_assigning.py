"""What becomes of a contract when its deal is handed over to another AM."""

from __future__ import annotations

import pytest
from unit.contract.builders import (
    ACCEPTED_AS,
    AM,
    ANOTHER_AM,
    POLICY,
    SPECIAL,
    TODAY,
    a_contract_in_review,
    a_draft,
    a_hand_over,
    a_lost_deal,
    a_signature,
    a_signed_contract,
    a_withdrawn_contract,
    an_approved_contract,
    decide,
)

from contract_service.domain.assigning import assign_am
from contract_service.domain.contract import Contract, Status
from contract_service.domain.drafting import change_terms
from contract_service.domain.review import submit
from contract_service.domain.signing import sign
from contract_service.domain.withdrawal import withdraw
from dealwire.catalogue.contract import ContractAmAssigned, ContractSigned, ContractWithdrawn, Desk
from dealwire.errors import Conflict, Forbidden


@pytest.mark.parametrize(
    "contract",
    [a_draft(), a_contract_in_review(), decide(a_contract_in_review(), Desk.FINANCE)[0], an_approved_contract()],
)
def test_a_contract_that_is_not_signed_follows_its_deal_to_another_am_what_the_desks_decided_stays(
    contract: Contract,
) -> None:
    assigned, events = assign_am(contract, a_hand_over())

    assert events == (
        ContractAmAssigned(contract_id=contract.id, opportunity_id="opp-1", am_id=ANOTHER_AM, former_am_id=AM),
    )
    assert assigned == contract.model_copy(update={"am_id": ANOTHER_AM, "am_since": ACCEPTED_AS + 1})
    assert assign_am(assigned, a_hand_over()) == (assigned, ())


def test_the_new_am_works_on_the_contract_and_the_former_no_more() -> None:
    draft, _ = assign_am(a_draft(), a_hand_over())
    with pytest.raises(Forbidden, match=r"am\.chen's"):
        change_terms(draft, [SPECIAL], [], AM)
    assert change_terms(draft, [SPECIAL], [], ANOTHER_AM)[1]
    assert submit(draft, ANOTHER_AM)[1]

    approved, _ = assign_am(an_approved_contract(), a_hand_over())
    with pytest.raises(Forbidden):
        sign(approved, a_signature(), AM, TODAY, POLICY)
    _, (signed,) = sign(approved, a_signature(), ANOTHER_AM, TODAY, POLICY)
    assert isinstance(signed, ContractSigned)
    assert signed.am_id == ANOTHER_AM


@pytest.mark.parametrize("sequence", [ACCEPTED_AS - 1, ACCEPTED_AS])
def test_the_hand_over_of_a_deal_before_its_quote_was_accepted_changes_nothing(sequence: int) -> None:
    contract = a_draft()
    assert assign_am(contract, a_hand_over(sequence=sequence)) == (contract, ())


def test_of_several_hand_overs_the_latest_counts_even_when_it_leads_back_and_is_heard_of_first() -> None:
    there, back = a_hand_over(), a_hand_over(AM, ACCEPTED_AS + 2)

    contract, events = assign_am(a_draft(), back)

    assert len(events) == 1
    assert assign_am(contract, there) == (contract, ())
    in_order, _ = assign_am(assign_am(a_draft(), there)[0], back)
    assert contract == in_order


def test_a_signed_contract_stays_with_the_am_who_signed_it() -> None:
    with pytest.raises(Conflict) as no:
        assign_am(a_signed_contract(), a_hand_over())
    assert no.value.slug == "contract-signed"


def test_a_withdrawn_contract_is_that_of_the_am_who_lost_the_deal() -> None:
    before = a_withdrawn_contract()
    assert assign_am(before, a_hand_over()) == (before, ())

    contract, (withdrawn,) = withdraw(a_draft(), a_lost_deal(am_id=ANOTHER_AM))

    assert (contract.status, contract.am_id) == (Status.WITHDRAWN, ANOTHER_AM)
    assert isinstance(withdrawn, ContractWithdrawn)
    assert withdrawn.am_id == ANOTHER_AM
