"""How a lead comes back from an AM who will not work on it any more (L5, L9, L17)."""

from __future__ import annotations

from datetime import datetime

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.common import Role
from dealwire.catalogue.lead_care import LeadUnassigned
from dealwire.errors import Conflict
from dealwire.event import Decision
from lead_service.domain.cooldown import let_go
from lead_service.domain.lead import OPEN, Lead, Status, must_be_worked_on_by
from lead_service.domain.policy import Policy
from lead_service.domain.progress import routed
from lead_service.domain.routing import Roster


def unassign(
    lead: Lead, reason: str, by: str | None, now: datetime, calendar: BusinessCalendar, policy: Policy
) -> Decision[Lead]:
    """An AM gives a lead back with a reason, or sales operations takes it back; it is with intake again (L5, L17).

    `by` is the AM, None stands for sales operations. From there it is discarded, archived or given to somebody else.
    """
    must_be_worked_on_by(lead, by)
    if lead.status not in OPEN or lead.am_id is None:
        raise Conflict("lead-not-assigned", f"Only a lead that an AM has is given back; this one is {lead.status}.")
    event = LeadUnassigned(
        lead_id=lead.id,
        company=lead.capture.company,
        am_id=lead.am_id,
        why="taken_back" if by is None else "given_back",
        reason=reason,
    )
    return let_go(lead, Status.INTAKE, now, calendar, policy), (event,)


def leave(lead: Lead, roster: Roster, now: datetime, calendar: BusinessCalendar, policy: Policy) -> Decision[Lead]:
    """A lead whose AM has left returns to intake and is assigned to another (L9).

    With nobody else to take it, it stays with intake.
    """
    works_here = lead.am_id in {member.member_id for member in roster.of(Role.AM)}
    if lead.status not in OPEN or lead.am_id is None or works_here:
        return lead, ()
    left = LeadUnassigned(lead_id=lead.id, company=lead.capture.company, am_id=lead.am_id, why="am_left")
    given, events = routed(let_go(lead, Status.INTAKE, now, calendar, policy), roster, now, calendar, policy)
    return given, (left, *events)
