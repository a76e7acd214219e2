"""How a contract comes to be and what is in it (C1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from contract_service.domain.contract import Contract, Status, only_by_its_am
from contract_service.domain.payments import check_plan
from contract_service.domain.policy import Policy
from dealwire.catalogue.contract import Clause, ContractDrafted, ContractSigned, ContractTermsChanged, Instalment
from dealwire.catalogue.pipeline import QuoteAccepted, WonDealImported
from dealwire.errors import Conflict
from dealwire.event import Decision, derived_id


def draft(quote: QuoteAccepted, sequence: int, drafted_on: date, policy: Policy) -> Decision[Contract]:
    """An accepted quote becomes a draft for its AM, with the standard clauses (C1).

    `sequence` is that of the deal with which the quote was accepted.
    """
    contract = Contract(
        id=derived_id("contract", quote.quote_id),
        opportunity_id=quote.opportunity_id,
        quote_id=quote.quote_id,
        account_id=quote.account_id,
        account_name=quote.account_name,
        am_id=quote.am_id,
        am_since=sequence,
        se_id=quote.se_id,
        status=Status.DRAFT,
        lines=quote.lines,
        amount=quote.total,
        clauses=policy.standard_clauses,
        opened_on=quote.opened_on,
        drafted_on=drafted_on,
    )
    drafted = ContractDrafted(
        contract_id=contract.id,
        opportunity_id=contract.opportunity_id,
        account_id=contract.account_id,
        account_name=contract.account_name,
        am_id=contract.am_id,
        amount=contract.amount,
    )
    return contract, (drafted,)


def check_deal(contract: Contract, quote: QuoteAccepted) -> None:
    """A contract is that of one deal: the quote of another deal under its id is a fault and no duplicate (C1)."""
    if contract.opportunity_id != quote.opportunity_id:
        raise AssertionError(
            f"quote {quote.quote_id} of deal {quote.opportunity_id} would be contract {contract.id}, "
            f"which is that of deal {contract.opportunity_id}"
        )


def record_past_contract(deal: WonDealImported) -> Decision[Contract]:
    """A won deal of an older system is a contract signed on its date, whose payments that system knows (C5)."""
    contract = Contract(
        id=derived_id("contract", deal.opportunity_id),
        opportunity_id=deal.opportunity_id,
        account_id=deal.account_id,
        account_name=deal.account_name,
        am_id=deal.am_id,
        status=Status.SIGNED,
        amount=deal.amount,
        opened_on=deal.opened_on,
        signed_on=deal.signed_on,
        historical=True,
    )
    signed = ContractSigned(
        contract_id=contract.id,
        opportunity_id=contract.opportunity_id,
        account_id=contract.account_id,
        account_name=contract.account_name,
        am_id=contract.am_id,
        amount=contract.amount,
        signed_on=deal.signed_on,
        opened_on=contract.opened_on,
        historical=True,
    )
    return contract, (signed,)


def change_terms(
    contract: Contract, clauses: Sequence[Clause], payment_plan: Sequence[Instalment], by: str
) -> Decision[Contract]:
    """The AM rewrites clauses and payment plan, as long as the contract is a draft (C1, C15)."""
    only_by_its_am(contract, by)
    if contract.status is not Status.DRAFT:
        raise Conflict("contract-not-draft", f"Terms change in a draft only; this contract is {contract.status}.")
    check_plan(payment_plan, contract.amount)
    changed = contract.model_copy(
        update={
            "clauses": tuple(clauses),
            "payment_plan": tuple(sorted(payment_plan, key=lambda instalment: instalment.due_on)),
        }
    )
    if changed == contract:
        return contract, ()
    return changed, (
        ContractTermsChanged(contract_id=changed.id, clauses=changed.clauses, payment_plan=changed.payment_plan),
    )
