"""An AM lets a lead go, and does not have it back from the pool at once (L11)."""

from __future__ import annotations

from datetime import datetime

from dealwire.calendar import BusinessCalendar
from lead_service.domain.archive import kept_until
from lead_service.domain.facets import Cooling
from lead_service.domain.lead import Lead, Status
from lead_service.domain.policy import Policy


def let_go(lead: Lead, status: Status, now: datetime, calendar: BusinessCalendar, policy: Policy) -> Lead:
    """The lead is nobody's again, and kept for others: the AM who had it is passed over from now on (L9, L11, L17)."""
    if lead.am_id is None:
        return lead
    return lead.model_copy(
        update={
            "status": status,
            "am_id": None,
            "se_id": None,
            "assigned_at": None,
            "accept_by": None,
            "accepted_at": None,
            "follow_up": None,
            "passed_over": (*lead.passed_over, lead.am_id),
            "cooling": cooled(lead, lead.am_id, now, calendar, policy),
            "archive_at": kept_until(now, calendar, policy),
        }
    )


def cooled(lead: Lead, am_id: str, now: datetime, calendar: BusinessCalendar, policy: Policy) -> tuple[Cooling, ...]:
    """Those who cannot have the lead from the pool for now, this AM among them for a week (L11)."""
    others = (each for each in lead.cooling if each.am_id != am_id and now < each.until)
    return (*others, Cooling(am_id=am_id, until=policy.reclaim_cooldown.after(now, calendar)))


def cooling_until(lead: Lead, am_id: str, now: datetime) -> datetime | None:
    """Until when this AM cannot have the lead from the pool; None when they can."""
    return next((each.until for each in lead.cooling if each.am_id == am_id and now < each.until), None)
