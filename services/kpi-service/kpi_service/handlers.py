"""Use cases of kpi-service: who works here, and what the figures are."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from typing import TypeVar

from pydantic import BaseModel

from dealwire.errors import NotFound, Rejected
from dealwire.kit.cause import Cause
from dealwire.kit.store import Record, RecordStore
from kpi_service.domain import bonus, people, performance, scorecard
from kpi_service.domain.metrics import Metric
from kpi_service.domain.people import Member, Stint, Team, stints
from kpi_service.domain.period import Period
from kpi_service.domain.policy import Policy
from kpi_service.domain.rollups import Totals, total
from kpi_service.domain.scorecard import Place
from kpi_service.store import KpiStore
from kpi_service.store.ledger import Who

S = TypeVar("S", bound=BaseModel)


class By(StrEnum):
    """Who is ranked."""

    MEMBER = "member"
    TEAM = "team"


class Handlers:
    """Everything kpi-service can be asked."""

    def __init__(self, store: KpiStore, policy: Policy) -> None:
        self._store = store
        self._ledger = store.ledger
        self._policy = policy

    async def put_team(self, team_id: str, wanted: Team, cause: Cause) -> Record[Team]:
        """A team is formed or changed; its manager must be a member (X2)."""
        await _must_exist(self._store.members, wanted.manager_id, "/manager_id")
        return await self._store.teams.put(team_id, lambda known: people.put_team(team_id, known, wanted), cause)

    async def put_member(self, member_id: str, wanted: Member, cause: Cause) -> Record[Member]:
        """A member joins or changes; its manager and teams must be there (X2)."""
        await _must_exist(self._store.members, wanted.manager_id, "/manager_id")
        for number, entry in enumerate(wanted.memberships):
            await _must_exist(self._store.teams, entry.team_id, f"/memberships/{number}/team_id")
        return await self._store.members.put(
            member_id, lambda known: people.put_member(member_id, known, wanted), cause
        )

    async def days_of(self, period: Period, member_id: str | None, team_id: str | None) -> Who:
        """Whose days a figure of a member, a team or the company is made of."""
        if member_id is not None and team_id is not None:
            raise Rejected("member-or-team", "Ask for a member or for a team, not for both.", pointer="team")
        if member_id is not None:
            return [Stint(member_id, period.first, period.last)]
        if team_id is not None:
            members = await self._store.members_ever_in(team_id)
            return stints(team_id, members.items(), period)
        return None

    async def totals(self, period: Period, who: Who) -> Totals:
        """What all of them did together."""
        return total((await self._ledger.by_member(period, who)).values())

    async def ranking(self, measure: str, by: By, period: Period) -> Mapping[str | None, tuple[Place, ...]]:
        """Who is ahead (K12)."""
        if by is By.MEMBER:
            done = await self._ledger.by_member(period)
            return scorecard.ranking(measure, {who: totals for who, totals in done.items() if who is not None})
        members = await self._store.all_members()
        return scorecard.ranking(
            measure,
            {
                team_id: await self.totals(period, stints(team_id, members.items(), period))
                for team_id in await self._store.all_teams()
            },
        )

    async def bonus_pools(self, month: Period) -> list[bonus.Pool]:
        """The month's pools, one per currency there were sales in (K11)."""
        sales: dict[str, dict[str, int]] = {}
        for member_id, totals in (await self._ledger.by_member(month)).items():
            for (metric, currency), cell in totals.items():
                if metric is Metric.SALES_AMOUNT and currency is not None and member_id is not None:
                    sales.setdefault(currency, {})[member_id] = cell.total
        return [bonus.pool(currency, sold, {}, self._policy) for currency, sold in sorted(sales.items())]

    async def rate_members(self, cause: Cause) -> None:
        """Rates everybody by the figures there are now, and tells what has changed (L11)."""
        today = cause.now.astimezone(self._ledger.zone).date()
        period = performance.rated_period(today, self._policy)
        done, known = await self._ledger.by_member(period), await self._store.all_ratings()
        for member_id in sorted({each for each in (*done, *known) if each is not None}):
            rating = performance.rate(done.get(member_id, {}), period, self._policy)
            publish = partial(performance.publish, member_id, now=rating)
            if publish(known.get(member_id))[1]:
                await self._store.ratings.put(member_id, publish, cause)


async def _must_exist(store: RecordStore[S], id: str | None, pointer: str) -> None:
    if id is None:
        return
    try:
        await store.get(id)
    except NotFound:
        raise Rejected(
            f"unknown-{store.name[:-1]}", f"There is no {store.name[:-1]} {id!r}.", pointer=pointer
        ) from None
