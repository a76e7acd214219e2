"""A contract follows its deal to another AM, as long as it is not signed (P20)."""

from __future__ import annotations

from contract_service.domain.contract import Contract, Status
from dealwire.catalogue.common import Id, Value
from dealwire.catalogue.contract import ContractAmAssigned
from dealwire.errors import Conflict
from dealwire.event import Decision


class HandOver(Value):
    """Which AM a deal was handed over to; of several, the one with the highest `sequence` of the deal is the last."""

    opportunity_id: Id
    am_id: Id
    sequence: int


def assign_am(contract: Contract, handed_over: HandOver) -> Decision[Contract]:
    """A contract that is not signed follows its deal to another AM, what the desks decided stays (P20).

    Of several hand-overs the latest counts, whichever is heard of first, and none from before the quote was accepted:
    hence the event even when it is with that AM already. A signed contract stays with the AM who signed it, and so do
    its payments.
    """
    if handed_over.sequence <= contract.am_since or contract.status is Status.WITHDRAWN:
        return contract, ()
    if contract.status is Status.SIGNED:
        raise Conflict("contract-signed", f"The contract was signed on {contract.signed_on} by {contract.am_id}.")
    assigned = ContractAmAssigned(
        contract_id=contract.id,
        opportunity_id=contract.opportunity_id,
        am_id=handed_over.am_id,
        former_am_id=contract.am_id,
    )
    return contract.model_copy(update={"am_id": handed_over.am_id, "am_since": handed_over.sequence}), (assigned,)
