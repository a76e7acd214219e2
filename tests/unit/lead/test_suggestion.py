from __future__ import annotations

import pytest

from dealwire.catalogue.duplicates import DuplicateSettled, DuplicateSuggested
from dealwire.errors import Conflict
from lead_service.domain.matching import Match
from lead_service.domain.suggestion import Suggestion, Verdict, settle, suggest, suggest_again, suggestion_id


def a_suggestion(verdict: Verdict = Verdict.OPEN) -> Suggestion:
    return suggest("lead-2", "lead", "lead-1", Match(90, ("the company is the same",)))[0].model_copy(
        update={"verdict": verdict}
    )


def test_a_likely_duplicate_is_suggested_with_a_score_and_what_speaks_for_it() -> None:
    suggestion, (event,) = suggest("lead-2", "lead", "lead-1", Match(90, ("the company is the same",)))
    assert (suggestion.verdict, suggestion.score) == (Verdict.OPEN, 90)
    assert event == DuplicateSuggested(
        suggestion_id=suggestion.id,
        lead_id="lead-2",
        kind="lead",
        other_id="lead-1",
        score=90,
        because=("the company is the same",),
    )


def test_two_have_one_suggestion_whichever_of_them_came_first() -> None:
    assert suggestion_id("a", "b") == suggestion_id("b", "a") != suggestion_id("a", "c")


def test_a_suggestion_is_settled_once() -> None:
    settled, (event,) = settle(a_suggestion(), Verdict.OTHER, "so.zhao")
    assert (settled.verdict, settled.settled_by) == (Verdict.OTHER, "so.zhao")
    assert event == DuplicateSettled(
        suggestion_id=settled.id, lead_id="lead-2", kind="lead", other_id="lead-1", verdict="other"
    )
    assert settle(settled, Verdict.OTHER, "so.zhao") == (settled, ())
    with pytest.raises(Conflict) as no:
        settle(settled, Verdict.SAME, "so.zhao")
    assert no.value.slug == "suggestion-settled"


@pytest.mark.parametrize("verdict", sorted(Verdict))
def test_only_what_had_become_void_is_suggested_again(verdict: Verdict) -> None:
    before = a_suggestion(verdict)
    again, events = suggest_again(before)
    assert bool(events) is (verdict is Verdict.VOID)
    assert again.verdict is (Verdict.OPEN if verdict is Verdict.VOID else verdict)
