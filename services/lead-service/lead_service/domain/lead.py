"""A lead, from intake to conversion."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, computed_field

from dealwire.catalogue.common import Channel, Contact, Grade, Money
from dealwire.catalogue.lead import Bant, ScoreReason, Verdict
from dealwire.errors import Conflict, Forbidden
from lead_service.domain import search
from lead_service.domain.facets import Completion, Cooling, FollowUp, Grab, Nurture


class Status(StrEnum):
    """Where a lead is."""

    INTAKE = "intake"
    POOL = "pool"
    NURTURE = "nurture"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    CONVERTED = "converted"
    DISCARDED = "discarded"
    ARCHIVED = "archived"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


OPEN = (Status.ASSIGNED, Status.ACCEPTED)
"""What counts as an AM's load."""
WITH_SALES_OPS = frozenset({Status.INTAKE, Status.POOL, Status.NURTURE})
ALIVE = WITH_SALES_OPS | frozenset(OPEN)
"""Where a lead may still become an opportunity."""
OVER_FOR_NOW = frozenset({Status.DISCARDED, Status.ARCHIVED})
"""Where a lead comes back from when its person comes in again."""


class Capture(BaseModel):
    """What a channel told about a stranger (L1): `size` is the number of employees, `uscc` China's unified social
    credit code.
    """

    model_config = ConfigDict(frozen=True)

    company: str
    contact: Contact
    channel: Channel
    campaign: str | None = None
    cost: Money | None = None
    industry: str | None = None
    region: str | None = None
    size: int | None = None
    product_line: str | None = None
    uscc: str | None = None
    need: str | None = None


class LinkedCost(BaseModel):
    """What captures of one day and source cost that were linked to a lead; `at` is when the first of them came in (L2)."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    channel: Channel
    campaign: str | None = None
    cost: Money


class AccountLink(BaseModel):
    """The customer whose request a lead is, and the customer's AM."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    name: str
    am_id: str


class Merged(BaseModel):
    """Which lead this one went into, and what it was until then (L3)."""

    model_config = ConfigDict(frozen=True)

    into: str
    lead: Lead


class Absorbed(BaseModel):
    """A lead that went into this one, and what this one has from it; `leads` are those that had gone into that one
    (L3).
    """

    model_config = ConfigDict(frozen=True)

    lead_id: str
    leads: tuple[str, ...] = ()
    keys: tuple[str, ...]
    captures: int
    gave: dict[str, str | int]
    customer: AccountLink | None = None


class Lead(BaseModel):
    """The state of a lead.

    `keys` are what duplicates are seen by, `blocks` where likely ones are looked for, `captures` counts how often the
    person came in, `along` is what the scoring models say that do not decide, `passed_over` are AMs who let it lie.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    status: Status
    capture: Capture
    keys: tuple[str, ...]
    captured_at: datetime
    blocks: tuple[str, ...] = ()
    captures: int = 1
    linked_costs: tuple[LinkedCost, ...] = ()
    customer: AccountLink | None = None
    bant: Bant | None = None
    model: str | None = None
    score: int | None = None
    grade: Grade | None = None
    reasons: tuple[ScoreReason, ...] = ()
    along: tuple[Verdict, ...] = ()
    am_id: str | None = None
    se_id: str | None = None
    assigned_at: datetime | None = None
    accept_by: datetime | None = None
    accepted_at: datetime | None = None
    attempt: int = 0
    passed_over: tuple[str, ...] = ()
    discarded_because: str | None = None
    completion: Completion | None = None
    grab: Grab | None = None
    cooling: tuple[Cooling, ...] = ()
    notes: tuple[str, ...] = ()
    verified_at: datetime | None = None
    follow_up: FollowUp | None = None
    nurture: Nurture | None = None
    archive_at: datetime | None = None
    archived_because: str | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def terms(self) -> tuple[str, ...]:
        """What the lead is found by (X10)."""
        told = self.capture
        return search.terms(
            told.company, told.contact.name, *search.reached_by(told.contact), told.uscc, told.campaign, told.need
        )

    merged: Merged | None = None
    absorbed: tuple[Absorbed, ...] = ()

    @property
    def was_also(self) -> tuple[str, ...]:
        """All leads that went into this one, also by way of others."""
        absorbed = self.merged.lead.absorbed if self.merged else self.absorbed
        return tuple(lead_id for each in absorbed for lead_id in (each.lead_id, *each.leads))

    @property
    def customers_am(self) -> str | None:
        """The AM of the customer whose request this is."""
        return self.customer.am_id if self.customer else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def pool_slot(self) -> str | None:
        """Which of its AM's places for leads from the pool this one takes, for as long as the AM works on it."""
        if self.grab is None or self.status is not Status.ACCEPTED or self.accepted_at != self.grab.decided_at:
            return None
        return f"{self.am_id}/{self.grab.slot}"


class MergedAway(Conflict):
    """The lead is another one by now."""

    def __init__(self, into: str) -> None:
        super().__init__("lead-merged", f"The lead was merged into {into}.")
        self.into = into


def must_be_with_sales_ops(lead: Lead, done: str) -> None:
    """Raises Conflict for a lead that an AM has, or that is over."""
    if lead.status not in WITH_SALES_OPS:
        first = " Take it back from its AM first (`unassign`)." if lead.status in OPEN else ""
        raise Conflict("lead-not-with-sales-ops", f"A lead that is {lead.status} cannot be {done}.{first}")


def must_be_worked_on_by(lead: Lead, am_id: str | None) -> None:
    """Raises Forbidden for an AM whose lead it is not; None is sales operations, who work on every lead."""
    if am_id is not None and lead.am_id != am_id:
        raise Forbidden("not-your-lead", "The lead belongs to somebody else.")
