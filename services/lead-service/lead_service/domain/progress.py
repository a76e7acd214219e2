"""From a qualified lead to an AM who takes it on in time and hands it over (L6–L13, L20)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from dealwire.calendar import BusinessCalendar, Deadline
from dealwire.catalogue.common import Grade
from dealwire.catalogue.lead import Bant, LeadAccepted, LeadAssigned, LeadConverted, LeadQualified, LeadReturned
from dealwire.errors import Conflict, Forbidden, Rejected
from dealwire.event import Decision, EventData
from lead_service.domain import follow_up, nurture
from lead_service.domain.archive import kept_until
from lead_service.domain.cooldown import let_go
from lead_service.domain.lead import Lead, Status, must_be_with_sales_ops
from lead_service.domain.models import PublishedModel, assess, panel
from lead_service.domain.policy import Policy
from lead_service.domain.routing import Assignment, Roster, choose, customers_own, route
from lead_service.domain.sops import PublishedSops

_AFTER_QUALIFYING = {Grade.B: Status.POOL, Grade.C: Status.NURTURE}


def qualify(
    lead: Lead,
    bant: Bant,
    roster: Roster,
    now: datetime,
    calendar: BusinessCalendar,
    policy: Policy,
    models: Iterable[PublishedModel] = (),
    sops: PublishedSops | None = None,
) -> Decision[Lead]:
    """A lead is scored and graded: A goes to an AM, or waits in intake for one; B to the pool, C to nurture (L6–L12).

    The model in force decides, the others score along; with none published it is BANT as it is built in. A B lead of a
    customer goes the way of an A lead: it is not for everybody, since one customer never has two AMs (L3).
    """
    must_be_with_sales_ops(lead, "qualified")
    verdict, *along = assess(lead.capture, bant, panel(models, policy, now))
    told = {**dict(verdict), "bant": bant, "along": tuple(along)}
    to_an_am = verdict.grade is Grade.A or (verdict.grade is Grade.B and lead.customer is not None)
    status = Status.INTAKE if to_an_am else _AFTER_QUALIFYING[verdict.grade]
    # Bids for a lead that left the pool count no more (L11).
    left = {"grab": None} if lead.grab and not lead.grab.decided_at and status is not lead.status else {}
    qualified = lead.model_copy(update={"status": status, **told, **left})
    news: tuple[EventData, ...] = ()
    if qualified != lead:
        qualified = qualified.model_copy(update={"archive_at": kept_until(now, calendar, policy)})
        news = (LeadQualified(lead_id=lead.id, **told),)
    if status is Status.NURTURE and lead.status is not status:
        qualified, planned = nurture.begin(qualified, now, policy, sops)
        news += tuple(planned)
    if not to_an_am:
        return qualified, news
    given, events = routed(qualified, roster, now, calendar, policy)
    return given, (*news, *events)


def assign(
    lead: Lead,
    am_id: str | None,
    roster: Roster,
    now: datetime,
    calendar: BusinessCalendar,
    policy: Policy,
    *,
    again: bool = False,
) -> Decision[Lead]:
    """Sales operations gives a qualified lead to an AM of its choice, or to the one that the routing finds (L9).

    It names an AM who let the lead lie only when it says so: `again`.
    """
    must_be_with_sales_ops(lead, "assigned")
    if am_id in lead.passed_over and not again:
        raise Rejected("let-it-lie", f"{am_id} let this lead lie. Say `again` to try once more.", pointer="/am_id")
    to = choose(lead, am_id, roster) if am_id else route(lead, roster)
    if to is None:
        raise Conflict("nobody-to-assign", _why_nobody(lead, roster))
    return give(lead, to, now, calendar, policy)


def _why_nobody(lead: Lead, roster: Roster) -> str:
    own = customers_own(lead.customers_am, roster)
    if own and (until := roster.away(own)):
        return f"{own.name}, the customer's AM, is absent until {until}. Name somebody who stands in."
    return "No active AM can take this lead. Name one, or add a member."


def accept(
    lead: Lead,
    by: str,
    now: datetime,
    calendar: BusinessCalendar,
    policy: Policy,
    sops: PublishedSops | None = None,
) -> Decision[Lead]:
    """The AM takes the lead on, in time, and the follow-up SOP begins (L13, L14)."""
    if lead.status is Status.ACCEPTED and lead.am_id == by:
        return lead, ()
    if lead.status is not Status.ASSIGNED or lead.assigned_at is None:
        raise Conflict("lead-not-assigned", f"Only an assigned lead can be accepted; this one is {lead.status}.")
    if lead.am_id != by:
        raise Forbidden("not-your-lead", "The lead is assigned to somebody else.")
    if _is_late(lead, now):
        raise Conflict("acceptance-over", "The time to accept this lead is over; it goes to somebody else.")
    plan = follow_up.begun(lead, now, calendar, policy, sops)
    accepted = lead.model_copy(
        update={"status": Status.ACCEPTED, "accepted_at": now, "accept_by": None, "follow_up": plan}
    )
    event = LeadAccepted(lead_id=lead.id, am_id=by, assigned_at=lead.assigned_at, accepted_at=now, next_step=plan.next)
    return accepted, (event,)


def deadlines(lead: Lead) -> list[Deadline]:
    """An assigned lead has to be accepted in time (L13)."""
    return [Deadline("acceptance", lead.accept_by)] if lead.accept_by else []


def expire(lead: Lead, roster: Roster, now: datetime, calendar: BusinessCalendar, policy: Policy) -> Decision[Lead]:
    """A lead that its AM has not accepted within two business hours returns to intake and is assigned to another (L13).

    With nobody else to take it, it stays with intake.
    """
    if not _is_late(lead, now) or lead.am_id is None or lead.accept_by is None:
        return lead, ()
    late = LeadReturned(
        lead_id=lead.id,
        am_id=lead.am_id,
        reason="not_accepted_in_time",
        due=lead.accept_by,
        company=lead.capture.company,
    )
    given, events = routed(let_go(lead, Status.INTAKE, now, calendar, policy), roster, now, calendar, policy)
    return given, (late, *events)


def convert(lead: Lead, by: str) -> Decision[Lead]:
    """The AM hands an accepted lead over to pipeline-service with everything known, once (L20)."""
    if lead.status is Status.CONVERTED and lead.am_id == by:
        return lead, ()
    if lead.status is not Status.ACCEPTED:
        raise Conflict("lead-not-accepted", f"Only an accepted lead can be converted; this one is {lead.status}.")
    if lead.am_id != by:
        raise Forbidden("not-your-lead", "The lead belongs to somebody else.")
    known = lead.capture.model_dump(exclude={"cost"})
    if lead.customer is not None:  # so that its account is found, however the capture spelt it
        known["company"] = lead.customer.name
    about = lead.model_dump(include={"grade", "score", "bant", "am_id", "se_id", "captured_at"})
    event = LeadConverted.model_validate({"lead_id": lead.id, **known, **about})
    return lead.model_copy(update={"status": Status.CONVERTED}), (event,)


def routed(lead: Lead, roster: Roster, now: datetime, calendar: BusinessCalendar, policy: Policy) -> Decision[Lead]:
    """The lead goes to whom the routing finds, and stays where it is when that is nobody (L9)."""
    to = route(lead, roster)
    return give(lead, to, now, calendar, policy) if to else (lead, ())


def give(lead: Lead, to: Assignment, now: datetime, calendar: BusinessCalendar, policy: Policy) -> Decision[Lead]:
    """An AM has two business hours to accept the lead, or as the policy counts them; the SE is copied (L10, L13)."""
    if lead.grade is None:
        raise Conflict("lead-not-qualified", "A lead is qualified before somebody gets it.")
    accept_by = policy.acceptance.after(now, calendar)
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
        routing=to.routing,
        rule=to.rule,
        company=lead.capture.company,
    )
    return assigned, (event,)


def _is_late(lead: Lead, now: datetime) -> bool:
    return lead.accept_by is not None and lead.accept_by <= now
