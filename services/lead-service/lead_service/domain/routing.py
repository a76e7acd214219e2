"""Who gets a lead, and why (L9, L10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from dealwire.catalogue.common import Grade, Role
from dealwire.catalogue.lead_rules import Expertise, RoutingCondition, RoutingRule, RoutingTarget
from dealwire.catalogue.people import MemberChanged
from dealwire.errors import Rejected
from dealwire.event import derived_id
from dealwire.text import term
from lead_service.domain.lead import Lead
from lead_service.domain.routing_rules import BUILT_IN, RoutingVersion

_OWN: Mapping[Expertise, Callable[[MemberChanged], tuple[str, ...]]] = {
    Expertise.INDUSTRY: lambda member: member.industries,
    Expertise.REGION: lambda member: member.regions,
    Expertise.PRODUCT_LINE: lambda member: member.product_lines,
}


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody who could get a lead, how many open leads each AM has, the day it is, and the rules in force."""

    members: Sequence[MemberChanged]
    load: Mapping[str, int]
    day: date | None = None
    routing: RoutingVersion = BUILT_IN

    def active(self, role: Role) -> list[MemberChanged]:
        """Who has that role and is here: whoever has left or is absent that day gets no lead (L9)."""
        return [member for member in self.of(role) if not self.away(member)]

    def of(self, role: Role) -> list[MemberChanged]:
        """Who has that role and works here, absent or not."""
        return [member for member in self.members if member.active and role in member.roles]

    def away(self, member: MemberChanged) -> date | None:
        """The last day of the absence that the day is in."""
        days = (each.last for each in member.absences if self.day and each.first <= self.day <= each.last)
        return max(days, default=None)

    def team(self, member: MemberChanged) -> str | None:
        """The team that the member belongs to that day (X2)."""
        begun = [each for each in member.memberships if self.day and each.since <= self.day]
        return max(begun, key=lambda each: each.since).team_id if begun else None

    def is_full(self, member: MemberChanged) -> bool:
        """Whether the member has as many open leads as may be."""
        return member.max_open_leads is not None and self.load.get(member.member_id, 0) >= member.max_open_leads


@dataclass(frozen=True, slots=True)
class Prospect:
    """What the routing looks at in a lead, there or imagined; `id` lets leads differ in who gets them."""

    id: str
    industry: str | None = None
    region: str | None = None
    product_line: str | None = None
    size: int | None = None
    grade: Grade | None = None
    customers_am: str | None = None
    passed_over: tuple[str, ...] = ()

    @classmethod
    def of(cls, lead: Lead) -> Prospect:
        """What the routing looks at in this lead."""
        told = lead.capture
        return cls(
            id=lead.id,
            industry=told.industry,
            region=told.region,
            product_line=told.product_line,
            size=told.size,
            grade=lead.grade,
            customers_am=lead.customers_am,
            passed_over=lead.passed_over,
        )

    def about(self, expertise: Expertise) -> str | None:
        """What a member would have to be an expert in."""
        value: str | None = getattr(self, expertise.value)
        return value


@dataclass(frozen=True, slots=True)
class Assignment:
    """An AM, the SE who is copied, and why these: the version of the routing and its rule, when it was the routing."""

    am_id: str
    se_id: str | None
    because: tuple[str, ...]
    routing: str | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a rule: one sentence, the AMs who are free, and a sentence for each who is not."""

    rule: str
    because: str
    free: tuple[str, ...] = ()
    not_free: tuple[str, ...] = ()
    applies: bool = True


@dataclass(frozen=True, slots=True)
class Explanation:
    """Who would get a lead, None when nobody would, and every rule that was tried to find out."""

    to: Assignment | None
    tried: tuple[Tried, ...] = field(default=())


def route(lead: Lead, roster: Roster) -> Assignment | None:
    """Rules are tried in order; the first that finds a free AM routes the lead (L9). None when none does.

    As built in: a lead of a customer goes to that customer's AM, another to the AM of its industry with the fewest open
    leads, and where nobody has the industry to a generalist; an SE of the industry is copied (L10).
    """
    return explain(Prospect.of(lead), roster).to


def explain(lead: Prospect, roster: Roster) -> Explanation:
    """Every rule tried, up to the one that finds somebody.

    Whoever let the lead lie, is absent or has as many leads as may be is not free. Of those who are it is the one with
    the fewest open leads; among AMs with equally many the lead decides, so that many leads at once are spread.
    """
    tried: list[Tried] = []
    for rule in roster.routing.rules:
        one = _try(rule, lead, roster)
        tried.append(one)
        if one.free:
            free = [member for member in roster.members if member.member_id in one.free]
            am = min(free, key=lambda member: (_load(member, roster), derived_id(lead.id, member.member_id)))
            in_vain = (each.because for each in tried[:-1] if each.applies)
            least = f"{am.name} has the fewest open leads ({_load(am, roster)}) of {len(free)}"
            because = (*in_vain, one.because, least)
            found = Assignment(am.member_id, _se(lead, am.member_id, roster), because, roster.routing.label, rule.name)
            return Explanation(found, tuple(tried))
    return Explanation(None, tuple(tried))


def customers_own(customers_am: str | None, roster: Roster) -> MemberChanged | None:
    """The customer's AM, if that one works here."""
    return next((member for member in roster.of(Role.AM) if member.member_id == customers_am), None)


def is_anothers(customers_am: str | None, am_id: str, roster: Roster) -> bool:
    """One customer never has two AMs: while the customer's works here, nobody else gets its leads (L3)."""
    own = customers_own(customers_am, roster)
    return own is not None and own.member_id != am_id


def choose(lead: Lead, am_id: str, roster: Roster) -> Assignment:
    """Sales operations names the AM, for a customer's lead one who stands in while the customer's AM is absent (L3,
    L9).

    Raises Rejected when that is no active AM, or one who is absent.
    """
    named = next((member for member in roster.of(Role.AM) if member.member_id == am_id), None)
    if named is None:
        raise Rejected("no-such-am", f"{am_id!r} is no active account manager.", pointer="/am_id")
    if until := roster.away(named):
        raise Rejected("am-absent", f"{named.name} is absent until {until}.", pointer="/am_id")
    own = customers_own(lead.customers_am, roster)
    if own is None or own is named:
        because = "chosen by sales operations"
    elif until := roster.away(own):
        because = f"stands in for {own.name}, who is absent until {until}"
    else:
        detail = f"{own.name} is the customer's AM, and works on its leads."
        raise Rejected("customer-has-an-am", detail, pointer="/am_id")
    return Assignment(am_id, _se(Prospect.of(lead), am_id, roster), (because,))


def _try(rule: RoutingRule, lead: Prospect, roster: Roster) -> Tried:
    if (mismatch := _mismatch(rule.when, lead)) or (mismatch := _unknown(rule.to, lead)):
        return Tried(rule.name, mismatch, applies=False)
    ams = [member for member in roster.of(Role.AM) if not is_anothers(lead.customers_am, member.member_id, roster)]
    asked = [member for member in ams if _is_for(rule.to, member, lead, roster)]
    busy = {member.member_id: why for member in asked if (why := _not_free(member, lead, roster))}
    free = tuple(member.member_id for member in asked if member.member_id not in busy)
    whom = " and ".join(_whom(rule.to, lead)) or "any AM"
    return Tried(rule.name, whom if free else f"nobody free {whom}", free, tuple(busy.values()))


def _mismatch(when: RoutingCondition, lead: Prospect) -> str | None:
    """Why a rule is not for a lead; None when it is."""
    wanted: Iterable[tuple[str, str | None, Sequence[str]]] = (
        ("industry", lead.industry, when.industries),
        ("region", lead.region, when.regions),
        ("product line", lead.product_line, when.product_lines),
        ("grade", lead.grade, when.grades),
    )
    for what, value, fitting in wanted:
        if fitting and (value is None or term(value) not in map(term, fitting)):
            return f"for {what} {' or '.join(fitting)}; the lead's is {value or 'not known'}"
    if when.size_from is not None and (lead.size is None or lead.size < when.size_from):
        return f"for {when.size_from} employees and more; the lead has {_number(lead.size)}"
    if when.size_to is not None and (lead.size is None or lead.size > when.size_to):
        return f"for up to {when.size_to} employees; the lead has {_number(lead.size)}"
    if when.customer is not None and when.customer is not bool(lead.customers_am):
        return "for customers there are; this is none" if when.customer else "for new customers; this is one already"
    return None


def _unknown(to: RoutingTarget, lead: Prospect) -> str | None:
    """Why nobody can be meant by a target: the lead does not say what they would have to be experts in."""
    missing = next((each for each in to.experts if lead.about(each) is None), None)
    if missing:
        return f"the lead's {_words(missing)} is not known"
    return "the lead is of no customer there is" if to.customers_am and lead.customers_am is None else None


def _is_for(to: RoutingTarget, member: MemberChanged, lead: Prospect, roster: Roster) -> bool:
    """Whether a target means this AM."""
    return (
        all(term(lead.about(each) or "") in map(term, _OWN[each](member)) for each in to.experts)
        and not any(_OWN[each](member) for each in to.generalists)
        and (not to.members or member.member_id in to.members)
        and (not to.teams or roster.team(member) in to.teams)
        and (to.role is None or to.role in member.roles)
        and (not to.customers_am or member.member_id == lead.customers_am)
    )


def _whom(to: RoutingTarget, lead: Prospect) -> Iterable[str]:
    """Whom a target means, in words that follow on a name."""
    if to.customers_am:
        yield "is the AM of this customer"
    if to.experts:
        yield f"works in {' and '.join(lead.about(each) or '' for each in to.experts)}"
    if to.generalists:
        yield f"has no {' or '.join(map(_words, to.generalists))} of their own"
    if to.role:
        yield f"is a {_words(to.role)}"
    if to.teams:
        yield f"belongs to {' or '.join(to.teams)}"
    if to.members:
        yield "is named by the rule"


def _not_free(member: MemberChanged, lead: Prospect, roster: Roster) -> str | None:
    if until := roster.away(member):
        return f"{member.name} is absent until {until}"
    if member.member_id in lead.passed_over:
        return f"{member.name} let the lead lie"
    if roster.is_full(member):
        return f"{member.name} has {_load(member, roster)} open leads, as many as may be"
    return None


def _se(lead: Prospect, am_id: str, roster: Roster) -> str | None:
    """An SE of the industry, a generalist where there is none; somebody other than the AM, who may be both."""
    others = [member for member in roster.active(Role.SE) if member.member_id != am_id]
    of_industry = RoutingTarget(experts=(Expertise.INDUSTRY,)) if lead.industry else None
    ses = [member for member in others if of_industry and _is_for(of_industry, member, lead, roster)]
    ses = ses or [member for member in others if not member.industries]
    return min((member.member_id for member in ses), key=lambda se_id: derived_id(lead.id, se_id), default=None)


def _load(member: MemberChanged, roster: Roster) -> int:
    return roster.load.get(member.member_id, 0)


def _number(size: int | None) -> str:
    return "a number not known" if size is None else str(size)


def _words(name: str) -> str:
    return name.replace("_", " ")
