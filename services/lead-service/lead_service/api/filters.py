"""Which leads somebody wants to see, and in which order."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dealwire.catalogue.common import Channel, Grade, Id, Line
from dealwire.errors import Rejected
from dealwire.kit.store import NEWEST, OLDEST, Order
from dealwire.kit.store.pages import a_time
from lead_service.domain import search
from lead_service.domain.campaign import QUALIFIED
from lead_service.domain.lead import ALIVE, Status


class View(StrEnum):
    """Lists that people work with."""

    MINE = "mine"
    INTAKE = "intake"
    POOL = "pool"
    NURTURE = "nurture"
    OVERDUE = "overdue"


class Sort(StrEnum):
    """In which order; by score or by what is due only leads that have it are listed."""

    NEWEST = "newest"
    OLDEST = "oldest"
    SCORE = "score"
    DUE = "due"


_FIRST, _LAST = date(1900, 1, 1), date(9998, 1, 1)
_ORDER: dict[Sort, tuple[Order, dict[str, Any]]] = {
    Sort.NEWEST: (NEWEST, {}),
    Sort.OLDEST: (OLDEST, {}),
    Sort.SCORE: (Order("state.score", int), {"state.score": {"$gte": 0}}),
    Sort.DUE: (Order("next_due", a_time, descending=False), {"next_due": {"$exists": True}}),
}
_STATUS = {View.INTAKE: Status.INTAKE, View.POOL: Status.POOL, View.NURTURE: Status.NURTURE}
_GONE = (Status.WITHDRAWN, Status.MERGED)  # as if they had never come: listed when asked for only
_FIELDS = {
    "status": "state.status",
    "am_id": "state.am_id",
    "grade": "state.grade",
    "channel": "state.capture.channel",
    "campaign": "state.capture.campaign",
    "industry": "state.capture.industry",
    "region": "state.capture.region",
    "note_id": "state.notes",
}


class LeadFilter(BaseModel):
    """Which leads, and in which order; what is left out does not matter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    view: Annotated[View | None, Field(description="One of the lists that people work with.")] = None
    status: Annotated[Status | None, Field(description="Only leads there.")] = None
    am_id: Annotated[Id | None, Field(description="Only leads of this account manager.")] = None
    grade: Annotated[Grade | None, Field(description="Only leads of this grade.")] = None
    channel: Annotated[Channel | None, Field(description="Only leads from there.")] = None
    campaign: Annotated[Line | None, Field(description="Only leads of this campaign.")] = None
    industry: Annotated[Line | None, Field(description="Only leads of this industry, as it was typed.")] = None
    region: Annotated[Line | None, Field(description="Only leads of this region, as it was typed.")] = None
    note_id: Annotated[Id | None, Field(description="Only leads that cite this market note.")] = None
    captured_from: Annotated[date | None, Field(description="Captured on this day or later.")] = None
    captured_to: Annotated[date | None, Field(description="Captured on this day or before.")] = None
    qualified: Annotated[bool | None, Field(description="Only leads graded A or B, or none of those.")] = None
    without_campaign: Annotated[bool | None, Field(description="Only leads of no campaign, or of any.")] = None
    q: Annotated[
        Annotated[str, StringConstraints(max_length=200)] | None,
        Field(
            description="Words of company, person, number, address, campaign or need, in any width, case and script."
        ),
    ] = None
    sort: Annotated[Sort, Field(description="In which order.")] = Sort.NEWEST

    def query(self, caller: str, now: datetime, zone: str) -> dict[str, Any]:
        """The leads that are meant, when this caller asks now; days are those of the organisation's zone."""
        conditions: list[dict[str, Any]] = [
            {name: value} for field, name in _FIELDS.items() if (value := getattr(self, field)) is not None
        ]
        if self.view is View.MINE:
            conditions.append({"$or": [{"state.am_id": caller}, {"state.se_id": caller}]})
        elif self.view is View.OVERDUE:
            conditions.append({"state.status": {"$in": sorted(ALIVE)}})
            conditions.append({"$or": [{"next_due": {"$lte": now}}, {"state.completion.escalated": True}]})
        elif self.view is not None:
            conditions.append({"state.status": _STATUS[self.view]})
        if self.captured_from:
            conditions.append({"state.captured_at": {"$gte": begin_of(self.captured_from, zone)}})
        if self.captured_to:
            conditions.append({"state.captured_at": {"$lt": begin_of(self.captured_to, zone, days=1)}})
        if self.qualified is not None:
            conditions.append({"state.grade": {"$in" if self.qualified else "$nin": list(QUALIFIED)}})
        if self.without_campaign is not None:
            conditions.append({"state.capture.campaign": None if self.without_campaign else {"$ne": None}})
        if self.status is None and self.view is None:
            conditions.append({"state.status": {"$nin": list(_GONE)}})
        conditions += begins(self.q or "")
        return {"$and": [_ORDER[self.sort][1], *conditions]}

    @property
    def order(self) -> Order:
        return _ORDER[self.sort][0]


def begin_of(day: date, zone: str, days: int = 0) -> datetime:
    """When a day begins in the organisation's zone, or one so many days after it."""
    return datetime.combine(min(max(day, _FIRST), _LAST) + timedelta(days=days), time(), ZoneInfo(zone))


def period_of(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    """From when until before when these days are, both ends included. Raises Rejected."""
    if first > last:
        raise Rejected("no-period", "A period begins before it ends.", pointer="first")
    return begin_of(first, zone), begin_of(last, zone, days=1)


def begins(asked: str) -> list[dict[str, Any]]:
    """What is found by all of these words; nothing is by punctuation."""
    terms = search.asked(asked)
    if asked and not terms:
        return [{"_id": None}]
    return [{"state.terms": {"$regex": f"^{term}"}} for term in terms]  # a term is of letters and digits only


Filter = Annotated[LeadFilter, Depends()]
