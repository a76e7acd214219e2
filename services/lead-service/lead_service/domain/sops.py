"""How leads are followed up and nurtured, as it is published: versions that never change (L12, L14, L15, X8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.common import Grade
from dealwire.catalogue.lead import NextStep
from dealwire.catalogue.lead_rules import CaseMaterial, SopsPublished
from dealwire.errors import Rejected
from dealwire.event import Decision
from lead_service.domain.policy import Policy, Sop
from lead_service.domain.versions import BEGINNING, Published, RuleVersion, current, stamp, with_room


class SopVersion(RuleVersion):
    """A version of the SOPs: the steps of each grade, and the usual case material of a lead in nurture."""

    kind: ClassVar[str] = "sops"

    follow_up: Mapping[Grade, Sop]
    nurture: CaseMaterial


class PublishedSops(Published[SopVersion]):
    """All published versions of the SOPs, the oldest first."""


def built_in(policy: Policy) -> SopVersion:
    """The SOPs of the policy: what is followed until something else is published (L14)."""
    return SopVersion(
        version=1,
        effective_from=BEGINNING,
        published_at=BEGINNING,
        follow_up=policy.sops,
        nurture=CaseMaterial(material=policy.nurture_material, every_days=policy.nurture_every_days),
    )


def publish(
    known: PublishedSops | None,
    follow_up: Mapping[Grade, Sop],
    nurture: CaseMaterial,
    effective_from: datetime | None,
    note: str | None,
    now: datetime,
) -> Decision[PublishedSops]:
    """A published version of the SOPs is never changed; the next one replaces it from a date on (L14, X8)."""
    must_make_sense(follow_up)
    version = SopVersion(follow_up=follow_up, nurture=nurture, **stamp(known, effective_from, note, now))
    event = SopsPublished.model_validate(version.model_dump())
    return PublishedSops(versions=(*with_room(known.versions if known else (), now), version)), (event,)


def must_make_sense(follow_up: Mapping[Grade, Sop]) -> None:
    """Every grade is followed up. Raises Rejected."""
    for grade in Grade:
        if grade not in follow_up:
            raise Rejected("grade-left-out", f"{grade} leads are followed up, too.", pointer=f"/follow_up/{grade}")


def sops_in_force(published: PublishedSops | None, policy: Policy, now: datetime) -> SopVersion:
    """The version that plans follow now, which is the one built in until another has begun."""
    return current(built_in(policy), published, now)


def step_after(sops: SopVersion, grade: Grade, contacts: int, last: datetime, calendar: BusinessCalendar) -> NextStep:
    """Each contact is followed by the next step of the grade's SOP, and the last step is repeated (L14, L15)."""
    steps = sops.follow_up[grade]
    wanted = steps[min(contacts, len(steps) - 1)]
    due = wanted.after.after(last, calendar)
    return NextStep(channel=wanted.channel, content=wanted.content, due=due, sops=sops.label)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of case material, and when it is due."""

    material: str
    due: datetime


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The steps of an SOP with the moments they are due, and for a C lead the case material until an AM has it."""

    follow_up: tuple[NextStep, ...]
    nurture: tuple[Piece, ...]


def foresee(sops: SopVersion, grade: Grade, now: datetime, calendar: BusinessCalendar) -> Foreseen:
    """A dry run says what would be asked for of a lead of some grade, each step taken the moment it is due (L12, L15).

    The lead is accepted now; a C lead goes into nurture now.
    """
    steps, last = [], now
    for contacts in range(len(sops.follow_up[grade])):
        step = step_after(sops, grade, contacts, last, calendar)
        steps.append(step)
        last = step.due
    every, material = timedelta(days=sops.nurture.every_days), sops.nurture.material if grade is Grade.C else ()
    return Foreseen(tuple(steps), tuple(Piece(each, now + number * every) for number, each in enumerate(material, 1)))
