"""The signature of both sides, which makes the promise binding (C5)."""

from __future__ import annotations

from datetime import date

from contract_service.domain.contract import Contract, Signature, Status, only_by_its_am
from contract_service.domain.payments import default_plan
from contract_service.domain.policy import Policy
from dealwire.catalogue.contract import ContractSigned
from dealwire.errors import Conflict, Rejected
from dealwire.event import Decision


def sign(contract: Contract, signature: Signature, by: str, today: date, policy: Policy) -> Decision[Contract]:
    """The AM records that both sides signed the approved contract, on which document and on which day (C5).

    `today` is the organisation's date. Without a payment plan the whole amount is due when the credit term ends (C15).
    """
    only_by_its_am(contract, by)
    if contract.signature == signature:
        return contract, ()
    if contract.status is not Status.APPROVED:
        raise Conflict("contract-not-approved", f"Only an approved contract is signed; this one is {contract.status}.")
    _check(signature, contract, today)
    signed = contract.model_copy(
        update={
            "status": Status.SIGNED,
            "signature": signature,
            "signed_on": signature.signed_on,
            "payment_plan": contract.payment_plan
            or default_plan(contract.amount, signature.signed_on, policy.credit_days),
        }
    )
    event = ContractSigned(
        contract_id=signed.id,
        opportunity_id=signed.opportunity_id,
        account_id=signed.account_id,
        account_name=signed.account_name,
        am_id=signed.am_id,
        se_id=signed.se_id,
        amount=signed.amount,
        signatories=tuple(signatory.name for signatory in signature.signatories),
        document_sha256=signature.document_sha256,
        signed_on=signature.signed_on,
        opened_on=signed.opened_on,
        drafted_on=signed.drafted_on,
    )
    return signed, (event,)


def _check(signature: Signature, contract: Contract, today: date) -> None:
    if {signatory.party for signatory in signature.signatories} != {"ours", "customer"}:
        raise Rejected(
            "both-sides-sign", "Somebody signs for us and somebody for the customer.", pointer="/signatories"
        )
    if signature.signed_on > today:
        raise Rejected("signed-in-the-future", f"Today is {today}; nothing is signed yet then.", pointer="/signed_on")
    if contract.drafted_on is not None and signature.signed_on < contract.drafted_on:
        raise Rejected(
            "signed-before-draft", f"The contract was drafted on {contract.drafted_on}.", pointer="/signed_on"
        )
