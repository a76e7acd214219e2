"""How a lead comes in, and how an invalid one goes (L1, L3, L5)."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel

from dealwire.catalogue.lead import LeadCaptured, LeadDiscarded, LeadLinked
from dealwire.event import Decision
from lead_service.domain.contact import keys
from lead_service.domain.lead import Capture, Lead, Status, must_be_with_sales_ops

M = TypeVar("M", bound=BaseModel)


def capture(lead_id: str, told: Capture, now: datetime) -> Decision[Lead]:
    """Every new lead goes to intake (L3). `told.contact` is normalised."""
    lead = Lead(id=lead_id, status=Status.INTAKE, capture=told, keys=keys(told.contact), captured_at=now)
    return lead, (LeadCaptured(lead_id=lead_id, **told.model_dump()),)


def link(lead: Lead, told: Capture, *, learn_keys: bool = True) -> Decision[Lead]:
    """An exact duplicate is linked at once to the lead there is, which learns what it did not know (L3).

    A discarded lead returns to intake: the person wants something after all. Without `learn_keys` a new phone number or
    e-mail address stays with the other lead that has it.
    """
    reopened = lead.status is Status.DISCARDED
    known = _completed(lead.capture, told, "industry", "region", "size", "product_line", "uscc", "need")
    update = {"captures": lead.captures + 1, "capture": known}
    if learn_keys:
        contact = _completed(known.contact, told.contact, "phone", "email")
        update["capture"] = known.model_copy(update={"contact": contact})
        update["keys"] = tuple(dict.fromkeys((*lead.keys, *keys(told.contact))))
    if reopened:
        update |= {"status": Status.INTAKE, "discarded_because": None}
    matched_on = [key.split(":", 1)[0] for key in keys(told.contact) if key in lead.keys]
    event = {"lead_id": lead.id, "matched_on": matched_on, "reopened": reopened, **told.model_dump()}
    return lead.model_copy(update=update), (LeadLinked.model_validate(event),)


def discard(lead: Lead, reason: str) -> Decision[Lead]:
    """An invalid lead is discarded with a reason (L5)."""
    if lead.status is Status.DISCARDED and lead.discarded_because == reason:
        return lead, ()
    must_be_with_sales_ops(lead, "discarded")
    discarded = lead.model_copy(update={"status": Status.DISCARDED, "discarded_because": reason})
    return discarded, (LeadDiscarded(lead_id=lead.id, reason=reason),)


def _completed(known: M, told: M, *fields: str) -> M:
    """What was told first stands; what nobody had told yet is added."""
    return known.model_copy(update={field: getattr(told, field) for field in fields if getattr(known, field) is None})
