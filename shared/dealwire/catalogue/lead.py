"""Events of lead-service: the road of a lead, from its capture to the hand-over."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from dealwire.catalogue.common import Channel, Contact, Grade, Id, Line, Money, Text, Value
from dealwire.event import EventData


class Bant(Value):
    """What is known of budget, authority, need and timeline, each from 0 (nothing) to 100 (confirmed) (L7)."""

    budget: int
    authority: int
    need: int
    timeline: int


class ScoreReason(Value):
    """Why a criterion gave its points."""

    criterion: str
    points: int
    because: str


Fact = Literal["industry", "region", "size", "product_line", "need"]
"""What may have to be found out about a lead (L4)."""


class Facts(Value):
    """Facts about a lead and its company; `size` is the number of employees, `uscc` the unified social credit code."""

    company: Line | None = None
    industry: Line | None = None
    region: Line | None = None
    size: Annotated[int, Field(ge=1, le=10_000_000, strict=True)] | None = None
    product_line: Line | None = None
    uscc: Line | None = None
    need: Text | None = None


class Verdict(Value):
    """What a scoring model says of a lead: `model` is its name and version, such as bant.v1 (L6–L8)."""

    model: str
    score: int
    grade: Grade
    reasons: tuple[ScoreReason, ...]


Contacted = Literal["call", "mail", "meeting", "visit", "message"]
"""How an AM is in touch with a lead (L16)."""


class NextStep(Value):
    """What the follow-up SOP asks for next, and by when (L15); `sops` names the version that it follows, such as
    sops.v2.
    """

    channel: Contacted
    content: Line
    due: AwareDatetime
    sops: str | None = None


class LeadCaptured(EventData):
    """A new lead is with intake (L1, L3)."""

    type: ClassVar[str] = "lead.captured.v1"

    lead_id: Id
    company: Line
    contact: Contact
    channel: Channel
    campaign: Line | None = None
    cost: Money | None = None
    industry: Line | None = None
    region: Line | None = None
    size: int | None = None
    product_line: Line | None = None
    uscc: str | None = None
    need: Text | None = None


class LeadLinked(EventData):
    """Somebody already known came in again and was linked to the lead there is (L3).

    `reopened`: the lead had been discarded and is with intake again. `matched_on_uscc`: they share a credit code.
    `am_id` has the lead, or had it converted: somebody who is a customer by now wants something again.
    """

    type: ClassVar[str] = "lead.linked.v1"

    lead_id: Id
    matched_on: tuple[Literal["phone", "email"], ...]
    matched_on_uscc: bool = False
    reopened: bool = False
    am_id: Id | None = None
    company: Line
    contact: Contact
    channel: Channel
    campaign: Line | None = None
    cost: Money | None = None
    industry: Line | None = None
    region: Line | None = None
    size: int | None = None
    product_line: Line | None = None
    uscc: str | None = None
    need: Text | None = None


class LeadFactsCompleted(EventData):
    """Somebody found out more about a lead: `facts` and `contact` are all that is known now, `missing` what is still
    asked for (L4).

    `left_account_id` is the customer whose request it was taken for by the name of its company, which was wrong.
    """

    type: ClassVar[str] = "lead.facts_completed.v1"

    lead_id: Id
    facts: Facts
    missing: tuple[Fact, ...] = ()
    contact: Contact | None = None
    left_account_id: Id | None = None


class LeadFactsOverdue(EventData):
    """Facts in `missing` were not completed by `due`: an escalation to sales operations (L4)."""

    type: ClassVar[str] = "lead.facts_overdue.v1"

    lead_id: Id
    company: Line
    am_id: Id | None = None
    missing: tuple[Fact, ...]
    due: AwareDatetime


class LeadQualified(EventData):
    """A lead was scored and graded by a model (L6–L8); `along` is what others say that do not decide."""

    type: ClassVar[str] = "lead.qualified.v1"

    lead_id: Id
    model: str
    score: int
    grade: Grade
    reasons: tuple[ScoreReason, ...]
    bant: Bant | None = None
    along: tuple[Verdict, ...] = ()


class LeadAssigned(EventData):
    """An AM has the lead and must accept it by `accept_by`; the SEs in `copied` know (L10, L13).

    `routing` and `rule` name the version and the rule that found the AM, when it was not a person or a bid.
    """

    type: ClassVar[str] = "lead.assigned.v1"

    lead_id: Id
    am_id: Id
    copied: tuple[Id, ...] = ()
    grade: Grade
    attempt: int
    accept_by: AwareDatetime
    because: tuple[str, ...]
    routing: str | None = None
    rule: str | None = None
    company: Line | None = None


class LeadAccepted(EventData):
    """The AM took the lead on (L13)."""

    type: ClassVar[str] = "lead.accepted.v1"

    lead_id: Id
    am_id: Id
    assigned_at: AwareDatetime
    accepted_at: AwareDatetime
    next_step: NextStep | None = None


class LeadReturned(EventData):
    """The lead went back to intake (L13)."""

    type: ClassVar[str] = "lead.returned.v1"

    lead_id: Id
    am_id: Id
    reason: Literal["not_accepted_in_time"]
    due: AwareDatetime
    company: Line | None = None


class LeadDiscarded(EventData):
    """The lead was found invalid (L5)."""

    type: ClassVar[str] = "lead.discarded.v1"

    lead_id: Id
    reason: Text


class LeadBidPlaced(EventData):
    """An AM asked for a lead in the pool; the grab is decided when it closes (L11)."""

    type: ClassVar[str] = "lead.bid_placed.v1"

    lead_id: Id
    am_id: Id
    bid_at: AwareDatetime
    opened_at: AwareDatetime
    closes_at: AwareDatetime


class RankedBid(Value):
    """What a bid was worth, each number from 0 to 100, and why; `refused` says why it could not win whatever it was
    worth.
    """

    am_id: Id
    bid_at: AwareDatetime
    speed: int
    performance: int
    score: float
    because: str
    refused: str | None = None


class LeadGrabDecided(EventData):
    """The grab of a lead is over: `am_id` won it, or nobody could have it; `ranking` has every bid, the best first
    (L11).
    """

    type: ClassVar[str] = "lead.grab_decided.v1"

    lead_id: Id
    company: Line
    am_id: Id | None
    opened_at: AwareDatetime
    closes_at: AwareDatetime
    ranking: tuple[RankedBid, ...]


class LeadWithdrawn(EventData):
    """The import that brought the lead in was undone before anybody had worked on it: it is as if it had never come
    (L1).

    `captured_on` is the organisation's day on which it had been captured.
    """

    type: ClassVar[str] = "lead.withdrawn.v1"

    lead_id: Id
    reason: Text
    captured_on: date | None = None


class LeadVerified(EventData):
    """Somebody reached the person, and the lead is a real one (L5)."""

    type: ClassVar[str] = "lead.verified.v1"

    lead_id: Id
    channel: Literal["call", "mail"]
    verified_at: AwareDatetime
    note: Text | None = None


class LeadConverted(EventData):
    """The lead is handed to pipeline-service with everything known, once (L20)."""

    type: ClassVar[str] = "lead.converted.v1"

    lead_id: Id
    company: Line
    contact: Contact
    channel: Channel
    campaign: Line | None = None
    industry: Line | None = None
    region: Line | None = None
    size: int | None = None
    product_line: Line | None = None
    uscc: str | None = None
    need: Text | None = None
    grade: Grade
    score: int
    bant: Bant
    am_id: Id
    se_id: Id | None = None
    captured_at: AwareDatetime
