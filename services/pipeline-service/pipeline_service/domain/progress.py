"""A deal moves: from stage to stage, to an SE, to another AM, to won or lost (P1)."""

from __future__ import annotations

from datetime import date

from dealwire.catalogue.common import Money, Stage
from dealwire.catalogue.people import MemberChanged
from dealwire.catalogue.pipeline import (
    OpportunityAmAssigned,
    OpportunityLossRevoked,
    OpportunityLost,
    OpportunitySeAssigned,
    OpportunityStageChanged,
    OpportunityWon,
)
from dealwire.errors import Rejected
from dealwire.event import Decision
from pipeline_service.domain.account import check_new_am
from pipeline_service.domain.opportunity import Opportunity, check_am, check_open, check_se
from pipeline_service.domain.stages import check_move, check_step


def move(deal: Opportunity, to: Stage, by: str) -> Decision[Opportunity]:
    """The AM moves the deal one stage forward, or back (P1)."""
    check_am(deal, by)
    if to is deal.stage:
        return deal, ()
    check_move(deal.stage, to)
    moved, changed = enter(deal, to)
    return moved, (changed,)


def enter(deal: Opportunity, to: Stage) -> tuple[Opportunity, OpportunityStageChanged]:
    """The deal enters a stage; the event says whether for the first time."""
    changed = OpportunityStageChanged(
        opportunity_id=deal.id,
        am_id=deal.am_id,
        from_stage=deal.stage,
        to_stage=to,
        first_entry=to not in deal.reached,
    )
    return _in_stage(deal, to), changed


def assign_se(deal: Opportunity, se: MemberChanged, by: str) -> Decision[Opportunity]:
    """The AM takes an SE into the deal (P20). What a former SE confirmed no longer counts for them (P8)."""
    check_am(deal, by)
    if se.member_id == deal.se_id:
        return deal, ()
    check_open(deal)
    check_se(se, deal.am_id)
    assigned = OpportunitySeAssigned(opportunity_id=deal.id, am_id=deal.am_id, se_id=se.member_id)
    return deal.model_copy(update={"se_id": se.member_id}), (assigned,)


def assign_am(deal: Opportunity, am: MemberChanged) -> Decision[Opportunity]:
    """Sales operations or management hands an open deal over to another active AM, its history stays (P20, X1).

    What a former AM confirmed does not count for the new one (P8); what was sent stays sent.
    """
    if am.member_id == deal.am_id:
        return deal, ()
    check_open(deal)
    check_new_am(am)
    if am.member_id == deal.se_id:
        raise Rejected("own-se", "The SE of a deal cannot be its AM too: two people confirm a quote.", pointer="/am_id")
    assigned = OpportunityAmAssigned(
        opportunity_id=deal.id, am_id=am.member_id, former_am_id=deal.am_id, se_id=deal.se_id
    )
    return deal.model_copy(update={"am_id": am.member_id}), (assigned,)


def lose(deal: Opportunity, reason: str, by: str, today: date) -> Decision[Opportunity]:
    """The AM gives the deal up, with a reason (P22), from any open stage."""
    check_am(deal, by)
    if deal.stage is Stage.LOST and deal.loss_reason == reason:
        return deal, ()
    check_step(deal.stage, Stage.LOST)
    if not reason.strip():
        raise Rejected("reason-missing", "Say why the deal is lost.", pointer="/reason")
    return lost(deal, reason, today)


def lost(deal: Opportunity, reason: str, on: date, *, historical: bool = False) -> Decision[Opportunity]:
    """The deal as lost on a day."""
    event = OpportunityLost(
        opportunity_id=deal.id, am_id=deal.am_id, stage=deal.stage, reason=reason, lost_on=on, historical=historical
    )
    return _in_stage(deal, Stage.LOST, closed_on=on, loss_reason=event.reason), (event,)


def win(
    deal: Opportunity, contract_id: str, amount: Money, signed_on: date, *, historical: bool = False
) -> Decision[Opportunity]:
    """The contract is signed, so the deal is won (C5), on the day and for the amount of the contract.

    A deal given up in contract is won all the same when the customer signed, and counts as never lost.
    """
    if deal.stage is Stage.WON and deal.contract_id == contract_id:
        return deal, ()
    deal, revoked = _revoke_loss(deal, contract_id)
    check_step(deal.stage, Stage.WON)
    won = _in_stage(deal, Stage.WON, contract_id=contract_id, amount=amount, closed_on=signed_on)
    return won, (
        *revoked,
        OpportunityWon(
            opportunity_id=deal.id,
            contract_id=contract_id,
            am_id=deal.am_id,
            amount=amount,
            won_on=signed_on,
            historical=historical,
        ),
    )


def _revoke_loss(deal: Opportunity, contract_id: str) -> Decision[Opportunity]:
    """A deal that was lost in stage contract is there again, as if it had never been lost."""
    if deal.stage is not Stage.LOST or deal.closed_on is None or Stage.CONTRACT not in deal.reached:
        return deal, ()
    reached = tuple(stage for stage in deal.reached if stage is not Stage.LOST)
    back = {"stage": Stage.CONTRACT, "reached": reached, "closed_on": None, "loss_reason": None}
    revoked = OpportunityLossRevoked(
        opportunity_id=deal.id, contract_id=contract_id, am_id=deal.am_id, lost_on=deal.closed_on
    )
    return deal.model_copy(update=back), (revoked,)


def _in_stage(deal: Opportunity, stage: Stage, **more: object) -> Opportunity:
    reached = tuple(known for known in Stage if known in {*deal.reached, stage})
    return deal.model_copy(update={"stage": stage, "reached": reached, **more})
