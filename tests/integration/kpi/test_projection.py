"""The way from the broker to a figure, with the real broker between."""

from __future__ import annotations

import asyncio
import random
from unittest.mock import patch

import aio_pika
from integration.kpi.history import assert_adds_up, some_history, stored
from support.events import a_publisher
from support.place import Place
from support.service import Client, eventually, running
from unit.kpi.builders import a_signing, happened

from dealwire.catalogue.common import Role
from dealwire.catalogue.contract import ContractSigned
from dealwire.event import Event
from dealwire.kit.inbox import inbox_name
from dealwire.kit.store import Database
from kpi_service.consumers import EVENTS
from kpi_service.main import build
from kpi_service.settings import KpiSettings
from kpi_service.store import SERVICE


async def test_every_event_three_times_and_shuffled_to_two_replicas_counts_once(
    place: Place, database: Database
) -> None:
    events = some_history(400, seed=5)
    deliveries = random.Random(5).sample(events * 3, 3 * len(events))
    async with (
        running(build, KpiSettings, place, projector_batch=40),
        running(build, KpiSettings, place, projector_batch=40),
        a_publisher(place) as bus,
    ):
        for start in range(0, len(deliveries), 100):
            await asyncio.gather(*(bus.publish(event) for event in deliveries[start : start + 100]))

        async def all_kept() -> bool:
            return len(await stored(database, "facts")) == len(events)

        await eventually(all_kept, "every event is a fact")
    await assert_adds_up(database, events)


async def test_what_happened_before_the_service_first_starts_is_counted_too(place: Place, database: Database) -> None:
    events = some_history(200, seed=6)
    async with a_publisher(place) as bus:
        await asyncio.gather(*(bus.publish(event) for event in events))
        async with running(build, KpiSettings, place):

            async def all_kept() -> bool:
                return len(await stored(database, "facts")) == len(events)

            await eventually(all_kept, "the log was read")
    await assert_adds_up(database, events)


async def test_a_type_projected_later_is_counted_from_the_log_once_the_inbox_is_deleted(
    place: Place, database: Database
) -> None:
    events = some_history(200, seed=7)
    before = [event for event in events if event.type != ContractSigned.type]
    assert 0 < len(before) < len(events)

    async def kept(wanted: list[Event]) -> bool:
        return len(await stored(database, "facts")) == len(wanted)

    with patch("kpi_service.main.EVENTS", [each for each in EVENTS if each is not ContractSigned]):
        async with running(build, KpiSettings, place), a_publisher(place) as bus:
            await asyncio.gather(*(bus.publish(event) for event in events))
            await eventually(lambda: kept(before), "what is projected is kept")
    async with await aio_pika.connect(place.amqp_url) as connection:
        await (await connection.channel()).queue_delete(inbox_name(SERVICE))
    async with running(build, KpiSettings, place):
        await eventually(lambda: kept(events), "the log was read anew")
    await assert_adds_up(database, events)


async def test_a_signed_contract_shows_on_the_scorecard(shared: Place, kpi: Client) -> None:
    await kpi.put("/v1/members/am.li", json={"name": "李雷", "roles": [Role.AM]})
    async with a_publisher(shared) as bus:
        await bus.publish(happened(a_signing(), "k1"))

    async def sold() -> int:
        card = (await kpi.get("/v1/scorecards/members/am.li", params={"period": "2017-03"})).json()
        amounts = [figure["value"] for figure in card["figures"] if figure["name"] == "sales_amount"]
        return sum(amounts)

    assert await eventually(sold, "the sale is counted") == 10_000


async def test_one_event_that_cannot_be_projected_does_not_hold_up_the_others(place: Place, database: Database) -> None:
    good, bad = happened(a_signing(), "k1"), happened(a_signing(contract_id="k2"), "k2")
    broken = bad.model_copy(update={"data": {**bad.data, "amount": {"minor": -1, "currency": "CNY"}}})
    async with running(build, KpiSettings, place), a_publisher(place) as bus:
        await asyncio.gather(bus.publish(broken), bus.publish(good))

        async def kept() -> bool:
            return good.id in await stored(database, "facts")

        await eventually(kept, "the good one is a fact")
    await assert_adds_up(database, [good])
