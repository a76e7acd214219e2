"""A deal is opened, moved, lost and won."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from unit.pipeline.builders import (
    AM,
    SE,
    TODAY,
    a_converted_lead,
    a_deal,
    a_deal_in_contract,
    a_member,
    a_won_deal,
    an_account,
    yuan,
)

from dealwire.catalogue.common import Role, Stage
from dealwire.catalogue.lead import LeadConverted
from dealwire.catalogue.people import MemberChanged
from dealwire.catalogue.pipeline import (
    OpportunityAmAssigned,
    OpportunityLossRevoked,
    OpportunityLost,
    OpportunityOpened,
    OpportunitySeAssigned,
    OpportunityStageChanged,
    OpportunityWon,
)
from dealwire.errors import Conflict, Forbidden, Rejected
from dealwire.event import Decision
from pipeline_service.domain.account import account_id
from pipeline_service.domain.opportunity import Opportunity, open_for_account, open_from_lead
from pipeline_service.domain.progress import assign_am, assign_se, lose, move, win
from pipeline_service.domain.stages import CLOSED, EARNED, NEXT

BY_HAND = [(stage, to) for stage in Stage for to in NEXT[stage] if to not in EARNED]
NOT_BY_HAND = [(stage, to) for stage in Stage for to in Stage if to is not stage and (stage, to) not in BY_HAND]
OPEN = [stage for stage in Stage if stage not in CLOSED]


def test_a_converted_lead_becomes_a_deal_of_its_am_with_everything_known() -> None:
    lead = a_converted_lead(
        campaign="CMEF spring",
        industry="medical",
        region="Jiangsu",
        size=200,
        product_line="GTX Pro",
        uscc="91110000600037341L",
    )

    deal, events = open_from_lead(lead, TODAY, account_id)

    assert events == (
        OpportunityOpened(
            opportunity_id=deal.id,
            title="Acme 有限公司",
            account_id=an_account().id,
            account_name="Acme 有限公司",
            lead_id="lead-1",
            product="GTX Pro",
            am_id=AM,
            se_id=SE,
            stage=Stage.PROSPECT,
            opened_on=TODAY,
        ),
    )
    assert deal.origin is not None
    kept = {**deal.model_dump(), **deal.origin.model_dump()}
    elsewhere = {"company": kept["account_name"], "product_line": kept["product"]}
    assert {name: elsewhere.get(name, kept.get(name)) for name in LeadConverted.model_fields} == lead.model_dump()


def test_a_lead_converted_twice_is_one_deal() -> None:
    first, _ = open_from_lead(a_converted_lead(), TODAY, account_id)
    second, _ = open_from_lead(a_converted_lead(), date(2024, 3, 5), account_id)

    assert first.id == second.id


def test_nobody_is_their_own_se() -> None:
    assert open_from_lead(a_converted_lead(se_id=AM), TODAY, account_id)[0].se_id is None
    with pytest.raises(Rejected) as refused:
        assign_se(a_deal(), a_member(AM, Role.AM, Role.SE), AM)
    assert (refused.value.slug, refused.value.pointer) == ("own-se", "/se_id")


def test_an_am_opens_a_deal_for_a_customer_of_their_own() -> None:
    deal, (event,) = open_for_account(
        an_account(), id="deal-2", title="More gateways", product="GTX Pro", se=a_member(), by=AM, today=TODAY
    )

    assert isinstance(event, OpportunityOpened)
    assert (event.opportunity_id, event.am_id, event.se_id, event.account_id) == (deal.id, AM, SE, an_account().id)


def test_an_am_opens_no_deal_for_another_ams_customer() -> None:
    with pytest.raises(Forbidden) as refused:
        open_for_account(an_account(owner_id="am.chen"), id="d", title="x", product=None, se=None, by=AM, today=TODAY)
    assert refused.value.slug == "not-your-account"


@pytest.mark.parametrize(("stage", "to"), BY_HAND)
def test_a_deal_moves_one_stage_forward_or_back(stage: Stage, to: Stage) -> None:
    moved, events = move(a_deal(stage), to, AM)

    order = list(Stage)
    assert moved.stage is to
    assert order.index(to) <= order.index(stage) + 1
    assert events == (
        OpportunityStageChanged(
            opportunity_id="deal-1",
            am_id=AM,
            from_stage=stage,
            to_stage=to,
            first_entry=order.index(to) > order.index(stage),
        ),
    )


@pytest.mark.parametrize(("stage", "to"), NOT_BY_HAND)
def test_an_illegal_move_is_refused_with_what_is_allowed(stage: Stage, to: Stage) -> None:
    with pytest.raises(Conflict) as refused:
        move(a_deal(stage), to, AM)

    slugs = {"deal-closed"} if stage in CLOSED else {"illegal-move", "stage-is-earned"}
    assert refused.value.slug in slugs
    if refused.value.slug == "illegal-move":
        assert all(way in refused.value.detail for way in NEXT[stage])


def test_the_sentence_of_a_refused_move_can_be_read_aloud() -> None:
    with pytest.raises(
        Conflict,
        match=r"A deal in prospect does not go to quote\. It may go to needs or lost \(by losing it, with a reason\)\.",
    ):
        move(a_deal(), Stage.QUOTE, AM)
    with pytest.raises(Conflict, match=r"A deal is not moved to contract: it gets there by an accepted quote\."):
        move(a_deal(Stage.QUOTE), Stage.CONTRACT, AM)


def test_a_stage_is_entered_for_the_first_time_once() -> None:
    deal, first = a_deal(), []
    for to in (Stage.NEEDS, Stage.PROSPECT, Stage.NEEDS, Stage.SOLUTION):
        deal, (event,) = move(deal, to, AM)
        assert isinstance(event, OpportunityStageChanged)
        first.append(event.first_entry)

    assert first == [True, False, False, True]
    assert deal.reached == (Stage.PROSPECT, Stage.NEEDS, Stage.SOLUTION)


def test_moving_to_the_stage_it_is_in_changes_nothing() -> None:
    deal = a_deal(Stage.NEEDS)
    assert move(deal, Stage.NEEDS, AM) == (deal, ())


def test_a_deal_in_contract_has_no_way_back() -> None:
    assert NEXT[Stage.CONTRACT] == {Stage.WON, Stage.LOST}


@pytest.mark.parametrize(
    "done_by",
    [
        lambda who: move(a_deal(), Stage.NEEDS, who),
        lambda who: lose(a_deal(), "price", who, TODAY),
        lambda who: assign_se(a_deal(), a_member("se.zhao"), who),
    ],
)
def test_an_am_works_on_their_own_deals_only(done_by: Callable[[str], Decision[Opportunity]]) -> None:
    assert done_by(AM)[1]
    with pytest.raises(Forbidden) as refused:
        done_by("am.chen")
    assert refused.value.slug == "not-your-deal"


@pytest.mark.parametrize("stage", OPEN)
def test_a_deal_is_lost_from_any_open_stage_with_a_reason(stage: Stage) -> None:
    deal, events = lose(a_deal(stage), "price", AM, TODAY)

    assert events == (OpportunityLost(opportunity_id="deal-1", am_id=AM, stage=stage, reason="price", lost_on=TODAY),)
    assert (deal.stage, deal.loss_reason, deal.closed_on) == (Stage.LOST, "price", TODAY)
    assert lose(deal, "price", AM, TODAY) == (deal, ())


def test_a_deal_is_not_lost_without_a_reason() -> None:
    with pytest.raises(Rejected) as refused:
        lose(a_deal(), "  ", AM, TODAY)
    assert refused.value.pointer == "/reason"


def test_a_won_deal_is_not_lost() -> None:
    with pytest.raises(Conflict, match="won and stays so"):
        lose(a_won_deal(), "price", AM, TODAY)


def test_a_deal_is_won_by_its_signed_contract() -> None:
    deal, events = win(a_deal_in_contract(), "contract-1", yuan(9642), date(2024, 3, 9))

    assert events == (
        OpportunityWon(
            opportunity_id="deal-1", contract_id="contract-1", am_id=AM, amount=yuan(9642), won_on=date(2024, 3, 9)
        ),
    )
    assert (deal.stage, deal.contract_id, deal.amount, deal.closed_on) == (
        Stage.WON,
        "contract-1",
        yuan(9642),
        date(2024, 3, 9),
    )


def test_a_contract_signed_twice_wins_the_deal_once() -> None:
    won = a_won_deal()
    assert win(won, "contract-1", yuan(9642), TODAY) == (won, ())


def test_a_second_contract_does_not_win_the_deal_again() -> None:
    with pytest.raises(Conflict, match="won and stays so"):
        win(a_won_deal(), "contract-2", yuan(1), TODAY)


@pytest.mark.parametrize("stage", [stage for stage in OPEN if stage is not Stage.CONTRACT])
def test_only_a_deal_in_contract_is_won(stage: Stage) -> None:
    for deal in (a_deal(stage), lose(a_deal(stage), "price", AM, TODAY)[0]):
        with pytest.raises(Conflict):
            win(deal, "contract-1", yuan(1), TODAY)


def test_a_deal_given_up_in_contract_is_won_all_the_same_when_the_customer_signed() -> None:
    lost, _ = lose(a_deal_in_contract(), "price", AM, TODAY)

    deal, events = win(lost, "contract-1", yuan(9642), date(2024, 3, 9))

    assert deal == win(a_deal_in_contract(), "contract-1", yuan(9642), date(2024, 3, 9))[0]
    assert events == (
        OpportunityLossRevoked(opportunity_id="deal-1", contract_id="contract-1", am_id=AM, lost_on=TODAY),
        OpportunityWon(
            opportunity_id="deal-1", contract_id="contract-1", am_id=AM, amount=yuan(9642), won_on=date(2024, 3, 9)
        ),
    )
    assert win(deal, "contract-1", yuan(9642), date(2024, 3, 9)) == (deal, ())


def test_the_am_takes_an_se_into_the_deal() -> None:
    deal, events = assign_se(a_deal(se_id=None), a_member(), AM)

    assert events == (OpportunitySeAssigned(opportunity_id="deal-1", am_id=AM, se_id=SE),)
    assert assign_se(deal, a_member(), AM) == (deal, ())


@pytest.mark.parametrize("member", [a_member("am.chen", Role.AM), a_member("se.old", active=False)])
def test_only_an_active_se_is_taken_into_a_deal(member: MemberChanged) -> None:
    with pytest.raises(Rejected) as refused:
        assign_se(a_deal(), member, AM)
    assert (refused.value.slug, refused.value.pointer) == ("not-an-se", "/se_id")


@pytest.mark.parametrize("deal", [a_won_deal(), lose(a_deal(), "price", AM, TODAY)[0]])
def test_a_closed_deal_gets_no_other_se(deal: Opportunity) -> None:
    with pytest.raises(Conflict):
        assign_se(deal, a_member("se.zhao"), AM)


@pytest.mark.parametrize("stage", OPEN)
def test_an_open_deal_is_handed_over_to_another_active_am_its_history_stays(stage: Stage) -> None:
    before = a_deal(stage, lead_id="lead-1", notes=("note-1",))

    deal, events = assign_am(before, a_member("am.chen", Role.AM))

    assert events == (OpportunityAmAssigned(opportunity_id="deal-1", am_id="am.chen", former_am_id=AM, se_id=SE),)
    assert deal == before.model_copy(update={"am_id": "am.chen"})
    assert assign_am(deal, a_member("am.chen", Role.AM)) == (deal, ())


@pytest.mark.parametrize("member", [a_member("se.zhao"), a_member("am.old", Role.AM, active=False)])
def test_a_deal_is_handed_over_to_no_other_member(member: MemberChanged) -> None:
    with pytest.raises(Rejected) as refused:
        assign_am(a_deal(), member)
    assert (refused.value.slug, refused.value.pointer) == ("no-such-am", "/am_id")


def test_the_se_of_a_deal_does_not_become_its_am_too() -> None:
    with pytest.raises(Rejected) as refused:
        assign_am(a_deal(), a_member(SE, Role.AM, Role.SE))
    assert (refused.value.slug, refused.value.pointer) == ("own-se", "/am_id")


@pytest.mark.parametrize("deal", [a_won_deal(), lose(a_deal(), "price", AM, TODAY)[0]])
def test_a_deal_that_is_won_or_lost_is_not_handed_over(deal: Opportunity) -> None:
    with pytest.raises(Conflict) as refused:
        assign_am(deal, a_member("am.chen", Role.AM))
    assert refused.value.slug == "deal-closed"
