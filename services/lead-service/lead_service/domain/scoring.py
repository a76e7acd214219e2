"""Scoring and grading: BANT, the default model (L7, L8)."""

from __future__ import annotations

from dealwire.catalogue.common import Grade
from dealwire.catalogue.lead import Bant, ScoreReason
from lead_service.domain.policy import Policy

MODEL = "bant.v1"


def score(bant: Bant, policy: Policy) -> tuple[int, tuple[ScoreReason, ...]]:
    """Points from 0 to the sum of the weights, and where each came from."""
    answers = bant.model_dump()
    reasons = tuple(
        ScoreReason(
            criterion=criterion,
            points=round(weight * answer / 100),
            because=f"{criterion} is at {answer} of 100, worth up to {weight} points",
        )
        for (criterion, answer), weight in zip(answers.items(), policy.score_weights, strict=True)
    )
    return sum(reason.points for reason in reasons), reasons


def grade(bant: Bant, policy: Policy) -> Grade:
    """A: budget confirmed, decision chain clear and need fits. B: need, budget open. C: the need is latent (L8)."""
    if min(bant.budget, bant.authority, bant.need) >= policy.confirmed:
        return Grade.A
    return Grade.B if bant.need >= policy.latent else Grade.C
