"""What the rule sets keep in a lead, one small model each."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from dealwire.catalogue.lead import Fact, NextStep, RankedBid


class Completion(BaseModel):
    """Facts that have to be known by a moment (L4); `escalated` once they were not."""

    model_config = ConfigDict(frozen=True)

    facts: tuple[Fact, ...]
    due: datetime
    escalated: bool = False


class Bid(BaseModel):
    """An AM asks for a lead in the pool."""

    model_config = ConfigDict(frozen=True)

    am_id: str
    at: datetime


class Grab(BaseModel):
    """A lead in the pool that somebody asked for, and what became of that (L11).

    `attempt` is the lead's when the grab opened: one that was assigned since then is another grab's. `slot` is which of
    the winner's places for leads from the pool it takes.
    """

    model_config = ConfigDict(frozen=True)

    opened_at: datetime
    closes_at: datetime
    attempt: int
    bids: tuple[Bid, ...]
    decided_at: datetime | None = None
    am_id: str | None = None
    slot: int | None = None
    ranking: tuple[RankedBid, ...] = ()


class Cooling(BaseModel):
    """An AM who had the lead and let it go cannot have it from the pool until then (L11)."""

    model_config = ConfigDict(frozen=True)

    am_id: str
    until: datetime


class FollowUp(BaseModel):
    """How an AM stays in touch (L14–L16).

    `step` counts the contacts made, `since` is the latest of them, or when the AM took the lead on. `reminded`: of the
    next step. `silence` says how far the warnings went that nobody was in touch; the next one is at `warn_at`.
    """

    model_config = ConfigDict(frozen=True)

    step: int
    since: datetime
    next: NextStep
    reminded: bool = False
    silence: int = 0
    warn_at: datetime


class Nurture(BaseModel):
    """Case material for somebody whose need is latent, one piece after the other, and from the start again (L12).

    `sops` is the version of the SOPs that says so; None when sales operations chose it for the lead.
    """

    model_config = ConfigDict(frozen=True)

    material: tuple[str, ...]
    every_days: float
    sent: int = 0
    next_at: datetime
    sops: str | None = None
