"""What becomes of a contract when its deal is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from unit.contract.builders import (
    AM,
    POLICY,
    TODAY,
    a_contract_in_review,
    a_draft,
    a_lost_deal,
    a_receipt,
    a_signature,
    a_signed_contract,
    a_withdrawn_contract,
    an_approved_contract,
    decide,
)

from contract_service.domain.contract import Contract, Status
from contract_service.domain.drafting import change_terms
from contract_service.domain.payments import due, outstanding, record_receipt
from contract_service.domain.review import submit
from contract_service.domain.signing import sign
from contract_service.domain.withdrawal import withdraw
from dealwire.catalogue.contract import ContractWithdrawn, Desk
from dealwire.errors import Conflict
from dealwire.event import Decision


@pytest.mark.parametrize("contract", [a_draft(), a_contract_in_review(), an_approved_contract()])
def test_a_lost_deals_contract_is_withdrawn_unless_it_is_signed(contract: Contract) -> None:
    withdrawn, events = withdraw(contract, a_lost_deal())

    assert events == (
        ContractWithdrawn(
            contract_id=contract.id,
            opportunity_id="opp-1",
            account_id="acc-1",
            account_name="上海云帆科技有限公司",
            am_id=AM,
            reason="价格太高",
            withdrawn_on=TODAY,
        ),
    )
    assert (withdrawn.status, withdrawn.withdrawn_on, withdrawn.withdrawal_reason) == (
        Status.WITHDRAWN,
        TODAY,
        "价格太高",
    )
    assert withdraw(withdrawn, a_lost_deal()) == (withdrawn, ())


def test_a_signed_contract_is_never_withdrawn() -> None:
    with pytest.raises(Conflict) as no:
        withdraw(a_signed_contract(), a_lost_deal())
    assert no.value.slug == "contract-signed"


@pytest.mark.parametrize(
    "attempt",
    [
        lambda contract: change_terms(contract, [], [], AM),
        lambda contract: submit(contract, AM),
        lambda contract: decide(contract, Desk.FINANCE, by="finance.2"),
        lambda contract: sign(contract, a_signature(), AM, TODAY, POLICY),
        lambda contract: record_receipt(contract, a_receipt(), TODAY),
    ],
)
@pytest.mark.parametrize("before", [a_draft(), a_contract_in_review(), an_approved_contract()])
def test_nobody_changes_reviews_or_signs_a_withdrawn_contract(
    before: Contract, attempt: Callable[[Contract], Decision[Contract]]
) -> None:
    contract, _ = withdraw(before, a_lost_deal())
    with pytest.raises(Conflict):
        attempt(contract)


def test_nothing_is_owed_for_a_withdrawn_contract() -> None:
    contract = a_withdrawn_contract()
    assert (due(contract, TODAY).minor, outstanding(contract).minor) == (0, 0)
