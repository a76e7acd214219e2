"""Scoring and grading by a model that is data (L6–L8, L18)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from dealwire.catalogue.common import Grade
from dealwire.catalogue.lead import Bant, ScoreReason, Verdict
from dealwire.catalogue.lead_rules import Criterion, GradeRule, IdealCustomer, ScoringModel
from dealwire.text import plain, term
from lead_service.domain.lead import Capture


def judge(told: Capture, bant: Bant, model: ScoringModel, label: str) -> Verdict:
    """A score is the sum of its reasons, one for each criterion of the model; knowing more never makes a lead worse
    (L6, L7).

    An answer gives its share of the points; a fact gives its points when it is the ideal customer's (L18).
    """
    found = {criterion: _found(criterion, told, bant, model.ideal) for criterion in Criterion}
    reasons = tuple(
        _reason(criterion, *found[criterion], weight, is_answer=criterion not in _FACTS)
        for criterion, weight in model.weights.items()
    )
    score = sum(reason.points for reason in reasons)
    levels = {criterion: level for criterion, (level, _) in found.items()}
    return Verdict(model=label, score=score, grade=grade(levels, score, model.grades), reasons=reasons)


def grade(levels: Mapping[Criterion, int], score: int, rules: Iterable[GradeRule]) -> Grade:
    """A lead gets the best grade of which a rule holds, and C when none does (L8)."""
    earned = [
        rule.grade
        for rule in rules
        if score >= (rule.score or 0) and all(levels[each] >= level for each, level in rule.at_least.items())
    ]
    return min(earned, default=Grade.C)


def _reason(criterion: Criterion, level: int, what: str, weight: int, *, is_answer: bool) -> ScoreReason:
    """The points of a criterion, and one sentence why."""
    worth = f"worth up to {weight} points" if is_answer else f"worth {weight} points"
    because = f"{what}, {worth}" if is_answer or level else f"{what}, which would be {worth}"
    return ScoreReason(criterion=criterion.value, points=round(weight * level / 100), because=because)


def _found(criterion: Criterion, told: Capture, bant: Bant, ideal: IdealCustomer) -> tuple[int, str]:
    """How well a lead does at a criterion, from 0 to 100, in words too."""
    if (judged := _FACTS.get(criterion)) is not None:
        return judged(told, ideal)
    answer: int = getattr(bant, criterion)
    return answer, f"{criterion} is at {answer} of 100"


def _one_of(what: Criterion, value: str | None, wanted: Iterable[str]) -> tuple[int, str]:
    """A fact that is nobody's knowledge yet fits as little as one that does not."""
    if value is None:
        return 0, f"the {_words(what)} is not known yet"
    if term(value) in map(term, wanted):
        return 100, f"the {_words(what)} {value} is the ideal customer's"
    return 0, f"the {_words(what)} {value} is not the ideal customer's"


def _size(told: Capture, ideal: IdealCustomer) -> tuple[int, str]:
    if told.size is None:
        return 0, "the size is not known yet"
    if (ideal.size_from or 0) <= told.size and (ideal.size_to is None or told.size <= ideal.size_to):
        return 100, f"{told.size} employees are the ideal customer's size"
    return 0, f"{told.size} employees are not the ideal customer's size"


def _pain(told: Capture, ideal: IdealCustomer) -> tuple[int, str]:
    need = plain(told.need or "")
    named = next((pain for pain in ideal.pains if term(pain) in need), None)
    return (
        (100, f"the need speaks of {named}") if named else (0, "the need speaks of none of the ideal customer's pains")
    )


_FACTS: dict[Criterion, Callable[[Capture, IdealCustomer], tuple[int, str]]] = {
    Criterion.INDUSTRY: lambda told, ideal: _one_of(Criterion.INDUSTRY, told.industry, ideal.industries),
    Criterion.REGION: lambda told, ideal: _one_of(Criterion.REGION, told.region, ideal.regions),
    Criterion.PRODUCT_LINE: lambda told, ideal: _one_of(Criterion.PRODUCT_LINE, told.product_line, ideal.product_lines),
    Criterion.CHANNEL: lambda told, ideal: _one_of(Criterion.CHANNEL, told.channel, ideal.channels),
    Criterion.SIZE: _size,
    Criterion.PAIN: _pain,
}


def _words(name: str) -> str:
    return name.replace("_", " ")
