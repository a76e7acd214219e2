from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.lead.builders import POLICY, a_capture, bant

from dealwire.catalogue.common import Channel, Grade
from dealwire.catalogue.lead import Bant, Verdict
from dealwire.catalogue.lead_rules import Criterion, GradeRule, IdealCustomer, ScoringModel
from lead_service.domain.models import built_in
from lead_service.domain.policy import Policy
from lead_service.domain.scoring import judge

ANSWER = st.integers(0, 100)
BANT = st.builds(Bant, budget=ANSWER, authority=ANSWER, need=ANSWER, timeline=ANSWER)
POLICIES = st.tuples(ANSWER, ANSWER, st.tuples(ANSWER, ANSWER, ANSWER, ANSWER)).map(
    lambda drawn: Policy(latent=min(drawn[:2]), confirmed=max(drawn[:2]), score_weights=drawn[2])
)
IDEAL = IdealCustomer(
    industries=("medical", "Ｐｈａｒｍａ"),
    regions=("华东",),
    product_lines=("imaging",),
    channels=(Channel.EXPO, Channel.REFERRAL),
    size_from=200,
    size_to=5000,
    pains=("等候时间", "waiting"),
)
MODELS = st.builds(
    ScoringModel,
    weights=st.dictionaries(st.sampled_from(Criterion), ANSWER),
    grades=st.lists(
        st.builds(
            GradeRule,
            grade=st.sampled_from([Grade.A, Grade.B]),
            at_least=st.dictionaries(st.sampled_from(Criterion), ANSWER, max_size=4),
            score=st.none() | st.integers(1, 400),
        ),
        max_size=4,
    ).map(tuple),
    ideal=st.just(IDEAL),
)
FACTS: dict[str, tuple[Any, Any]] = {
    "industry": ("PHARMA", "energy"),
    "region": ("华东", "华南"),
    "product_line": ("Imaging", "lab"),
    "channel": (Channel.REFERRAL, Channel.SOCIAL),
    "size": (200, 199),
    "need": ("病人等候时间太长", "a cheaper printer"),
}
"""Of each fact a value that fits the ideal customer, and one that does not."""


def judged(answers: Bant, model: ScoringModel | None = None, **told: Any) -> Verdict:
    return judge(a_capture(**told), answers, model or built_in(POLICY), "m.v1")


def by_policy(answers: Bant, policy: Policy) -> Verdict:
    return judged(answers, built_in(policy))


@given(BANT, POLICIES)
def test_a_score_is_the_sum_of_its_reasons_one_for_each_criterion(answers: Bant, policy: Policy) -> None:
    verdict = by_policy(answers, policy)
    assert verdict.score == sum(reason.points for reason in verdict.reasons)
    assert [reason.criterion for reason in verdict.reasons] == ["budget", "authority", "need", "timeline"]
    for reason, weight, answer in zip(
        verdict.reasons, policy.score_weights, answers.model_dump().values(), strict=True
    ):
        assert abs(reason.points - weight * answer / 100) <= 0.5
        assert reason.because == f"{reason.criterion} is at {answer} of 100, worth up to {weight} points"


def test_a_score_goes_from_nothing_to_the_sum_of_the_weights() -> None:
    assert judged(bant(0, 0, 0, 0)).score == 0
    assert judged(bant(100, 100, 100, 100)).score == sum(POLICY.score_weights) == 100


@given(BANT, MODELS, st.sampled_from(["budget", "authority", "need", "timeline"]))
def test_knowing_more_never_makes_a_lead_worse(answers: Bant, model: ScoringModel, criterion: str) -> None:
    better = answers.model_copy(update={criterion: min(100, getattr(answers, criterion) + 10)})
    assert judged(better, model).score >= judged(answers, model).score
    assert judged(better, model).grade <= judged(answers, model).grade  # A comes before B


@given(BANT, MODELS, st.sampled_from(sorted(set(FACTS) - {"channel"})), st.booleans())
def test_learning_a_fact_never_makes_a_lead_worse(answers: Bant, model: ScoringModel, fact: str, fits: bool) -> None:
    before, after = judged(answers, model, **{fact: None}), judged(answers, model, **{fact: FACTS[fact][not fits]})
    assert after.score >= before.score
    assert after.grade <= before.grade


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_gives_its_points_when_it_is_the_ideal_customers(fact: str) -> None:
    criterion = Criterion("pain" if fact == "need" else fact)
    model = ScoringModel(
        weights={criterion: 40}, grades=(GradeRule(grade=Grade.A, at_least={criterion: 100}),), ideal=IDEAL
    )
    fits, does_not = (judged(bant(), model, **{fact: value}) for value in FACTS[fact])
    assert (fits.score, fits.grade) == (40, Grade.A)
    assert (does_not.score, does_not.grade) == (0, Grade.C)
    assert fits.reasons[0].because.endswith(", worth 40 points")
    assert does_not.reasons[0].because.endswith(", which would be worth 40 points")
    if fact != "channel":
        unknown = judged(bant(), model, **{fact: None})
        assert (unknown.score, unknown.grade) == (0, Grade.C)


def test_a_size_fits_from_the_first_number_to_the_last() -> None:
    model = ScoringModel(weights={Criterion.SIZE: 10}, grades=(), ideal=IDEAL)
    points = {size: judged(bant(), model, size=size).score for size in (199, 200, 5000, 5001)}
    assert points == {199: 0, 200: 10, 5000: 10, 5001: 0}


def test_a_lead_gets_the_best_grade_of_which_a_rule_holds_and_c_when_none_does() -> None:
    need, many = GradeRule(grade=Grade.B, at_least={Criterion.NEED: 40}), GradeRule(grade=Grade.A, score=90)
    for rules in ((need, many), (many, need)):
        model = built_in(POLICY).model_copy(update={"grades": rules})
        assert judged(bant(100, 100, 100, 100), model).grade is Grade.A
        assert judged(bant(0, 0, 40, 0), model).grade is Grade.B
        assert judged(bant(100, 100, 39, 0), model).grade is Grade.C


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (bant(70, 70, 70, 0), Grade.A),
        (bant(69, 70, 70, 100), Grade.B),
        (bant(70, 69, 70, 100), Grade.B),
        (bant(70, 70, 69, 100), Grade.B),
        (bant(0, 0, 40, 0), Grade.B),
        (bant(100, 100, 39, 100), Grade.C),
        (bant(0, 0, 0, 0), Grade.C),
    ],
)
def test_a_budget_authority_and_need_confirmed_b_the_need_alone_c_the_need_latent(
    answers: Bant, expected: Grade
) -> None:
    assert judged(answers).grade is expected


@given(BANT, POLICIES)
def test_a_grade_follows_from_budget_authority_and_need_only(answers: Bant, policy: Policy) -> None:
    given_grade = by_policy(answers, policy).grade
    confirmed = all(answer >= policy.confirmed for answer in (answers.budget, answers.authority, answers.need))
    assert (given_grade is Grade.A) == confirmed
    assert (given_grade is Grade.C) == (not confirmed and answers.need < policy.latent)
    assert by_policy(answers.model_copy(update={"timeline": 100 - answers.timeline}), policy).grade is given_grade
