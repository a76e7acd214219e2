"""Routes of teams and members."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from dealwire.catalogue.common import PEOPLE, Id, Line, Role
from dealwire.catalogue.people import Absence, Membership
from dealwire.event import RecordedEvent
from dealwire.kit.store import Record
from dealwire.kit.web.auth import Caller, allow
from dealwire.kit.web.bodies import Body
from dealwire.kit.web.pages import PageView, Paging, page_view
from dealwire.kit.web.records import record_headers
from kpi_service.domain.people import Member, Team
from kpi_service.handlers import Handlers
from kpi_service.store import KpiStore

Staffing = Annotated[Caller, allow(Role.SO, Role.MANAGEMENT, scope="people:write")]
Reader = Annotated[Caller, allow(*PEOPLE, scope="people:read")]

Lines = Annotated[tuple[Line, ...], Field(max_length=200)]


class TeamBody(Body):
    """A team, whole: what is left out is emptied."""

    name: Line
    manager_id: Id | None = None
    region: Line | None = None


class MembershipBody(Body):
    """The team a member belongs to from a day on, until the next entry; null is no team."""

    team_id: Id | None
    since: date


class AbsenceBody(Body):
    """Days on which a member is away, both included."""

    first: date
    last: date


class MemberBody(Body):
    """A member, whole: what is left out is emptied."""

    name: Line
    roles: Annotated[tuple[Role, ...], Field(max_length=len(Role), description="At least one.")]
    manager_id: Id | None = None
    memberships: Annotated[tuple[MembershipBody, ...], Field(max_length=200)] = ()
    industries: Lines = ()
    regions: Lines = ()
    product_lines: Lines = ()
    active: bool = True
    absences: Annotated[tuple[AbsenceBody, ...], Field(max_length=200, description="No leads on these days.")] = ()
    max_open_leads: Annotated[int, Field(ge=0, le=100_000, description="No more leads than this at once.")] | None = (
        None
    )


class TeamView(BaseModel):
    """A team as callers see it."""

    id: str
    version: int
    name: str
    manager_id: str | None
    region: str | None
    updated_at: datetime


class MemberView(BaseModel):
    """A member as callers see it; `id` is the `sub` of its tokens."""

    id: str
    version: int
    name: str
    roles: tuple[Role, ...]
    manager_id: str | None
    memberships: tuple[Membership, ...]
    industries: tuple[str, ...]
    regions: tuple[str, ...]
    product_lines: tuple[str, ...]
    active: bool
    absences: tuple[Absence, ...]
    max_open_leads: int | None
    updated_at: datetime


def routes(handlers: Handlers, store: KpiStore) -> APIRouter:
    """All routes of teams and members."""
    router = APIRouter(prefix="/v1", tags=["people"])

    @router.put("/teams/{team_id}")
    async def put_team(team_id: Id, body: TeamBody, caller: Staffing, response: Response) -> TeamView:
        """Forms a team, or changes it."""
        record = await handlers.put_team(team_id, Team.model_validate(body.model_dump()), caller.cause)
        record_headers(response, record)
        return _team(record)

    @router.get("/teams")
    async def list_teams(_: Reader, paging: Paging, request: Request, response: Response) -> PageView[TeamView]:
        """Teams, newest first."""
        page = await store.teams.page({}, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, _team, request, response)

    @router.get("/teams/{team_id}")
    async def get_team(team_id: Id, _: Reader, response: Response) -> TeamView:
        """One team."""
        record = await store.teams.get(team_id)
        record_headers(response, record)
        return _team(record)

    @router.get("/teams/{team_id}/timeline")
    async def get_team_timeline(
        team_id: Id, _: Staffing, paging: Paging, request: Request, response: Response
    ) -> PageView[RecordedEvent]:
        """Every change of a team: who, when, and what."""
        page = await store.teams.timeline(team_id, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    @router.put("/members/{member_id}")
    async def put_member(member_id: Id, body: MemberBody, caller: Staffing, response: Response) -> MemberView:
        """Takes a member on, or changes it."""
        record = await handlers.put_member(member_id, Member.model_validate(body.model_dump()), caller.cause)
        record_headers(response, record)
        return _member(record)

    @router.get("/members")
    async def list_members(
        _: Reader,
        paging: Paging,
        request: Request,
        response: Response,
        team: Annotated[Id | None, Query(description="Only who belongs or has belonged to this team.")] = None,
    ) -> PageView[MemberView]:
        """Members, newest first."""
        query = {"state.memberships.team_id": team} if team else {}
        page = await store.members.page(query, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, _member, request, response)

    @router.get("/members/{member_id}")
    async def get_member(member_id: Id, _: Reader, response: Response) -> MemberView:
        """One member."""
        record = await store.members.get(member_id)
        record_headers(response, record)
        return _member(record)

    @router.get("/members/{member_id}/timeline")
    async def get_member_timeline(
        member_id: Id, _: Staffing, paging: Paging, request: Request, response: Response
    ) -> PageView[RecordedEvent]:
        """Every change of a member: who, when, and what."""
        page = await store.members.timeline(member_id, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    return router


def _team(record: Record[Team]) -> TeamView:
    return TeamView(id=record.id, version=record.version, updated_at=record.updated_at, **record.state.model_dump())


def _member(record: Record[Member]) -> MemberView:
    return MemberView(id=record.id, version=record.version, updated_at=record.updated_at, **record.state.model_dump())
