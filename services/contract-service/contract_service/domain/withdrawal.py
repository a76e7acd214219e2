"""A promise that is not made after all (P22)."""

from __future__ import annotations

from contract_service.domain.contract import Contract, Status
from dealwire.catalogue.contract import ContractWithdrawn
from dealwire.catalogue.pipeline import OpportunityLost
from dealwire.errors import Conflict
from dealwire.event import Decision


def withdraw(contract: Contract, lost: OpportunityLost) -> Decision[Contract]:
    """A lost deal's contract is withdrawn unless it is signed: signing wins (P22).

    A withdrawn contract is that of the AM who lost the deal (P20), even when the hand-over to them is heard of later.
    """
    if contract.status is Status.WITHDRAWN:
        return contract, ()
    if contract.status is Status.SIGNED:
        raise Conflict("contract-signed", f"The contract was signed on {contract.signed_on}, and so the deal is won.")
    withdrawn = contract.model_copy(
        update={
            "status": Status.WITHDRAWN,
            "am_id": lost.am_id,
            "withdrawn_on": lost.lost_on,
            "withdrawal_reason": lost.reason,
        }
    )
    event = ContractWithdrawn(
        contract_id=withdrawn.id,
        opportunity_id=withdrawn.opportunity_id,
        account_id=withdrawn.account_id,
        account_name=withdrawn.account_name,
        am_id=withdrawn.am_id,
        reason=lost.reason,
        withdrawn_on=lost.lost_on,
    )
    return withdrawn, (event,)
