"""Makes the figures anew from the facts, or only says where they differ.

First every fact is read from its event again, because a reading may have changed; then, day by day, what the facts add
up to takes the place of what differs. A day is one transaction: whatever is projected at the same time either comes
before it, or touches the same numbers and makes it start over. So a rebuild never loses an event, needs no pause, and
may be broken off at any moment or run twice at once.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import dataclass, replace

from pymongo import DeleteOne, ReplaceOne

from dealwire.errors import Unavailable
from dealwire.event import Event
from dealwire.kit.store.database import Collection, Document, Session, needs_database
from kpi_service.domain.facts import fact_of
from kpi_service.domain.rollups import RollUps, roll_up
from kpi_service.store.documents import daily_documents, fact_document, fact_of_document, first_documents
from kpi_service.store.ledger import Ledger

_ATTEMPTS = 20
_FACTS_AT_ONCE = 1000
_DAYS_BETWEEN_REPORTS = 20
_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """A document of the roll-ups that is not what the facts add up to; `None` where there is or should be none."""

    stored: Document | None
    right: Document | None


Differences = Mapping[str, Difference]


@dataclass(frozen=True, slots=True)
class Report:
    """How far a rebuild is and what it found.

    `facts_changed` of `facts` say something else than when they were kept; `differing` roll-ups were wrong, of which
    `differences` shows the first hundred.
    """

    facts: int = 0
    facts_changed: int = 0
    days: int = 0
    days_done: int = 0
    differing: int = 0
    differences: tuple[Difference, ...] = ()
    done: bool = False


async def rebuild(ledger: Ledger, *, check: bool) -> AsyncIterator[Report]:
    """Tells how far it is, and at last what it found; with `check` it changes nothing."""
    report = Report()
    after = ""
    while page := await _page(ledger, after):
        after = page[-1]["_id"]
        changed = await _read_again(ledger, page, check=check)
        report = replace(report, facts=report.facts + len(page), facts_changed=report.facts_changed + changed)
        yield report
    days, wrong = await _days(ledger), set[str]()
    for number, day in enumerate(days, start=1):
        found = await _put_right(ledger, day, check=check)
        new = [difference for each, difference in found.items() if each not in wrong]
        wrong |= found.keys()  # a first in doubt is met on several days
        report = replace(
            report,
            days=len(days),
            days_done=number,
            differing=len(wrong),
            differences=(*report.differences, *new)[:_MOST_SHOWN],
        )
        if number % _DAYS_BETWEEN_REPORTS == 0:
            yield report
    yield replace(report, done=True)


@needs_database
async def _page(ledger: Ledger, after: str) -> list[Document]:
    return await ledger.facts.find({"_id": {"$gt": after}}).sort("_id", 1).limit(_FACTS_AT_ONCE).to_list(None)


@needs_database
async def _read_again(ledger: Ledger, documents: list[Document], *, check: bool) -> int:
    changed = []
    for document in documents:
        event = Event.model_validate(document["event"])
        right = fact_document(fact_of(event, ledger.zone), event)
        if right | {"event": document["event"]} != document:
            changed.append(ReplaceOne({"_id": document["_id"]}, right))
    if changed and not check:
        await ledger.facts.bulk_write(changed, ordered=False)
    return len(changed)


@needs_database
async def _days(ledger: Ledger) -> list[str]:
    return sorted(
        {
            *await ledger.facts.distinct("day"),
            *await ledger.daily.distinct("day"),
            *await ledger.firsts.distinct("first.day"),
        }
    )


async def _put_right(ledger: Ledger, day: str, *, check: bool) -> Differences:
    for attempt in range(_ATTEMPTS):
        try:
            return await _day(ledger, day, check=check)
        except Unavailable:  # somebody projects into the same numbers
            await asyncio.sleep(random.random() * 0.02 * (attempt + 1))
    return await _day(ledger, day, check=check)


@needs_database
async def _day(ledger: Ledger, day: str, *, check: bool) -> Differences:
    async with ledger.database.transaction() as session:
        facts = ledger.facts.find({"day": day}, {"event": 0}, session=session)
        right = roll_up([fact_of_document(document) async for document in facts])
        stored = await _by_id(ledger.daily.find({"day": day}, session=session))
        cells = _differences(stored, daily_documents(right))
        firsts = await _firsts(ledger, session, day, right)
        if not check:
            await _correct(ledger.daily, session, cells)
            await _correct(ledger.firsts, session, firsts)
        return {**cells, **firsts}


async def _firsts(ledger: Ledger, session: Session, day: str, right: RollUps) -> Differences:
    """A first of an earlier day is looked at on its own day; one in doubt is found anew among the facts of all days."""
    known = {"$or": [{"_id": {"$in": list(right.firsts)}}, {"first.day": day}]}
    stored = await _by_id(ledger.firsts.find(known, {"touched": 0}, session=session))
    doubtful = {
        once
        for once in _differences(stored, first_documents(right))
        if once not in stored or stored[once]["first"]["day"] >= day
    }
    facts = ledger.facts.find({"contributions.once": {"$in": list(doubtful)}}, {"event": 0}, session=session)
    anew = roll_up([fact_of_document(document) async for document in facts])
    differences = _differences(stored, first_documents(anew))
    return {once: difference for once, difference in differences.items() if once in doubtful}


async def _by_id(documents: AsyncIterable[Document]) -> dict[str, Document]:
    return {document["_id"]: document async for document in documents}


def _differences(stored: Mapping[str, Document], right: Mapping[str, Document]) -> Differences:
    return {
        each: Difference(stored.get(each), right.get(each))
        for each in sorted(stored.keys() | right.keys())
        if stored.get(each) != right.get(each)
    }


async def _correct(collection: Collection, session: Session, differences: Differences) -> None:
    corrections = [
        ReplaceOne({"_id": each}, difference.right, upsert=True) if difference.right else DeleteOne({"_id": each})
        for each, difference in differences.items()
    ]
    if corrections:
        await collection.bulk_write(corrections, ordered=False, session=session)
