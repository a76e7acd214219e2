"""Messages that cannot be handled, and parts of the broker that are deleted. Services have the least rights there."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from pathlib import Path

import pytest
from faults.conftest import Tell
from faults.world import RETRIES, World
from integration.kit.broker import a_channel, allow, delete, put, take
from pymongo import MongoClient
from support.audit import audit, disagreements
from support.books import CONTRACTS, DEALS, read_books
from support.department import Json
from support.fleet import CONTRACT, KPI, LEAD, PIPELINE, Fleet, metric
from support.place import Place, Servers, new_place
from support.service import eventually
from support.traffic import Office, Team

from dealwire.catalogue.contract import ContractSigned
from dealwire.kit.bus import EXCHANGE, LOG, LOG_ARGUMENTS
from dealwire.kit.inbox import dlq_name, inbox_name

pytestmark = pytest.mark.timeout(600)

TIERS = ("1", "2")
NOBODY = Team("retail", "am.retail", "se.retail")


@pytest.fixture(scope="module")
async def world(infra: Servers, tmp_path_factory: pytest.TempPathFactory, tell: Tell) -> AsyncIterator[World]:
    async with new_place(infra) as place:
        await _set_up(place)
        url = await allow(place, f"services-{place.vhost}", configure=r"^[a-z]+-service\.")
        quick = {"DEALWIRE_RETRY_TIERS_SECONDS": ",".join(TIERS)}
        fleet = Fleet(place, tmp_path_factory.mktemp("fleet"), count=1, amqp_url=url, environment=quick)
        async with fleet:
            await fleet.start()
            async with aclosing(Office(fleet.url, fleet.keys)) as office:
                teams = await office.hire("medical", "energy")
                await audit(place)
                yield World(place, fleet, office, teams, tell)


async def _set_up(place: Place) -> None:
    """What an operator does before services with the least rights can work."""
    async with a_channel(place) as channel:
        exchange = await channel.declare_exchange(EXCHANGE, "topic", durable=True)
        log = await channel.declare_queue(LOG, durable=True, arguments=LOG_ARGUMENTS)
        await log.bind(exchange, "#")


async def _dlq(place: Place, command: str, *arguments: str) -> str:
    """`dealwire dlq …`, which must succeed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dealwire.cli.main", "dlq", command, *arguments, "--amqp-url", place.amqp_url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def _dead_letters(place: Place, service: str) -> dict[str, Json]:
    """What `dealwire dlq show` tells, by id."""
    shown, letters = (await _dlq(place, "show", service)).strip(), {}
    while shown:
        letter, end = json.JSONDecoder().raw_decode(shown)
        letters[letter["id"]], shown = letter, shown[end:].lstrip()
    return letters


async def _gave_up(place: Place, service: str, messages: int) -> None:
    """So many different ones: a busy relay may announce an event twice."""

    async def enough() -> bool:
        return len(await _dead_letters(place, service)) == messages

    await eventually(enough, f"{service} has given {messages} messages up", within=90)


async def test_what_fails_is_tried_again_then_kept_with_the_reason_and_redriven_while_others_pass(world: World) -> None:
    place, office, (team, others) = world.place, world.office, world.teams
    road = await office.open(team)
    await office.quote(road)
    drafted = await office.as_(team.am_id, "am").sees(f"/contract/v1/contracts/{road.ids[CONTRACTS]}")
    day = {"day": drafted["drafted_on"], "member_id": team.am_id}
    with MongoClient[Json](place.mongo_url) as client:
        deals = client[place.database(PIPELINE)]["opportunities"]
        daily = client[place.database(KPI)]["daily"]
        deal = deals.find_one_and_delete({"_id": road.ids[DEALS]})
        assert deal
        spoiled = {"$set": {**day, "cells.sales_amount CNY": {"total": 0, "facts": "spoiled"}}}
        daily.update_one({"_id": " ".join(day.values())}, spoiled, upsert=True)

        await office.sign(road)
        for service in (PIPELINE, KPI):
            await put(place, inbox_name(service), b"{nonsense", message_id="nonsense", type=ContractSigned.type)
        await office.walk(others)
        other = office.roads[-1]
        (signed,) = [e for e in (await read_books(place)).of(ContractSigned) if e.subject == road.ids[CONTRACTS]]
        for service, reason in ((PIPELINE, "NotFound: not-found: There is no record"), (KPI, "Cannot apply $inc")):
            await _gave_up(place, service, 2)
            letters = await _dead_letters(place, service)
            assert letters["nonsense"]["attempts"] == 0
            assert "not a CloudEvents event" in letters["nonsense"]["reason"]
            assert letters[signed.id]["attempts"] == len(TIERS)
            assert reason in letters[signed.id]["reason"]
            assert letters[signed.id]["event"] == signed.to_dict()
            assert await metric(world.fleet.of(service)[0], RETRIES) >= len(TIERS)
        others_ids = {others.am_id, *other.ids.values()}
        assert not [s for s in disagreements(await read_books(place)) if any(id_ in s for id_ in others_ids)]

        daily.update_one(day, {"$unset": {"cells.sales_amount CNY": ""}})
        deals.insert_one(deal)
    for service in (PIPELINE, KPI):
        await _dlq(place, "redrive", service, "--all")
        await _gave_up(place, service, 1)  # nonsense stays nonsense
        assert (await take(place, dlq_name(service))).message_id == "nonsense"
    await office.deliver(road)
    await world.is_whole()


async def test_a_service_whose_queue_was_deleted_catches_up_also_with_nothing_left_of_what_it_knew(
    world: World,
) -> None:
    async with world.traffic(walkers=3, stands=1):
        for service in (PIPELINE, CONTRACT, LEAD):
            await delete(world.place, "queues", inbox_name(service))
            await asyncio.sleep(0.5)
    await world.is_whole()
    (kpi,) = world.fleet.of(KPI)
    await kpi.kill()
    await delete(world.place, "queues", inbox_name(KPI))
    with MongoClient[Json](world.place.mongo_url) as client:
        for collection in ("facts", "daily", "firsts", "marks"):
            client[world.place.database(KPI)].drop_collection(collection)
    await kpi.start()
    await world.is_whole()


async def test_events_wait_for_a_missing_exchange_or_log_and_delivery_resumes_by_itself(world: World) -> None:
    """The last test of this world: a log that was deleted begins anew."""
    for kind, name in (("exchanges", EXCHANGE), ("queues", LOG)):
        async with world.traffic(walkers=3, stands=1):
            await asyncio.sleep(0.5)
            await delete(world.place, kind, name)
            await eventually(partial(world.all_say, f"{name} is missing"), f"all say that {name} is missing", within=60)
            await eventually(lambda: _events_wait(world), "events have been waiting for seconds", within=60)
            await _set_up(world.place)
        assert set(world.office.answers) <= {"200", "201", "404"}
        await world.is_whole(whole_log=name != LOG)


async def _events_wait(world: World) -> bool:
    return max(await world.ages()) > 3


async def test_each_service_may_start_first_after_the_others_have_worked(
    place: Place, tmp_path: Path, tell: Tell
) -> None:
    async with Fleet(place, tmp_path, count=1) as fleet:
        await fleet.start(LEAD)
        async with aclosing(Office(fleet.url, fleet.keys)) as office:
            for _ in range(3):
                await office.capture(NOBODY)
            await fleet.start(KPI)
            teams = await office.hire("medical", "energy")
            await eventually(lambda: _heard_of(place, teams), "lead-service has heard of everybody")
            roads = [await office.capture(team) for team in teams for _ in range(3)]
            for step, service in ((office.convert, PIPELINE), (office.quote, CONTRACT)):
                await asyncio.gather(*map(step, roads))
                await fleet.start(service)
            for step in (office.sign, office.deliver):
                await asyncio.gather(*map(step, roads))
            await World(place, fleet, office, teams, tell).is_whole()


async def _heard_of(place: Place, teams: list[Team]) -> bool:
    known = (await read_books(place)).replicas[LEAD]
    return {team.am_id for team in teams} | {team.se_id for team in teams} <= known.keys()
