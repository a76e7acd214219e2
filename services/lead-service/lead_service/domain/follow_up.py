"""How an AM stays in touch with a lead: the SOP of its grade, and what happens in silence (L14–L17)."""

from __future__ import annotations

from datetime import UTC, datetime

from dealwire.calendar import BusinessCalendar, Deadline
from dealwire.catalogue.lead import Contacted
from dealwire.catalogue.lead_care import LeadEscalated, LeadFollowedUp, LeadReleased, LeadReminded
from dealwire.errors import Conflict, Forbidden, Rejected
from dealwire.event import Decision, EventData
from lead_service.domain.cooldown import let_go
from lead_service.domain.facets import FollowUp
from lead_service.domain.lead import Lead, Status
from lead_service.domain.policy import Policy
from lead_service.domain.routing import Roster
from lead_service.domain.sops import PublishedSops, sops_in_force, step_after


def begun(
    lead: Lead, now: datetime, calendar: BusinessCalendar, policy: Policy, sops: PublishedSops | None = None
) -> FollowUp:
    """From the moment an AM has a lead the next step is known, as the SOP of its grade says (L14, L15)."""
    return _planned(lead, 0, now, now, calendar, policy, sops)


def log(
    lead: Lead,
    by: str,
    channel: Contacted,
    outcome: str,
    now: datetime,
    calendar: BusinessCalendar,
    policy: Policy,
    sops: PublishedSops | None = None,
    at: datetime | None = None,
) -> Decision[Lead]:
    """A call, mail, meeting, visit or message with an outcome counts as follow-up, and the next step is due from then
    (L15, L16).

    It may be logged later than it was made, `at`: the next step is that after as many contacts, and it and silence
    count from the latest of them, in whatever order they are logged (L15, L16). A plan follows the SOPs in force when
    its next step is planned (L14, X8).
    """
    if lead.status is not Status.ACCEPTED or lead.follow_up is None:
        raise Conflict("lead-not-accepted", f"Only an accepted lead is followed up; this one is {lead.status}.")
    if lead.am_id != by:
        raise Forbidden("not-your-lead", "The lead belongs to somebody else.")
    before = lead.follow_up
    at = now if at is None else _when(lead, at, now)
    after = _planned(lead, before.step + 1, max(at, before.since), now, calendar, policy, sops)
    if at <= before.since:  # an older one breaks no silence
        after = after.model_copy(update=before.model_dump(include={"silence", "warn_at"}))
    event = LeadFollowedUp(
        lead_id=lead.id,
        am_id=by,
        channel=channel,
        outcome=outcome,
        number=after.step,
        on_time=at <= before.next.due,
        next_step=after.next,
        contacted_at=at,
    )
    return lead.model_copy(update={"follow_up": after}), (event,)


def deadlines(lead: Lead) -> list[Deadline]:
    """When the next step is due, and when the next warning is that nobody was in touch (L15, L16)."""
    plan = lead.follow_up
    if plan is None or lead.status is not Status.ACCEPTED:
        return []
    step = [] if plan.reminded else [Deadline("next step", plan.next.due)]
    return [*step, Deadline("silence", plan.warn_at)]


def remind_if_due(lead: Lead, now: datetime) -> Decision[Lead]:
    """The AM is reminded of a step that is due, once (L15)."""
    plan = lead.follow_up
    if plan is None or lead.am_id is None or not _has_passed("next step", lead, now):
        return lead, ()
    reminded = lead.model_copy(update={"follow_up": plan.model_copy(update={"reminded": True})})
    return reminded, (_reminder(lead, lead.am_id, plan, "next_step"),)


def warn_if_silent(
    lead: Lead, roster: Roster, now: datetime, calendar: BusinessCalendar, policy: Policy
) -> Decision[Lead]:
    """Without follow-up for seven days the AM is reminded, two days later the team lead, then the lead is released
    (L16, L17).
    """
    plan, am_id = lead.follow_up, lead.am_id
    if plan is None or am_id is None or not _has_passed("silence", lead, now):
        return lead, ()
    company = lead.capture.company
    event: EventData
    if plan.silence == 0:
        event, wait = _reminder(lead, am_id, plan, "no_follow_up"), policy.silence_to_team_lead
    elif plan.silence == 1:
        lead_of = next((each.manager_id for each in roster.members if each.member_id == am_id), None)
        event = LeadEscalated(lead_id=lead.id, company=company, am_id=am_id, team_lead_id=lead_of, since=plan.since)
        wait = policy.silence_to_release
    else:
        event = LeadReleased(lead_id=lead.id, company=company, am_id=am_id, since=plan.since)
        return _released(lead, now, calendar, policy), (event,)
    warned = plan.model_copy(update={"silence": plan.silence + 1, "warn_at": wait.after(now, calendar)})
    return lead.model_copy(update={"follow_up": warned}), (event,)


def _released(lead: Lead, now: datetime, calendar: BusinessCalendar, policy: Policy) -> Lead:
    """A lead that its AM keeps silent about is in the pool again, for others; a customer's, with intake (L17)."""
    return let_go(lead, Status.INTAKE if lead.customer else Status.POOL, now, calendar, policy)


def _when(lead: Lead, at: datetime, now: datetime) -> datetime:
    """A contact lies between the moment the AM accepted the lead and now (L16). Raises Rejected."""
    if at > now:
        raise Rejected("contact-in-the-future", "A contact is logged once it was made.", pointer="/contacted_at")
    if lead.accepted_at and at < lead.accepted_at:
        detail = f"The lead was accepted at {lead.accepted_at:%Y-%m-%dT%H:%M:%SZ}: contacts before that are not yours to log."
        raise Rejected("contact-before-acceptance", detail, pointer="/contacted_at")
    moment = at.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _planned(
    lead: Lead,
    step: int,
    last: datetime,
    now: datetime,
    calendar: BusinessCalendar,
    policy: Policy,
    sops: PublishedSops | None,
) -> FollowUp:
    if lead.grade is None:
        raise Conflict("lead-not-qualified", "A lead is qualified before it is followed up.")
    in_force = sops_in_force(sops, policy, now)
    return FollowUp(
        step=step,
        since=last,
        next=step_after(in_force, lead.grade, step, last, calendar),
        warn_at=policy.silence.after(last, calendar),
    )


def _reminder(lead: Lead, am_id: str, plan: FollowUp, about: str) -> LeadReminded:
    told = {"lead_id": lead.id, "company": lead.capture.company, "am_id": am_id, "about": about}
    return LeadReminded.model_validate({**told, "since": plan.since, "next_step": plan.next})


def _has_passed(name: str, lead: Lead, now: datetime) -> bool:
    return any(deadline.name == name and deadline.due <= now for deadline in deadlines(lead))
