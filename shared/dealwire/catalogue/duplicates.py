"""Events of lead-service about who is who: leads that are one, and leads of customers there are (L3, X4)."""

from __future__ import annotations

from typing import ClassVar, Literal

from dealwire.catalogue.common import Contact, Id, Line, Text
from dealwire.event import EventData


class LeadCustomerLinked(EventData):
    """A lead is the request of a customer there is, or that customer has another AM now (L3)."""

    type: ClassVar[str] = "lead.customer_linked.v1"

    lead_id: Id
    account_id: Id
    account_name: Line
    am_id: Id
    because: tuple[str, ...]


class LeadMerged(EventData):
    """A lead turned out to be another and went into it; `am_id` is who had it until then (L3)."""

    type: ClassVar[str] = "lead.merged.v1"

    lead_id: Id
    into: Id
    was: str
    am_id: Id | None = None


class LeadAbsorbed(EventData):
    """Another lead went into this one, which has learned from it what it did not know (L3)."""

    type: ClassVar[str] = "lead.absorbed.v1"

    lead_id: Id
    absorbed_id: Id
    captures: int
    contact: Contact
    industry: Line | None = None
    region: Line | None = None
    size: int | None = None
    product_line: Line | None = None
    uscc: str | None = None
    need: Text | None = None


class LeadUnmerged(EventData):
    """A merge was undone: the lead is what it was, with the AM it had (L3)."""

    type: ClassVar[str] = "lead.unmerged.v1"

    lead_id: Id
    out_of: Id
    status: str
    am_id: Id | None = None


class LeadSeparated(EventData):
    """Another lead left this one again, which gave back what it had from it (L3)."""

    type: ClassVar[str] = "lead.separated.v1"

    lead_id: Id
    separated_id: Id
    captures: int
    contact: Contact
    industry: Line | None = None
    region: Line | None = None
    size: int | None = None
    product_line: Line | None = None
    uscc: str | None = None
    need: Text | None = None


class DuplicateSuggested(EventData):
    """Another lead, or a customer, is likely the same as a lead: a person settles it (L3). `score` is of 100."""

    type: ClassVar[str] = "duplicate.suggested.v1"

    suggestion_id: Id
    lead_id: Id
    kind: Literal["lead", "customer"]
    other_id: Id
    score: int
    because: tuple[str, ...]


class DuplicateSettled(EventData):
    """A suggestion is over: it is the same or another; or void, because there is nothing to settle any more (L3)."""

    type: ClassVar[str] = "duplicate.settled.v1"

    suggestion_id: Id
    lead_id: Id
    kind: Literal["lead", "customer"]
    other_id: Id
    verdict: Literal["same", "other", "void"]
