"""Leads at scale: how long a capture, a list and a duplicate check take with many leads in the store; how fast a file
comes in.

With a million leads each may take at most twice as long as with ten thousand. The many are the ten thousand over and
over: the same people and words at other companies.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from statistics import quantiles
from time import perf_counter
from typing import Any

from bench.harness import Bench, Document, Site, running, until
from bench.load import a_stranger
from bench.rows import Row
from pymongo import WriteConcern

from dealwire.cli.client import Api

_FEW = 10_000
_TIMES = 100
_CALLS = 400
_BATCH = 250
_ROWS = 100_000
_ROWS_OF_THE_FLOOR = 20_000
_IMPORT_SECONDS = 900


async def leads(bench: Bench) -> list[Row]:
    """A large file is imported, then a store is filled anew."""
    people = _People()
    async with running(bench, "lead-service") as site, _called(site) as service:
        bench.say(f"importing {_ROWS:,} leads")
        imported = await _import(bench, site, service, people)
    async with running(bench, "lead-service") as site, _called(site) as service:
        await _fill(site, service, people)
        bench.say(f"measuring with {_FEW:,} leads")
        few = await _measure(site, service, people)
        await _multiply(bench, site)
        bench.say(f"measuring with {_FEW * _TIMES:,} leads")
        many = await _measure(site, service, people)
        bench.note_memory("lead-service with a million leads", site.service("lead-service"))
    return [
        *imported,
        *(
            Row.of(
                f"{what}, p99 with {_FEW * _TIMES:,} leads; floor: with {_FEW:,}", many[what], "ms", few[what], "≤ 2"
            )
            for what in few
        ),
    ]


def _called(site: Site) -> Api:
    """lead-service, called by sales operations."""
    return Api.at(site.service("lead-service").url, site.stack.keys.mint("so.zhao", ["so"]))


class _People:
    """Strangers, each once."""

    def __init__(self) -> None:
        self._next = 0

    def one(self) -> Document:
        self._next += 1
        told = a_stranger(self._next)
        n = int(str(told["n"]))
        contact = {"name": told["person"], "phone": f"138 {n:08d}", "email": f"purchase.{n}@imaging-{n}.com.cn"}
        return {
            "company": f"{told['company']}影像设备有限公司",
            "contact": contact,
            "channel": "expo",
            "industry": "medical",
            "region": "East China",
            "need": "MRI 两台 for the new wing",
        }


async def _measure(site: Site, service: Api, people: _People) -> dict[str, float]:
    """The 99th percentile of each, in milliseconds, asked one after the other while nothing else is to be done."""
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "capture": lambda: service.post("/v1/leads", people.one()),
        "list": lambda: service.get("/v1/leads", status="intake", limit=50),
        "search": lambda: service.get("/v1/leads", q="影像 medical", limit=50),
        "duplicate check": lambda: service.post("/v1/duplicates/check", _told(people.one())),
    }
    times: dict[str, float] = {}
    for name, call in calls.items():
        taken = []
        for number in range(_CALLS + _CALLS // 10):
            began = perf_counter()
            await call()
            if number >= _CALLS // 10:  # the first ones warm up
                taken.append((perf_counter() - began) * 1000)
        times[name] = quantiles(taken, n=100)[98]
        await _all_is_quiet(site)
    return times


def _told(lead: Document) -> Document:
    return {name: lead[name] for name in ("company", "contact", "region")}


async def _import(bench: Bench, site: Site, service: Api, people: _People) -> list[Row]:
    """Rows a second from the start of an import to its end; the floor inserts the documents that came of it."""
    lead_service = site.service("lead-service")
    path = await _upload(service, people, _ROWS)
    half = f"lead-service after {_ROWS // 2:,} rows of an import"

    async def is_done() -> bool:
        known: Any = await service.get(path)
        if half not in bench.memory and known["captured"] >= _ROWS // 2:
            bench.note_memory(half, lead_service)
        return bool(known["status"] == "done")

    bench.note_memory("lead-service before an import", lead_service)
    began = perf_counter()
    await service.post(f"{path}/start")
    await until(is_done, "the file is imported", within=_IMPORT_SECONDS, every=0.5)
    rate = _ROWS / (perf_counter() - began)
    bench.note_memory(f"lead-service after {_ROWS:,} rows of an import", lead_service)
    await until(
        lambda: _all_is_quiet(site), "every row is announced and held against the others", within=_IMPORT_SECONDS
    )
    checked = _ROWS / (perf_counter() - began)
    floor = await _inserted(site)
    return [
        Row.of("rows of a file captured (2,000 wanted); floor: insert_many of the documents", rate, "1/s", floor),
        Row.of("the same until each is announced and held against all others", checked, "1/s", floor),
    ]


async def _fill(site: Site, service: Api, people: _People) -> None:
    """Brings in the few."""
    path = await _upload(service, people, _FEW)
    await service.post(f"{path}/start")

    async def is_done() -> bool:
        known: Any = await service.get(path)
        return known["status"] == "done" and await _all_is_quiet(site)

    await until(is_done, "the few leads are there", within=_IMPORT_SECONDS, every=0.5)


async def _upload(service: Api, people: _People, rows: int) -> str:
    """A file of strangers, about to be imported; answers the path of the import."""
    begun = await service.post("/v1/imports", {"name": "leads.csv", "channel": "expo"})
    path = f"/v1/imports/{begun['id']}"
    content = _csv([people.one() for _ in range(rows)])

    async def parts() -> AsyncIterator[bytes]:
        yield content

    await service.put_bytes(f"{path}/file", parts)
    return path


async def _inserted(site: Site) -> float:
    documents = await site.database("lead-service")["leads"].find().limit(_ROWS_OF_THE_FLOOR).to_list(None)
    plain = site.database("floors").get_collection("leads", write_concern=WriteConcern(w="majority", j=True))
    began = perf_counter()
    for start in range(0, len(documents), _BATCH):
        await plain.insert_many(documents[start : start + _BATCH])
    return len(documents) / (perf_counter() - began)


def _csv(people: list[Document]) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("公司", "联系人", "手机", "邮箱", "行业", "地区", "需求"))
    for lead in people:
        contact = lead["contact"]
        rows.writerow((lead["company"], *contact.values(), lead["industry"], lead["region"], lead["need"]))
    return text.getvalue().encode()


async def _multiply(bench: Bench, site: Site) -> None:
    """The few, again and again: what has to be another's differs, words and people are the same."""
    stored = site.database("lead-service").get_collection("leads", write_concern=WriteConcern(w=1))
    few = [lead async for lead in stored.find().limit(_FEW)]
    for number in range(1, _TIMES):
        bench.say(f"multiplying the leads, {number + 1} of {_TIMES}")
        await asyncio.gather(
            *(
                stored.insert_many([_another(lead, number) for lead in few[start : start + _BATCH]], ordered=False)
                for start in range(0, _FEW, _BATCH)
            )
        )


def _another(lead: Document, number: int) -> Document:
    mark, state = f"#{number}", lead["state"]
    marked = {field: [each + mark for each in state[field]] for field in ("keys", "blocks")}
    return {
        **lead,
        "_id": lead["_id"] + mark,
        "state": {**state, "id": lead["_id"] + mark, **marked},
        "created_at": lead["created_at"] - timedelta(minutes=number),
    }


async def _all_is_quiet(site: Site) -> bool:
    """Nothing is left to be announced, or to be held against the others."""
    left = {"$or": [{"pending_since": {"$exists": True}}, {"unseen": {"$exists": True}}]}
    return await site.database("lead-service")["leads"].find_one(left, {"_id": 1}) is None
