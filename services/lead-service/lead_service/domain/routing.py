"""Who gets a lead (L9, L10)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from pydantic import BaseModel, ConfigDict

from dealwire.catalogue.common import Role
from dealwire.catalogue.people import MemberChanged
from dealwire.errors import Rejected


class Assignment(BaseModel):
    """An AM, the SE who is copied, and why these."""

    model_config = ConfigDict(frozen=True)

    am_id: str
    se_id: str | None
    because: tuple[str, ...]


def route(
    industry: str | None,
    members: Iterable[MemberChanged],
    load: Mapping[str, int],
    passed_over: Collection[str] = (),
) -> Assignment | None:
    """An A lead goes to the AM of its industry with the fewest open leads, and an SE of the industry is copied (L10).

    Where nobody has the industry, the generalists (no industry of their own) are asked. `load` is the number of open
    leads by member, `passed_over` those who let the lead lie. None when there is nobody.
    """
    present = [member for member in members if member.active]
    ams = [member for member in present if Role.AM in member.roles and member.member_id not in passed_over]
    ams, why = _of_industry(industry, ams)
    if not ams:
        return None
    am = min(ams, key=lambda member: (load.get(member.member_id, 0), member.member_id))
    least = f"{am.name} has the fewest open leads ({load.get(am.member_id, 0)}) of {len(ams)}"
    return Assignment(am_id=am.member_id, se_id=_se(industry, present), because=(why, least))


def choose(am_id: str, industry: str | None, members: Iterable[MemberChanged]) -> Assignment:
    """Sales operations names the AM. Raises Rejected when that is no active AM."""
    present = [member for member in members if member.active]
    if not any(member.member_id == am_id and Role.AM in member.roles for member in present):
        raise Rejected("no-such-am", f"{am_id!r} is no active account manager.", pointer="/am_id")
    return Assignment(am_id=am_id, se_id=_se(industry, present), because=("chosen by sales operations",))


def _se(industry: str | None, present: list[MemberChanged]) -> str | None:
    ses, _ = _of_industry(industry, [member for member in present if Role.SE in member.roles])
    return min((member.member_id for member in ses), default=None)


def _of_industry(industry: str | None, members: list[MemberChanged]) -> tuple[list[MemberChanged], str]:
    wanted = industry.casefold() if industry else None
    specialists = [member for member in members if wanted in {each.casefold() for each in member.industries}]
    if specialists:
        return specialists, f"works in {industry}"
    return [
        member for member in members if not member.industries
    ], f"nobody free has the industry {industry or 'unknown'}"
