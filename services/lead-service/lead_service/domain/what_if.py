"""What other rules would have made of past leads, before they are switched on (L21)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from dealwire.catalogue.common import Grade
from dealwire.catalogue.lead import Verdict
from dealwire.catalogue.people import MemberChanged
from lead_service.domain.lead import Lead
from lead_service.domain.models import ModelVersion
from lead_service.domain.routing import Assignment, Prospect, Roster, explain
from lead_service.domain.routing_rules import RoutingVersion
from lead_service.domain.scoring import judge

K = TypeVar("K")
E = TypeVar("E")


@dataclass(slots=True)
class Changes(Generic[K, E]):
    """How many leads went from what to what, with the first few of each as examples; it does not grow with the leads."""

    most_examples: int
    counts: Counter[tuple[K, K]] = field(default_factory=Counter)
    examples: dict[tuple[K, K], list[E]] = field(default_factory=dict)

    def add(self, before: K, after: K, example: E) -> None:
        """Counts one lead."""
        self.counts[before, after] += 1
        kept = self.examples.setdefault((before, after), [])
        if len(kept) < self.most_examples:
            kept.append(example)

    @property
    def leads(self) -> int:
        """How many were looked at."""
        return self.counts.total()

    @property
    def changed(self) -> int:
        """For how many something would be different."""
        return sum(count for (before, after), count in self.counts.items() if before != after)


@dataclass(frozen=True, slots=True)
class Rescored:
    """A lead as it was scored, and as it would be."""

    lead_id: str
    company: str
    model: str
    score: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Rerouted:
    """Who would get a lead by the rules in force, and who by the other ones."""

    lead_id: str
    company: str
    before: Assignment | None
    after: Assignment | None


Regraded = Changes[Grade, Rescored]
Redirected = Changes[str | None, Rerouted]


def rescore(lead: Lead, model: ModelVersion, so_far: Regraded) -> None:
    """A past lead is scored again from the answers and facts that are known of it; one never qualified is left out
    (L21).
    """
    if lead.bant is None or lead.grade is None:
        return
    verdict = judge(lead.capture, lead.bant, model, model.label)
    example = Rescored(lead.id, lead.capture.company, lead.model or "", lead.score or 0, verdict)
    so_far.add(lead.grade, verdict.grade, example)


@dataclass(slots=True)
class Replay:
    """Past leads routed once by the rules in force and once by others, with the same members, everybody starting empty.

    How busy people were then is not known, so both start at nothing and count what they gave; how many leads somebody
    may have at once is left out, since no lead is ever closed here.
    """

    roster: Roster
    other: RoutingVersion
    changes: Redirected
    given_before: Counter[str] = field(default_factory=Counter)
    given_after: Counter[str] = field(default_factory=Counter)

    def add(self, lead: Lead) -> None:
        """Routes one lead twice, as if nobody had let it lie (L21)."""
        prospect = replace(Prospect.of(lead), passed_over=())
        before = _given(prospect, self.roster, self.roster.routing, self.given_before)
        after = _given(prospect, self.roster, self.other, self.given_after)
        example = Rerouted(lead.id, lead.capture.company, before, after)
        self.changes.add(before.rule if before else None, after.rule if after else None, example)


def replay(roster: Roster, other: RoutingVersion, most_examples: int) -> Replay:
    """Ready to route past leads by other rules."""
    return Replay(replace(roster, members=_unlimited(roster)), other, Changes(most_examples))


def _unlimited(roster: Roster) -> list[MemberChanged]:
    return [member.model_copy(update={"max_open_leads": None}) for member in roster.members]


def _given(lead: Prospect, roster: Roster, rules: RoutingVersion, given: Counter[str]) -> Assignment | None:
    to = explain(lead, replace(roster, routing=rules, load=given)).to
    if to:
        given[to.am_id] += 1
    return to
