"""How likely two leads are one, where to look for such, and why (L3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from dealwire.catalogue.common import Contact
from dealwire.company import core, fold
from dealwire.text import plain, words
from lead_service.domain.lead import ALIVE, Capture, Lead, Status
from lead_service.domain.policy import Matching

_FREE_MAIL = frozenset(
    [
        "qq.com",
        "foxmail.com",
        "163.com",
        "126.com",
        "yeah.net",
        "139.com",
        "189.cn",
        "sina.com",
        "sina.cn",
        "sohu.com",
        "aliyun.com",
        "tom.com",
        "21cn.com",
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "yahoo.com",
        "icloud.com",
        "me.com",
        "aol.com",
        "proton.me",
        "protonmail.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "t-online.de",
        "mail.ru",
        "yandex.ru",
        "naver.com",
    ]
)
_COMPANY = "company:"
_TITLES = re.compile("(?:先生|女士|小姐|老师|经理|主任|总)$")
_MAY_BE_ONE = ALIVE | {Status.CONVERTED}
"""Leads that another may be the same as: not those that were found invalid, or are another one already."""


@dataclass(frozen=True, slots=True)
class Match:
    """How likely it is, from 0 to 100, and what speaks for it."""

    score: int
    because: tuple[str, ...]


def blocks(told: Capture) -> tuple[str, ...]:
    """What a lead is found by: its company, either half of the company's name, its person, its mail domain."""
    return (
        *company_blocks(told.company),
        f"person:{core(fold(told.company))[:1]}:{_person(told.contact)}",
        *(f"domain:{domain}" for domain in _domain(told.contact)),
    )


def company_block(name: str) -> str:
    """What all leads of a company have in common."""
    return f"{_COMPANY}{fold(name)}"


def company_blocks(name: str) -> tuple[str, ...]:
    """What a company is found by: its name, and either half of it."""
    bare = core(fold(name))
    half = _half(len(bare))
    return company_block(name), f"head:{bare[:half]}", f"tail:{bare[half:]}"


def near(told: Capture) -> tuple[str, ...]:
    """Where to look for leads that may be this one."""
    return tuple(dict.fromkeys((*blocks(told), *near_companies(told.company))))


def near_companies(name: str) -> tuple[str, ...]:
    """Where to look for a company: a letter wrong, missing or too many leaves one half of its name as it is (L3)."""
    bare = core(fold(name))
    lengths = range(max(1, len(bare) - 1), len(bare) + 2)
    heads = (f"head:{bare[: _half(length)]}" for length in lengths)
    tails = (f"tail:{bare[len(bare) - (length - _half(length)) :]}" for length in lengths)
    return tuple(dict.fromkeys((company_block(name), *heads, *tails)))


def may_be_one(blocks: Sequence[str], others: Sequence[str], points: Matching) -> bool:
    """Whether two leads with these blocks can be likely enough the same: most are ruled out by the blocks alone."""
    if points.person + points.region + points.title >= points.suggest_from:  # neither company nor mail domain is needed
        return True
    shared = set(blocks).intersection(others)
    if any(block.startswith("domain:") for block in shared):
        return True
    return any(alike_folded(one, other, points) for one in _companies(blocks) for other in _companies(others))


def alike(one: str, other: str, points: Matching) -> int:
    """How alike two companies' names are, from 0 to 100; below `alike_from` it is chance, and counts as 0."""
    return alike_folded(fold(one), fold(other), points)


def alike_folded(first: str, second: str, points: Matching) -> int:
    """The same of names that are folded."""
    if first == second:
        return 100
    shorter, longer = sorted((core(first), core(second)), key=len)
    likeness = max(
        fuzz.ratio(first, second),
        fuzz.ratio(shorter, longer) - points.other_place,
        points.contained if longer.startswith(shorter) and len(longer) <= 2 * len(shorter) else 0,
    )
    return int(likeness) if likeness >= points.alike_from else 0


def compare(one: Capture, other: Capture, points: Matching) -> Match:
    """How likely two captures tell of one customer: company or mail domain, person, region and title speak for it (L3)."""
    company = alike(one.company, other.company, points)
    domain = set(_domain(one.contact)) & set(_domain(other.contact))
    person = int(fuzz.ratio(_person(one.contact), _person(other.contact)))
    score = max(points.company * company / 100, points.domain if domain else 0)
    because = []
    if company:
        because.append("the company is the same" if company == 100 else f"the companies are {company} % alike")  # noqa: PLR2004
    if domain:
        score += points.company_and_domain if company else 0
        because.append(f"both write from {min(domain)}")
    if person >= points.person_from:
        score += points.person * person / 100
        because.append(f"{one.contact.name} and {other.contact.name} are {person} % alike")
    for what, mine, theirs, worth in (
        ("are in", one.region, other.region, points.region),
        ("are", one.contact.title, other.contact.title, points.title),
    ):
        if mine and theirs and plain(mine) == plain(theirs):
            score += worth
            because.append(f"both {what} {mine}")
    return Match(min(round(score), 100), tuple(because))


def suggestions(lead: Lead, others: Iterable[Lead], points: Matching) -> list[tuple[Lead, Match]]:
    """Leads that are likely enough the same, the likeliest first; and any of its company that another AM has (L3)."""
    found = []
    for other in others:
        if other.id == lead.id or other.status not in _MAY_BE_ONE or lead.status not in _MAY_BE_ONE:
            continue
        match = compare(lead.capture, other.capture, points)
        if two_ams(lead, other):
            match = Match(match.score, (*match.because, f"{lead.am_id} has the one and {other.am_id} the other"))
        if is_likely(lead, other, match, points):
            found.append((other, match))
    return sorted(found, key=lambda each: (-each[1].score, each[0].captured_at, each[0].id))[: points.per_lead]


def is_likely(one: Lead, other: Lead, match: Match, points: Matching) -> bool:
    """Whether two leads that match so well are worth a person's look (L3)."""
    return match.score >= points.suggest_from or two_ams(one, other)


def are_likely(one: Lead, other: Lead, points: Matching) -> bool:
    """Whether two leads, as they are known now, are likely enough the same (L3)."""
    return is_likely(one, other, compare(one.capture, other.capture, points), points)


def newer_first(one: Lead, other: Lead) -> tuple[Lead, Lead]:
    """Of two leads the one that came later, then the one that was there."""
    older, newer = sorted((one, other), key=lambda lead: (lead.captured_at, lead.id))
    return newer, older


def two_ams(one: Lead, other: Lead) -> bool:
    """One customer never has two AMs (L3): these two leads are of one company, and two AMs have them."""
    same = company_block(one.capture.company) == company_block(other.capture.company)
    return same and None not in (one.am_id, other.am_id) and one.am_id != other.am_id


def same_person(one: Contact, other: Contact) -> bool:
    """Whether two contacts name one person, in any order of the words and however they are addressed (L3)."""
    return _person(one) == _person(other)


def _companies(blocks: Iterable[str]) -> Iterator[str]:
    """The folded names of companies that blocks tell of."""
    return (block.removeprefix(_COMPANY) for block in blocks if block.startswith(_COMPANY))


def _half(length: int) -> int:
    return -(-length // 2)


def _person(contact: Contact) -> str:
    """A person's name in any order of its words, without how they are addressed."""
    name = "".join(sorted(words(plain(contact.name)))) or plain(contact.name)
    bare = _TITLES.sub("", name)
    return bare if len(bare) > 1 else name


def _domain(contact: Contact) -> tuple[str, ...]:
    """The mail domain, unless anybody can have an address there."""
    domain = (contact.email or "").rpartition("@")[2]
    return (domain,) if domain and domain not in _FREE_MAIL else ()
