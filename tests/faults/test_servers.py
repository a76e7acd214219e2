"""A server goes away: what was accepted arrives all the same, and what cannot be is refused."""

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

_LOOKS = 8


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory, tell: Tell) -> AsyncIterator[LineWorld]:
    async with a_line_world(tmp_path_factory.mktemp("fleet"), tell) as world:
        yield world


@pytest.mark.parametrize("silent", [False, True], ids=["connections are reset", "connections fall silent"])
async def test_requests_are_accepted_while_the_broker_is_away(
    world: LineWorld, seconds: Callable[[float], float], silent: bool
) -> None:
    async with world.traffic():
        await asyncio.sleep(1)
        if silent:
            world.line.silence()
        else:
            await world.line.cut()
            await eventually(lambda: world.all_say(""), "every service says that the broker is away")
        begun, ages = time.monotonic(), [0.0]
        while time.monotonic() < begun + seconds(8) or len(ages) < _LOOKS:  # a busy machine looks less often
            await asyncio.sleep(1)
            assert {(await ask(replica, "/readyz")).status_code for replica in world.fleet} == {200}
            ages.append(max(await world.ages()))
        assert ages[-1] > max(ages[: len(ages) // 2]) > 0
        assert ages[-1] > (time.monotonic() - begun) / 2
        before = world.office.answers.total()
        await asyncio.sleep(0.5)
        assert world.office.answers.total() > before
        await world.line.restore()
    assert set(world.office.answers) <= {"200", "201", "404"}
    await world.is_whole()

    async def nothing_is_old() -> bool:
        return not any(await world.ages())

    await eventually(nothing_is_old, "nothing is pending any more")


async def test_nothing_is_lost_when_the_broker_is_restarted_and_then_killed(world: LineWorld) -> None:
    async with world.traffic():
        await asyncio.sleep(1)
        await world.infra.broker.restart()
        await asyncio.sleep(2)
        await world.infra.broker.kill()
        await world.infra.broker.start()
        await asyncio.sleep(1)
    assert set(world.office.answers) <= {"200", "201", "404"}
    await world.is_whole()


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
