"""The database goes away: what was accepted arrives all the same, and what cannot be is refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
from faults.conftest import Tell
from faults.line import LineWorld, a_line_world
from faults.world import RETRIES
from support.books import read_books
from support.events import a_publisher
from support.fleet import ask, metric
from support.service import eventually

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory, tell: Tell) -> AsyncIterator[LineWorld]:
    async with a_line_world(tmp_path_factory.mktemp("fleet"), tell) as world:
        yield world


async def test_nothing_accepted_is_lost_when_the_database_is_killed(
    world: LineWorld, seconds: Callable[[float], float]
) -> None:
    async with world.traffic():
        await asyncio.sleep(1)
    told = (await read_books(world.place)).log[-200:]
    retries = [await metric(replica, RETRIES) for replica in world.fleet]
    async with world.traffic():
        await asyncio.sleep(1)
        await world.infra.mongod.kill()
        begun = time.monotonic()
        async with a_publisher(world.place) as bus:  # there are messages to be handled, too, but no one can
            await asyncio.gather(*(bus.publish(event) for event in told))
        await eventually(lambda: _some_refused(world), "requests are refused", within=15)
        assert {(await ask(replica, "/readyz")).status_code for replica in world.fleet} == {503}
        await asyncio.sleep(begun + seconds(0) - time.monotonic())
        await world.infra.mongod.start()
    assert set(world.office.answers) <= {"200", "201", "404", "503"}
    await world.is_whole()
    assert [await metric(replica, RETRIES) for replica in world.fleet] == retries


async def _some_refused(world: LineWorld) -> bool:
    return world.office.answers["503"] > 0
