"""What pipeline-service keeps: accounts, deals, and replicas of the members and of market notes."""

from __future__ import annotations

from collections.abc import Collection

from dealwire.catalogue.people import MemberChanged
from dealwire.kit.relay import Relay
from dealwire.kit.store import Claims, Database, Index, RecordStore, Replica
from pipeline_service.domain.account import Account, AccountOf, account_id, former_account_id
from pipeline_service.domain.note import Note
from pipeline_service.domain.opportunity import Opportunity
from pipeline_service.domain.past_deal import PastDeal

SERVICE = "pipeline-service"


class PipelineStore:
    """Collections, indexes and queries."""

    def __init__(self, database: Database, relay: Relay) -> None:
        self.accounts = RecordStore(database, relay, SERVICE, "accounts", Account, indexes=[_newest_by("owner_id")])
        self.opportunities = RecordStore(
            database,
            relay,
            SERVICE,
            "opportunities",
            Opportunity,
            indexes=[
                *(_newest_by(field) for field in ("stage", "am_id", "se_id", "account_id")),
                Index({"state.notes": 1}, where={"state.notes": {"$gt": ""}}),
            ],
        )
        self.members = Replica(database, "members", MemberChanged, id=lambda member: member.member_id)
        self.notes = Replica(database, "notes", Note, id=lambda note: note.note_id)
        self.imports = Claims(database, "imports")

    async def account_of(self, names: Collection[str]) -> AccountOf:
        """Where the accounts of these companies are, or will be: those opened under a former id are found there."""
        former = {name: former_account_id(name) for name in names}
        there = await self.accounts.values("_id", {"_id": {"$in": list(former.values())}}, len(former))
        return {name: id_ if id_ in there else account_id(name) for name, id_ in former.items()}.__getitem__

    async def imported(self, deal_ids: Collection[str]) -> dict[str, PastDeal]:
        """What was told of deals that were imported before, by their ids."""
        if not deal_ids:
            return {}
        page = await self.opportunities.page({"_id": {"$in": list(deal_ids)}}, limit=len(deal_ids))
        return {record.id: record.state.imported for record in page.items if record.state.imported}


def _newest_by(field: str) -> Index:
    return Index({f"state.{field}": 1, "created_at": -1, "_id": -1})
