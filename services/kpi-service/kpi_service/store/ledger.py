"""The ledger: every projected event as a fact under its own id, the daily roll-ups, and the firsts.

facts    one per event, with what it contributes and the event itself
daily    sums by day, member, metric and currency
firsts   of everything that counts once, the earliest contribution
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from dealwire.event import Event
from dealwire.kit.store import Database, Index, Page
from dealwire.kit.store.database import Document, duplicates, needs_database
from dealwire.kit.store.pages import make_cursor, read_cursor
from kpi_service.domain.facts import Contribution, Fact, fact_of
from kpi_service.domain.metrics import Metric
from kpi_service.domain.people import Stint
from kpi_service.domain.period import Period
from kpi_service.domain.rollups import Cell, RollUps, Totals, roll_up
from kpi_service.store.documents import (
    cell_name,
    cell_of_name,
    daily_id,
    fact_document,
    fact_of_document,
    first_documents,
)

_SUM_OF_CELLS: list[Document] = [
    {"$project": {"member_id": 1, "cell": {"$objectToArray": "$cells"}}},
    {"$unwind": "$cell"},
    {
        "$group": {
            "_id": {"member_id": "$member_id", "name": "$cell.k"},
            "total": {"$sum": "$cell.v.total"},
            "facts": {"$sum": "$cell.v.facts"},
        }
    },
]
_COUNT_OF_FIRSTS: Document = {
    "$group": {
        "_id": {"member_id": "$first.member_id", "name": {"$concat": ["$first.metric", " -"]}},
        "total": {"$sum": 1},
        "facts": {"$sum": 1},
    }
}

Who = Sequence[Stint] | None
"""Whose figures: days of members, or the company's when it is None."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A fact as a figure shows it: the contribution that counts, and the event that made it."""

    fact: Fact
    contribution: Contribution
    event: Event


class Entry(NamedTuple):
    """An event, read: the fact it is, and how that is written down."""

    fact: Fact
    document: Document


class Ledger:
    """Facts and what they add up to."""

    def __init__(self, database: Database, zone: ZoneInfo) -> None:
        self.database = database
        self.zone = zone
        self.facts = database.collection(
            "facts",
            (
                Index({"contributions.metric": 1, "day": 1, "_id": 1, "member_id": 1}),
                Index({"contributions.once": 1}, where={"contributions.once": {"$exists": True}}),
                Index({"day": 1}),
            ),
        )
        self.daily = database.collection("daily", (Index({"day": 1, "member_id": 1}),))
        self.firsts = database.collection("firsts", (Index({"first.day": 1, "first.member_id": 1}),))

    def read(self, event: Event) -> Entry:
        """What an event comes to in the ledger. Raises ValidationError when its data is none."""
        fact = fact_of(event, self.zone)
        return Entry(fact, fact_document(fact, event))

    @needs_database
    async def keep(self, entries: Iterable[Entry]) -> None:
        """Keeps what is new and counts it, in one transaction; what is known already changes nothing."""
        fresh = {entry.fact.event_id: entry for entry in entries}
        while fresh:
            try:
                await self._add(fresh.values())
            except BulkWriteError as error:
                duplicates(error)
            else:
                return
            # Most are new, so asking first would cost every batch a trip.
            async for known in self.facts.find({"_id": {"$in": list(fresh)}}, {"_id": 1}):
                del fresh[known["_id"]]

    async def _add(self, entries: Collection[Entry]) -> None:
        """All of them, or none: raises BulkWriteError when one is known."""
        async with self.database.transaction() as session:
            await self.facts.insert_many([entry.document for entry in entries], session=session)
            rolled = roll_up(entry.fact for entry in entries)
            if additions := _additions(rolled):
                await self.daily.bulk_write(additions, ordered=False, session=session)
            if earlier := _earlier(rolled):
                await self.firsts.bulk_write(earlier, ordered=False, session=session)

    @needs_database
    async def by_member(self, period: Period, who: Who = None) -> dict[str | None, Totals]:
        """What each did in the period; `None` is what counts for the company only."""
        if who is not None and not who:
            return {}
        result: dict[str | None, dict[tuple[Metric, str | None], Cell]] = defaultdict(dict)
        for collection, sums in (
            (self.daily, [{"$match": _selected(period, who)}, *_SUM_OF_CELLS]),
            (self.firsts, [{"$match": _selected(period, who, "first.")}, _COUNT_OF_FIRSTS]),
        ):
            async for row in collection.aggregate(sums):
                if cell := cell_of_name(row["_id"]["name"]):
                    result[row["_id"]["member_id"]][cell] = Cell(row["total"], row["facts"])
        return dict(result)

    @needs_database
    async def proofs(
        self,
        metrics: Sequence[Metric],
        period: Period,
        who: Who = None,
        *,
        currency: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Proof]:
        """The facts behind a figure, by day; a page may be short of some that turned out not to count."""
        conditions: list[Mapping[str, Any]] = [
            {"contributions.metric": {"$in": list(metrics)}},
            _selected(period, who) if who is None or who else {"_id": None},
        ]
        if cursor:
            day, last = read_cursor(cursor, (str, str))
            conditions.append({"$or": [{"day": {"$gt": day}}, {"day": day, "_id": {"$gt": last}}]})
        found = self.facts.find({"$and": conditions}).sort([("day", 1), ("_id", 1)]).limit(limit + 1)
        documents = await found.to_list(None)
        more = len(documents) > limit
        after = make_cursor(documents[limit - 1]["day"], documents[limit - 1]["_id"]) if more else None
        return Page(await self._counting(documents[:limit], set(metrics), currency), after)

    async def _counting(self, documents: Sequence[Document], metrics: set[Metric], currency: str | None) -> list[Proof]:
        wanted = [
            Proof(fact, contribution, Event.model_validate(document["event"]))
            for document in documents
            for fact in (fact_of_document(document),)
            for contribution in fact.contributions
            if contribution.metric in metrics and currency in (None, contribution.currency)
        ]
        keys = [proof.contribution.once for proof in wanted if proof.contribution.once]
        firsts = {
            document["_id"]: document["first"]["event_id"]
            async for document in self.firsts.find({"_id": {"$in": keys}})
        }
        return [
            proof
            for proof in wanted
            if proof.contribution.once is None or firsts.get(proof.contribution.once) == proof.fact.event_id
        ]


def _selected(period: Period, who: Who, prefix: str = "") -> Document:
    if who is None:
        return {f"{prefix}day": {"$gte": period.first.isoformat(), "$lte": period.last.isoformat()}}
    return {
        "$or": [
            {
                f"{prefix}member_id": stint.member_id,
                f"{prefix}day": {"$gte": stint.first.isoformat(), "$lte": stint.last.isoformat()},
            }
            for stint in who
        ]
    }


def _additions(rolled: RollUps) -> list[UpdateOne]:
    """The cells of a member's day are one document, so that counting is one write for all of them."""
    sums: dict[tuple[date, str | None], dict[str, int]] = defaultdict(dict)
    for (day, member_id, metric, currency), cell in rolled.cells.items():
        name = cell_name(metric, currency)
        sums[day, member_id] |= {f"cells.{name}.total": cell.total, f"cells.{name}.facts": cell.facts}
    return [
        UpdateOne(
            {"_id": daily_id(day, member_id)},
            {"$setOnInsert": {"day": day.isoformat(), "member_id": member_id}, "$inc": additions},
            upsert=True,
        )
        for (day, member_id), additions in sums.items()
    ]


def _earlier(rolled: RollUps) -> list[UpdateOne]:
    """Taking the earlier is `$min`. Counting the touches makes each a write, which a correction at the same time meets."""
    return [
        UpdateOne({"_id": once}, {"$min": {"first": document["first"]}, "$inc": {"touched": 1}}, upsert=True)
        for once, document in first_documents(rolled).items()
    ]
