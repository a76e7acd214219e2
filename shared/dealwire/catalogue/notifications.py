"""Which events somebody is to be notified of (X6).

An event is the notification: it says who, what and which lead. Whoever sends mails or messages subscribes to these, and
needs no other service for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dealwire.catalogue.contract import OrderEscalated
from dealwire.catalogue.lead import LeadAssigned, LeadFactsOverdue, LeadGrabDecided, LeadLinked, LeadReturned
from dealwire.catalogue.lead_care import LeadEscalated, LeadMaterialDue, LeadReleased, LeadReminded, LeadUnassigned
from dealwire.event import EventData


class Kind(StrEnum):
    """Why somebody is notified."""

    ASSIGNMENT = "assignment"
    COPY = "copy"
    REMINDER = "reminder"
    RETURN = "return"
    ESCALATION = "escalation"


@dataclass(frozen=True, slots=True)
class Notification:
    """`to` is the field with the ids of whom to tell; None stands for sales operations, which may also be told instead."""

    kind: Kind
    event: type[EventData]
    to: str | None
    or_sales_ops: bool = False
    """When there is nobody in that field."""


NOTIFICATIONS = (
    Notification(Kind.ASSIGNMENT, LeadAssigned, "am_id"),
    Notification(Kind.COPY, LeadAssigned, "copied"),
    Notification(Kind.ASSIGNMENT, LeadGrabDecided, "ranking"),
    Notification(Kind.REMINDER, LeadReminded, "am_id"),
    Notification(Kind.REMINDER, LeadMaterialDue, None),
    Notification(Kind.REMINDER, LeadLinked, "am_id", or_sales_ops=True),
    *(
        Notification(Kind.RETURN, event, to)
        for event in (LeadReturned, LeadReleased, LeadUnassigned)
        for to in (None, "am_id")
    ),
    Notification(Kind.ESCALATION, LeadEscalated, "team_lead_id", or_sales_ops=True),
    Notification(Kind.ESCALATION, LeadFactsOverdue, None),
    Notification(Kind.ESCALATION, OrderEscalated, None),
)
"""Every event that is a notification, and for whom."""
