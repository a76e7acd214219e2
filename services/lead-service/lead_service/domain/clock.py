"""Every clock of a lead, and what happens when one has run out (X9).

A rule set that has a clock says beside its rule when it is due and what happens then, and is named in both functions
here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from dealwire.calendar import BusinessCalendar, Deadline
from dealwire.event import Decision, EventData
from lead_service.domain import archive, completion, follow_up, grab, nurture, progress
from lead_service.domain.grab import Bidders
from lead_service.domain.lead import Lead
from lead_service.domain.policy import Policy
from lead_service.domain.routing import Roster
from lead_service.domain.sops import PublishedSops


def deadlines(lead: Lead) -> list[Deadline]:
    """Everything that a lead waits for."""
    rules = (progress, completion, grab, follow_up, nurture, archive)
    return [deadline for rule in rules for deadline in rule.deadlines(lead)]


def expire(
    lead: Lead,
    roster: Roster,
    bidders: Bidders,
    now: datetime,
    calendar: BusinessCalendar,
    policy: Policy,
    sops: PublishedSops | None = None,
) -> Decision[Lead]:
    """Everything that is due happens, one after the other; what is not due, or has happened, changes nothing."""
    rules: tuple[Callable[[Lead], Decision[Lead]], ...] = (
        lambda lead: progress.expire(lead, roster, now, calendar, policy),
        lambda lead: completion.escalate(lead, now),
        lambda lead: grab.decide_if_closed(lead, roster, bidders, now, calendar, policy, sops),
        lambda lead: follow_up.remind_if_due(lead, now),
        lambda lead: follow_up.warn_if_silent(lead, roster, now, calendar, policy),
        lambda lead: nurture.send_if_due(lead, now, policy, sops),
        lambda lead: archive.archive_if_forgotten(lead, now),
    )
    happened: list[EventData] = []
    for rule in rules:
        lead, events = rule(lead)
        happened += events
    return lead, tuple(happened)
