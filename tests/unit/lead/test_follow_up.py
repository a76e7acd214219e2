from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.lead.builders import (
    CALENDAR,
    CHEN,
    EVERY_STATUS,
    LI,
    MONDAY_10H,
    POLICY,
    UNKNOWN,
    a_member,
    a_roster,
    an_accepted_lead,
)

from dealwire.catalogue.common import Grade
from dealwire.catalogue.lead import NextStep
from dealwire.catalogue.lead_care import LeadEscalated, LeadFollowedUp, LeadReleased, LeadReminded
from dealwire.errors import Conflict, Forbidden, Rejected
from dealwire.event import Decision, EventData
from lead_service.domain import clock, follow_up
from lead_service.domain.cooldown import cooling_until
from lead_service.domain.follow_up import deadlines
from lead_service.domain.lead import Lead, Status
from lead_service.domain.policy import Policy, SopStep, Span, days
from lead_service.domain.progress import assign

DAY = timedelta(days=1)
SOP = (
    SopStep(after=days(1), channel="call", content="Call"),
    SopStep(after=Span(hours=4, time="business"), channel="mail", content="Mail"),
)
SHORT = POLICY.model_copy(update={"sops": dict.fromkeys(Grade, SOP)})
TEAM = a_roster(a_member(LI, manager_id="tl.gao"), a_member(CHEN))


def log(lead: Lead, at: datetime, by: str = LI, policy: Policy = SHORT) -> Decision[Lead]:
    return follow_up.log(lead, by, "call", "They think about it", at, CALENDAR, policy)


def log_later(lead: Lead, at: datetime, now: datetime = MONDAY_10H + 6 * DAY) -> Decision[Lead]:
    """A contact made `at`, logged now."""
    return follow_up.log(lead, LI, "call", "They think about it", now, CALENDAR, SHORT, at=at)


def accepted(policy: Policy = SHORT) -> Lead:
    lead = EVERY_STATUS[Status.ASSIGNED]
    return lead.model_copy(
        update={
            "status": Status.ACCEPTED,
            "accept_by": None,
            "accepted_at": MONDAY_10H,
            "follow_up": follow_up.begun(lead, MONDAY_10H, CALENDAR, policy),
        }
    )


def at_each_deadline(lead: Lead, until: datetime, policy: Policy = SHORT) -> tuple[Lead, Sequence[EventData]]:
    """What the clock does by then, always on time."""
    told: list[EventData] = []
    while (due := min((each.due for each in deadlines(lead)), default=until + DAY)) <= until:
        lead, events = clock.expire(lead, TEAM, UNKNOWN, due, CALENDAR, policy)
        told += events
    return lead, [event for event in told if isinstance(event, LeadReminded | LeadEscalated | LeadReleased)]


def next_step(lead: Lead) -> NextStep:
    assert lead.follow_up is not None
    return lead.follow_up.next


def test_from_the_moment_an_am_has_a_lead_the_next_step_is_known() -> None:
    for grade, sop in POLICY.sops.items():
        step = next_step(an_accepted_lead()) if grade is Grade.A else None
        assert sop
        if step:
            assert (step.channel, step.content, step.due) == (sop[0].channel, sop[0].content, MONDAY_10H + DAY)


def test_each_contact_is_followed_by_the_next_step_of_the_sop_and_the_last_is_repeated() -> None:
    lead = accepted()
    assert (next_step(lead).content, next_step(lead).due) == ("Call", MONDAY_10H + DAY)
    lead, (first,) = log(lead, MONDAY_10H + DAY)
    assert isinstance(first, LeadFollowedUp)
    assert (first.number, first.on_time, first.next_step) == (1, True, next_step(lead))
    assert (next_step(lead).content, next_step(lead).due) == ("Mail", MONDAY_10H + DAY + timedelta(hours=4))
    lead, (second,) = log(lead, MONDAY_10H + 2 * DAY)
    assert isinstance(second, LeadFollowedUp)
    assert (second.number, second.on_time) == (2, False)
    assert next_step(lead).content == "Mail"


def test_only_the_am_of_an_accepted_lead_logs_a_follow_up() -> None:
    with pytest.raises(Forbidden):
        log(accepted(), MONDAY_10H, by=CHEN)
    for status, lead in EVERY_STATUS.items():
        if status is not Status.ACCEPTED:
            with pytest.raises(Conflict):
                log(lead, MONDAY_10H)
            assert deadlines(lead) == []


def test_the_am_is_reminded_of_a_step_that_is_due_once() -> None:
    lead, told = at_each_deadline(accepted(), MONDAY_10H + 6 * DAY)
    (reminded,) = told
    assert isinstance(reminded, LeadReminded)
    assert (reminded.am_id, reminded.about, reminded.since) == (LI, "next_step", MONDAY_10H)
    assert reminded.next_step.due == MONDAY_10H + DAY
    assert follow_up.remind_if_due(lead, MONDAY_10H + 6 * DAY) == (lead, ())


def test_without_follow_up_for_seven_days_the_am_is_reminded_and_two_days_later_the_team_lead_is_told() -> None:
    lead, told = at_each_deadline(accepted(), MONDAY_10H + 9 * DAY)
    reminded, escalated = told[1:]
    assert isinstance(reminded, LeadReminded)
    assert (reminded.about, reminded.since) == ("no_follow_up", MONDAY_10H)
    assert isinstance(escalated, LeadEscalated)
    assert (escalated.am_id, escalated.team_lead_id) == (LI, "tl.gao")
    assert (lead.status, lead.am_id) == (Status.ACCEPTED, LI)


def test_after_a_contact_the_seven_days_begin_anew() -> None:
    lead, _ = at_each_deadline(accepted(), MONDAY_10H + 8 * DAY)
    lead, _ = log(lead, MONDAY_10H + 8 * DAY)
    _, told = at_each_deadline(lead, MONDAY_10H + 15 * DAY - timedelta(seconds=1))
    assert [event.about for event in told if isinstance(event, LeadReminded)] == ["next_step"]


def test_a_lead_that_its_am_keeps_silent_about_is_in_the_pool_again_for_others() -> None:
    lead, told = at_each_deadline(accepted(), MONDAY_10H + 31 * DAY)
    released = told[-1]
    assert isinstance(released, LeadReleased)
    assert (released.am_id, released.since) == (LI, MONDAY_10H)
    assert (lead.status, lead.am_id, lead.se_id, lead.accepted_at) == (Status.POOL, None, None, None)
    assert cooling_until(lead, LI, MONDAY_10H + 31 * DAY) == MONDAY_10H + 37 * DAY
    given_again, _ = assign(lead, CHEN, TEAM, MONDAY_10H + 31 * DAY, CALENDAR, POLICY)
    assert given_again.am_id == CHEN


@given(contacts=st.lists(st.integers(0, 40 * 24), max_size=12))
def test_nobody_is_warned_as_long_as_somebody_is_in_touch_every_week(contacts: list[int]) -> None:
    """However the contacts lie: each warning comes exactly when seven days have passed since the last one."""
    lead, told, last = accepted(), list[EventData](), MONDAY_10H
    for hours in sorted(set(contacts)):
        at = MONDAY_10H + timedelta(hours=hours)
        lead, more = at_each_deadline(lead, at)
        told += more
        if lead.status is not Status.ACCEPTED:
            break
        silent = [each for each in more if isinstance(each, LeadReminded) and each.about == "no_follow_up"]
        assert bool(silent) is (at - last >= 7 * DAY)
        lead, _ = log(lead, at)
        last = at
    assert sum(isinstance(event, LeadReleased) for event in told) <= 1


def test_a_contact_may_be_logged_later_than_it_was_made() -> None:
    lead, (event,) = log_later(accepted(), MONDAY_10H + DAY)
    assert lead == log(accepted(), MONDAY_10H + DAY)[0]
    assert isinstance(event, LeadFollowedUp)
    assert (event.contacted_at, event.on_time) == (MONDAY_10H + DAY, True)
    _, (late,) = log_later(accepted(), MONDAY_10H + DAY + timedelta(seconds=1))
    assert isinstance(late, LeadFollowedUp)
    assert not late.on_time


@given(
    st.lists(st.integers(0, 6 * 24), min_size=1, max_size=5).flatmap(
        lambda made: st.tuples(st.just(made), st.permutations(made))
    )
)
def test_in_whatever_order_contacts_are_logged_the_next_step_counts_from_the_latest(
    made: tuple[list[int], list[int]],
) -> None:
    plans = []
    for order in made:
        lead = accepted()
        for hours in order:
            lead, _ = log_later(lead, MONDAY_10H + timedelta(hours=hours))
        plans.append(lead.follow_up)
    one, other = plans
    assert one == other
    assert one is not None
    assert (one.step, one.since) == (len(made[0]), MONDAY_10H + timedelta(hours=max(made[0])))
    assert one.warn_at == one.since + 7 * DAY


def test_an_older_contact_breaks_no_silence() -> None:
    lead, _ = log(accepted(), MONDAY_10H + DAY)
    lead, _ = at_each_deadline(lead, MONDAY_10H + 8 * DAY)
    assert lead.follow_up is not None
    older, _ = log_later(lead, MONDAY_10H + timedelta(hours=1), now=MONDAY_10H + 9 * DAY)
    assert older.follow_up is not None
    assert (older.follow_up.silence, older.follow_up.warn_at) == (1, lead.follow_up.warn_at)
    assert (older.follow_up.step, older.follow_up.since) == (2, MONDAY_10H + DAY)
    newer, _ = log_later(lead, MONDAY_10H + 5 * DAY, now=MONDAY_10H + 9 * DAY)
    assert newer.follow_up is not None
    assert (newer.follow_up.silence, newer.follow_up.warn_at) == (0, MONDAY_10H + 12 * DAY)


def test_a_contact_lies_between_the_acceptance_and_now() -> None:
    now, tick = MONDAY_10H + DAY, timedelta(milliseconds=1)
    for at in (MONDAY_10H, now):
        assert log_later(accepted(), at, now)[1]
    for at, slug in ((MONDAY_10H - tick, "contact-before-acceptance"), (now + tick, "contact-in-the-future")):
        with pytest.raises(Rejected) as no:
            log_later(accepted(), at, now)
        assert (no.value.slug, no.value.pointer) == (slug, "/contacted_at")


def test_how_leads_are_followed_up_is_data() -> None:
    assert [step.channel for step in POLICY.sops[Grade.A]] == ["call", "meeting", "mail", "call"]
    with pytest.raises(ValueError, match="every grade is followed up"):
        Policy(sops={Grade.A: SOP})
