"""Events of lead-service about who is who: leads that are one, and leads of customers there are (L3, X4)."""

from __future__ import annotations

from typing import ClassVar, Literal

from dealwire.catalogue.common import Id, Line
from dealwire.event import EventData


class LeadCustomerLinked(EventData):
    """A lead is the request of a customer there is, or that customer has another AM now (L3)."""

    type: ClassVar[str] = "lead.customer_linked.v1"

    lead_id: Id
    account_id: Id
    account_name: Line
    am_id: Id
    because: tuple[str, ...]


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
