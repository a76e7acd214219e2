"""A service that counts takes events in batches, each event once and none because of another."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from integration.kit.broker import delete, depth, put, take
from support.events import a_publisher, an_event
from support.place import Place
from support.proxy import Proxy
from support.service import eventually
from support.tally import Replica, TallyCounted, a_replica

from dealwire.errors import Unavailable
from dealwire.event import Event
from dealwire.kit.inbox import ATTEMPT, REASON, dlq_name, inbox_name
from dealwire.kit.projector import Projector

COUNTER = "counter-service"
INBOX, DLQ = inbox_name(COUNTER), dlq_name(COUNTER)


class Facts:
    """Every event once, applied as a whole batch or not at all."""

    def __init__(self, check: Callable[[Event], None] = lambda _: None, *, takes_seconds: float = 0.0) -> None:
        self.known: dict[str, Event] = {}
        self.deliveries: Counter[int] = Counter()
        self.batches: list[int] = []
        self.begun = 0
        self._check = check
        self._takes_seconds = takes_seconds

    async def apply(self, events: list[Event]) -> None:
        self.begun += 1
        await asyncio.sleep(self._takes_seconds)
        for event in events:
            self._check(event)
        self.batches.append(len(events))
        self.deliveries.update(event.data["total"] for event in events)
        self.known |= {event.id: event for event in events}

    @property
    def totals(self) -> set[int]:
        return {event.data["total"] for event in self.known.values()}


def read(event: Event) -> Event:
    """The event itself, if it is one of a tally."""
    TallyCounted.model_validate(event.data)
    return event


@asynccontextmanager
async def a_counter(place: Place, facts: Facts, **more: Any) -> AsyncIterator[Replica]:
    def projector(replica: Replica) -> Projector[Event]:
        options = {"batch": 50, "tiers": (1,), **more}
        return Projector(replica.bus, replica.database, COUNTER, [TallyCounted], read, facts.apply, **options)

    async with a_replica(place, projector, service=COUNTER) as replica:
        yield replica


def counted(total: int) -> Event:
    return an_event(TallyCounted(tally_id="t1", total=total), subject="t1", sequence=total)


async def publish(replica: Replica, totals: range) -> None:
    await asyncio.gather(*(replica.bus.publish(counted(total)) for total in totals))


async def all_counted(facts: Facts, totals: set[int], within: float = 10) -> None:
    async def complete() -> bool:
        return facts.totals == totals

    await eventually(complete, f"{len(totals)} events are counted", within)


async def test_events_come_in_batches(place: Place) -> None:
    facts = Facts(takes_seconds=0.05)
    async with a_counter(place, facts) as replica:
        await publish(replica, range(1, 301))
        await all_counted(facts, set(range(1, 301)))
        assert max(facts.batches) <= 50
        assert len(facts.batches) < 60
        assert set(facts.deliveries.values()) == {1}
    assert await depth(place, INBOX) == 0


async def test_one_bad_event_among_good_ones_is_dead_lettered_alone(place: Place) -> None:
    def check(event: Event) -> None:
        if event.data["total"] == 33:
            raise RuntimeError("thirty-three is more than it can take")

    facts = Facts(check)
    async with a_counter(place, facts) as replica:
        await publish(replica, range(1, 101))
        await all_counted(facts, set(range(1, 101)) - {33})
        dead = await take(place, DLQ)
        assert Event.model_validate_json(dead.body).data["total"] == 33
        assert dead.headers[REASON] == "RuntimeError: thirty-three is more than it can take"
        assert dead.headers[ATTEMPT] == 1  # it was given another chance
        assert (await depth(place, DLQ), await depth(place, INBOX)) == (0, 0)


async def test_a_malformed_event_among_good_ones_is_dead_lettered_at_once(place: Place) -> None:
    facts = Facts()
    async with a_counter(place, facts, batch=10) as replica:
        await put(place, INBOX, b"{", type="tally.counted.v1")
        await publish(replica, range(1, 11))
        dead = await take(place, DLQ, within=2)
        assert str(dead.headers[REASON]).startswith("not a CloudEvents event")
        await all_counted(facts, set(range(1, 11)))


async def test_while_what_it_needs_is_away_events_wait_and_lose_no_attempt(place: Place) -> None:
    away = 5

    def check(_: Event) -> None:
        nonlocal away
        if away:
            away -= 1
            raise Unavailable("database-away", "Away.")

    facts = Facts(check)
    async with a_counter(place, facts) as replica:
        await publish(replica, range(1, 21))
        await all_counted(facts, set(range(1, 21)))
        assert set(facts.deliveries.values()) == {1}
    assert (await depth(place, INBOX), await depth(place, DLQ), await depth(place, f"{COUNTER}.retry.1s")) == (0, 0, 0)


async def test_what_cannot_even_be_put_off_comes_again(place: Place) -> None:
    facts = Facts()
    async with a_counter(place, facts) as replica:
        await delete(place, "queues", DLQ)
        await put(place, INBOX, b"{")
        dead = await take_when_there(place)
        assert dead == b"{"
        await publish(replica, range(1, 4))
        await all_counted(facts, {1, 2, 3})


async def test_what_could_be_neither_counted_nor_put_off_is_not_acknowledged_with_what_came_after_it(
    place: Place,
) -> None:
    """Several are acknowledged at once otherwise: that of the last counts for all before it on the channel."""
    faults = iter([RuntimeError("not now")])

    def check(event: Event) -> None:
        if event.data["total"] == 1:
            for fault in faults:
                raise fault

    facts = Facts(check)
    async with a_publisher(place) as teller, a_counter(place, facts, batch=1) as replica:
        inbox, away = replica.parts[-1].inbox, iter([Unavailable("broker-away", "Away.")])
        retry, give_up = inbox.retry, inbox.give_up

        async def retry_that_fails_once(*what: Any) -> None:
            for fault in away:
                raise fault
            await retry(*what)

        inbox.retry = retry_that_fails_once
        inbox.give_up = lambda: asyncio.get_running_loop().call_later(0.5, give_up)  # so that others are counted before
        await asyncio.gather(*(teller.publish(counted(total)) for total in range(1, 6)))
        await all_counted(facts, set(range(1, 6)))
        assert set(facts.deliveries.values()) == {1}
    assert next(away, None) is None
    assert await depth(place, INBOX) == 0


async def take_when_there(place: Place) -> bytes:
    async def there() -> bool:
        try:
            return await depth(place, DLQ) == 1
        except Exception:  # noqa: BLE001  # not declared again yet
            return False

    await eventually(there, "the dead letters are kept after all")
    return (await take(place, DLQ)).body


async def test_what_a_replica_was_counting_when_it_died_another_counts(place: Place) -> None:
    """Until it is applied, an event is the broker's."""
    dying, heir = Facts(takes_seconds=1000), Facts()
    async with a_counter(place, dying, drain_seconds=0.1) as replica:
        await publish(replica, range(1, 11))

        async def being_counted() -> bool:
            return dying.begun == 1

        await eventually(being_counted, "the first batch is being applied")
        await replica.bus.stop()
        async with a_counter(place, heir):
            await all_counted(heir, set(range(1, 11)))


async def test_stopping_counts_what_is_at_hand(place: Place) -> None:
    class Slow(Facts):
        async def apply(self, events: list[Event]) -> None:
            await asyncio.sleep(0.2)
            await super().apply(events)

    facts = Slow()
    async with a_counter(place, facts, batch=5) as replica:
        await publish(replica, range(1, 21))

        async def begun() -> bool:
            return bool(facts.batches)

        await eventually(begun, "it is counting")
        await replica.parts[-1].stop()
        counted_then = len(facts.known)
    assert counted_then + await depth(place, INBOX) == 20


async def test_a_line_cut_in_the_midst_of_a_batch_loses_no_event_and_counts_none_twice(place: Place) -> None:
    facts = Facts(takes_seconds=0.3)
    async with Proxy(place.amqp_url) as line:
        behind = replace(place, amqp_url=line.url)
        async with a_replica(place) as teller, a_counter(behind, facts) as counter:
            await publish(teller, range(1, 201))
            await eventually(lambda: _returns(facts.batches), "a batch is being counted")
            await line.cut()
            await eventually(lambda: _returns(not counter.bus.connected), "the cut is noticed")
            await asyncio.sleep(0.7)  # what was at hand is counted, and cannot be acknowledged
            await line.restore()
            await publish(teller, range(201, 301))
            await all_counted(facts, set(range(1, 301)), within=20)
            await eventually(lambda: _is_empty(place), "everything is acknowledged")
    assert len(facts.known) == 300


async def test_a_new_counter_catches_up_in_batches(place: Place) -> None:
    facts = Facts(takes_seconds=0.02)
    async with a_replica(place) as teller:
        await publish(teller, range(1, 501))
        async with a_counter(place, facts):
            assert facts.totals == set(range(1, 501))
    assert len(facts.batches) < 60


async def _returns(value: object) -> object:
    return value


async def _is_empty(place: Place) -> bool:
    return await depth(place, INBOX) == 0
