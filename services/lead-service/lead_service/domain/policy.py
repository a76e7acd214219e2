"""The numbers of the rules; a deployment changes them through its settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.common import Grade, Line
from dealwire.catalogue.lead import Contacted, Fact


def _dialled(region: str) -> str:
    if region not in SUPPORTED_REGIONS:
        raise ValueError(f"nobody dials in {region!r}: it takes an ISO 3166 code such as CN or GB")
    return region


_MOST_BUSINESS_HOURS = 240

Percent = Annotated[int, Field(ge=0, le=100)]


class Span(BaseModel):
    """How long something takes, and by which clock: `wall` always runs, `business` only while people work (X9)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: Annotated[float, Field(gt=0, le=9600)]
    time: Literal["wall", "business"] = "wall"

    @model_validator(mode="after")
    def _can_be_counted(self) -> Self:
        if self.time == "business" and self.hours > _MOST_BUSINESS_HOURS:
            raise ValueError(f"more than {_MOST_BUSINESS_HOURS} business hours may be more than there are in a year")
        return self

    def after(self, start: datetime, calendar: BusinessCalendar) -> datetime:
        """When it is over."""
        return start + timedelta(hours=self.hours) if self.time == "wall" else calendar.add(start, self.hours)


def days(number: float) -> Span:
    """Days of wall time."""
    return Span(hours=24 * number)


class Window(Span):
    """A span that may be none at all."""

    hours: Annotated[float, Field(ge=0, le=9600)]


class Matching(BaseModel):
    """When two leads are likely one (L3): points that add up to at most 100, and percentages of likeness."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    company: Percent = 60
    """For the same company; for one alike as many percent of it."""
    domain: Percent = 48
    """For the same mail domain where the companies are not alike."""
    company_and_domain: Percent = 15
    """For the same mail domain on top of companies alike."""
    person: Percent = 30
    """For the same person; for one alike as many percent of it."""
    region: Percent = 5
    title: Percent = 5
    alike_from: Percent = 70
    """Names of companies less alike than that are so by chance."""
    person_from: Percent = 85
    """Names of people less alike than that are two people's."""
    other_place: Percent = 10
    """What another place in front of a company's name takes from its likeness."""
    contained: Percent = 80
    """How alike a company's name is to one that only goes on after it."""
    suggest_from: Percent = 75
    """Points from which a lead is suggested as a duplicate."""
    customer_from: Percent = 85
    """Likeness from which a customer is suggested as the lead's company."""
    per_lead: Annotated[int, Field(ge=1, le=20)] = 3
    """Suggestions at a time."""
    per_block: Annotated[int, Field(ge=1, le=500)] = 50
    """Leads looked at that have one thing in common, the newest first: what keeps the cost flat."""


class SopStep(BaseModel):
    """What an AM does, so long after the contact before it, and to what end (L15)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: Span
    channel: Contacted
    content: Line


Sop = Annotated[tuple[SopStep, ...], Field(min_length=1, max_length=50)]
"""A grade's follow-up, step by step; the last one is repeated for as long as it takes."""


def _step(after_days: float, channel: Contacted, content: str) -> SopStep:
    return SopStep(after=days(after_days), channel=channel, content=content)


class Policy(BaseModel):
    """Defaults are those of requirements L4, L7, L8 and L13."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    acceptance_hours: Annotated[float, Field(gt=0, le=240)] = 2
    """Hours an AM has to accept (L13)."""
    acceptance_time: Literal["wall", "business"] = "business"
    """By which clock they are counted (L13, X9)."""
    phone_region: Annotated[str, AfterValidator(_dialled)] = "CN"
    """Where a number without a country code is dialled (L3)."""
    import_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 200_000
    """The most rows that an import takes (L1)."""
    broken_off_minutes: Annotated[float, Field(gt=0, le=1440)] = 15
    """An upload whose rows came in so long ago, and that no import has, broke off (L1)."""
    form_by_address: Annotated[int, Field(ge=1, le=10_000)] = 10
    """How often a minute (wall time) one address may send one web form (L1)."""
    form_by_all: Annotated[int, Field(ge=1, le=100_000)] = 600
    """How often a minute (wall time) everybody together may send one web form (L1)."""
    score_weights: tuple[Percent, Percent, Percent, Percent] = (30, 25, 30, 15)
    """Points for budget, authority, need and timeline at 100 each (L7)."""
    confirmed: Percent = 70
    """From here on a BANT answer counts as confirmed (L8)."""
    latent: Percent = 40
    """Below this a need is only latent (L8)."""
    required_facts: Annotated[tuple[Fact, ...], Field(max_length=10)] = ("industry", "region", "size")
    """What has to be known of every lead (L4)."""
    completion: Span = days(1)
    """Within which these are to be completed (L4)."""
    grab_window: Window = Window(hours=0.25)
    """How long others may bid after the first who did; with none the first bid wins (L11)."""
    grab_weights: tuple[Percent, Percent] = (50, 50)
    """What response speed and past performance count in a grab (L11)."""
    unrated: Percent = 50
    """The performance of somebody whom nothing is known of (L11)."""
    claim_limit: Annotated[int, Field(ge=1, le=1000)] = 20
    """How many leads from the pool an AM may have at work at once (L11)."""
    reclaim_cooldown: Span = days(7)
    """How long an AM who let a lead go cannot have it from the pool (L11)."""
    sops: Mapping[Grade, Sop] = {
        Grade.A: (
            _step(1, "call", "Confirm budget, decision chain and timeline; agree on a meeting"),
            _step(2, "meeting", "Present the solution for the need that was told"),
            _step(2, "mail", "Send the minutes, a reference case and the next step"),
            _step(3, "call", "Clear open questions and ask for the decision"),
        ),
        Grade.B: (
            _step(1, "call", "Understand the need and who decides on the budget"),
            _step(3, "mail", "Send a case of the same industry with its return"),
            _step(5, "call", "Ask what changed in budget and timeline"),
        ),
        Grade.C: (
            _step(2, "mail", "Introduce ourselves with a case of the same industry"),
            _step(6, "message", "Stay in touch: news and events that fit"),
        ),
    }
    """How leads are followed up, by grade (L14, L15)."""
    silence: Span = days(7)
    """Without follow-up for longer than that, the AM is reminded (L16)."""
    silence_to_team_lead: Span = days(2)
    """And when so long after nobody was in touch either, the team lead is told (L16)."""
    silence_to_release: Span = days(21)
    """And when so long after that nobody was in touch either, the lead is in the pool again (L17)."""
    nurture_every_days: Annotated[float, Field(gt=0, le=366)] = 30
    """How often somebody with a latent need gets case material (L12), in wall time."""
    nurture_material: Annotated[tuple[Line, ...], Field(min_length=1, max_length=50)] = (
        "A customer's case of the same industry",
        "A guide to what the need costs while it is not met",
        "An invitation to the next event",
    )
    """Which, unless sales operations chose something for the lead (L12)."""
    archive: Span = days(180)
    """A lead that nobody has and that nothing new is heard of for so long is archived (L17)."""

    matching: Matching = Matching()
    """When two leads are likely one (L3)."""

    @property
    def acceptance(self) -> Span:
        """How long an AM has to accept (L13)."""
        return Span(hours=self.acceptance_hours, time=self.acceptance_time)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.latent > self.confirmed:
            raise ValueError("a need that is latent cannot be confirmed: `latent` must not be above `confirmed`")
        if not any(self.grab_weights):
            raise ValueError("nobody can be told from another when neither `grab_weights` counts")
        if missing := set(Grade) - set(self.sops):
            raise ValueError(f"every grade is followed up, and `sops` has nothing for {', '.join(sorted(missing))}")
        return self
