"""What the services share on the broker goes away, or is not there yet."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from contextlib import suppress
from typing import Any

import aio_pika
import pytest
from integration.kit.broker import a_channel, allow, delete, depth, logged, unbind
from integration.kit.sums import SUM_SERVICE, Traffic, a_sum_service, all_arrived
from support.place import Place
from support.service import eventually
from support.tally import SERVICE, a_cause, a_replica, open_tally

from dealwire.errors import Unavailable
from dealwire.event import Event, utc_now
from dealwire.kit.bus import EXCHANGE, LOG, LOG_ARGUMENTS
from dealwire.kit.inbox import inbox_name, witness_name

SOURCE = "/tally-service/tallies"


async def test_every_consumer_catches_up_when_the_exchange_was_deleted(place: Place) -> None:
    async with a_replica(place) as teller, a_sum_service(place), Traffic(teller) as traffic:
        await asyncio.sleep(0.3)
        await delete(place, "exchanges", EXCHANGE)
        await asyncio.sleep(0.5)
    async with a_replica(place), a_sum_service(place):
        await all_arrived(place, traffic.totals)


async def test_a_consumer_that_was_stopped_while_the_exchange_was_deleted_catches_up(place: Place) -> None:
    async with a_replica(place) as teller:
        async with a_sum_service(place):
            pass
        await delete(place, "exchanges", EXCHANGE)
        async with Traffic(teller) as traffic:
            await asyncio.sleep(1)
        async with a_sum_service(place):
            await all_arrived(place, traffic.totals)


async def test_a_consumer_that_looks_away_while_the_exchange_is_made_again_catches_up(place: Place) -> None:
    """Somebody else may make it again before we notice that it was gone."""
    async with a_replica(place) as teller, a_sum_service(place):
        await delete(place, "exchanges", EXCHANGE)
        async with a_channel(place) as channel:
            exchange = await channel.declare_exchange(EXCHANGE, "topic", durable=True)
            await (await channel.get_queue(LOG, ensure=False)).bind(exchange, "#")
        async with Traffic(teller) as traffic:
            await asyncio.sleep(0.2)
        await all_arrived(place, traffic.totals)


async def test_nothing_is_lost_when_the_log_was_deleted(place: Place) -> None:
    async with a_replica(place) as teller, a_sum_service(place):
        async with Traffic(teller) as traffic:
            await asyncio.sleep(0.3)
            await delete(place, "queues", LOG)
            await asyncio.sleep(0.7)
        await all_arrived(place, traffic.totals)
        await teller.tallies.create("new", open_tally("new"), a_cause())

        async def logs() -> bool:
            return any(event.subject == "new" for event in await logged(place))

        await eventually(logs, "the log is there again and takes what is told")


async def test_a_log_that_is_bound_to_nothing_is_bound_again(place: Place) -> None:
    async with a_replica(place) as teller:
        await unbind(place, EXCHANGE, LOG, "#")
        await teller.tallies.create("t1", open_tally("t1"), a_cause())

        async def logs() -> bool:
            return [event.subject for event in await logged(place)] == ["t1"]

        await eventually(logs, "what nobody took was told again")


async def test_a_log_that_was_unbound_takes_again_what_consumers_take_too(place: Place) -> None:
    async with a_replica(place) as teller, a_sum_service(place):
        await unbind(place, EXCHANGE, LOG, "#")
        await asyncio.sleep(0.7)
        await teller.tallies.create("t1", open_tally("t1"), a_cause())
        await all_arrived(place, {"t1": 0})
        assert "t1" in {event.subject for event in await logged(place)}


async def test_a_service_that_may_not_bind_the_log_asks_once_a_session(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()

    class Noted(aio_pika.queue.Queue):
        async def bind(self, *args: Any, **more: Any) -> Any:
            asked[self.name] += 1
            return await super().bind(*args, **more)

    monkeypatch.setattr(aio_pika.Channel, "QUEUE_CLASS", Noted)
    async with a_replica(place):
        await eventually(lambda: _asked(asked, 3), "who may bind it does so again and again")
    asked.clear()
    url = await allow(place, f"limited-{place.vhost}", rf"^{SERVICE}\.", write=rf"^{re.escape(EXCHANGE)}$")
    limited = Place(place.mongo_url, url, place.management_url, place.vhost, place.prefix)
    async with a_replica(limited) as teller:
        await teller.tallies.create("t1", open_tally("t1"), a_cause())
        await asyncio.sleep(1)
        assert (asked[LOG], teller.bus.fault) == (1, None)
    assert "t1" in {event.subject for event in await logged(place)}


async def test_an_event_for_a_missing_exchange_stays_pending_until_it_is_there(place: Place) -> None:
    event = Event.of(
        open_tally("t1")[1][0], source=SOURCE, subject="t1", sequence=1, time=utc_now(), actor="a", correlationid="c"
    )
    async with a_replica(place) as teller:
        await delete(place, "exchanges", EXCHANGE)
        with pytest.raises(Unavailable):
            await teller.bus.publish(event)

        async def published() -> bool:
            with suppress(Unavailable):
                await teller.bus.publish(event)
                return True
            return False

        await eventually(published, "the exchange is there again")


async def test_what_a_service_may_not_create_is_named_and_waited_for(place: Place) -> None:
    url = await allow(place, f"limited-{place.vhost}", configure=rf"^{SERVICE}\.")
    limited = Place(place.mongo_url, url, place.management_url, place.vhost, place.prefix)
    async with a_replica(limited, ready=False) as teller:
        await teller.tallies.create("t1", open_tally("t1"), a_cause())

        async def named() -> bool:
            fault = teller.bus.fault or ""
            return EXCHANGE in fault and LOG in fault and "dealwire setup broker" in fault

        await eventually(named, "the fault says what is missing and what to do")
        assert not teller.bus.connected
        async with a_channel(place) as channel:
            exchange = await channel.declare_exchange(EXCHANGE, "topic", durable=True)
            log = await channel.declare_queue(LOG, durable=True, arguments={**LOG_ARGUMENTS, "x-max-age": "1D"})
            await log.bind(exchange, "#")

        async def logs() -> bool:
            return [event.subject for event in await logged(place)] == ["t1"]

        await eventually(logs, "what was pending is told")
        assert teller.bus.fault is None


async def test_a_consumer_needs_no_right_but_over_its_own_names(place: Place) -> None:
    async with a_replica(place) as teller, Traffic(teller) as traffic:
        url = await allow(place, f"limited-{place.vhost}", configure=rf"^{SUM_SERVICE}\.")
        limited = Place(place.mongo_url, url, place.management_url, place.vhost, place.prefix)
        async with a_sum_service(limited):
            await asyncio.sleep(0.3)
    async with a_replica(place), a_sum_service(limited):
        await all_arrived(place, traffic.totals)


async def test_a_binding_that_somebody_removed_is_made_again(place: Place) -> None:
    async with a_replica(place) as teller, a_sum_service(place):
        await unbind(place, EXCHANGE, inbox_name(SUM_SERVICE), "tally.opened.v1")
        await asyncio.sleep(0.7)
        await teller.tallies.create("t1", open_tally("t1"), a_cause())
        await all_arrived(place, {"t1": 0})


async def test_a_witness_that_somebody_deleted_costs_a_catch_up_and_no_more(place: Place) -> None:
    async with a_replica(place) as teller, a_sum_service(place):
        async with Traffic(teller) as traffic:
            await asyncio.sleep(0.2)
            await delete(place, "exchanges", witness_name(SUM_SERVICE))
            await asyncio.sleep(0.5)
        await all_arrived(place, traffic.totals)
        assert await depth(place, f"{SUM_SERVICE}.dlq") == 0


async def _asked(asked: Counter[str], times: int) -> bool:
    return asked[LOG] >= times
