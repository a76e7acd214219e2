"""What goes in and out of the routes of leads."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dealwire.catalogue.common import Channel, Contact, Grade, Id, Line, Money, Text
from dealwire.catalogue.lead import Bant, Fact, Facts, NextStep, ScoreReason, Verdict
from dealwire.kit.store import Record
from dealwire.kit.web.bodies import Body
from dealwire.kit.web.records import record_headers
from lead_service.domain.completion import missing
from lead_service.domain.facets import Nurture
from lead_service.domain.lead import WITH_SALES_OPS, AccountLink, Lead, Status

Answer = Annotated[int, Field(ge=0, le=100, strict=True, description="0: nothing known, 100: confirmed.")]


Uscc = Annotated[Line, Field(description="Unified social credit code of a Chinese company.")]


class ContactBody(Body):
    """At least one of phone and e-mail."""

    name: Line
    phone: Annotated[str, StringConstraints(max_length=40)] | None = None
    email: Annotated[str, StringConstraints(max_length=254)] | None = None
    title: Line | None = None


class CostBody(Money):
    """What the capture cost."""

    model_config = ConfigDict(extra="forbid")


class CaptureBody(Body):
    """What a channel told about a stranger."""

    company: Line
    contact: ContactBody
    channel: Channel
    campaign: Line | None = None
    cost: CostBody | None = None
    industry: Line | None = None
    region: Line | None = None
    size: Annotated[int, Field(ge=1, le=10_000_000, strict=True, description="Number of employees.")] | None = None
    product_line: Line | None = None
    uscc: Uscc | None = None
    need: Text | None = None


class PersonBody(Body):
    """What was found out about the person; what is left out stays as it is."""

    name: Line | None = None
    phone: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)] | None = None
    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)] | None = None
    title: Line | None = None


class FactsBody(Facts):
    """What was found out; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    uscc: Uscc | None = None
    contact: PersonBody = PersonBody()


class QualifyBody(Body):
    """BANT: budget, authority, need and timeline."""

    budget: Answer
    authority: Answer
    need: Answer
    timeline: Answer


class AssignBody(Body):
    """Who gets the lead; left out, the routing finds somebody. `again`: even if they let it lie before."""

    am_id: Id | None = None
    again: bool = False


class DiscardBody(Body):
    """Why the lead is invalid."""

    reason: Annotated[Text, StringConstraints(min_length=1)]


class CaptureView(BaseModel):
    """Which lead a capture ended in, and no more: whoever may capture need not be allowed to read."""

    id: str
    version: int
    status: Status
    captures: Annotated[int, Field(ge=1, description="How often this person came in; 1: for the first time.")]


class LeadView(BaseModel):
    """A lead as callers see it."""

    id: str
    version: int
    status: Status
    company: str
    contact: Contact
    channel: Channel
    campaign: str | None
    cost: Money | None
    industry: str | None
    region: str | None
    size: int | None
    product_line: str | None
    uscc: str | None
    need: str | None
    captured_at: datetime
    captures: int
    missing: Annotated[tuple[Fact, ...], Field(description="Facts still to be completed.")]
    complete_by: datetime | None
    customer: AccountLink | None
    verified_at: datetime | None
    merged_into: Annotated[str | None, Field(description="The lead that this one turned out to be.")]
    absorbed: Annotated[tuple[str, ...], Field(description="Leads that turned out to be this one.")]
    bant: Bant | None
    model: str | None
    score: int | None
    grade: Grade | None
    reasons: tuple[ScoreReason, ...]
    along: tuple[Verdict, ...]
    am_id: str | None
    se_id: str | None
    assigned_at: datetime | None
    accept_by: datetime | None
    accepted_at: datetime | None
    attempt: int
    next_step: Annotated[
        NextStep | None, Field(description="What the follow-up SOP asks for, once an AM has the lead.")
    ]
    last_contact_at: datetime | None
    nurture: Nurture | None
    archive_at: Annotated[datetime | None, Field(description="When it is archived, if nothing is heard of it.")]
    discarded_because: str | None
    notes: Annotated[tuple[str, ...], Field(description="Market notes that matter for it.")]
    archived_because: str | None


def answer(response: Response, record: Record[Lead]) -> LeadView:
    """A lead with its headers."""
    record_headers(response, record)
    return lead_view(record)


def lead_view(record: Record[Lead]) -> LeadView:
    """A lead as callers see it."""
    lead = record.state
    asked = missing(lead)
    clocks: dict[str, object] = {
        "missing": asked,
        "complete_by": lead.completion.due if lead.completion and asked else None,
    }
    plan = lead.follow_up if lead.status is Status.ACCEPTED else None
    clocks |= {"next_step": plan.next if plan else None, "last_contact_at": plan.since if plan and plan.step else None}
    clocks["nurture"] = lead.nurture if lead.status is Status.NURTURE else None
    clocks["archive_at"] = lead.archive_at if lead.status in WITH_SALES_OPS else None
    return LeadView.model_validate(
        {"version": record.version, **lead.capture.model_dump(), **lead.model_dump(), **clocks, **_same(lead)}
    )


def _same(lead: Lead) -> dict[str, object]:
    return {
        "merged_into": lead.merged.into if lead.merged else None,
        "absorbed": tuple(each.lead_id for each in lead.absorbed),
    }
