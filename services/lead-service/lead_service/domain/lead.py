"""A lead, from intake to conversion."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from dealwire.calendar import BusinessCalendar, Deadline
from dealwire.catalogue.common import Channel, Contact, Grade, Money
from dealwire.catalogue.lead import (
    Bant,
    LeadAccepted,
    LeadAssigned,
    LeadCaptured,
    LeadConverted,
    LeadDiscarded,
    LeadLinked,
    LeadQualified,
    LeadReturned,
    ScoreReason,
)
from dealwire.errors import Conflict, Forbidden
from dealwire.event import Decision, EventData
from lead_service.domain import scoring
from lead_service.domain.contact import keys
from lead_service.domain.policy import Policy
from lead_service.domain.routing import Assignment


class Status(StrEnum):
    """Where a lead is."""

    INTAKE = "intake"
    POOL = "pool"
    NURTURE = "nurture"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    CONVERTED = "converted"
    DISCARDED = "discarded"


OPEN = (Status.ASSIGNED, Status.ACCEPTED)
"""What counts as an AM's load."""
_WITH_SALES_OPS = frozenset({Status.INTAKE, Status.POOL, Status.NURTURE})
_AFTER_QUALIFYING = {Grade.A: Status.INTAKE, Grade.B: Status.POOL, Grade.C: Status.NURTURE}


class Capture(BaseModel):
    """What a channel told about a stranger (L1)."""

    model_config = ConfigDict(frozen=True)

    company: str
    contact: Contact
    channel: Channel
    campaign: str | None = None
    cost: Money | None = None
    industry: str | None = None
    region: str | None = None
    need: str | None = None


class Lead(BaseModel):
    """The state of a lead. `passed_over` are AMs who let it lie; `captures` counts how often the person came in."""

    model_config = ConfigDict(frozen=True)

    id: str
    status: Status
    capture: Capture
    keys: tuple[str, ...]
    captured_at: datetime
    captures: int = 1
    bant: Bant | None = None
    model: str | None = None
    score: int | None = None
    grade: Grade | None = None
    reasons: tuple[ScoreReason, ...] = ()
    am_id: str | None = None
    se_id: str | None = None
    assigned_at: datetime | None = None
    accept_by: datetime | None = None
    accepted_at: datetime | None = None
    attempt: int = 0
    passed_over: tuple[str, ...] = ()
    discarded_because: str | None = None


def deadlines(lead: Lead) -> list[Deadline]:
    """An assigned lead has to be accepted in time (L13)."""
    if lead.status is Status.ASSIGNED and lead.accept_by:
        return [Deadline("acceptance", lead.accept_by)]
    return []


def capture(lead_id: str, told: Capture, now: datetime) -> Decision[Lead]:
    """Every new lead goes to intake (L3). `told.contact` is normalised."""
    lead = Lead(id=lead_id, status=Status.INTAKE, capture=told, keys=keys(told.contact), captured_at=now)
    return lead, (LeadCaptured(lead_id=lead_id, **told.model_dump()),)


def link(lead: Lead, told: Capture) -> Decision[Lead]:
    """An exact duplicate is linked at once to the lead there is, not captured again (L3)."""
    same = [key.split(":", 1)[0] for key in keys(told.contact) if key in lead.keys]
    linked = LeadLinked.model_validate(
        {"lead_id": lead.id, "matched_on": same, **told.model_dump(include={"channel", "campaign", "cost"})}
    )
    return lead.model_copy(update={"captures": lead.captures + 1}), (linked,)


def qualify(
    lead: Lead, bant: Bant, to: Assignment | None, now: datetime, calendar: BusinessCalendar, policy: Policy
) -> Decision[Lead]:
    """Sales operations scores and grades a lead: A is routed at once, B goes to the pool, C to nurture (L6–L12).

    `to` is who an A lead goes to; None leaves it with intake.
    """
    _must_be_with_sales_ops(lead, "qualified")
    points, reasons = scoring.score(bant, policy)
    grade = scoring.grade(bant, policy)
    event = LeadQualified(lead_id=lead.id, model=scoring.MODEL, score=points, grade=grade, reasons=reasons)
    qualified = lead.model_copy(
        update={
            "status": _AFTER_QUALIFYING[grade],
            "bant": bant,
            "model": scoring.MODEL,
            "score": points,
            "grade": grade,
            "reasons": reasons,
        }
    )
    if grade is not Grade.A or to is None:
        return qualified, (event,)
    assigned, events = assign(qualified, to, now, calendar, policy)
    return assigned, (event, *events)


def assign(lead: Lead, to: Assignment, now: datetime, calendar: BusinessCalendar, policy: Policy) -> Decision[Lead]:
    """An AM gets a qualified lead and two business hours to accept it; the SE is copied (L10, L13)."""
    _must_be_with_sales_ops(lead, "assigned")
    if lead.grade is None:
        raise Conflict("lead-not-qualified", "A lead is qualified before somebody gets it.")
    accept_by = calendar.add(now, policy.acceptance_hours)
    attempt = lead.attempt + 1
    assigned = lead.model_copy(
        update={
            "status": Status.ASSIGNED,
            "am_id": to.am_id,
            "se_id": to.se_id,
            "assigned_at": now,
            "accept_by": accept_by,
            "attempt": attempt,
        }
    )
    event = LeadAssigned(
        lead_id=lead.id,
        am_id=to.am_id,
        copied=(to.se_id,) if to.se_id else (),
        grade=lead.grade,
        attempt=attempt,
        accept_by=accept_by,
        because=to.because,
    )
    return assigned, (event,)


def accept(lead: Lead, by: str, now: datetime) -> Decision[Lead]:
    """The AM takes the lead on, in time (L13)."""
    if lead.status is Status.ACCEPTED and lead.am_id == by:
        return lead, ()
    if lead.status is not Status.ASSIGNED or lead.assigned_at is None:
        raise Conflict("lead-not-assigned", f"Only an assigned lead can be accepted; this one is {lead.status}.")
    if lead.am_id != by:
        raise Forbidden("not-your-lead", "The lead is assigned to somebody else.")
    if _is_late(lead, now):
        raise Conflict("acceptance-over", "The time to accept this lead is over; it goes to somebody else.")
    accepted = lead.model_copy(update={"status": Status.ACCEPTED, "accepted_at": now, "accept_by": None})
    return accepted, (LeadAccepted(lead_id=lead.id, am_id=by, assigned_at=lead.assigned_at, accepted_at=now),)


def expire(
    lead: Lead, to: Assignment | None, now: datetime, calendar: BusinessCalendar, policy: Policy
) -> Decision[Lead]:
    """A lead that its AM has not accepted within two business hours returns to intake and is assigned to another (L13).

    `to` is who gets it now; None leaves it with intake.
    """
    if not _is_late(lead, now) or lead.am_id is None or lead.accept_by is None:
        return lead, ()
    late = LeadReturned(lead_id=lead.id, am_id=lead.am_id, reason="not_accepted_in_time", due=lead.accept_by)
    returned = lead.model_copy(
        update={
            "status": Status.INTAKE,
            "am_id": None,
            "se_id": None,
            "assigned_at": None,
            "accept_by": None,
            "passed_over": (*lead.passed_over, lead.am_id),
        }
    )
    if to is None:
        return returned, (late,)
    assigned, events = assign(returned, to, now, calendar, policy)
    return assigned, (late, *events)


def discard(lead: Lead, reason: str) -> Decision[Lead]:
    """An invalid lead is discarded with a reason (L5)."""
    if lead.status is Status.DISCARDED:
        return lead, ()
    _must_be_with_sales_ops(lead, "discarded")
    discarded = lead.model_copy(update={"status": Status.DISCARDED, "discarded_because": reason})
    return discarded, (LeadDiscarded(lead_id=lead.id, reason=reason),)


def convert(lead: Lead, by: str) -> Decision[Lead]:
    """The AM hands an accepted lead over to pipeline-service with everything known, once (L20)."""
    if lead.status is Status.CONVERTED and lead.am_id == by:
        return lead, ()
    if lead.status is not Status.ACCEPTED:
        raise Conflict("lead-not-accepted", f"Only an accepted lead can be converted; this one is {lead.status}.")
    if lead.am_id != by:
        raise Forbidden("not-your-lead", "The lead belongs to somebody else.")
    return lead.model_copy(update={"status": Status.CONVERTED}), (_converted(lead),)


def _converted(lead: Lead) -> EventData:
    known = lead.capture.model_dump(exclude={"cost"})
    about = lead.model_dump(include={"grade", "score", "bant", "am_id", "se_id", "captured_at"})
    return LeadConverted.model_validate({"lead_id": lead.id, **known, **about})


def _is_late(lead: Lead, now: datetime) -> bool:
    return any(deadline.due <= now for deadline in deadlines(lead))


def _must_be_with_sales_ops(lead: Lead, done: str) -> None:
    if lead.status not in _WITH_SALES_OPS:
        raise Conflict("lead-not-with-sales-ops", f"A lead that is {lead.status} cannot be {done}.")
