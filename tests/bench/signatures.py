"""From the answer to a signature until the figures know of it, beside publishing, consuming and inserting the event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from statistics import quantiles
from time import perf_counter
from uuid import uuid4

import aio_pika
from bench.floors import event_message
from bench.harness import Collection, Document, Site, until
from bench.rows import Row
from support.department import SHA256, Department, today

from dealwire.catalogue.contract import ContractSigned
from dealwire.event import derived_id
from dealwire.kit.bus import EXCHANGE

_CONTRACTS = 200
_AT_ONCE = 8
_PAUSE_SECONDS = 0.04
_SE = "se.wu"

Times = dict[str, float]


async def signatures(site: Site, deals: Sequence[tuple[str, str]]) -> list[Row]:
    """A contract is signed, an event is published past it all, and so on in turn; both are seen by change streams."""
    department = Department(site.stack.url, site.stack.keys)
    contracts = await _approved(site, department, deals[:_CONTRACTS])
    facts = site.database("kpi-service")["facts"]
    like = await facts.find_one({"event.type": ContractSigned.type})
    assert like
    async with (
        site.floor("chain", like, key="bench.chain", size=_AT_ONCE) as floor,
        _arrivals(facts, "$fullDocument.event.subject", {"fullDocument.event.type": ContractSigned.type}) as known,
        _arrivals(floor.stored, "$documentKey._id", {}) as inserted,
    ):
        signed, published = await _sign(site, contracts, like)
        await until(lambda: _all(signed, known), "all signatures are in the figures")
        await until(lambda: _all(published, inserted), "all events are inserted")
    await department.aclose()
    ours, floors = (_percentiles(*each) for each in ((signed, known), (published, inserted)))
    return [
        Row.of(f"signature until in the figures, {name}; floor: publish, consume, insert", mine, "ms", floor, "≤ 3")
        for name, mine, floor in zip(("p50", "p99"), ours, floors, strict=True)
    ]


async def _sign(site: Site, contracts: Sequence[tuple[str, str]], like: Document) -> tuple[Times, Times]:
    """When each signature was answered, and when the publishing of each event began."""
    signed: Times = {}
    published: Times = {}
    desk = Department(
        site.service("contract-service").url, site.stack.keys
    )  # past the gateway: it would only hide time
    signatories = [{"name": "Zhao Min", "party": "ours"}, {"name": "Wang Fang", "party": "customer"}]
    body = {"signatories": signatories, "document_sha256": SHA256, "signed_on": today()}
    async with await aio_pika.connect(site.place.amqp_url) as connection:
        channel = await connection.channel(on_return_raises=True)
        exchange = await channel.get_exchange(EXCHANGE)
        for contract_id, am_id in contracts:
            await desk.as_(am_id, "am").post(f"/v1/contracts/{contract_id}/sign", body)
            signed[contract_id] = perf_counter()
            await asyncio.sleep(_PAUSE_SECONDS)
            event = {**like["event"], "id": str(uuid4())}
            message = event_message(event)
            published[event["id"]] = perf_counter()
            await exchange.publish(message, "bench.chain", mandatory=True)
            await asyncio.sleep(_PAUSE_SECONDS)
    await desk.aclose()
    return signed, published


async def _approved(site: Site, department: Department, deals: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Contracts of these deals that only want to be signed, each with its AM."""
    so = department.as_("so.zhao", "so")
    await so.put(f"/kpi/v1/members/{_SE}", {"name": "Wu", "roles": ["se"]})
    members = site.database("pipeline-service")["members"]
    await until(lambda: members.find_one({"_id": _SE}), "pipeline-service knows the SE")
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(deal_id: str, am_id: str) -> tuple[str, str]:
        async with gate:
            return await _approve(site, department, deal_id, am_id), am_id

    return list(await asyncio.gather(*(one(*deal) for deal in deals)))


async def _approve(site: Site, department: Department, deal_id: str, am_id: str) -> str:
    am, se = department.as_(am_id, "am"), department.as_(_SE, "se")
    deal = f"/pipeline/v1/opportunities/{deal_id}"
    await am.post(f"{deal}/se", {"se_id": _SE})
    for stage in ("solution", "quote"):
        await am.post(f"{deal}/move", {"stage": stage})
    price = {"minor": 120_000_00, "currency": "CNY"}
    quoted = await am.post(f"{deal}/quotes", {"lines": [{"product": "MRI 3T", "quantity": 1, "unit_price": price}]})
    quote_id = quoted["quotes"][-1]["id"]
    quote = f"{deal}/quotes/{quote_id}"
    for who, step in ((am, "confirm"), (se, "confirm"), (am, "send"), (am, "accept")):
        await who.post(f"{quote}/{step}")
    contract_id = derived_id("contract", quote_id)
    contracts = site.database("contract-service")["contracts"]
    await until(lambda: contracts.find_one({"_id": contract_id}, {"_id": 1}), "the contract is drafted")
    contract = f"/contract/v1/contracts/{contract_id}"
    await am.post(f"{contract}/submit")
    for role, name in (("so", "sales_ops"), ("finance", "finance")):
        await department.as_(f"{role}.desk", role).post(f"{contract}/reviews/{name}", {"approved": True})
    return contract_id


@asynccontextmanager
async def _arrivals(stored: Collection, key: str, match: Document) -> AsyncIterator[Times]:
    """When each document is there for others to read."""
    seen: Times = {}
    pipeline = [{"$match": {"operationType": "insert", **match}}, {"$project": {"key": key}}]
    async with stored.watch(pipeline) as stream:
        await stream.try_next()  # from here on it misses nothing

        async def look() -> None:
            async for change in stream:
                seen[change["key"]] = perf_counter()

        looking = asyncio.create_task(look())
        try:
            yield seen
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)


async def _all(begun: Times, seen: Times) -> bool:
    return begun.keys() <= seen.keys()


def _percentiles(begun: Times, seen: Times) -> tuple[float, float]:
    """The median and the 99th percentile, in milliseconds."""
    hundredths = quantiles([(seen[each] - begun[each]) * 1000 for each in begun], n=100)
    return hundredths[49], hundredths[98]
