"""Who sells and in which team (X2). Other services keep a replica of these records from the events here.

The id of a member is the `sub` of its token. Membership is dated, so that a sale of last year stays with the team of
last year.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from dealwire.catalogue.common import Id, Line, Role, Value
from dealwire.catalogue.people import Absence, MemberChanged, Membership, TeamChanged
from dealwire.errors import Rejected
from dealwire.event import Decision
from kpi_service.domain.period import Period


class Team(Value):
    """A cell of the organisation and who leads it."""

    name: Line
    manager_id: Id | None = None
    region: Line | None = None


class Member(Value):
    """A person of the sales organisation; industries, regions and product lines are what leads are routed by (L9)."""

    name: Line
    roles: tuple[Role, ...]
    manager_id: Id | None = None
    memberships: Annotated[tuple[Membership, ...], Field(max_length=200)] = ()
    industries: Annotated[tuple[Line, ...], Field(max_length=200)] = ()
    regions: Annotated[tuple[Line, ...], Field(max_length=200)] = ()
    product_lines: Annotated[tuple[Line, ...], Field(max_length=200)] = ()
    active: bool = True
    absences: Annotated[tuple[Absence, ...], Field(max_length=200)] = ()
    max_open_leads: int | None = None


def put_team(team_id: str, current: Team | None, wanted: Team) -> Decision[Team]:
    """A team becomes what is put; putting it again changes nothing."""
    if wanted == current:
        return wanted, ()
    return wanted, (TeamChanged(team_id=team_id, **dict(wanted)),)


def put_member(member_id: str, current: Member | None, wanted: Member) -> Decision[Member]:
    """A member becomes what is put; putting it again changes nothing.

    A member has at least one role, a person's one, is in at most one team on a day, and an absence ends when it began
    or later.
    """
    if not wanted.roles:
        raise Rejected("member-without-role", "A member needs at least one role.", pointer="/roles")
    if Role.MACHINE in wanted.roles:
        raise Rejected("machine-is-no-member", "Members are people; a machine has a token only.", pointer="/roles")
    if wanted.manager_id == member_id:
        raise Rejected("own-manager", "Nobody is their own manager.", pointer="/manager_id")
    wanted = wanted.model_copy(
        update={
            "roles": tuple(sorted(set(wanted.roles))),
            "memberships": _in_order(wanted.memberships),
            "absences": _by_day(wanted.absences),
        }
    )
    if wanted == current:
        return wanted, ()
    return wanted, (MemberChanged(member_id=member_id, **dict(wanted)),)


def _in_order(memberships: tuple[Membership, ...]) -> tuple[Membership, ...]:
    """By day, without entries that change nothing."""
    kept: list[Membership] = []
    for entry in sorted(memberships, key=lambda entry: entry.since):
        if kept and kept[-1].since == entry.since:
            raise Rejected(
                "two-teams-on-a-day", f"On {entry.since} the member would join two teams.", pointer="/memberships"
            )
        if (kept[-1].team_id if kept else None) != entry.team_id:
            kept.append(entry)
    return tuple(kept)


def _by_day(absences: tuple[Absence, ...]) -> tuple[Absence, ...]:
    for number, absence in enumerate(absences):
        if absence.first > absence.last:
            raise Rejected(
                "absence-ends-first",
                "An absence ends on the day it begins or later.",
                pointer=f"/absences/{number}/last",
            )
    return tuple(sorted(absences, key=lambda absence: (absence.first, absence.last)))


@dataclass(frozen=True, slots=True)
class Stint:
    """Days, both ends included, on which a member belonged to a team."""

    member_id: str
    first: date
    last: date


def stints(team_id: str, members: Iterable[tuple[str, Member]], period: Period) -> tuple[Stint, ...]:
    """Who was in the team, and when, within the period."""
    found: list[Stint] = []
    for member_id, member in members:
        ends = [*(entry.since - timedelta(days=1) for entry in member.memberships[1:]), period.last]
        for entry, end in zip(member.memberships, ends, strict=False):
            first, last = max(entry.since, period.first), min(end, period.last)
            if entry.team_id == team_id and first <= last:
                found.append(Stint(member_id, first, last))
    return tuple(found)
