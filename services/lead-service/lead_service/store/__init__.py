"""What lead-service keeps: its leads, and a replica of the members."""

from __future__ import annotations

from datetime import datetime

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.people import MemberChanged, MemberPerformanceRated
from dealwire.kit.relay import Relay
from dealwire.kit.store import Claims, Database, Index, Leases, Record, RecordStore, Replica
from lead_service.domain.clock import deadlines
from lead_service.domain.grab import Bidders
from lead_service.domain.importing import Import
from lead_service.domain.lead import OPEN, Lead
from lead_service.domain.models import PublishedModel
from lead_service.domain.routing import Roster
from lead_service.domain.routing_rules import PublishedRouting, routing_in_force
from lead_service.store.import_rows import ImportRows

SERVICE = "lead-service"
ROUTING = "routing"
"""The id of the one routing there is."""
_MOST_MODELS = 1000


class LeadStore:
    """Collections, indexes and queries."""

    def __init__(self, database: Database, relay: Relay) -> None:
        self.leads = RecordStore(
            database,
            relay,
            SERVICE,
            "leads",
            Lead,
            deadlines=deadlines,
            indexes=(
                # Two leads never share a phone number, an e-mail address or a credit code, however many captures race.
                Index({"state.keys": 1}, unique=True),
                # Nor do two leads take the same place of an AM, however many grabs are won at once.
                Index({"state.pool_slot": 1}, unique=True, where={"state.pool_slot": {"$gt": ""}}),
                Index({"state.status": 1, "created_at": -1, "_id": -1}),
                *(
                    Index({field: 1, "created_at": -1, "_id": -1}, where={field: {"$gt": ""}})
                    for field in ("state.am_id", "state.se_id")
                ),
            ),
        )
        self.members = Replica(database, "members", MemberChanged, id=lambda member: member.member_id)
        self.ratings = Replica(database, "ratings", MemberPerformanceRated, id=lambda rated: rated.member_id)
        self.captures = Claims(database, "captures")
        self.models = RecordStore(database, relay, SERVICE, "scoring-models", PublishedModel)
        self.routing = RecordStore(database, relay, SERVICE, "routing", PublishedRouting)
        self.imports = RecordStore(
            database,
            relay,
            SERVICE,
            "imports",
            Import,
            indexes=(Index({"state.status": 1, "created_at": -1, "_id": -1}),),
        )
        self.import_rows = ImportRows(database)
        self.leases = Leases(database)

    async def same_person(self, keys: tuple[str, ...]) -> Record[Lead] | None:
        """The lead that has one of these keys, the oldest if they belong to several."""
        return await self.leads.find_one({"state.keys": {"$in": list(keys)}})

    async def scoring_models(self) -> list[PublishedModel]:
        """Every scoring model there is."""
        return [record.state for record in (await self.models.page({}, limit=_MOST_MODELS)).items]

    async def published_routing(self) -> PublishedRouting | None:
        """All published versions of the routing; None before the first."""
        there = await self.routing.find_one({"_id": ROUTING})
        return there.state if there else None

    async def same_people(self, keys: list[str]) -> dict[str, tuple[int, str]]:
        """Of each of these keys the lead that has it; the number before its id says which of several is older."""
        there: dict[str, tuple[int, str]] = {}
        number = 0
        async for record in self.leads.scan({"state.keys": {"$in": keys}}):
            number += 1
            there |= dict.fromkeys(record.state.keys, (number, record.id))
        return there

    async def roster(self, now: datetime, calendar: BusinessCalendar) -> Roster:
        """Everybody who works here now, how many open leads each AM has, and the routing in force."""
        members = await self.members.find({"data.active": True})
        load = await self.leads.count_by("state.am_id", {"state.status": {"$in": list(OPEN)}})
        return Roster(members, load, calendar.day(now), routing_in_force(await self.published_routing(), now))

    async def bidders(self) -> Bidders:
        """How everybody performed, and which places for leads from the pool are taken."""
        ratings = await self.ratings.find({"data.rating": {"$ne": None}})
        taken = await self.leads.count_by("state.pool_slot", {"state.pool_slot": {"$gt": ""}})
        return Bidders({each.member_id: each.rating for each in ratings if each.rating is not None}, frozenset(taken))
