"""The review of a draft by the desks concerned, all at once (C2, C3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from contract_service.domain.contract import Contract, Review, Status, only_by_its_am
from dealwire.catalogue.common import Role
from dealwire.catalogue.contract import Clause, ContractApproved, ContractReviewed, ContractReviewRequested, Desk
from dealwire.errors import Conflict, Forbidden
from dealwire.event import Decision, EventData

SPEAKS_FOR = {Desk.SALES_OPS: Role.SO, Desk.LEGAL: Role.LEGAL, Desk.FINANCE: Role.FINANCE}
"""Whose role it takes to decide at a desk."""


def desks_for(clauses: Sequence[Clause]) -> tuple[Desk, ...]:
    """Sales operations and finance review every contract, legal only one with a special clause (C3)."""
    special = any(clause.kind == "special" for clause in clauses)
    return (Desk.SALES_OPS, Desk.LEGAL, Desk.FINANCE) if special else (Desk.SALES_OPS, Desk.FINANCE)


def submit(contract: Contract, by: str) -> Decision[Contract]:
    """The AM submits the draft; every desk concerned reviews it, in a round of its own (C2)."""
    only_by_its_am(contract, by)
    if contract.status is Status.IN_REVIEW:
        return contract, ()
    if contract.status is not Status.DRAFT:
        raise Conflict("contract-not-draft", f"Only a draft is submitted; this contract is {contract.status}.")
    if not contract.clauses:
        raise Conflict("contract-without-clauses", "A contract without clauses has nothing to review.")
    submitted = contract.model_copy(
        update={
            "status": Status.IN_REVIEW,
            "round": contract.round + 1,
            "desks": desks_for(contract.clauses),
            "reviews": (),
        }
    )
    return submitted, (ContractReviewRequested(contract_id=submitted.id, desks=submitted.desks, round=submitted.round),)


def review(contract: Contract, decision: Review, roles: Collection[str]) -> Decision[Contract]:
    """A desk decides once per round: the last approval approves the contract, any objection returns it to draft (C2).

    A desk is spoken for by its role only, and nobody reviews a contract of their own.
    """
    if SPEAKS_FOR[decision.desk] not in roles:
        raise Forbidden("not-your-desk", f"The {decision.desk} desk is {SPEAKS_FOR[decision.desk]}'s.")
    if decision.by == contract.am_id:
        raise Forbidden("own-contract", "Nobody reviews a contract of their own.")
    if decision in contract.reviews:
        return contract, ()
    _check_awaited(contract, decision.desk)
    reviews = (*contract.reviews, decision)
    events: list[EventData] = [
        ContractReviewed(
            contract_id=contract.id,
            desk=decision.desk,
            approved=decision.approved,
            by=decision.by,
            comment=decision.comment,
            round=contract.round,
        )
    ]
    status = contract.status
    if not decision.approved:
        status = Status.DRAFT
    elif len(reviews) == len(contract.desks):
        status = Status.APPROVED
        events.append(ContractApproved(contract_id=contract.id, round=contract.round))
    return contract.model_copy(update={"status": status, "reviews": reviews}), events


def _check_awaited(contract: Contract, desk: Desk) -> None:
    if contract.status is not Status.IN_REVIEW:
        raise Conflict("contract-not-in-review", f"Nobody is asked to review; this contract is {contract.status}.")
    if desk not in contract.desks:
        raise Conflict("desk-not-asked", f"The {desk} desk is not asked: the contract has standard clauses only.")
    if any(earlier.desk is desk for earlier in contract.reviews):
        raise Conflict("desk-has-decided", f"The {desk} desk has decided in this round.")
