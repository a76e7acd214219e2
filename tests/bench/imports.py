"""Past deals a second: imported through the gateway as `dealwire import deals` does, beside inserting the same
documents.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from statistics import median
from time import perf_counter

from bench.harness import Document, Site, until
from bench.rows import Row
from pymongo import WriteConcern

from dealwire.catalogue.pipeline import OpportunityWon
from dealwire.cli.client import Api

_DEALS = 5_000
_BATCH = 250
_AT_ONCE = 2
_ROUNDS = 3
_SHARES = {"won": 48, "lost": 28, "engaging": 18, "prospecting": 6}  # as in the public data set that the CLI reads
_PRODUCTS = ("CT 64", "CT 128", "MRI 1.5T", "MRI 3T", "Ultrasound S", "Ultrasound L", "Service plan")

Batch = list[Document]


async def imports(site: Site) -> tuple[Row, list[tuple[str, str]]]:
    """The row, and of each open deal its id and whose it is; everything that follows from the import is done then."""
    deals = _past_deals()
    opened: list[tuple[str, str]] = []
    token = site.stack.keys.mint("crm-import", ["machine"], ["deals:import"])
    async with Api.at(site.stack.url, token) as services:

        async def send(batch: Batch) -> None:
            body = {"source": "bench", "products": _PRODUCTS, "deals": batch}
            answer = await services.post("/pipeline/v1/imports/deals", body)
            if answer["created"] != len(batch):
                raise RuntimeError(f"not every deal was imported: {answer}")
            for deal, told in zip(batch, answer["rows"], strict=True):
                if deal["stage"] == "engaging":
                    opened.append((told["opportunity_id"], deal["agent"]))

        rate = await _rate(deals, send)
    won = sum(deal["stage"] == "won" for deal in deals)
    await _all_is_quiet(site, won)
    floor = median([await _rate(await _documents(site), _inserting(site, number)) for number in range(_ROUNDS)])
    return Row.of("past deals imported; floor: insert_many of the documents", rate, "1/s", floor), opened


async def _rate(documents: Batch, send: Callable[[Batch], Awaitable[object]]) -> float:
    """Batches one after the other, two at once."""
    batches = iter([documents[start : start + _BATCH] for start in range(0, len(documents), _BATCH)])

    async def work() -> None:
        for batch in batches:  # shared, so that each is taken once
            await send(batch)

    began = perf_counter()
    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    return _DEALS / (perf_counter() - began)


def _inserting(site: Site, number: int) -> Callable[[Batch], Awaitable[object]]:
    collection = site.database("floors").get_collection(
        f"deals_{number}", write_concern=WriteConcern(w="majority", j=True)
    )
    return collection.insert_many


async def _documents(site: Site) -> Batch:
    """Deals and accounts as the import inserted them, their events still in the outbox."""
    database = site.database("pipeline-service")
    told = defaultdict(list)
    async for event in database["events"].find({"type": {"$ne": OpportunityWon.type}}, {"_id": 0}):
        told[event["subject"]].append(event)
    return [
        {**document, "outbox": told[document["_id"]]}
        for name in ("accounts", "opportunities")
        async for document in database[name].find()
    ]


async def _all_is_quiet(site: Site, won: int) -> None:
    """A won deal is won with us when contract-service has recorded its contract; that the figures learn last."""
    facts = site.database("kpi-service")["facts"]

    async def all_won() -> bool:
        return await facts.count_documents({"event.type": OpportunityWon.type}) == won

    await until(all_won, "every won deal is in the figures", within=120, every=0.5)


def _past_deals() -> Batch:
    chance = random.Random(11)
    stages = chance.choices(list(_SHARES), weights=list(_SHARES.values()), k=_DEALS)
    return [_past_deal(chance, number, stage) for number, stage in enumerate(stages)]


def _past_deal(chance: random.Random, number: int, stage: str) -> Document:
    engaged = date(2024, 1, 1) + timedelta(days=chance.randrange(300))
    closed = engaged + timedelta(days=chance.randrange(1, 120)) if stage in ("won", "lost") else None
    value = {"minor": chance.randrange(10**5, 10**8), "currency": "CNY"} if stage == "won" else None
    return {
        "external_id": f"D{number:06d}",
        "agent": f"am.{chance.randrange(30)}",
        "product": chance.choice(_PRODUCTS),
        "account": f"华东第{chance.randrange(1, 200)}医院",
        "stage": stage,
        "engaged_on": None if stage == "prospecting" else engaged.isoformat(),
        "closed_on": closed.isoformat() if closed else None,
        "value": value,
    }
