"""A lead, from intake to conversion."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from dealwire.calendar import Deadline
from dealwire.catalogue.common import Channel, Contact, Grade, Money
from dealwire.catalogue.lead import Bant, ScoreReason
from dealwire.errors import Conflict


class Status(StrEnum):
    """Where a lead is."""

    INTAKE = "intake"
    POOL = "pool"
    NURTURE = "nurture"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    CONVERTED = "converted"
    DISCARDED = "discarded"


OPEN = (Status.ASSIGNED, Status.ACCEPTED)
"""What counts as an AM's load."""
_WITH_SALES_OPS = frozenset({Status.INTAKE, Status.POOL, Status.NURTURE})


class Capture(BaseModel):
    """What a channel told about a stranger (L1): `size` is the number of employees, `uscc` China's unified social credit code."""

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


class Lead(BaseModel):
    """The state of a lead.

    `keys` are what duplicates are seen by, `captures` counts how often the person came in, `passed_over` are AMs who let
    it lie.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    status: Status
    capture: Capture
    keys: tuple[str, ...]
    captured_at: datetime
    captures: int = 1
    bant: Bant | None = None
    model: str | None = None
    score: int | None = None
    grade: Grade | None = None
    reasons: tuple[ScoreReason, ...] = ()
    am_id: str | None = None
    se_id: str | None = None
    assigned_at: datetime | None = None
    accept_by: datetime | None = None
    accepted_at: datetime | None = None
    attempt: int = 0
    passed_over: tuple[str, ...] = ()
    discarded_because: str | None = None


def deadlines(lead: Lead) -> list[Deadline]:
    """An assigned lead has to be accepted in time (L13)."""
    return [Deadline("acceptance", lead.accept_by)] if lead.accept_by else []


def must_be_with_sales_ops(lead: Lead, done: str) -> None:
    """Raises Conflict for a lead that an AM has, or that is over."""
    if lead.status not in _WITH_SALES_OPS:
        raise Conflict("lead-not-with-sales-ops", f"A lead that is {lead.status} cannot be {done}.")
