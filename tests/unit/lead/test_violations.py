"""Which events say that somebody broke which rule."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.lead.builders import (
    CALENDAR,
    CHEN,
    LI,
    MONDAY_10H,
    POLICY,
    UNKNOWN,
    a_lead,
    a_roster,
    an_accepted_lead,
    an_assigned_lead,
)

from dealwire.catalogue import PUBLISHED
from dealwire.catalogue.lead_care import LeadReminded
from dealwire.cli.documents import read_json
from dealwire.stack.binaries import ROOT
from lead_service.domain import clock
from lead_service.domain.lead import Lead
from lead_service.domain.violations import Count, Rule, broken_rule, by_member

EXAMPLES = read_json(ROOT / "docs" / "examples")


def broken(lead: Lead, until_days: int = 30) -> list[tuple[str | None, Rule]]:
    """Who broke which rule while a clock ran over a lead that nobody touched, in order."""
    found, now = [], MONDAY_10H
    while now < MONDAY_10H + timedelta(days=until_days):
        now += timedelta(hours=1)
        lead, events = clock.expire(lead, a_roster(), UNKNOWN, now, CALENDAR, POLICY)
        rules = [(event, broken_rule(event.type, event.model_dump(mode="json"))) for event in events]
        found += [(event.model_dump()["am_id"], rule) for event, rule in rules if rule]
    return found


def test_a_lead_that_is_not_accepted_in_time_is_a_violation_of_each_am_that_had_it() -> None:
    complete = an_assigned_lead(LI, size=800)
    assert broken(complete) == [(LI, Rule.ACCEPTANCE), (CHEN, Rule.ACCEPTANCE)]


def test_a_step_that_is_not_logged_when_due_and_then_silence_are_violations_of_the_am() -> None:
    assert broken(an_accepted_lead(LI, size=800)) == [
        (LI, Rule.NEXT_STEP),
        (LI, Rule.SILENCE),
        (LI, Rule.ESCALATION),
        (LI, Rule.RELEASE),
    ]


def test_facts_that_are_missing_in_time_are_a_violation_of_the_am_or_else_of_intake() -> None:
    assert (LI, Rule.COMPLETION) in broken(an_accepted_lead(LI), 2)
    assert broken(a_lead(), 2) == [(None, Rule.COMPLETION)]


def test_a_lead_that_is_looked_after_is_no_violation() -> None:
    assert broken(a_lead(grade="C", size=800), 14) == []


@pytest.mark.parametrize("event", PUBLISHED["lead-service"], ids=lambda event: event.type)
def test_no_other_event_is_a_violation(event: type) -> None:
    known = {"lead.returned.v1", "lead.reminded.v1", "lead.escalated.v1", "lead.released.v1", "lead.facts_overdue.v1"}
    example = EXAMPLES[event.type]  # type: ignore[attr-defined]
    assert (broken_rule(example["type"], example["data"]) is not None) == (example["type"] in known)


def test_a_reminder_of_something_else_is_no_violation() -> None:
    assert broken_rule(LeadReminded.type, {"about": "birthday", "am_id": LI}) is None
    assert broken_rule(LeadReminded.type, {}) is None


@given(
    st.lists(st.builds(Count, st.sampled_from([None, LI, CHEN]), st.sampled_from(Rule), st.integers(1, 9)), max_size=20)
)
def test_violations_are_counted_per_member_and_rule_whoever_broke_most_first(counts: list[Count]) -> None:
    found = by_member(counts)
    assert [rules.total() for _, rules in found] == sorted((rules.total() for _, rules in found), reverse=True)
    added: Counter[tuple[str | None, Rule]] = Counter()
    for count in counts:
        added[count.member_id, count.rule] += count.times
    assert {(member, rule): times for member, rules in found for rule, times in rules.items()} == added
