"""Leads in the states that tests start from, made by the ordinary commands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.common import Channel, Contact, Money, Role
from dealwire.catalogue.lead import Bant
from dealwire.catalogue.people import MemberChanged
from dealwire.event import Decision
from lead_service.domain.archive import archive
from lead_service.domain.grab import Bidders
from lead_service.domain.intake import capture, discard, withdraw
from lead_service.domain.lead import Capture, Lead
from lead_service.domain.merging import merge
from lead_service.domain.policy import Policy
from lead_service.domain.progress import accept, assign, convert, qualify
from lead_service.domain.routing import Roster

CALENDAR = BusinessCalendar(zone="Asia/Shanghai", country="CN", opens=time(9), closes=time(18))
POLICY = Policy()
MONDAY_10H = datetime(2025, 3, 10, 2, tzinfo=UTC)
MONDAY_12H = datetime(2025, 3, 10, 4, tzinfo=UTC)

LI, CHEN, WANG = "am.li", "am.chen", "se.wang"
PHONE, EMAIL = "+8613800138000", "wang.fang@example.com"


def a_contact(**changes: Any) -> Contact:
    return Contact(**{"name": "王芳", "phone": PHONE, "email": EMAIL} | changes)


def a_capture(**changes: Any) -> Capture:
    facts = {
        "company": "协和医疗有限公司",
        "contact": a_contact(),
        "channel": Channel.EXPO,
        "campaign": "CMEF 2025",
        "cost": Money(minor=18_000, currency="CNY"),
        "industry": "medical",
        "region": "华东",
        "need": "Twenty gateways by June",
    }
    return Capture(**facts | changes)


def bant(budget: int = 90, authority: int = 80, need: int = 90, timeline: int = 50) -> Bant:
    return Bant(budget=budget, authority=authority, need=need, timeline=timeline)


ANSWERS = {"A": bant(), "B": bant(budget=20), "C": bant(need=10)}
"""BANT answers that make the grade."""


def a_member(id: str = LI, *roles: Role, industries: tuple[str, ...] = ("medical",), **changes: Any) -> MemberChanged:
    return MemberChanged(member_id=id, name=id, roles=roles or (Role.AM,), industries=industries, **changes)


def a_roster(*members: MemberChanged, load: Mapping[str, int] | None = None) -> Roster:
    """Those members; none named: two AMs and an SE for medical customers."""
    return Roster(members or (a_member(LI), a_member(CHEN), a_member(WANG, Role.SE)), load or {})


NOBODY = Roster((), {})
UNKNOWN = Bidders({}, frozenset())
"""Of nobody's performance anything is known, and everybody's places are free."""


def a_lead(id: str = "lead-1", grade: str | None = None, **told: Any) -> Lead:
    """In intake, or after qualifying with nobody there to take it."""
    lead, _ = capture(id, a_capture(**told), MONDAY_10H, CALENDAR, POLICY)
    return qualify(lead, ANSWERS[grade], NOBODY, MONDAY_10H, CALENDAR, POLICY)[0] if grade else lead


def assigned(lead: Lead, am_id: str | None = None, roster: Roster | None = None, **policy: Any) -> Decision[Lead]:
    """What assigning on Monday at ten decides, under a policy that differs in so much."""
    return assign(lead, am_id, roster or a_roster(), MONDAY_10H, CALENDAR, POLICY.model_copy(update=policy))


def an_assigned_lead(am_id: str = LI, grade: str = "A", **told: Any) -> Lead:
    """Assigned on Monday at ten, to be accepted by noon."""
    return assigned(a_lead(grade=grade, **told), am_id)[0]


def an_accepted_lead(am_id: str = LI, **told: Any) -> Lead:
    return accept(an_assigned_lead(am_id, **told), am_id, MONDAY_10H, CALENDAR, POLICY)[0]


def a_converted_lead(am_id: str = LI, **told: Any) -> Lead:
    return convert(an_accepted_lead(am_id, **told), am_id)[0]


def a_discarded_lead(reason: str = "no such company") -> Lead:
    return discard(a_lead(), reason)[0]


def a_withdrawn_lead() -> Lead:
    return withdraw(a_lead(), "the wrong file", CALENDAR)[0]


def an_archived_lead(reason: str = "no budget this year") -> Lead:
    return archive(a_lead(), reason)[0]


def a_merged_lead(into: str = "lead-9") -> Lead:
    return merge(a_lead(), into)[0]


EVERY_STATUS = {
    lead.status: lead
    for lead in (
        a_lead(),
        a_lead(grade="B"),
        a_lead(grade="C"),
        an_assigned_lead(),
        an_accepted_lead(),
        a_converted_lead(),
        a_discarded_lead(),
        an_archived_lead(),
        a_withdrawn_lead(),
        a_merged_lead(),
    )
}
"""One lead in each status there is."""
