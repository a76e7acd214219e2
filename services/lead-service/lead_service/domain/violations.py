"""Which of lead-service's events say that a member broke a rule, for sales operations to audit (X3).

Only the clock says so: it finds that something was due and had not been done. Nobody has to accuse anybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from dealwire.catalogue.lead import LeadFactsOverdue, LeadReturned
from dealwire.catalogue.lead_care import LeadEscalated, LeadReleased, LeadReminded
from dealwire.event import EventData


class Rule(StrEnum):
    """A rule that a member keeps or breaks.

    `acceptance`: a lead is accepted in time. `next_step`: a step of the follow-up SOP is done and logged when it is
    due. `silence`: a lead is not left without follow-up for long. `escalation`: nor once its AM was reminded.
    `release`: nor once the team lead was told. `completion`: missing facts are found out in time.
    """

    ACCEPTANCE = "acceptance"
    NEXT_STEP = "next_step"
    SILENCE = "silence"
    ESCALATION = "escalation"
    RELEASE = "release"
    COMPLETION = "completion"


@dataclass(frozen=True, slots=True)
class Sign:
    """An event by which a broken rule is known, and what it has to say besides."""

    event: type[EventData]
    says: Mapping[str, str] = field(default_factory=dict)


BROKEN: Mapping[Rule, Sign] = {
    # The AM did not accept the lead in time, so it went back (L13).
    Rule.ACCEPTANCE: Sign(LeadReturned, {"reason": "not_accepted_in_time"}),
    # A step of the follow-up SOP was due and not logged as done, whether it is done later or never (L15).
    Rule.NEXT_STEP: Sign(LeadReminded, {"about": "next_step"}),
    # Nobody was in touch for seven days, so the AM was reminded (L16).
    Rule.SILENCE: Sign(LeadReminded, {"about": "no_follow_up"}),
    # The reminder did not help, so the team lead was told (L16).
    Rule.ESCALATION: Sign(LeadEscalated),
    # That did not help either, so the lead went to others (L17).
    Rule.RELEASE: Sign(LeadReleased),
    # Facts were still missing after a day; as long as no AM has the lead, that is intake's, and no member's (L4).
    Rule.COMPLETION: Sign(LeadFactsOverdue),
}
"""Each rule, and how it is known that somebody broke it; the AM that the event names is who did."""

BY = "am_id"
"""The field of the events that names who broke the rule."""
SAYS = tuple(sorted({name for sign in BROKEN.values() for name in sign.says}))
"""All fields that tell one broken rule from another."""


@dataclass(frozen=True, slots=True)
class Count:
    """So many times a member broke a rule; None is whoever does intake."""

    member_id: str | None
    rule: Rule
    times: int


def broken_rule(event_type: str, data: Mapping[str, Any]) -> Rule | None:
    """The rule that was broken, if this event says so."""
    return next((rule for rule, sign in BROKEN.items() if _is(sign, event_type, data)), None)


def by_member(counts: Iterable[Count]) -> list[tuple[str | None, Counter[Rule]]]:
    """How often each member broke each rule, whoever broke most first (X3)."""
    found: dict[str | None, Counter[Rule]] = {}
    for count in counts:
        found.setdefault(count.member_id, Counter())[count.rule] += count.times
    return sorted(found.items(), key=lambda each: (-each[1].total(), each[0] or ""))


def _is(sign: Sign, event_type: str, data: Mapping[str, Any]) -> bool:
    return sign.event.type == event_type and all(data.get(name) == value for name, value in sign.says.items())
