"""What kpi-service keeps: teams, members, their ratings, and the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from dealwire.kit.relay import Relay
from dealwire.kit.store import Database, Index, Record, RecordStore
from kpi_service.domain.people import Member, Team
from kpi_service.domain.performance import Performance
from kpi_service.store.ledger import Ledger

SERVICE = "kpi-service"

_AT_ONCE = 200


class KpiStore:
    """Collections, indexes and queries."""

    def __init__(self, database: Database, relay: Relay, zone: ZoneInfo) -> None:
        self.teams = RecordStore(database, relay, SERVICE, "teams", Team)
        self.members = RecordStore(
            database, relay, SERVICE, "members", Member, indexes=(Index({"state.memberships.team_id": 1}),)
        )
        self.ratings = RecordStore(database, relay, SERVICE, "ratings", Performance)
        self.ledger = Ledger(database, zone)

    async def all_teams(self) -> dict[str, Team]:
        """Every team by id."""
        return await _all(self.teams, {})

    async def all_members(self) -> dict[str, Member]:
        """Everybody who works or has worked here, by id."""
        return await _all(self.members, {})

    async def all_ratings(self) -> dict[str, Performance]:
        """How everybody performed who was ever rated, by id."""
        return await _all(self.ratings, {})

    async def members_ever_in(self, team_id: str) -> dict[str, Member]:
        """Everybody who belongs or has belonged to a team, by id."""
        return await _all(self.members, {"state.memberships.team_id": team_id})


async def _all(store: RecordStore[Any], query: Mapping[str, Any]) -> dict[str, Any]:
    found: list[Record[Any]] = []
    cursor = None
    while True:
        page = await store.page(query, cursor=cursor, limit=_AT_ONCE)
        found += page.items
        if (cursor := page.next_cursor) is None:
            return {record.id: record.state for record in found}
