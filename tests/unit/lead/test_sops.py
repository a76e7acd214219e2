from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.lead.builders import (
    ANSWERS,
    CALENDAR,
    LI,
    MONDAY_10H,
    NOBODY,
    POLICY,
    UNKNOWN,
    a_lead,
    a_roster,
    an_accepted_lead,
    an_assigned_lead,
)

from dealwire.catalogue.common import Grade
from dealwire.catalogue.lead import NextStep
from dealwire.catalogue.lead_care import LeadMaterialDue, LeadNurturePlanned
from dealwire.catalogue.lead_rules import CaseMaterial, SopsPublished
from dealwire.errors import NotFound, Rejected
from lead_service.domain import follow_up, nurture
from lead_service.domain.clock import expire
from lead_service.domain.facets import Nurture
from lead_service.domain.grab import bid
from lead_service.domain.lead import Lead
from lead_service.domain.policy import SopStep, days
from lead_service.domain.progress import accept, qualify
from lead_service.domain.sops import PublishedSops, built_in, foresee, publish, sops_in_force
from lead_service.domain.versions import numbered

DAY = timedelta(days=1)
CASES = CaseMaterial(material=("Case one", "Case two"), every_days=7)


def a_step(content: str = "Call", after: float = 1) -> SopStep:
    return SopStep(after=days(after), channel="call", content=content)


def published(
    content: str = "Call", at: datetime = MONDAY_10H, known: PublishedSops | None = None, material: CaseMaterial = CASES
) -> PublishedSops:
    """One more version, of a first step and another one, in force from then on."""
    steps = a_step(f"{content}, first"), a_step(f"{content}, then", after=2)
    return publish(known, dict.fromkeys(Grade, steps), material, at, None, MONDAY_10H)[0]


def next_step(lead: Lead) -> NextStep:
    assert lead.follow_up is not None
    return lead.follow_up.next


def plan(lead: Lead) -> Nurture:
    assert lead.nurture is not None
    return lead.nurture


def test_a_published_version_of_the_sops_is_never_changed() -> None:
    steps = dict.fromkeys(Grade, (a_step(),))
    first, (event,) = publish(None, steps, CASES, None, "Call at once", MONDAY_10H)
    assert isinstance(event, SopsPublished)
    assert (event.version, event.effective_from, event.note) == (2, MONDAY_10H, "Call at once")
    assert [step.content for step in event.follow_up[Grade.B]] == ["Call"]
    second = published(at=MONDAY_10H + DAY, known=first)
    assert second.versions[:1] == first.versions
    assert [version.label for version in second.versions] == ["sops.v2", "sops.v3"]
    assert PublishedSops.model_validate(second.model_dump()) == second


def test_the_sops_of_the_policy_are_in_force_until_others_have_begun() -> None:
    later = published(at=MONDAY_10H + DAY)
    assert sops_in_force(None, POLICY, MONDAY_10H) == sops_in_force(later, POLICY, MONDAY_10H) == built_in(POLICY)
    assert sops_in_force(later, POLICY, MONDAY_10H + DAY).label == "sops.v2"
    assert numbered(built_in(POLICY), later, 1).follow_up == POLICY.sops
    with pytest.raises(NotFound):
        numbered(built_in(POLICY), later, 3)


def test_sops_that_leave_a_grade_out_are_refused() -> None:
    with pytest.raises(Rejected) as no:
        publish(None, {Grade.A: (a_step(),), Grade.C: (a_step(),)}, CASES, None, None, MONDAY_10H)
    assert (no.value.slug, no.value.pointer) == ("grade-left-out", "/follow_up/B")


def test_a_plan_follows_the_sops_in_force_when_its_next_step_is_planned() -> None:
    sops = published(at=MONDAY_10H + DAY)
    lead, _ = accept(an_assigned_lead(), LI, MONDAY_10H, CALENDAR, POLICY, sops)
    assert (next_step(lead).sops, next_step(lead).content) == ("sops.v1", POLICY.sops[Grade.A][0].content)
    assert lead == an_accepted_lead()
    lead, _ = follow_up.log(lead, LI, "call", "Busy", MONDAY_10H + DAY, CALENDAR, POLICY, sops)
    assert (next_step(lead).sops, next_step(lead).content) == ("sops.v2", "Call, then")
    assert next_step(lead).due == MONDAY_10H + 3 * DAY


@given(
    starts=st.lists(st.integers(0, 20), max_size=4),
    contacts=st.lists(st.integers(0, 20 * 24), min_size=1, max_size=6),
)
def test_whenever_versions_begin_each_step_is_planned_by_the_one_in_force(
    starts: list[int], contacts: list[int]
) -> None:
    sops: PublishedSops | None = None
    for number, start in enumerate(starts):
        sops = published(f"Version {number + 2}", MONDAY_10H + start * DAY, sops)
    lead, _ = accept(an_assigned_lead(), LI, MONDAY_10H, CALENDAR, POLICY, sops)
    for number, hours in enumerate(sorted(contacts), 1):
        at = MONDAY_10H + timedelta(hours=hours)
        lead, _ = follow_up.log(lead, LI, "call", "Busy", at, CALENDAR, POLICY, sops)
        begun = [(start, version) for version, start in enumerate(starts, 2) if MONDAY_10H + start * DAY <= at]
        version = max(begun, default=(0, 1))[1]
        steps = POLICY.sops[Grade.A] if version == 1 else (a_step(), a_step(f"Version {version}, then"))
        assert (next_step(lead).sops, next_step(lead).content) == (
            f"sops.v{version}",
            steps[min(number, len(steps) - 1)].content,
        )


def test_who_wins_a_lead_from_the_pool_follows_the_sops_in_force() -> None:
    sops, roster = published(), a_roster()
    asked, _ = bid(a_lead(grade="B"), LI, roster, UNKNOWN, MONDAY_10H, CALENDAR, POLICY, sops)
    assert asked.grab
    won, _ = expire(asked, roster, UNKNOWN, asked.grab.closes_at, CALENDAR, POLICY, sops)
    at_once = POLICY.model_copy(update={"grab_window": POLICY.grab_window.model_copy(update={"hours": 0})})
    first, _ = bid(a_lead(grade="B"), LI, roster, UNKNOWN, MONDAY_10H, CALENDAR, at_once, sops)
    assert [next_step(lead).sops for lead in (won, first)] == ["sops.v2", "sops.v2"]


def test_a_lead_in_nurture_gets_the_material_of_the_sops_in_force_when_its_next_piece_is_planned() -> None:
    other = CaseMaterial(material=("News",), every_days=3)
    sops = published(at=MONDAY_10H + 10 * DAY, known=published(), material=other)
    lead, events = qualify(a_lead(), ANSWERS["C"], NOBODY, MONDAY_10H, CALENDAR, POLICY, (), sops)
    assert isinstance(events[-1], LeadNurturePlanned)
    assert (events[-1].material, events[-1].sops, plan(lead).sops) == (CASES.material, "sops.v2", "sops.v2")
    lead, (due,) = nurture.send_if_due(lead, MONDAY_10H + 7 * DAY, POLICY, sops)
    assert isinstance(due, LeadMaterialDue)
    assert (due.material, plan(lead).sent, plan(lead).sops) == ("Case one", 1, "sops.v2")
    lead, (due, planned) = nurture.send_if_due(lead, MONDAY_10H + 14 * DAY, POLICY, sops)
    assert isinstance(due, LeadMaterialDue)
    assert isinstance(planned, LeadNurturePlanned)
    assert (due.material, due.next_at) == ("Case two", MONDAY_10H + 17 * DAY)
    assert (planned.material, planned.every_days, planned.next_at, planned.sops) == (
        ("News",),
        3,
        due.next_at,
        "sops.v3",
    )
    lead, (due,) = nurture.send_if_due(lead, MONDAY_10H + 17 * DAY, POLICY, sops)
    assert isinstance(due, LeadMaterialDue)
    assert (due.material, due.number) == ("News", 1)


def test_other_sops_with_the_same_material_go_on_where_it_was() -> None:
    lead, _ = nurture.begin(a_lead(grade="C"), MONDAY_10H, POLICY, published())
    sops = published(at=MONDAY_10H + DAY, known=published(), material=CASES.model_copy(update={"every_days": 1}))
    lead, _ = nurture.send_if_due(lead, MONDAY_10H + 7 * DAY, POLICY, sops)
    assert (plan(lead).sent, plan(lead).next_at) == (1, MONDAY_10H + 8 * DAY)


def test_material_that_was_chosen_for_a_lead_follows_no_sops() -> None:
    for material in (("Its own case",), POLICY.nurture_material):
        lead, (event,) = nurture.plan(a_lead(grade="C"), material, 30, MONDAY_10H)
        assert isinstance(event, LeadNurturePlanned)
        assert (event.sops, plan(lead).sops) == (None, None)
        lead, told = nurture.send_if_due(lead, MONDAY_10H + 30 * DAY, POLICY, published())
        assert len(told) == 1
        assert (plan(lead).material, plan(lead).every_days) == (material, 30)


def test_a_dry_run_says_what_would_be_asked_for_and_when() -> None:
    (version,) = published().versions
    found = foresee(version, Grade.C, MONDAY_10H, CALENDAR)
    assert [(step.content, step.due) for step in found.follow_up] == [
        ("Call, first", MONDAY_10H + DAY),
        ("Call, then", MONDAY_10H + 3 * DAY),
    ]
    assert [(piece.material, piece.due) for piece in found.nurture] == [
        ("Case one", MONDAY_10H + 7 * DAY),
        ("Case two", MONDAY_10H + 14 * DAY),
    ]
    assert foresee(version, Grade.B, MONDAY_10H, CALENDAR).nurture == ()
    assert foresee(built_in(POLICY), Grade.A, MONDAY_10H, CALENDAR).follow_up[0] == next_step(an_accepted_lead())
