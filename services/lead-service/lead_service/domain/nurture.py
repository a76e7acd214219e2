"""Somebody whose need is latent gets case material from time to time (L12)."""

from __future__ import annotations

from datetime import datetime, timedelta

from dealwire.calendar import Deadline
from dealwire.catalogue.lead_care import LeadMaterialDue, LeadNurturePlanned
from dealwire.errors import Conflict
from dealwire.event import Decision
from lead_service.domain.facets import Nurture
from lead_service.domain.lead import Lead, Status
from lead_service.domain.policy import Policy
from lead_service.domain.sops import PublishedSops, sops_in_force


def begin(lead: Lead, now: datetime, policy: Policy, sops: PublishedSops | None = None) -> Decision[Lead]:
    """Every C lead begins with the usual case material, as the SOPs in force have it (L12)."""
    usual = sops_in_force(sops, policy, now)
    return plan(lead, usual.nurture.material, usual.nurture.every_days, now, usual.label)


def plan(
    lead: Lead, material: tuple[str, ...], every_days: float, now: datetime, sops: str | None = None
) -> Decision[Lead]:
    """Sales operations schedules case material for a lead in nurture, which follows no SOPs any more (L12).

    `sops` is the label of the version whose material it is.
    """
    if lead.status is not Status.NURTURE:
        raise Conflict("lead-not-nurtured", f"Only a lead in nurture gets case material; this one is {lead.status}.")
    there = lead.nurture
    wanted = (material, every_days, sops)
    if there and now < there.next_at and (there.material, there.every_days, there.sops) == wanted:
        return lead, ()
    planned = Nurture(material=material, every_days=every_days, next_at=now + timedelta(days=every_days), sops=sops)
    return lead.model_copy(update={"nurture": planned}), (_planned(lead, planned),)


def deadlines(lead: Lead) -> list[Deadline]:
    """When the next piece is due, for as long as the lead is nurtured (L12)."""
    return [Deadline("material", lead.nurture.next_at)] if lead.nurture and lead.status is Status.NURTURE else []


def send_if_due(lead: Lead, now: datetime, policy: Policy, sops: PublishedSops | None = None) -> Decision[Lead]:
    """A piece that is due is told to whoever sends it, and the next one planned from then on (L12).

    A plan follows the SOPs in force when its next step is planned, unless sales operations chose the material (L12,
    X8).
    """
    there = lead.nurture
    if there is None or not any(deadline.due <= now for deadline in deadlines(lead)):
        return lead, ()
    number = there.sent + 1
    usual = sops_in_force(sops, policy, now)
    renewed = there.sops not in (None, usual.label)
    follows = there.model_copy(update={**dict(usual.nurture), "sops": usual.label}) if renewed else there
    sent = number if follows.material == there.material else 0
    after = follows.model_copy(update={"sent": sent, "next_at": now + timedelta(days=follows.every_days)})
    event = LeadMaterialDue(
        lead_id=lead.id,
        company=lead.capture.company,
        contact=lead.capture.contact,
        material=there.material[there.sent % len(there.material)],
        number=number,
        next_at=after.next_at,
    )
    events = (event, _planned(lead, after)) if renewed else (event,)
    return lead.model_copy(update={"nurture": after}), events


def _planned(lead: Lead, plan: Nurture) -> LeadNurturePlanned:
    return LeadNurturePlanned(lead_id=lead.id, **plan.model_dump(exclude={"sent"}))
