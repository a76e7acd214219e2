"""Events of kpi-service about the organisation. Each carries the whole state, so a replica needs only the newest."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from dealwire.catalogue.common import Id, Line, Role, Value
from dealwire.event import EventData


class Membership(Value):
    """Which team a member belonged to from a day on, until the next entry; `None` is no team."""

    team_id: Id | None
    since: date


class Absence(Value):
    """Days on which a member is away, both included, as the organisation's calendar has them."""

    first: date
    last: date


class TeamChanged(EventData):
    """A team was formed or changed."""

    type: ClassVar[str] = "team.changed.v1"

    team_id: Id
    name: Line
    manager_id: Id | None = None
    region: Line | None = None


class MemberChanged(EventData):
    """A member joined or changed. `industries`, `regions` and `product_lines` are what leads are routed by (L9).

    Nobody is routed a lead while in `absences`, or with `max_open_leads` at work already.
    """

    type: ClassVar[str] = "member.changed.v1"

    member_id: Id
    name: Line
    roles: tuple[Role, ...]
    manager_id: Id | None = None
    memberships: tuple[Membership, ...] = ()
    industries: tuple[Line, ...] = ()
    regions: tuple[Line, ...] = ()
    product_lines: tuple[Line, ...] = ()
    active: bool = True
    absences: tuple[Absence, ...] = ()
    max_open_leads: int | None = None


class MemberPerformanceRated(EventData):
    """How well a member did of late, from 0 to 100; None while there is nothing to tell it by (L11)."""

    type: ClassVar[str] = "member.performance_rated.v1"

    member_id: Id
    rating: Annotated[int, Field(ge=0, le=100)] | None
    first: date
    last: date
    because: tuple[str, ...]
