"""Leads that come to nothing are archived, and come back when there is news (L17)."""

from __future__ import annotations

from datetime import datetime

from dealwire.calendar import BusinessCalendar, Deadline
from dealwire.catalogue.lead_care import LeadArchived, LeadReactivated
from dealwire.errors import Conflict
from dealwire.event import Decision
from lead_service.domain.completion import to_be_completed
from lead_service.domain.lead import WITH_SALES_OPS, Lead, Status, must_be_with_sales_ops
from lead_service.domain.policy import Policy


def kept_until(now: datetime, calendar: BusinessCalendar, policy: Policy) -> datetime:
    """How long a lead is kept that something new was just heard of (L17)."""
    return policy.archive.after(now, calendar)


def kept_for_news(decided: Decision[Lead], now: datetime, calendar: BusinessCalendar, policy: Policy) -> Decision[Lead]:
    """News of a lead, such as what somebody found out, keep it for another 180 days (L17)."""
    lead, events = decided
    return (lead.model_copy(update={"archive_at": kept_until(now, calendar, policy)}), events) if events else decided


def archive(lead: Lead, reason: str) -> Decision[Lead]:
    """A lead that nobody has is archived, with a reason (L17)."""
    if lead.status is Status.ARCHIVED and lead.archived_because == reason:
        return lead, ()
    must_be_with_sales_ops(lead, "archived")
    archived = lead.model_copy(update={"status": Status.ARCHIVED, "archived_because": reason})
    return archived, (LeadArchived(lead_id=lead.id, reason=reason),)


def reactivate(lead: Lead, now: datetime, calendar: BusinessCalendar, policy: Policy) -> Decision[Lead]:
    """An archived lead returns to intake, and has a day again for what is missing (L4, L17)."""
    if lead.status is not Status.ARCHIVED:
        raise Conflict("lead-not-archived", f"Only an archived lead is re-activated; this one is {lead.status}.")
    update = {
        "status": Status.INTAKE,
        "archived_because": None,
        "archive_at": kept_until(now, calendar, policy),
        "completion": to_be_completed(now, calendar, policy),
    }
    return lead.model_copy(update=update), (LeadReactivated(lead_id=lead.id, company=lead.capture.company),)


def deadlines(lead: Lead) -> list[Deadline]:
    """The moment at which a lead that nobody has is archived, unless something new is heard of it (L17)."""
    return [Deadline("archive", lead.archive_at)] if lead.archive_at and lead.status in WITH_SALES_OPS else []


def archive_if_forgotten(lead: Lead, now: datetime) -> Decision[Lead]:
    """A lead that nobody has and that nothing new is heard of for 180 days is archived (L17)."""
    if not any(deadline.due <= now for deadline in deadlines(lead)):
        return lead, ()
    return archive(lead, "Nothing new was heard of it for long.")
