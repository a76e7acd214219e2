"""Somebody whose need is latent gets case material from time to time (L12)."""

from __future__ import annotations

from datetime import datetime, timedelta

from dealwire.calendar import Deadline
from dealwire.catalogue.lead import LeadMaterialDue, LeadNurturePlanned
from dealwire.errors import Conflict
from dealwire.event import Decision
from lead_service.domain.facets import Nurture
from lead_service.domain.lead import Lead, Status


def plan(lead: Lead, material: tuple[str, ...], every_days: float, now: datetime) -> Decision[Lead]:
    """Sales operations schedules case material for a lead in nurture; every C lead begins with the usual (L12)."""
    if lead.status is not Status.NURTURE:
        raise Conflict("lead-not-nurtured", f"Only a lead in nurture gets case material; this one is {lead.status}.")
    there = lead.nurture
    if there and now < there.next_at and (there.material, there.every_days) == (material, every_days):
        return lead, ()
    planned = Nurture(material=material, every_days=every_days, next_at=now + timedelta(days=every_days))
    event = LeadNurturePlanned(lead_id=lead.id, material=material, every_days=every_days, next_at=planned.next_at)
    return lead.model_copy(update={"nurture": planned}), (event,)


def deadlines(lead: Lead) -> list[Deadline]:
    """When the next piece is due, for as long as the lead is nurtured (L12)."""
    return [Deadline("material", lead.nurture.next_at)] if lead.nurture and lead.status is Status.NURTURE else []


def send_if_due(lead: Lead, now: datetime) -> Decision[Lead]:
    """A piece that is due is told to whoever sends it, and the next one planned from then on (L12)."""
    there = lead.nurture
    if there is None or not any(deadline.due <= now for deadline in deadlines(lead)):
        return lead, ()
    number = there.sent + 1
    after = there.model_copy(update={"sent": number, "next_at": now + timedelta(days=there.every_days)})
    event = LeadMaterialDue(
        lead_id=lead.id,
        company=lead.capture.company,
        contact=lead.capture.contact,
        material=there.material[there.sent % len(there.material)],
        number=number,
        next_at=after.next_at,
    )
    return lead.model_copy(update={"nurture": after}), (event,)
