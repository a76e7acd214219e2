from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from integration.kit.broker import bodies, first_told, logged
from support.place import Place
from support.service import eventually
from support.tally import Deaf, Replica, a_cause, a_replica, a_store, count, open_tally, tallies_in

from dealwire.errors import Unavailable
from dealwire.event import RecordedEvent, utc_now
from dealwire.kit import metrics
from dealwire.kit.bus import Bus
from dealwire.kit.relay import Relay
from dealwire.kit.store import Database

SOURCE = "/tally-service/tallies"


async def nothing_is_pending(replica: Replica) -> None:
    async def pending() -> bool:
        return (await replica.tallies.outbox.pending())[0] == 0

    await eventually(pending, "nothing is pending")


class Stumbling:
    """An outbox some of whose operations fail, the first time."""

    def __init__(self, outbox: Any, **faults: Exception) -> None:
        self._outbox = outbox
        self._faults = faults
        self.stumbled = 0

    def __getattr__(self, name: str) -> Any:
        if fault := self._faults.pop(name, None):
            self.stumbled += 1

            async def fail(*_: Any) -> None:
                raise fault

            return fail
        return getattr(self._outbox, name)


async def test_events_of_a_record_leave_in_order_though_two_replicas_change_it_in_turn(place: Place) -> None:
    async with a_replica(place) as one, a_replica(place) as two:
        ids = [f"t{number}" for number in range(4)]
        for id_ in ids:
            await one.tallies.create(id_, open_tally(id_), a_cause())

        async def hammer(replica: Replica, id_: str) -> None:
            for _ in range(25):
                await replica.tallies.change(id_, count, a_cause())

        await asyncio.gather(*(hammer(replica, id_) for replica in (one, two) for id_ in ids))
        await nothing_is_pending(one)
        told = first_told(await logged(place), SOURCE)
        assert told == {id_: list(range(1, 52)) for id_ in ids}


async def test_what_is_announced_is_what_was_decided(place: Place) -> None:
    async with a_replica(place) as replica:
        cause = a_cause(
            "key", actor="am.li", causation_id="request-1", traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01"
        )
        await replica.tallies.create("t1", open_tally("t1"), cause)
        await nothing_is_pending(replica)
        (event,) = await logged(place)
        assert event.to_dict() == (await replica.tallies.timeline("t1")).items[0].to_dict()
        assert event.model_dump(exclude={"id"}) == {
            "specversion": "1.0",
            "source": SOURCE,
            "type": "tally.opened.v1",
            "subject": "t1",
            "time": cause.now,
            "datacontenttype": "application/json",
            "dataschema": "urn:dealwire:event:tally.opened.v1",
            "sequence": "0000000001",
            "correlationid": cause.correlation_id,
            "causationid": "request-1",
            "actor": "am.li",
            "traceparent": cause.traceparent,
            "data": {"tally_id": "t1"},
        }


async def test_where_it_was_done_from_is_kept_whoever_announces_it_and_told_to_nobody(place: Place) -> None:
    async with a_replica(place) as replica:
        crashed, address = tallies_in(replica.database, Deaf()), "203.0.113.7"
        await replica.tallies.create("t1", open_tally("t1"), a_cause(client=address))
        await crashed.create("t2", open_tally("t2"), a_cause(client=address))
        await crashed.change("t2", count, a_cause(client=address))
        await crashed.create("t3", open_tally("t3"), a_cause(client=address))
        await replica.tallies.change("t3", count, a_cause())
        for announced in (False, True):
            if announced:
                await nothing_is_pending(replica)
            kept = {id_: (await replica.tallies.timeline(id_)).items for id_ in ("t1", "t2", "t3")}
            assert [event.clientaddress for event in (*kept["t1"], *kept["t2"])] == [address] * 3
            assert [event.clientaddress for event in kept["t3"]] == [address, None]
        messages = await bodies(place)
        assert len(messages) == 5
        assert not any(address.encode() in body or b"clientaddress" in body for body in messages)


async def test_what_a_crashed_replica_left_is_announced_by_another(place: Place) -> None:
    async with a_replica(place) as replica:
        crashed = tallies_in(replica.database, Deaf())
        await crashed.create("t1", open_tally("t1"), a_cause())
        await crashed.change("t1", count, a_cause())
        await nothing_is_pending(replica)
        assert first_told(await logged(place), SOURCE) == {"t1": [1, 2]}


async def test_of_what_a_crashed_replica_left_each_record_is_taken_up_by_one_at_a_time(place: Place) -> None:
    async with a_store(place) as tallies:
        left = {f"t{number}" for number in range(40)}
        for id_ in left:
            await tallies.create(id_, open_tally(id_), a_cause())
        later, lease = utc_now() + timedelta(seconds=1), timedelta(seconds=5)
        sweeps = await asyncio.gather(*(tallies.outbox.claim_pending(later, lease, 40) for _ in range(4)))
        taken = [id_ for sweep in sweeps for id_, _ in sweep]
        assert len(taken) == len(set(taken))
        taken += [id_ for id_, _ in await tallies.outbox.claim_pending(later, lease, 40)]
        assert sorted(taken) == sorted(left)
        assert await tallies.outbox.claim_pending(later, lease, 40) == []

        again = set[str]()

        async def all_once_more() -> bool:
            again.update(id_ for id_, _ in await tallies.outbox.claim_pending(later, lease, 40))
            return again == left

        await eventually(all_once_more, "whoever took them did not announce them, so all are there for another")


async def test_the_next_change_of_a_record_announces_what_is_pending_before_it(place: Place) -> None:
    async with a_replica(place, sweep_after=1000.0) as replica:
        crashed = tallies_in(replica.database, Deaf())
        await crashed.create("t1", open_tally("t1"), a_cause())
        await crashed.change("t1", count, a_cause())
        await replica.tallies.change("t1", count, a_cause())
        await nothing_is_pending(replica)
        assert first_told(await logged(place), SOURCE) == {"t1": [1, 2, 3]}


async def test_a_confirmed_event_of_a_replica_that_crashed_then_is_told_again(place: Place) -> None:
    async with a_replica(place) as replica:
        crashed = tallies_in(replica.database, Deaf())
        await crashed.create("t1", open_tally("t1"), a_cause())
        await replica.bus.publish((await crashed.timeline("t1")).items[0])
        await nothing_is_pending(replica)
        assert [event.sequence for event in await logged(place)] == [1, 1]
        assert [event.sequence for event in (await replica.tallies.timeline("t1")).items] == [1]


async def test_a_confirmed_event_that_could_not_be_noted_is_noted_later(place: Place) -> None:
    async with a_replica(place) as replica:
        stumbling = Stumbling(replica.tallies.outbox, settle=Unavailable("away", "Away."))
        replica.tallies.outbox = stumbling  # type: ignore[assignment]
        await replica.tallies.create("t1", open_tally("t1"), a_cause())
        await nothing_is_pending(replica)
        assert stumbling.stumbled == 1
        assert [event.sequence for event in (await replica.tallies.timeline("t1")).items] == [1]


async def test_the_relay_outlives_whatever_goes_wrong(place: Place) -> None:
    async with a_replica(place) as replica:
        faults = {"settle": RuntimeError("?"), "claim_pending": RuntimeError("?"), "pending": RuntimeError("?")}
        stumbling = Stumbling(replica.tallies.outbox, **faults)
        replica.tallies.outbox = stumbling  # type: ignore[assignment]
        await replica.tallies.create("t1", open_tally("t1"), a_cause())

        async def stumbled() -> bool:
            return stumbling.stumbled == 3

        await eventually(stumbled, "everything went wrong once")
        await replica.tallies.change("t1", count, a_cause())
        await tallies_in(replica.database, Deaf()).create("t2", open_tally("t2"), a_cause())
        await nothing_is_pending(replica)
        assert first_told(await logged(place), SOURCE) == {"t1": [1, 2], "t2": [1]}


async def test_the_relay_goes_on_when_a_session_ends_over_its_publishing(place: Place) -> None:
    broken = asyncio.Event()

    async def attendant(_: object) -> None:
        await broken.wait()
        broken.clear()
        raise RuntimeError("something else of this session broke")

    async with a_replica(place) as replica:
        replica.bus.attend(attendant)
        ids = [f"t{number}" for number in range(300)]

        async def work() -> None:
            for start in range(0, 300, 20):
                new = [(id_, open_tally(id_)) for id_ in ids[start : start + 20]]
                await replica.tallies.create_many(new, a_cause())

        working = asyncio.create_task(work())
        while not working.done():
            await asyncio.sleep(0.05)
            broken.set()
        await working
        await nothing_is_pending(replica)
        assert set(first_told(await logged(place), SOURCE)) == set(ids)


async def test_stopping_announces_what_is_at_hand(place: Place) -> None:
    async with a_replica(place, sweep_after=1000.0) as replica:
        await replica.tallies.create_many([(f"t{n}", open_tally(f"t{n}")) for n in range(300)], a_cause())
    async with a_replica(place, sweep_after=1000.0) as replica:
        assert (await replica.tallies.outbox.pending())[0] == 0


async def test_the_age_of_the_oldest_pending_event_is_that_of_the_oldest_left(place: Place) -> None:
    async with a_replica(place, sweep_after=1e6) as replica:
        crashed = tallies_in(replica.database, Deaf())
        long_ago, now = utc_now() - timedelta(hours=2), utc_now() - timedelta(minutes=1)
        await crashed.create("t1", open_tally("t1"), a_cause(now=long_ago))
        await crashed.change("t1", count, a_cause(now=now))
        assert await crashed.outbox.pending() == (1, long_ago)
        opened = (await crashed.timeline("t1")).items[0]
        await crashed.outbox.settle({"t1": [opened]})

        async def one_left() -> bool:
            return await crashed.outbox.pending() == (1, now)

        await eventually(one_left, "what was settled is no longer pending")

        async def gauged() -> bool:
            age = metrics.outbox_oldest_pending_age._value.get()
            return bool(60 <= age < 90 and metrics.outbox_pending._value.get() == 1)

        await eventually(gauged, "the gauge tells the age of the oldest event")


async def test_two_sweepers_share_the_work(place: Place) -> None:
    async with a_replica(place) as replica:
        crashed = tallies_in(replica.database, Deaf())
        await crashed.create_many([(f"t{n}", open_tally(f"t{n}")) for n in range(50)], a_cause())
        later = utc_now() + timedelta(seconds=1)
        claims = [crashed.outbox.claim_pending(later, timedelta(seconds=10), 50) for _ in range(2)]
        one, two = await asyncio.gather(*claims)
        assert sorted(id_ for id_, _ in (*one, *two)) == sorted(f"t{n}" for n in range(50))


async def test_without_a_broker_memory_holds_no_events(place: Place) -> None:
    database = Database(place.mongo_url, place.database("tally-service"))
    relay = Relay(Bus("amqp://127.0.0.1:1/", "tally-service"), sweep_interval=0.1)
    tallies = tallies_in(database, relay)
    now = utc_now()
    event = RecordedEvent.of(
        open_tally("t")[1][0], source=SOURCE, subject="t", sequence=1, time=now, actor="a", correlationid="c"
    )
    for number in range(30_000):  # faster than anything could be published
        relay.offer(tallies, f"t{number}", [event])
    assert len(relay._hints) == 20_000
    await relay.start()

    async def forgotten() -> bool:
        return not relay._hints

    await eventually(forgotten, "the relay holds nothing")
    await tallies.create("t1", open_tally("t1"), a_cause())
    await eventually(forgotten, "the relay holds nothing")
    assert (await tallies.outbox.pending())[0] == 1
    await relay.stop()
    await database.stop()


async def test_an_older_offer_does_not_replace_a_newer_one(place: Place) -> None:
    """Answers of the database may come in another order than its commits."""
    async with a_replica(place, sweep_after=1000.0) as replica:
        crashed = tallies_in(replica.database, Deaf())
        await crashed.create("t1", open_tally("t1"), a_cause())
        await crashed.change("t1", count, a_cause())
        both = (await crashed.timeline("t1")).items
        replica.relay.offer(replica.tallies, "t1", both)
        replica.relay.offer(replica.tallies, "t1", both[:1])
        await nothing_is_pending(replica)


async def test_an_offer_that_comes_late_is_not_told_again(place: Place) -> None:
    """What a write or a sweep found pending was confirmed, and others told, before the database's answer was looked at."""
    async with a_replica(place, sweep_after=1000.0) as replica:
        await replica.tallies.create("t1", open_tally("t1"), a_cause())
        await nothing_is_pending(replica)
        found = (await replica.tallies.timeline("t1")).items
        await replica.tallies.create("t2", open_tally("t2"), a_cause())
        await nothing_is_pending(replica)
        replica.relay.offer(replica.tallies, "t1", found)
        await replica.tallies.create("t3", open_tally("t3"), a_cause())
        await nothing_is_pending(replica)
        assert [event.subject for event in await logged(place)] == ["t1", "t2", "t3"]
