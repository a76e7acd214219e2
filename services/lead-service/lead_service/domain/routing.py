"""Who gets a lead (L9, L10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dealwire.catalogue.common import Role
from dealwire.catalogue.people import MemberChanged
from dealwire.errors import Rejected
from dealwire.event import derived_id
from lead_service.domain.lead import Lead
from lead_service.domain.text import plain


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody who could get a lead, and how many open leads each AM has."""

    members: Sequence[MemberChanged]
    load: Mapping[str, int]

    def active(self, role: Role) -> list[MemberChanged]:
        """Who has that role and works here now."""
        return [member for member in self.members if member.active and role in member.roles]


@dataclass(frozen=True, slots=True)
class Assignment:
    """An AM, the SE who is copied, and why these."""

    am_id: str
    se_id: str | None
    because: tuple[str, ...]


def route(lead: Lead, roster: Roster) -> Assignment | None:
    """A lead goes to the AM of its industry with the fewest open leads, and an SE of the industry is copied (L10).

    Where nobody has the industry, the generalists (no industry of their own) are asked. Whoever let the lead lie is not
    asked again. Among AMs with equally many it is the lead that decides, so that many leads at once are spread. None when
    there is nobody.
    """
    industry = lead.capture.industry
    ams, why = _of_industry(
        industry, [member for member in roster.active(Role.AM) if member.member_id not in lead.passed_over]
    )
    if not ams:
        return None
    am = min(ams, key=lambda member: (roster.load.get(member.member_id, 0), derived_id(lead.id, member.member_id)))
    least = f"{am.name} has the fewest open leads ({roster.load.get(am.member_id, 0)}) of {len(ams)}"
    return Assignment(am.member_id, _se(lead, am.member_id, roster), (why, least))


def choose(lead: Lead, am_id: str, roster: Roster) -> Assignment:
    """Sales operations names the AM, even one who let the lead lie. Raises Rejected when that is no active AM."""
    if am_id not in {member.member_id for member in roster.active(Role.AM)}:
        raise Rejected("no-such-am", f"{am_id!r} is no active account manager.", pointer="/am_id")
    return Assignment(am_id, _se(lead, am_id, roster), ("chosen by sales operations",))


def _se(lead: Lead, am_id: str, roster: Roster) -> str | None:
    """Somebody other than the AM, who may be both."""
    others = [member for member in roster.active(Role.SE) if member.member_id != am_id]
    ses, _ = _of_industry(lead.capture.industry, others)
    return min((member.member_id for member in ses), key=lambda se_id: derived_id(lead.id, se_id), default=None)


def _of_industry(industry: str | None, members: list[MemberChanged]) -> tuple[list[MemberChanged], str]:
    if industry:
        wanted = plain(industry)
        specialists = [member for member in members if wanted in map(plain, member.industries)]
        if specialists:
            return specialists, f"works in {industry}"
    generalists = [member for member in members if not member.industries]
    return generalists, f"nobody free has the industry {industry or 'unknown'}"
