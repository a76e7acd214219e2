"""What has to be known of a lead, and by when (L4)."""

from __future__ import annotations

from datetime import datetime

from dealwire.calendar import BusinessCalendar, Deadline
from dealwire.catalogue.lead import Fact, LeadFactsOverdue
from dealwire.event import Decision
from lead_service.domain.facets import Completion
from lead_service.domain.lead import ALIVE, Lead
from lead_service.domain.policy import Policy


def to_be_completed(now: datetime, calendar: BusinessCalendar, policy: Policy) -> Completion:
    """Missing facts are completed within a day (L4): the clock starts when the person comes in."""
    return Completion(facts=policy.required_facts, due=policy.completion.after(now, calendar))


def missing(lead: Lead) -> tuple[Fact, ...]:
    """What is still asked for."""
    asked = lead.completion.facts if lead.completion else ()
    return tuple(fact for fact in asked if getattr(lead.capture, fact) is None)


def deadlines(lead: Lead) -> list[Deadline]:
    """The moment by which everything asked for has to be known, unless it is, or has been escalated (L4)."""
    asked = lead.completion
    if asked is None or asked.escalated or lead.status not in ALIVE or not missing(lead):
        return []
    return [Deadline("completion", asked.due)]


def escalate(lead: Lead, now: datetime) -> Decision[Lead]:
    """A lead whose facts are not complete in time escalates, once, naming what is missing (L4)."""
    if lead.completion is None or not any(deadline.due <= now for deadline in deadlines(lead)):
        return lead, ()
    event = LeadFactsOverdue(
        lead_id=lead.id,
        company=lead.capture.company,
        am_id=lead.am_id,
        missing=missing(lead),
        due=lead.completion.due,
    )
    escalated = lead.completion.model_copy(update={"escalated": True})
    return lead.model_copy(update={"completion": escalated}), (event,)
