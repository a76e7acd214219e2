from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.lead.builders import POLICY, bant

from dealwire.catalogue.common import Grade
from dealwire.catalogue.lead import Bant
from lead_service.domain.policy import Policy
from lead_service.domain.scoring import grade, score

ANSWER = st.integers(0, 100)
BANT = st.builds(Bant, budget=ANSWER, authority=ANSWER, need=ANSWER, timeline=ANSWER)
POLICIES = st.tuples(ANSWER, ANSWER, st.tuples(ANSWER, ANSWER, ANSWER, ANSWER)).map(
    lambda drawn: Policy(latent=min(drawn[:2]), confirmed=max(drawn[:2]), score_weights=drawn[2])
)


@given(BANT, POLICIES)
def test_a_score_is_the_sum_of_its_reasons_one_for_each_criterion(answers: Bant, policy: Policy) -> None:
    points, reasons = score(answers, policy)
    assert points == sum(reason.points for reason in reasons)
    assert [reason.criterion for reason in reasons] == ["budget", "authority", "need", "timeline"]
    for reason, weight, answer in zip(reasons, policy.score_weights, answers.model_dump().values(), strict=True):
        assert abs(reason.points - weight * answer / 100) <= 0.5
        assert str(answer) in reason.because
        assert str(weight) in reason.because


def test_a_score_goes_from_nothing_to_the_sum_of_the_weights() -> None:
    assert score(bant(0, 0, 0, 0), POLICY)[0] == 0
    assert score(bant(100, 100, 100, 100), POLICY)[0] == sum(POLICY.score_weights) == 100


@given(BANT, POLICIES, st.sampled_from(["budget", "authority", "need", "timeline"]))
def test_knowing_more_never_makes_a_lead_worse(answers: Bant, policy: Policy, criterion: str) -> None:
    better = answers.model_copy(update={criterion: min(100, getattr(answers, criterion) + 10)})
    assert score(better, policy)[0] >= score(answers, policy)[0]
    assert grade(better, policy) <= grade(answers, policy)  # A comes before B


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
    assert grade(answers, POLICY) is expected


@given(BANT, POLICIES)
def test_a_grade_follows_from_budget_authority_and_need_only(answers: Bant, policy: Policy) -> None:
    given_grade = grade(answers, policy)
    confirmed = all(answer >= policy.confirmed for answer in (answers.budget, answers.authority, answers.need))
    assert (given_grade is Grade.A) == confirmed
    assert (given_grade is Grade.C) == (not confirmed and answers.need < policy.latent)
    assert grade(answers.model_copy(update={"timeline": 100 - answers.timeline}), policy) is given_grade
