from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from unit.lead.builders import ANSWERS, CALENDAR, CHEN, LI, MONDAY_10H, NOBODY, POLICY, a_lead, a_member, a_roster

from dealwire.catalogue.common import Grade
from dealwire.catalogue.lead_rules import RoutingCondition, RoutingRule, RoutingTarget
from lead_service.domain.lead import Lead
from lead_service.domain.models import ModelVersion, built_in
from lead_service.domain.policy import Policy
from lead_service.domain.progress import qualify
from lead_service.domain.routing_rules import BUILT_IN
from lead_service.domain.what_if import Changes, Regraded, Replay, replay, rescore

STRICT = built_in(Policy(confirmed=95, latent=91))
LEADS = st.lists(st.sampled_from(["A", "B", "C", None]), max_size=30).map(
    lambda grades: [a_lead(f"lead-{number}", grade) for number, grade in enumerate(grades)]
)
CHEN_FOR_THE_EAST = RoutingRule(
    name="east", when=RoutingCondition(regions=("华东",)), to=RoutingTarget(members=(CHEN,))
)


def rescored(leads: list[Lead], model: ModelVersion, most_examples: int = 2) -> Regraded:
    found: Regraded = Changes(most_examples)
    for lead in leads:
        rescore(lead, model, found)
    return found


def rerouted(*leads: Lead, rules: tuple[RoutingRule, ...], **more: Any) -> Replay:
    twice = replay(
        a_roster(a_member(LI, **more), a_member(CHEN, **more)), BUILT_IN.model_copy(update={"rules": rules}), 2
    )
    for lead in leads:
        twice.add(lead)
    return twice


@given(LEADS)
def test_the_model_that_graded_a_lead_would_grade_it_again_the_same(leads: list[Lead]) -> None:
    found = rescored(leads, built_in(POLICY))
    assert (found.leads, found.changed) == (sum(lead.grade is not None for lead in leads), 0)


@given(LEADS)
def test_another_model_says_how_many_leads_would_have_another_grade(leads: list[Lead]) -> None:
    found = rescored(leads, STRICT)
    really = [
        (lead.grade, qualify(lead, lead.bant, NOBODY, MONDAY_10H, CALENDAR, Policy(confirmed=95, latent=91))[0].grade)
        for lead in leads
        if lead.bant
    ]
    assert sorted(found.counts.elements()) == sorted(really)
    assert found.changed == sum(before != after for before, after in really)


def test_a_report_does_not_grow_with_the_leads() -> None:
    found = rescored([a_lead(f"lead-{number}", "A") for number in range(100)], STRICT)
    assert dict(found.counts) == {(Grade.A, Grade.C): 100}
    (examples,) = found.examples.values()
    assert [example.lead_id for example in examples] == ["lead-0", "lead-1"]
    assert examples[0].verdict.reasons[0].because.startswith("budget is at ")
    assert (examples[0].model, examples[0].score) == ("bant.v1", examples[0].verdict.score)


def test_past_leads_are_routed_by_the_rules_in_force_and_by_others_and_the_difference_is_counted() -> None:
    leads = [a_lead(f"lead-{number}", "A", region="华东" if number % 2 else "华南") for number in range(20)]
    twice = rerouted(*leads, rules=(CHEN_FOR_THE_EAST, RoutingRule(name="everybody")))
    assert dict(twice.changes.counts) == {("industry", "east"): 10, ("industry", "everybody"): 10}
    assert twice.changes.changed == 20
    assert (twice.given_before[LI], twice.given_before[CHEN]) == (10, 10)
    assert twice.given_after.total() == 20
    example = twice.changes.examples["industry", "east"][0]
    assert (example.lead_id, example.after and example.after.am_id) == ("lead-1", CHEN)


def test_a_replay_forgets_who_let_a_lead_lie_and_how_many_somebody_may_have() -> None:
    leads = [a_lead(f"lead-{number}", "A").model_copy(update={"passed_over": (LI, CHEN)}) for number in range(6)]
    twice = rerouted(*leads, rules=(), max_open_leads=1)
    assert (twice.given_before[LI], twice.given_before[CHEN], twice.given_after.total()) == (3, 3, 0)
    assert dict(twice.changes.counts) == {("industry", None): 6}


def test_a_question_changes_nothing() -> None:
    lead = a_lead(grade="A")
    before = lead.model_dump()
    rescored([lead], STRICT)
    rerouted(lead, rules=())
    assert lead.model_dump() == before
    assert lead.bant == ANSWERS["A"]
