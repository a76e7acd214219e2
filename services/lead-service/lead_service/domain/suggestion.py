"""A likely duplicate that a person settles (L3)."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from dealwire.catalogue.duplicates import DuplicateSettled, DuplicateSuggested
from dealwire.errors import Conflict
from dealwire.event import Decision, derived_id
from lead_service.domain.matching import Match

Kind = Literal["lead", "customer"]


class Verdict(StrEnum):
    """What became of a suggestion."""

    OPEN = "open"
    SAME = "same"
    OTHER = "other"
    VOID = "void"


class Suggestion(BaseModel):
    """`other_id` is a lead or an account, as `kind` says."""

    model_config = ConfigDict(frozen=True)

    id: str
    lead_id: str
    kind: Kind
    other_id: str
    score: int
    because: tuple[str, ...]
    verdict: Verdict = Verdict.OPEN
    settled_by: str | None = None


def suggestion_id(lead_id: str, other_id: str) -> str:
    """Two have one suggestion, whichever of them came first: what was dismissed is never suggested again (L3)."""
    return derived_id("suggestion", *sorted((lead_id, other_id)))


def suggest(lead_id: str, kind: Kind, other_id: str, match: Match) -> Decision[Suggestion]:
    """A likely duplicate is suggested with a score and what speaks for it (L3)."""
    suggestion = Suggestion(
        id=suggestion_id(lead_id, other_id),
        lead_id=lead_id,
        kind=kind,
        other_id=other_id,
        score=match.score,
        because=match.because,
    )
    return suggestion, (_suggested(suggestion),)


def suggest_again(suggestion: Suggestion) -> Decision[Suggestion]:
    """A suggestion that had become void stands again; one that was settled stays so."""
    if suggestion.verdict is not Verdict.VOID:
        return suggestion, ()
    again = suggestion.model_copy(update={"verdict": Verdict.OPEN})
    return again, (_suggested(again),)


def settle(suggestion: Suggestion, verdict: Verdict, by: str | None = None) -> Decision[Suggestion]:
    """A suggestion is settled once: the same, another, or void because there is nothing left to settle (L3)."""
    if suggestion.verdict is verdict:
        return suggestion, ()
    if suggestion.verdict is not Verdict.OPEN:
        raise Conflict("suggestion-settled", f"The suggestion is settled already: {suggestion.verdict}.")
    settled = suggestion.model_copy(update={"verdict": verdict, "settled_by": by})
    about = suggestion.model_dump(include={"lead_id", "kind", "other_id"})
    event = DuplicateSettled.model_validate({"suggestion_id": suggestion.id, "verdict": verdict, **about})
    return settled, (event,)


def overturn(suggestion: Suggestion) -> Decision[Suggestion]:
    """Whoever undoes a merge says that the two are not the same after all (L3)."""
    if suggestion.verdict is Verdict.OTHER:
        return suggestion, ()
    return settle(suggestion.model_copy(update={"verdict": Verdict.OPEN}), Verdict.OTHER)


def told_apart(lead_id: str, other_id: str) -> Decision[Suggestion]:
    """Two that nobody had suggested are not the same: they never will be (L3)."""
    suggestion, _ = suggest(lead_id, "lead", other_id, Match(0, ("they were merged, and that was undone",)))
    return settle(suggestion, Verdict.OTHER)


def _suggested(suggestion: Suggestion) -> DuplicateSuggested:
    about = suggestion.model_dump(include={"lead_id", "kind", "other_id", "score", "because"})
    return DuplicateSuggested.model_validate({"suggestion_id": suggestion.id, **about})
