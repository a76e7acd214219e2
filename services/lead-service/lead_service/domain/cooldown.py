"""Who let a lead go does not have it back from the pool at once (L11)."""

from __future__ import annotations

from datetime import datetime

from dealwire.calendar import BusinessCalendar
from lead_service.domain.facets import Cooling
from lead_service.domain.lead import Lead
from lead_service.domain.policy import Policy


def cooled(lead: Lead, am_id: str, now: datetime, calendar: BusinessCalendar, policy: Policy) -> tuple[Cooling, ...]:
    """Those who cannot have the lead from the pool for now, this AM among them for a week (L11)."""
    others = (each for each in lead.cooling if each.am_id != am_id and now < each.until)
    return (*others, Cooling(am_id=am_id, until=policy.reclaim_cooldown.after(now, calendar)))


def cooling_until(lead: Lead, am_id: str, now: datetime) -> datetime | None:
    """Until when this AM cannot have the lead from the pool; None when they can."""
    return next((each.until for each in lead.cooling if each.am_id == am_id and now < each.until), None)
