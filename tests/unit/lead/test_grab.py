from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.lead.builders import (
    ANSWERS,
    CALENDAR,
    CHEN,
    EVERY_STATUS,
    LI,
    MONDAY_10H,
    MONDAY_12H,
    POLICY,
    UNKNOWN,
    WANG,
    a_capture,
    a_lead,
    a_member,
    a_roster,
)

from dealwire.calendar import Deadline
from dealwire.catalogue.common import Role
from dealwire.catalogue.lead import LeadAccepted, LeadAssigned, LeadBidPlaced, LeadGrabDecided
from dealwire.errors import Conflict, Forbidden
from dealwire.event import Decision
from lead_service.domain import grab
from lead_service.domain.archive import archive, reactivate
from lead_service.domain.facets import Bid, Grab
from lead_service.domain.grab import Bidders, deadlines
from lead_service.domain.intake import discard, link
from lead_service.domain.lead import AccountLink, Lead, Status
from lead_service.domain.policy import Policy, Window
from lead_service.domain.progress import assign, expire, qualify
from lead_service.domain.routing import Roster

MINUTE = timedelta(minutes=1)
CLOSES = MONDAY_10H + 15 * MINUTE
GU = "am.gu"
CUSTOMER = AccountLink(account_id="account-1", name="协和医疗", am_id=CHEN)
THREE = a_roster(a_member(LI), a_member(CHEN), a_member(GU), a_member(WANG, Role.SE))


def bid(
    lead: Lead,
    by: str,
    minutes: float = 0,
    bidders: Bidders = UNKNOWN,
    roster: Roster = THREE,
    policy: Policy = POLICY,
) -> Decision[Lead]:
    return grab.bid(lead, by, roster, bidders, MONDAY_10H + minutes * MINUTE, CALENDAR, policy)


def closed(
    lead: Lead,
    bidders: Bidders = UNKNOWN,
    roster: Roster = THREE,
    policy: Policy = POLICY,
    at: datetime = CLOSES,
) -> Decision[Lead]:
    return grab.decide_if_closed(lead, roster, bidders, at, CALENDAR, policy)


def wanted_by(*bids: tuple[str, float], **told: Any) -> Lead:
    """A lead in the pool that these bid for, each so many minutes after ten."""
    lead = a_lead(grade="B", **told)
    for by, minutes in bids:
        lead, _ = bid(lead, by, minutes)
    return lead


def rated(**ratings: int) -> Bidders:
    return Bidders({f"am.{name}": rating for name, rating in ratings.items()}, frozenset())


def test_the_first_bid_for_a_lead_in_the_pool_opens_a_window_for_others() -> None:
    pooled = a_lead(grade="B")
    assert deadlines(pooled) == []
    lead, (event,) = bid(pooled, LI)
    assert event == LeadBidPlaced(lead_id="lead-1", am_id=LI, bid_at=MONDAY_10H, opened_at=MONDAY_10H, closes_at=CLOSES)
    assert (lead.status, lead.am_id) == (Status.POOL, None)
    second, (event,) = bid(lead, CHEN, 10)
    assert isinstance(event, LeadBidPlaced)
    assert (event.opened_at, event.closes_at) == (MONDAY_10H, CLOSES)
    assert deadlines(lead) == deadlines(second) == [Deadline("grab", CLOSES)]


def test_when_the_window_closes_the_best_bid_has_the_lead_and_has_accepted_it() -> None:
    lead = wanted_by((LI, 0), (CHEN, 3))
    assert closed(lead, at=CLOSES - timedelta(milliseconds=1)) == (lead, ())
    won, (decided, assigned, accepted) = closed(lead, rated(li=40, chen=90))
    assert (won.status, won.am_id, won.se_id, won.accept_by) == (Status.ACCEPTED, CHEN, WANG, None)
    assert isinstance(decided, LeadGrabDecided)
    assert isinstance(assigned, LeadAssigned)
    assert isinstance(accepted, LeadAccepted)
    assert decided.am_id == assigned.am_id == accepted.am_id == CHEN
    assert assigned.because == ("won the grab with 85 of 100 points, out of 2 who bid",)
    assert closed(won) == (won, ())
    assert deadlines(won) == []


def test_a_bid_is_worth_half_its_speed_and_half_past_performance_and_says_so() -> None:
    won, (decided, *_) = closed(wanted_by((LI, 0), (CHEN, 3)), rated(li=40, chen=90))
    assert isinstance(decided, LeadGrabDecided)
    assert won.grab is not None
    assert won.grab.ranking == decided.ranking
    first, second = decided.ranking
    assert (first.am_id, first.speed, first.performance, first.score) == (CHEN, 80, 90, 85.0)
    assert (second.am_id, second.speed, second.performance, second.score) == (LI, 100, 40, 70.0)
    assert first.because == "bid 180 s after the first: speed 80, counted 50; performance 90, counted 50"


def test_the_weights_are_data_and_who_is_not_rated_yet_counts_as_average() -> None:
    by_speed = POLICY.model_copy(update={"grab_weights": (100, 0)})
    won, _ = closed(wanted_by((LI, 0), (CHEN, 3)), rated(li=0, chen=100), policy=by_speed)
    assert won.am_id == LI
    won, (decided, *_) = closed(wanted_by((LI, 0)))
    assert isinstance(decided, LeadGrabDecided)
    assert decided.ranking[0].performance == POLICY.unrated
    assert "performance 50 (not rated yet)" in decided.ranking[0].because


@given(
    bids=st.lists(
        st.tuples(st.sampled_from([LI, CHEN, GU]), st.integers(0, 14 * 60), st.integers(0, 100)),
        min_size=1,
        max_size=3,
        unique_by=lambda each: each[0],
    ),
    order=st.randoms(),
)
def test_exactly_one_wins_whatever_the_order_and_nobody_quicker_and_better_loses(bids: Any, order: Any) -> None:
    bidders = Bidders({by: rating for by, _, rating in bids}, frozenset())
    made = [Bid(am_id=by, at=MONDAY_10H + timedelta(seconds=seconds)) for by, seconds, _ in bids]
    winners = set()
    for _ in range(3):
        order.shuffle(made)
        asked = Grab(opened_at=MONDAY_10H, closes_at=CLOSES, attempt=0, bids=tuple(made))
        won, events = closed(a_lead(grade="B").model_copy(update={"grab": asked}), bidders)
        assert [event.type for event in events].count("lead.assigned.v1") == 1
        winners.add(won.am_id)
    (winner,) = winners
    (_, seconds, rating) = next(each for each in bids if each[0] == winner)
    for by, other_seconds, other_rating in bids:
        if by != winner:
            assert not (other_seconds < seconds and other_rating >= rating)


def test_without_a_window_the_first_bid_wins() -> None:
    at_once = POLICY.model_copy(update={"grab_window": Window(hours=0)})
    won, events = bid(a_lead(grade="B"), LI, policy=at_once)
    assert (won.status, won.am_id) == (Status.ACCEPTED, LI)
    assert [event.type for event in events] == [
        "lead.bid_placed.v1",
        "lead.grab_decided.v1",
        "lead.assigned.v1",
        "lead.accepted.v1",
    ]
    with pytest.raises(Conflict):
        bid(won, CHEN, policy=at_once)


def test_a_second_bid_of_the_same_am_changes_nothing() -> None:
    lead = wanted_by((LI, 0))
    assert bid(lead, LI, 5) == (lead, ())


def test_when_the_window_has_closed_nobody_bids_any_more() -> None:
    with pytest.raises(Conflict) as no:
        bid(wanted_by((LI, 0)), CHEN, 15)
    assert no.value.slug == "grab-over"


def test_only_a_lead_in_the_pool_is_bid_for_and_only_by_an_active_am() -> None:
    for status, lead in EVERY_STATUS.items():
        if status is not Status.POOL:
            with pytest.raises(Conflict) as no:
                bid(lead, LI)
            assert no.value.slug == "lead-not-in-pool"
    for by in (WANG, "nobody"):
        with pytest.raises(Forbidden):
            bid(a_lead(grade="B"), by)
    with pytest.raises(Forbidden):
        bid(a_lead(grade="B"), LI, roster=a_roster(a_member(LI, active=False)))


def test_an_am_has_at_most_so_many_leads_from_the_pool_at_work_at_once() -> None:
    one = POLICY.model_copy(update={"claim_limit": 1})
    full = Bidders({}, frozenset({f"{LI}/1"}))
    with pytest.raises(Conflict) as no:
        bid(a_lead(grade="B"), LI, bidders=full, policy=one)
    assert no.value.slug == "not-to-be-had"
    won, (decided, *_) = closed(wanted_by((LI, 0), (CHEN, 3)), full, policy=one)
    assert (won.am_id, won.pool_slot) == (CHEN, f"{CHEN}/1")
    assert isinstance(decided, LeadGrabDecided)
    assert decided.ranking[0].refused == "has 1 leads from the pool at work already"


def test_a_place_is_free_again_when_the_am_no_longer_works_on_the_lead() -> None:
    won, _ = closed(wanted_by((LI, 0)))
    assert won.pool_slot == f"{LI}/1"
    assert won.model_copy(update={"status": Status.CONVERTED}).pool_slot is None
    assert EVERY_STATUS[Status.ACCEPTED].pool_slot is None
    assert Lead.model_validate(won.model_dump()) == won


def test_with_nobody_who_could_have_it_the_lead_stays_in_the_pool_for_others() -> None:
    lead, (decided,) = closed(wanted_by((LI, 0)), roster=a_roster(a_member(CHEN)))
    assert isinstance(decided, LeadGrabDecided)
    assert (decided.am_id, decided.ranking[0].refused) == (None, "is no active account manager")
    assert (lead.status, deadlines(lead)) == (Status.POOL, [])
    again, _ = bid(lead, CHEN, 30)
    assert deadlines(again) == [Deadline("grab", MONDAY_10H + 45 * MINUTE)]


def test_who_let_a_lead_go_cannot_have_it_from_the_pool_for_a_week() -> None:
    assigned, _ = assign(a_lead(grade="B"), LI, a_roster(), MONDAY_10H, CALENDAR, POLICY)
    returned, _ = expire(assigned, a_roster(a_member(LI)), MONDAY_12H, CALENDAR, POLICY)
    pooled, _ = qualify(returned, ANSWERS["B"], THREE, MONDAY_12H, CALENDAR, POLICY)
    assert pooled.status is Status.POOL
    with pytest.raises(Conflict) as no:
        bid(pooled, LI, 7 * 24 * 60 + 119)
    assert no.value.slug == "cooling-down"
    assert bid(pooled, LI, 7 * 24 * 60 + 120)[1]
    assert bid(pooled, CHEN, 130)[1]


def test_bids_for_a_lead_that_was_given_to_somebody_count_no_more() -> None:
    assigned, _ = assign(wanted_by((LI, 0)), CHEN, a_roster(), MONDAY_10H, CALENDAR, POLICY)
    assert deadlines(assigned) == []
    assert closed(assigned) == (assigned, ())
    returned, _ = expire(assigned, a_roster(a_member(CHEN)), MONDAY_12H, CALENDAR, POLICY)
    back, _ = qualify(returned, ANSWERS["B"], THREE, MONDAY_12H, CALENDAR, POLICY)
    assert deadlines(back) == []


@pytest.mark.parametrize("away", ["archived", "discarded", "graded C"])
def test_bids_for_a_lead_that_left_the_pool_count_no_more(away: str) -> None:
    lead = wanted_by((LI, 0))
    match away:
        case "archived":
            gone = reactivate(archive(lead, "no budget")[0], MONDAY_12H, CALENDAR, POLICY)[0]
        case "discarded":
            gone = link(discard(lead, "a fax")[0], a_capture(), MONDAY_12H, CALENDAR, POLICY)[0]
        case _:
            gone = qualify(lead, ANSWERS["C"], THREE, MONDAY_12H, CALENDAR, POLICY)[0]
    back, _ = qualify(gone, ANSWERS["B"], THREE, MONDAY_12H, CALENDAR, POLICY)
    assert (back.status, deadlines(back)) == (Status.POOL, [])
    asked_for, (placed,) = bid(back, CHEN, 200)
    assert isinstance(placed, LeadBidPlaced)
    assert asked_for.grab
    assert [each.am_id for each in asked_for.grab.bids] == [CHEN]


def test_a_customers_lead_is_for_everybody_once_the_customers_am_has_left() -> None:
    theirs = wanted_by((LI, 0)).model_copy(update={"customer": CUSTOMER})
    won, _ = closed(theirs, roster=a_roster(a_member(LI), a_member(CHEN, active=False)))
    assert won.am_id == LI


def test_a_customers_lead_is_for_nobody_but_the_customers_am() -> None:
    """It may have turned out to be one while others had bid already: one customer never has two AMs."""
    theirs = wanted_by((LI, 0), (CHEN, 3)).model_copy(update={"customer": CUSTOMER})
    with pytest.raises(Conflict):
        bid(theirs, GU, 4)
    won, (decided, *_) = closed(theirs)
    assert isinstance(decided, LeadGrabDecided)
    assert (won.am_id, decided.ranking[0].refused) == (CHEN, "is not am.chen, whose customer this is")
