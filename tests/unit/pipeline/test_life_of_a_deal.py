"""Whatever people do in whatever order, a deal keeps its rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.pipeline.builders import AM, NOW, POLICY, SE, TODAY, a_deal, a_line, a_member, yuan

from dealwire.catalogue.common import Role, Stage
from dealwire.catalogue.pipeline import (
    OpportunityAmAssigned,
    OpportunityLossRevoked,
    OpportunityLost,
    OpportunitySeAssigned,
    OpportunityStageChanged,
    OpportunityWon,
    QuoteAccepted,
    QuoteConfirmed,
    QuoteSent,
)
from dealwire.errors import DealwireError
from dealwire.event import Decision, EventData
from pipeline_service.domain.opportunity import Opportunity
from pipeline_service.domain.progress import assign_am, assign_se, lose, move, win
from pipeline_service.domain.quote import QuoteStatus
from pipeline_service.domain.quoting import accept_quote, confirm_quote, draft_quote, send_quote
from pipeline_service.domain.stages import EARNED, NEXT

Command = Callable[[Opportunity], Decision[Opportunity]]

PEOPLE = st.sampled_from([AM, AM, SE, "se.zhao", "lead.zhou"])
QUOTES = st.sampled_from(["q1", "q2"])


def _moved(to: Stage, by: str) -> Command:
    return lambda deal: move(deal, to, by)


def _drafted(quote_id: str, by: str) -> Command:
    return lambda deal: draft_quote(deal, f"{quote_id}-{len(deal.quotes)}", [a_line()], by, POLICY)


def _confirmed(by: str) -> Command:
    return lambda deal: confirm_quote(deal, _last(deal), by)


def _sent(by: str) -> Command:
    return lambda deal: send_quote(deal, _last(deal), by)


def _accepted(by: str) -> Command:
    return lambda deal: accept_quote(deal, _last(deal), by, NOW)


def _assigned(to: str, by: str) -> Command:
    return lambda deal: assign_se(deal, a_member(to), by)


def _handed_over(to: str) -> Command:
    return lambda deal: assign_am(deal, a_member(to, Role.AM, Role.SE))


def _lost(by: str) -> Command:
    return lambda deal: lose(deal, "price", by, TODAY)


def _signed(contract_id: str) -> Command:
    return lambda deal: win(deal, contract_id, yuan(1), TODAY)


def _last(deal: Opportunity) -> str:
    return deal.quotes[-1].id if deal.quotes else "none"


COMMANDS = st.one_of(
    st.builds(_moved, st.sampled_from(Stage), PEOPLE),
    st.builds(_drafted, QUOTES, PEOPLE),
    st.builds(_confirmed, PEOPLE),
    st.builds(_confirmed, PEOPLE),
    st.builds(_sent, PEOPLE),
    st.builds(_accepted, PEOPLE),
    st.builds(_assigned, st.sampled_from([SE, "se.zhao"]), PEOPLE),
    st.builds(_handed_over, st.sampled_from([AM, "se.zhao"])),
    st.builds(_lost, PEOPLE),
    st.builds(_signed, st.sampled_from(["contract-1", "contract-2"])),
)


def _lived(start: Opportunity, commands: Sequence[Command]) -> list[tuple[Opportunity, Sequence[EventData]]]:
    """Every decision that was taken, in order; what was refused left no trace."""
    deal, taken = start, []
    for command in commands:
        try:
            decision = command(deal)
        except DealwireError:
            continue
        deal = decision[0]
        taken.append(decision)
    return taken


STARTS = st.sampled_from([a_deal(), a_deal(Stage.QUOTE), a_deal(Stage.CONTRACT), a_deal(Stage.QUOTE, se_id=None)])
LIVES = st.builds(_lived, STARTS, st.lists(COMMANDS, max_size=40))


@given(STARTS, st.lists(COMMANDS, max_size=40))
def test_no_event_means_nothing_changed_and_every_change_has_an_event(
    deal: Opportunity, commands: list[Command]
) -> None:
    for after, events in _lived(deal, commands):
        assert (after == deal) is not bool(events)
        deal = after


@given(STARTS, st.lists(COMMANDS, max_size=40))
def test_a_deal_goes_only_where_the_process_goes(deal: Opportunity, commands: list[Command]) -> None:
    for after, events in _lived(deal, commands):
        if after.stage is not deal.stage:
            signed_after_all = isinstance(events[0], OpportunityLossRevoked)
            assert after.stage in NEXT[Stage.CONTRACT if signed_after_all else deal.stage]
            assert isinstance(events[-1], OpportunityStageChanged | OpportunityWon | OpportunityLost)
        if after.stage in EARNED and after.stage is not deal.stage:
            assert isinstance(events[0], QuoteAccepted | OpportunityWon | OpportunityLost | OpportunityLossRevoked)
        deal = after


@given(LIVES)
def test_the_first_entry_into_a_stage_is_told_once(life: list[tuple[Opportunity, Sequence[EventData]]]) -> None:
    first = [
        event.to_stage
        for _, events in life
        for event in events
        if isinstance(event, OpportunityStageChanged) and event.first_entry
    ]
    assert len(first) == len(set(first))
    for (before, _), (after, _) in pairwise(life):
        revoked = {before.stage} if (before.stage, after.stage) == (Stage.LOST, Stage.WON) else set()
        assert {*before.reached, after.stage} - revoked == set(after.reached)


@settings(max_examples=150)
@given(LIVES)
def test_nothing_is_sent_that_the_deals_am_and_se_did_not_confirm(
    life: list[tuple[Opportunity, Sequence[EventData]]],
) -> None:
    confirmed: set[tuple[str, str]] = set()
    am, se = AM, life[0][0].se_id if life else None
    for deal, events in life:
        for event in events:
            if isinstance(event, OpportunitySeAssigned):
                se = event.se_id
            if isinstance(event, OpportunityAmAssigned):
                assert event.former_am_id == am
                am = event.am_id
            if isinstance(event, QuoteConfirmed):
                confirmed.add((event.quote_id, event.by))
            if isinstance(event, QuoteSent):
                assert {(event.quote_id, am), (event.quote_id, se)} <= confirmed
        assert (deal.am_id, deal.se_id) == (am, se)
        assert am != se


@given(LIVES)
def test_a_deal_has_at_most_one_quote_that_may_still_be_accepted(
    life: list[tuple[Opportunity, Sequence[EventData]]],
) -> None:
    for deal, _ in life:
        assert [quote.status for quote in deal.quotes[:-1]] == [QuoteStatus.SUPERSEDED] * (len(deal.quotes) - 1)


@given(STARTS, st.lists(COMMANDS, max_size=40), COMMANDS)
def test_a_command_given_twice_takes_effect_once(start: Opportunity, commands: list[Command], command: Command) -> None:
    life = _lived(start, commands)
    deal = life[-1][0] if life else start
    for after, _ in _lived(deal, [command, command])[1:]:
        # a second draft is a new quote, on purpose: only the record of requests can tell a repeat from a wish
        if len(after.quotes) == len(deal.quotes):
            assert _lived(deal, [command])[0][0] == after
