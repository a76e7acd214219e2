"""Captures a second: lead-service beside endpoints that insert the same document, or insert it and publish its event."""

from __future__ import annotations

from collections import defaultdict
from itertools import count
from statistics import median
from time import perf_counter

import aio_pika
from bench.harness import FLOOR, Bench, Document, Floor, Site, running, until
from bench.load import Load, load_from_outside
from bench.rows import Row

from dealwire.catalogue.lead import LeadCaptured
from dealwire.kit.bus import EXCHANGE
from dealwire.kit.inbox import inbox_name, queues

_CONNECTIONS = 32
_ROUNDS = 5
_SECONDS = 3.0
_WARM_SECONDS = 2.0
_LEADS_A_ROUND = 100_000


async def captures(bench: Bench) -> list[Row]:
    """All of them in turn, so that whatever else the machine does meets all alike; of the rounds the middle one counts."""
    async with running(bench, "lead-service") as site:
        await _bind_the_inbox_of_figures(site)
        rounds = _Rounds(site)
        await rounds.of_service(_WARM_SECONDS)
        async with site.floor("web", await _a_lead(site)) as floor:
            for path in ("/empty", "/insert", "/publish"):
                await rounds.of_floor(floor, path, _WARM_SECONDS)
            rates: dict[str, list[float]] = defaultdict(list)
            for number in range(_ROUNDS):
                bench.say(f"captures, round {number + 1} of {_ROUNDS}")
                rates["service"].append(await rounds.of_service(_SECONDS))
                for path in ("/insert", "/publish"):
                    rates[path].append(await rounds.of_floor(floor, path, _SECONDS))
            most = await rounds.of_floor(floor, "/empty", _SECONDS)
            service, insert, publish = (median(rates[name]) for name in ("service", "/insert", "/publish"))
            bench.note_memory("lead-service after its load", site.service("lead-service"))
            bench.note_memory(FLOOR, floor)
    return [
        Row.of("captures; floor: a bare endpoint that inserts", service, "1/s", insert, "≥ 0.6"),
        Row.of("captures; floor: one that inserts and awaits a publish", service, "1/s", publish, "≥ 1.2"),
        Row.of("what the load generator does with an empty endpoint", most, "1/s"),
    ]


class _Rounds:
    """Each with people that nobody has captured before."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._leads = site.database("lead-service")["leads"]
        self._token = site.stack.keys.mint("so.zhao", ["so"])
        self._first = count(0, _LEADS_A_ROUND)

    async def of_service(self, seconds: float) -> float:
        """Captures by the time until the last one is announced as well: nothing is left for somebody else's round."""
        began = perf_counter()
        answered, _ = await self._load(self._site.service("lead-service").port, "/v1/leads", seconds)
        await until(self._all_announced, "every capture is announced")
        return answered / (perf_counter() - began)

    async def of_floor(self, floor: Floor, path: str, seconds: float) -> float:
        answered, spent = await self._load(floor.port, path, seconds)
        return answered / spent

    async def _load(self, port: int, path: str, seconds: float) -> tuple[int, float]:
        load = Load(port, path, self._token, next(self._first), seconds, _CONNECTIONS)
        outcome = await load_from_outside(load)
        return outcome.answered, outcome.seconds

    async def _all_announced(self) -> bool:
        return await self._leads.find_one({"pending_since": {"$exists": True}}, {"_id": 1}) is None


async def _bind_the_inbox_of_figures(site: Site) -> None:
    """Whoever publishes a capture puts it into the log and into this queue, so the floor has to as well."""
    name, key = inbox_name("kpi-service"), LeadCaptured.type
    async with await aio_pika.connect(site.place.amqp_url) as connection, connection.channel() as channel:
        inbox = await channel.declare_queue(name, durable=True, arguments=queues("kpi-service", ())[name])
        await inbox.bind(EXCHANGE, key)


async def _a_lead(site: Site) -> Document:
    """As it was when it was captured, its event still in the outbox."""
    database = site.database("lead-service")
    event = await database["events"].find_one({"type": LeadCaptured.type}, {"_id": 0})
    assert event
    lead = await database["leads"].find_one({"_id": event["subject"]})
    assert lead
    return {**lead, "outbox": [event], "pending_since": lead["created_at"]}
