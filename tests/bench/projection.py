"""Events a second into the figures: kpi-service's projector beside consuming the same and inserting it in batches."""

from __future__ import annotations

import asyncio
import random
import signal
from datetime import date, timedelta
from statistics import median
from time import perf_counter
from uuid import uuid4

from bench.harness import Bench, Collection, running, until
from bench.rows import Row
from support.events import a_publisher, an_event

from dealwire.catalogue.common import Money
from dealwire.catalogue.contract import ContractSigned
from dealwire.event import Event
from dealwire.kit.bus import Bus
from dealwire.stack.processes import Process

_ROUNDS = 3
_EVENTS = 8_000
_AT_ONCE = 200
_BATCH = 500  # kpi-service's own

_random = random.Random(5)


async def projection(bench: Bench) -> list[Row]:
    """Both are held while the events are put into their queues; then one works, then the other."""
    async with running(bench, "kpi-service") as site, a_publisher(site.place) as bus:
        kpi, facts = site.service("kpi-service"), site.database("kpi-service")["facts"]
        await bus.publish(_signed())
        await until(lambda: facts.find_one({}), "an event is in the figures")
        like = await facts.find_one({})
        assert like
        async with site.floor("batches", like, key=ContractSigned.type, size=_BATCH) as floor:
            both = [(kpi, facts), (floor, floor.stored)]
            rates: dict[str, list[float]] = {kpi.name: [], floor.name: []}
            for number in range(_ROUNDS + 1):  # the first one warms up
                bench.say(f"events into the figures, round {number} of {_ROUNDS}")
                kpi.signal(signal.SIGSTOP)
                floor.signal(signal.SIGSTOP)
                await _publish(bus, _EVENTS)
                for process, stored in both:
                    rates[process.name].append(await _drain(process, stored))
                both.reverse()
            projected, inserted = (median(rates[process.name][1:]) for process in (kpi, floor))
            bench.note_memory("kpi-service after its load", kpi)
    return [Row.of("events into the figures; floor: consume and insert_many", projected, "1/s", inserted, "≥ 0.5")]


async def _publish(bus: Bus, number: int) -> None:
    for _ in range(0, number, _AT_ONCE):
        await asyncio.gather(*(bus.publish(_signed()) for _ in range(_AT_ONCE)))


async def _drain(process: Process, stored: Collection) -> float:
    """Lets it go on, and answers how many events a second it stored."""
    wanted = await stored.estimated_document_count() + _EVENTS
    began = perf_counter()
    process.signal(signal.SIGCONT)

    async def all_stored() -> bool:
        return await stored.estimated_document_count() >= wanted

    await until(all_stored, f"{process.name} has stored everything", within=120)
    return _EVENTS / (perf_counter() - began)


def _signed() -> Event:
    """A contract of one of thirty people, signed on a day of one quarter."""
    drafted = date(2025, 4, 1) + timedelta(days=_random.randrange(80))
    contract_id = str(uuid4())
    signed = ContractSigned(
        contract_id=contract_id,
        opportunity_id=str(uuid4()),
        account_id=f"account-{_random.randrange(500)}",
        account_name="华东精密影像设备有限公司",
        am_id=f"am.{_random.randrange(30)}",
        se_id="se.wu",
        amount=Money.model_validate({"minor": _random.randrange(10**6, 10**9), "currency": "CNY"}),
        signatories=("Zhao Min", "王芳"),
        document_sha256=f"{_random.getrandbits(256):064x}",
        signed_on=drafted + timedelta(days=9),
        opened_on=drafted - timedelta(days=30),
        drafted_on=drafted,
    )
    return an_event(signed, subject=contract_id, source="/contract-service/contracts")
