"""Routes by which sales operations audits who broke which rule (X3)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.common import Id
from dealwire.event import RecordedEvent
from dealwire.kit.web import PageView, Paging, page_view
from lead_service.api.access import Auditor, audited
from lead_service.api.filters import period_of
from lead_service.domain.violations import Rule, by_member
from lead_service.store import LeadStore
from lead_service.store.violations import Whose


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which days, and whose."""

    first: Annotated[date, Query(description="Noticed on this day or later.")]
    last: Annotated[date, Query(description="Noticed on this day or before.")]
    member_id: Annotated[Id | None, Query(description="Only those of this member.")] = None
    without_member: Annotated[bool, Query(description="Only those of intake, which are no member's.")] = False

    @property
    def whose(self) -> Whose:
        if self.without_member:
            return [None]
        return None if self.member_id is None else [self.member_id]


Asked = Annotated[AuditQuery, Depends()]


class TimesView(BaseModel):
    """How often a rule was broken, and where the events that say so are listed."""

    times: int
    at: str


class MemberView(BaseModel):
    """How often a member broke each rule; intake is no member."""

    member_id: Annotated[str | None, Field(description="Null: leads that no AM had, which are intake's.")]
    name: str | None
    times: int
    rules: dict[Rule, TimesView]


class AuditView(BaseModel):
    """Who broke which rule in a period, whoever broke most first."""

    first: date
    last: date
    members: list[MemberView]


def routes(store: LeadStore, calendar: BusinessCalendar) -> APIRouter:
    """The report, and the events behind its numbers."""
    router = APIRouter(prefix="/v1/reports/violations", tags=["reports"])

    @router.get("")
    async def violations_report(asked: Asked, caller: Auditor) -> AuditView:
        """How often each member broke each rule, as far as it has been announced."""
        whose = await audited(store, caller, asked.whose)
        counts = await store.violations.count(*period_of(asked.first, asked.last, calendar.zone), whose)
        found = by_member(counts)
        members = await store.members.find({"_id": {"$in": [member_id for member_id, _ in found if member_id]}})
        names = {member.member_id: member.name for member in members}
        return AuditView(
            first=asked.first,
            last=asked.last,
            members=[_member(who, names.get(who or ""), broken, asked) for who, broken in found],
        )

    @router.get("/{rule}/events")
    async def list_violations(
        rule: Rule, asked: Asked, caller: Auditor, paging: Paging, request: Request, response: Response
    ) -> PageView[RecordedEvent]:
        """The events which say that a rule was broken, newest first."""
        whose = await audited(store, caller, asked.whose)
        begin, end = period_of(asked.first, asked.last, calendar.zone)
        page = await store.violations.page(rule, begin, end, whose, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    return router


def _member(member_id: str | None, name: str | None, broken: Counter[Rule], asked: AuditQuery) -> MemberView:
    days = {"first": asked.first.isoformat(), "last": asked.last.isoformat()}
    query = urlencode(days | ({"member_id": member_id} if member_id else {"without_member": "true"}))
    return MemberView(
        member_id=member_id,
        name=name,
        times=broken.total(),
        rules={
            rule: TimesView(times=broken[rule], at=f"/v1/reports/violations/{rule}/events?{query}") for rule in Rule
        },
    )
