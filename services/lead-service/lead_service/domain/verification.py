"""Somebody calls or writes before a lead is worth anybody's time (L5)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from dealwire.catalogue.lead import LeadVerified
from dealwire.errors import Conflict
from dealwire.event import Decision
from lead_service.domain.lead import ALIVE, Lead, must_be_worked_on_by


def verify(
    lead: Lead, by: str | None, channel: Literal["call", "mail"], note: str | None, now: datetime
) -> Decision[Lead]:
    """A lead is verified once, by the first call or mail that reaches the person (L5).

    `by` is the lead's AM, None stands for sales operations. One that turns out invalid is discarded instead.
    """
    must_be_worked_on_by(lead, by)
    if lead.status not in ALIVE:
        raise Conflict("lead-over", f"A lead that is {lead.status} is not verified any more.")
    if lead.verified_at is not None:
        return lead, ()
    event = LeadVerified(lead_id=lead.id, channel=channel, verified_at=now, note=note)
    return lead.model_copy(update={"verified_at": now}), (event,)
