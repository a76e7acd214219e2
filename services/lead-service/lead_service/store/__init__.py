"""What lead-service keeps: its leads, likely duplicates among them, and replicas of the members and customers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.common import Channel, Grade
from dealwire.catalogue.people import MemberChanged, MemberPerformanceRated
from dealwire.kit.cause import Cause
from dealwire.kit.relay import Relay
from dealwire.kit.store import Claims, Database, Index, Leases, Page, Record, RecordStore, Replica
from lead_service.domain import matching
from lead_service.domain.campaign import Count
from lead_service.domain.clock import deadlines
from lead_service.domain.customer import Customer
from lead_service.domain.grab import Bidders
from lead_service.domain.importing import Import
from lead_service.domain.lead import OPEN, Lead, Status
from lead_service.domain.matching import Match
from lead_service.domain.models import PublishedModel
from lead_service.domain.routing import Roster
from lead_service.domain.routing_rules import PublishedRouting, routing_in_force
from lead_service.domain.saved_list import SavedList
from lead_service.domain.sops import PublishedSops
from lead_service.domain.suggestion import Kind, Suggestion, Verdict, suggest, suggest_again
from lead_service.store.import_rows import ImportRows
from lead_service.store.near import Near
from lead_service.store.sources import Sources
from lead_service.store.violations import Violations

SERVICE = "lead-service"
ROUTING, SOPS = "routing", "sops"
"""The ids of the one routing and the one set of SOPs there are."""
_AT_ONCE = 200

Between = tuple[datetime | None, datetime | None]
"""From a moment on, and until before another."""


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
            looked_at=True,
            indexes=(
                # Two leads never share a phone number, an e-mail address or a credit code, however many captures race.
                Index({"state.keys": 1}, unique=True),
                # Nor do two leads take the same place of an AM, however many grabs are won at once.
                Index({"state.pool_slot": 1}, unique=True, where={"state.pool_slot": {"$gt": ""}}),
                Index({"state.blocks": 1, "created_at": -1, "_id": -1}),
                Index({"state.status": 1, "created_at": -1, "_id": -1}),
                Index({"state.customer.account_id": 1}, where={"state.customer.account_id": {"$gt": ""}}),
                Index({"state.terms": 1}),
                Index({"state.captured_at": 1}),
                Index({"state.linked_costs.at": 1}, where={"state.linked_costs.at": {"$exists": True}}),
                Index({"state.notes": 1}, where={"state.notes": {"$gt": ""}}),
                Index({"state.score": -1, "_id": -1}, where={"state.score": {"$gte": 0}}),
                Index({"state.completion.escalated": 1}, where={"state.completion.escalated": True}),
                *(
                    Index({field: 1, "created_at": -1, "_id": -1}, where={field: {"$gt": ""}})
                    for field in ("state.am_id", "state.se_id")
                ),
            ),
        )
        self.members = Replica(database, "members", MemberChanged, id=lambda member: member.member_id)
        self.ratings = Replica(database, "ratings", MemberPerformanceRated, id=lambda rated: rated.member_id)
        self.customers = Replica(
            database,
            "customers",
            Customer,
            id=lambda customer: customer.account_id,
            indexes=(Index({"data.blocks": 1}),),
        )
        self.near = Near(self.leads, self.customers)
        self.suggestions = RecordStore(
            database,
            relay,
            SERVICE,
            "suggestions",
            Suggestion,
            indexes=[
                Index({f"state.{field}": 1, "created_at": -1, "_id": -1})
                for field in ("verdict", "lead_id", "other_id")
            ],
        )
        self.captures = Claims(database, "captures")
        self.models = RecordStore(database, relay, SERVICE, "scoring-models", PublishedModel)
        self.routing = RecordStore(database, relay, SERVICE, "routing", PublishedRouting)
        self.sops = RecordStore(database, relay, SERVICE, "sops", PublishedSops)
        self.imports = RecordStore(
            database,
            relay,
            SERVICE,
            "imports",
            Import,
            indexes=(Index({"state.status": 1, "created_at": -1, "_id": -1}),),
        )
        self.lists = RecordStore(
            database,
            relay,
            SERVICE,
            "lists",
            SavedList,
            indexes=(Index({"state.owner": 1, "created_at": -1, "_id": -1}),),
        )
        self.sources = Sources(database, relay, SERVICE)
        self.import_rows = ImportRows(database)
        self.violations = Violations(database, SERVICE)
        self.leases = Leases(database)

    async def same_person(self, keys: tuple[str, ...]) -> Record[Lead] | None:
        """The lead that has one of these keys, the oldest if they belong to several."""
        return await self.leads.find_one({"state.keys": {"$in": list(keys)}})

    async def scoring_models(self) -> list[PublishedModel]:
        """Every scoring model there is."""
        return [record.state async for record in self.models.scan({})]

    def leads_of_company(self, name: str) -> AsyncIterator[Lead]:
        """All leads that name this company."""
        return self._all({"state.blocks": matching.company_block(name)})

    def leads_of_customer(self, account_id: str) -> AsyncIterator[Lead]:
        """All leads that are linked to this customer."""
        return self._all({"state.customer.account_id": account_id})

    def leads_of_am(self, am_id: str) -> AsyncIterator[Lead]:
        """All leads that this AM has to accept or works on."""
        return self._all({"state.am_id": am_id, "state.status": {"$in": list(OPEN)}})

    async def _all(self, query: Mapping[str, Any]) -> AsyncIterator[Lead]:
        cursor: str | None = None
        while True:
            page = await self.leads.page(query, cursor=cursor, limit=_AT_ONCE)
            for record in page.items:
                yield record.state
            if (cursor := page.next_cursor) is None:
                return

    async def suggest(self, lead_id: str, kind: Kind, other_id: str, match: Match, cause: Cause) -> None:
        """Suggests that a lead is the same as another, or as a customer's, unless that has been settled."""
        decision = suggest(lead_id, kind, other_id, match)
        made = await self.suggestions.create(decision[0].id, decision, cause)
        if made.state.verdict is Verdict.VOID:
            await self.suggestions.change(made.id, suggest_again, cause)

    async def namesakes(self, lead: Lead) -> list[Customer]:
        """The customers of the name of a lead's company, but for those that a person said it is none of."""
        customers = await self.customers.find({"data.blocks": matching.company_block(lead.capture.company)})
        if not customers:
            return []
        told_apart = {"state.lead_id": lead.id, "state.verdict": Verdict.OTHER}
        others = {record.state.other_id async for record in self.suggestions.scan(told_apart)}
        return [customer for customer in customers if customer.account_id not in others]

    async def open_suggestions(self, lead_ids: Sequence[str]) -> list[Suggestion]:
        """Those that are about any of these leads, from either side; one that is about two of them, twice."""
        sides = [{f"state.{side}": {"$in": list(lead_ids)}} for side in ("lead_id", "other_id")] if lead_ids else []
        about = [record.state for side in sides async for record in self.suggestions.scan(side)]
        return [suggestion for suggestion in about if suggestion.verdict is Verdict.OPEN]

    async def published_routing(self) -> PublishedRouting | None:
        """All published versions of the routing; None before the first."""
        there = await self.routing.find_one({"_id": ROUTING})
        return there.state if there else None

    async def published_sops(self) -> PublishedSops | None:
        """All published versions of the SOPs; None before the first."""
        there = await self.sops.find_one({"_id": SOPS})
        return there.state if there else None

    async def count_sources(self, begin: datetime, end: datetime) -> list[Count]:
        """How many leads of a period there are of each source, grade and status, and what came in then cost."""
        return [*await self._count_leads(begin, end), *await self._sum_linked_costs(begin, end)]

    async def _count_leads(self, begin: datetime, end: datetime) -> list[Count]:
        captured = {"state.captured_at": {"$gte": begin, "$lt": end}, "state.status": {"$ne": Status.WITHDRAWN}}
        fields = {
            "channel": "state.capture.channel",
            "campaign": "state.capture.campaign",
            "grade": "state.grade",
            "status": "state.status",
            "currency": "state.capture.cost.currency",
        }
        groups = await self.leads.sum_by(fields, "state.capture.cost.minor", captured)
        return [
            _a_cost(each, minor)
            if each["status"] == Status.MERGED
            else Count(
                channel=Channel(each["channel"]),
                campaign=each["campaign"],
                grade=Grade(each["grade"]) if each["grade"] else None,
                status=Status(each["status"]),
                currency=each["currency"],
                leads=leads,
                minor=minor,
            )
            for each, leads, minor in groups
        ]

    async def _sum_linked_costs(self, begin: datetime, end: datetime) -> list[Count]:
        """A merged lead keeps those of its own captures."""
        linked = {"state.linked_costs.at": {"$gte": begin, "$lt": end}, "state.status": {"$ne": Status.WITHDRAWN}}
        fields = {
            "channel": "state.linked_costs.channel",
            "campaign": "state.linked_costs.campaign",
            "currency": "state.linked_costs.cost.currency",
        }
        groups = await self.leads.sum_by(fields, "state.linked_costs.cost.minor", linked, each="state.linked_costs")
        return [_a_cost(each, minor) for each, _, minor in groups]

    async def same_people(self, keys: list[str]) -> dict[str, tuple[int, str]]:
        """Of each of these keys the lead that has it; the number before its id says which of several is older."""
        there: dict[str, tuple[int, str]] = {}
        number = 0
        async for record in self.leads.scan({"state.keys": {"$in": keys}}):
            number += 1
            there |= dict.fromkeys(record.state.keys, (number, record.id))
        return there

    async def qualified(
        self, captured: Between, cursor: str | None, limit: int, *, routed: bool = False
    ) -> Page[Record[Lead]]:
        """Leads captured in a period that a model has graded, newest first; or of these the ones that were to be
        routed.
        """
        begin, end = captured
        created = {"$gte": begin} if begin else {}
        created |= {"$lt": end} if end else {}
        query: dict[str, object] = {"state.grade": {"$ne": None}, **({"created_at": created} if created else {})}
        if routed:
            query["$or"] = [{"state.grade": Grade.A}, {"state.attempt": {"$gt": 0}}]
        return await self.leads.page(query, cursor=cursor, limit=limit)

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


def _a_cost(source: Mapping[str, Any], minor: int) -> Count:
    """A cost that no lead of this source comes with."""
    return Count(Channel(source["channel"]), source["campaign"], source["currency"], leads=0, minor=minor)
