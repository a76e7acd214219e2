from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from support.place import Place
from support.tally import Deaf, Sums, Tally, TallyCounted, a_cause, a_store, count, expire, open_tally, tallies_in

from dealwire.errors import Conflict, NotFound, Rejected, StaleVersion
from dealwire.event import Decision, utc_now
from dealwire.kit.cause import Cause
from dealwire.kit.store import Database, Taken


async def test_changes_of_one_record_at_once_all_take_effect_one_after_the_other(place: Place) -> None:
    async with a_store(place) as tallies, a_store(place) as same:
        await tallies.create("t1", open_tally("t1"), a_cause())
        changed = await asyncio.gather(*(s.change("t1", count, a_cause()) for s in (tallies, same) for _ in range(40)))
        assert sorted(record.version for record in changed) == list(range(2, 82))
        assert (await tallies.get("t1")).state.total == 80
        told = (await tallies.timeline("t1", limit=200)).items
        assert [event.sequence for event in told] == list(range(1, 82))
        assert [event.data["total"] for event in told[1:]] == list(range(1, 81))
        assert len({event.id for event in told}) == 81


async def test_a_change_of_several_events_numbers_them_all(place: Place) -> None:
    def count_twice(tally: Tally) -> Decision[Tally]:
        once, first = count(tally)
        twice, second = count(once)
        return twice, (*first, *second)

    async with a_store(place) as tallies:
        await tallies.create("t1", open_tally("t1"), a_cause())
        record = await tallies.change("t1", count_twice, a_cause())
        assert record.version == 3
        assert [event.sequence for event in (await tallies.timeline("t1")).items] == [1, 2, 3]


async def test_the_same_key_takes_effect_once(place: Place) -> None:
    async with a_store(place) as tallies:
        await tallies.create("t1", open_tally("t1"), a_cause())
        first = await tallies.change("t1", count, a_cause("key", fingerprint="f"))
        await tallies.change("t1", count, a_cause())
        again = await tallies.change("t1", count, a_cause("key", fingerprint="f"))
        assert (first.version, first.replayed) == (2, False)
        assert (again.version, again.replayed) == (3, True)  # the record as it is now


async def test_the_same_key_many_times_at_once_takes_effect_once(place: Place) -> None:
    async with a_store(place) as tallies, a_store(place) as same:
        await tallies.create("t1", open_tally("t1"), a_cause())
        cause = a_cause("key", fingerprint="f")
        changed = await asyncio.gather(*(s.change("t1", count, cause) for s in (tallies, same) for _ in range(10)))
        assert Counter(record.replayed for record in changed) == {False: 1, True: 19}
        assert (await tallies.get("t1")).state.total == 1


async def test_the_same_key_for_another_request_is_rejected_and_changes_nothing(place: Place) -> None:
    async with a_store(place) as tallies:
        await tallies.create("t1", open_tally("t1"), a_cause("made", fingerprint="f"))
        await tallies.change("t1", count, a_cause("key", fingerprint="f"))
        for key in ("key", "made"):
            with pytest.raises(Rejected) as rejected:
                await tallies.change("t1", count, a_cause(key, fingerprint="other"))
            assert rejected.value.slug == "idempotency-key-reused"
        assert (await tallies.get("t1")).version == 2


async def test_a_caller_that_looked_at_an_older_version_is_told(place: Place) -> None:
    async with a_store(place) as tallies:
        await tallies.create("t1", open_tally("t1"), a_cause())
        await tallies.change("t1", count, a_cause(expected_version=1))
        with pytest.raises(StaleVersion):
            await tallies.change("t1", count, a_cause(expected_version=1))
        assert (await tallies.get("t1")).state.total == 1


async def test_of_many_callers_that_looked_at_one_version_only_one_changes_it(place: Place) -> None:
    async with a_store(place) as tallies:
        await tallies.create("t1", open_tally("t1"), a_cause())
        changes = (tallies.change("t1", count, a_cause(expected_version=1)) for _ in range(20))
        answers = await asyncio.gather(*changes, return_exceptions=True)
        assert Counter(type(answer) for answer in answers)[StaleVersion] == 19
        assert (await tallies.get("t1")).version == 2


async def test_a_repeat_is_recognised_before_its_version_is_called_stale(place: Place) -> None:
    async with a_store(place) as tallies:
        await tallies.create("t1", open_tally("t1"), a_cause())
        cause = a_cause("key", fingerprint="f", expected_version=1)
        await tallies.change("t1", count, cause)
        assert (await tallies.change("t1", count, cause)).replayed


async def test_a_change_of_state_without_an_event_is_refused(place: Place) -> None:
    async with a_store(place) as tallies:
        await tallies.create("t1", open_tally("t1"), a_cause())
        with pytest.raises(AssertionError, match="told to nobody"):
            await tallies.change("t1", lambda tally: (tally.model_copy(update={"total": 9}), ()), a_cause())
        with pytest.raises(AssertionError, match="told to nobody"):
            await tallies.create("t2", (Tally(id="t2"), ()), a_cause())
        assert (await tallies.get("t1")).state.total == 0


async def test_a_decision_without_events_changes_nothing(place: Place) -> None:
    async with a_store(place) as tallies:
        made = await tallies.create("t1", open_tally("t1"), a_cause())
        left = await tallies.change("t1", lambda tally: (tally, ()), a_cause("key"))
        assert (left.version, left.updated_at, left.replayed) == (made.version, made.updated_at, False)


async def test_the_repeat_of_a_request_that_changed_nothing_changes_nothing_either(place: Place) -> None:
    due = utc_now()
    async with a_store(place) as tallies:
        await tallies.create("t1", open_tally("t1", due=due), a_cause())
        request = a_cause("early", fingerprint="f")

        def expire_at(now: datetime) -> Callable[[Tally], Decision[Tally]]:
            return lambda tally: expire(tally, now)

        early = await tallies.change("t1", expire_at(due - timedelta(seconds=1)), request)
        late = await tallies.change("t1", expire_at(due + timedelta(seconds=1)), request)
        assert (early.version, early.replayed) == (1, False)
        assert (late.version, late.replayed) == (1, True)
        with pytest.raises(Rejected):
            await tallies.change("t1", count, replace(request, fingerprint="another"))


async def test_a_domain_no_changes_nothing(place: Place) -> None:
    def refuse(tally: Tally) -> Decision[Tally]:
        raise Conflict("no", f"Not {tally.id}.")

    async with a_store(place) as tallies:
        await tallies.create("t1", open_tally("t1"), a_cause())
        with pytest.raises(Conflict):
            await tallies.change("t1", refuse, a_cause())
        with pytest.raises(NotFound):
            await tallies.change("nobody", count, a_cause())
        assert (await tallies.get("t1")).version == 1


async def test_a_unique_value_belongs_to_one_record(place: Place) -> None:
    def wear(badge: str, tally: Tally) -> Decision[Tally]:
        return tally.model_copy(update={"badge": badge}), (TallyCounted(tally_id=tally.id, total=tally.total),)

    async with a_store(place) as tallies:
        await tallies.create("t1", open_tally("t1", badge="red"), a_cause())
        with pytest.raises(Taken) as taken:
            await tallies.create("t2", open_tally("t2", badge="red"), a_cause())
        assert taken.value.fields == ("state.badge",)
        await tallies.create("t2", open_tally("t2", badge="blue"), a_cause())
        with pytest.raises(Taken):
            await tallies.change("t2", lambda tally: wear("red", tally), a_cause())
        assert (await tallies.get("t2")).state.badge == "blue"


async def test_only_the_last_causes_are_remembered(place: Place) -> None:
    async with a_store(place, remembers=3) as tallies:
        await tallies.create("t1", open_tally("t1"), a_cause("made"))
        for number in range(10):
            await tallies.change("t1", count, a_cause(f"key-{number}", fingerprint="f"))
        document = await tallies._document("t1")
        assert [entry["key"] for entry in document["handled"]] == ["key-7", "key-8", "key-9"]
        assert (await tallies.change("t1", count, a_cause("made"))).replayed  # its creation is never forgotten


@pytest.mark.parametrize("announced", [False, True])
async def test_an_event_that_comes_again_long_after_it_was_handled_still_has_its_effect_once(
    place: Place, *, announced: bool
) -> None:
    def told(number: int) -> Cause:
        return a_cause(f"event-{number}", causation_id=f"event-{number}", sequence=number)

    database = Database(place.mongo_url, place.database("sums"))
    sums = Sums(database, Deaf(), remembers=3)
    await sums.open_when_opened(open_tally("t1")[1][0], told(1))  # type: ignore[arg-type]
    for number in range(2, 12):
        await sums.add_when_counted(TallyCounted(tally_id="t1", total=number), told(number))
    if announced:
        await sums.store.outbox.settle({"t1": (await sums.store.timeline("t1")).items})
    for number in range(1, 12):
        again = await sums.add_when_counted(TallyCounted(tally_id="t1", total=number), told(number))
        assert again.replayed, number
    await sums.add_when_counted(TallyCounted(tally_id="t1", total=12), told(12))
    assert (await sums.store.get("t1")).state.total == 11
    await database.stop()


async def test_two_stores_of_one_service_share_its_history(place: Place) -> None:
    database = Database(place.mongo_url, place.database("both"))
    tallies, sums = tallies_in(database, Deaf()), Sums(database, Deaf()).store
    await database.ensure_indexes()
    await tallies.create("same-id", open_tally("same-id"), a_cause())
    opened = open_tally("same-id")[1][0]
    await Sums(database, Deaf()).open_when_opened(opened, a_cause("e"))  # type: ignore[arg-type]
    for store in (tallies, sums):
        await store.outbox.settle({"same-id": (await store.timeline("same-id")).items})
    assert [event.type for event in (await tallies.timeline("same-id")).items] == ["tally.opened.v1"]
    assert [event.type for event in (await sums.timeline("same-id")).items] == ["sum.grew.v1"]
    await database.stop()
