"""Services are killed while they work, at moments that nobody chose."""

from __future__ import annotations

import asyncio
import copy
import random
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

import pytest
from faults.conftest import Tell
from faults.tampering import TAMPERINGS
from support.audit import audit, disagreements
from support.books import ORDERS, Books, read_books
from support.fleet import Fleet
from support.place import Servers, new_place
from support.traffic import Office, Traffic

from dealwire.stack.processes import start_all

pytestmark = pytest.mark.timeout(900)


@dataclass
class Ordeal:
    """What was asked for, and what is written down after all was over."""

    office: Office
    books: Books
    kills: int


@pytest.fixture(scope="module")
async def ordeal(
    infra: Servers,
    tmp_path_factory: pytest.TempPathFactory,
    chance: random.Random,
    seconds: Callable[[float], float],
    tell: Tell,
) -> AsyncIterator[Ordeal]:
    """A quarter of a minute in which every replica of every service may be killed at any moment, by itself or with the
    other.
    """
    async with new_place(infra) as place:
        async with Fleet(place, tmp_path_factory.mktemp("fleet")) as fleet:
            await fleet.start()
            office = Office(fleet.url, fleet.keys)
            teams = await office.hire("medical", "energy", "retail")
            await audit(place)
            async with Traffic(office, teams, walkers=8, stands=4):
                end = time.monotonic() + seconds(15)
                services = sorted({replica.name.split()[0] for replica in fleet})
                kills = sum(await asyncio.gather(*(_torment(fleet, name, chance, end) for name in services)))
            await audit(place)
            await office.aclose()
        books = await read_books(place)  # and all of them have been stopped
        tell(
            f"{kills} kills, {len(office.roads)} roads, {len(books.history)} events, {books.repetitions} repeated on "
            f"the wire; answers {dict(office.answers)}"
        )
        yield Ordeal(office, books, kills)


async def _torment(fleet: Fleet, service: str, chance: random.Random, end: float) -> int:
    replicas, kills = fleet.of(service), 0
    while True:
        await asyncio.sleep(chance.uniform(0.1, 2))
        if time.monotonic() > end:
            return kills
        victims = replicas if chance.random() < 0.25 else [chance.choice(replicas)]
        await asyncio.gather(*(victim.kill() for victim in victims))
        kills += len(victims)
        await start_all(victims)


async def test_nothing_is_lost_and_nothing_is_done_twice(ordeal: Ordeal) -> None:
    assert ordeal.kills >= 4
    assert list(disagreements(ordeal.books)) == []


async def test_what_was_answered_is_kept_and_every_road_was_walked_once(ordeal: Ordeal) -> None:
    assert len([road for road in ordeal.office.roads if ORDERS in road.ids]) >= 8
    assert list(ordeal.office.complaints(ordeal.books)) == []


@pytest.mark.parametrize("what", TAMPERINGS)
def test_the_audit_would_notice(ordeal: Ordeal, what: str) -> None:
    tamper, sentence = TAMPERINGS[what]
    books = copy.deepcopy(ordeal.books)
    tamper(books)
    said = list(disagreements(replace(books)))
    assert any(re.search(sentence, each) for each in said), said
