"""Events of lead-service: how a lead is looked after, from the first call to the archive and back."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from dealwire.catalogue.common import Contact, Id, Line, Text
from dealwire.catalogue.lead import Contacted, NextStep
from dealwire.event import EventData


class LeadFollowedUp(EventData):
    """The AM was in touch at `contacted_at`; `on_time` as the SOP asked for it, and what it asks for next (L14–L16)."""

    type: ClassVar[str] = "lead.followed_up.v1"

    lead_id: Id
    am_id: Id
    channel: Contacted
    outcome: Text
    number: int
    on_time: bool
    next_step: NextStep
    contacted_at: AwareDatetime | None = None


class LeadReminded(EventData):
    """The AM is reminded of a step that is due, or that nobody has been in touch since `since` (L15, L16)."""

    type: ClassVar[str] = "lead.reminded.v1"

    lead_id: Id
    company: Line
    am_id: Id
    about: Literal["next_step", "no_follow_up"]
    since: AwareDatetime
    next_step: NextStep


class LeadEscalated(EventData):
    """Reminding the AM did not help, so the team lead is told; None when nobody leads the AM (L16)."""

    type: ClassVar[str] = "lead.escalated.v1"

    lead_id: Id
    company: Line
    am_id: Id
    team_lead_id: Id | None
    since: AwareDatetime


class LeadReleased(EventData):
    """Nobody was in touch since `since` in spite of all warnings, so the lead is in the pool again.

    A lead that came from a customer is with intake: it is not for everybody (L17).
    """

    type: ClassVar[str] = "lead.released.v1"

    lead_id: Id
    company: Line
    am_id: Id
    since: AwareDatetime


class LeadUnassigned(EventData):
    """The AM has the lead no more: gave it back, had it taken back, has left, or it went to the customer's AM (L3, L5,
    L9).

    `reason` is what people said about it.
    """

    type: ClassVar[str] = "lead.unassigned.v1"

    lead_id: Id
    company: Line
    am_id: Id
    why: Literal["given_back", "taken_back", "am_left", "customers_am"]
    reason: Text | None = None


class LeadNurturePlanned(EventData):
    """Which case material the person gets, and how often (L12).

    `sops` names the version of the SOPs whose material it is, when nobody chose it for the lead.
    """

    type: ClassVar[str] = "lead.nurture_planned.v1"

    lead_id: Id
    material: tuple[Line, ...]
    every_days: float
    next_at: AwareDatetime
    sops: str | None = None


class LeadMaterialDue(EventData):
    """It is time to send the person a piece of case material: whoever sends it needs nothing but this (L12)."""

    type: ClassVar[str] = "lead.material_due.v1"

    lead_id: Id
    company: Line
    contact: Contact
    material: Line
    number: int
    next_at: AwareDatetime


class LeadArchived(EventData):
    """The lead came to nothing for now (L17)."""

    type: ClassVar[str] = "lead.archived.v1"

    lead_id: Id
    reason: Text


class LeadReactivated(EventData):
    """An archived lead is with intake again (L17)."""

    type: ClassVar[str] = "lead.reactivated.v1"

    lead_id: Id
    company: Line
