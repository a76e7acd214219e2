from __future__ import annotations

import asyncio
import random

import pytest
from support.place import Place
from support.tally import Tally, TallyCounted, a_cause, a_store, count, open_tally

from dealwire.errors import Conflict, NotFound, Rejected, StaleVersion
from dealwire.event import Decision


def add(amount: int, tally: Tally) -> Decision[Tally]:
    if tally.total + amount < 0:
        raise Conflict("too-little", f"{tally.id} has only {tally.total}.")
    changed = tally.model_copy(update={"total": tally.total + amount})
    return changed, (TallyCounted(tally_id=tally.id, total=changed.total),)


async def test_records_change_together_or_not_at_all(place: Place) -> None:
    async with a_store(place) as tallies:
        for id_ in ("t1", "t2"):
            await tallies.create(id_, open_tally(id_), a_cause())
        first, second = await tallies.change_together({"t1": count, "t2": count}, a_cause())
        assert (first.version, second.version) == (2, 2)
        with pytest.raises(Conflict):
            await tallies.change_together({"t1": count, "t2": lambda tally: add(-9, tally)}, a_cause())
        with pytest.raises(NotFound):
            await tallies.change_together({"t1": count, "nobody": count}, a_cause())
        assert [(await tallies.get(id_)).version for id_ in ("t1", "t2")] == [2, 2]
        assert len((await tallies.timeline("t1")).items) == 2


async def test_changes_of_the_same_records_at_once_all_take_effect(place: Place) -> None:
    async with a_store(place) as tallies, a_store(place) as same:
        ids = ["t1", "t2", "t3"]
        for id_ in ids:
            await tallies.create(id_, open_tally(id_), a_cause())
            await tallies.change(id_, lambda tally: add(100, tally), a_cause())

        async def move() -> None:
            source, target = random.sample(ids, 2)
            store = random.choice([tallies, same])
            changes = {source: lambda tally: add(-1, tally), target: lambda tally: add(1, tally)}
            await store.change_together(changes, a_cause())

        alone = [tallies.change("t1", lambda tally: add(0, tally), a_cause()) for _ in range(10)]
        await asyncio.gather(*(move() for _ in range(30)), *alone)
        records = [await tallies.get(id_) for id_ in ids]
        assert sum(record.state.total for record in records) == 300
        assert sum(record.version for record in records) == 3 * 2 + 2 * 30 + 10
        for record in records:
            told = (await tallies.timeline(record.id, limit=200)).items
            assert [event.sequence for event in told] == list(range(1, record.version + 1))


async def test_a_change_together_under_the_same_key_takes_effect_once(place: Place) -> None:
    async with a_store(place) as tallies:
        for id_ in ("t1", "t2"):
            await tallies.create(id_, open_tally(id_), a_cause())
        cause = a_cause("key", fingerprint="f")
        changes = {"t1": count, "t2": count}
        await asyncio.gather(*(tallies.change_together(changes, cause) for _ in range(5)))
        assert [(await tallies.get(id_)).version for id_ in ("t1", "t2")] == [2, 2]
        with pytest.raises(Rejected):
            await tallies.change_together(changes, a_cause("key", fingerprint="other"))


async def test_the_version_a_caller_saw_is_that_of_the_first_record(place: Place) -> None:
    async with a_store(place) as tallies:
        for id_ in ("t1", "t2"):
            await tallies.create(id_, open_tally(id_), a_cause())
        await tallies.change("t2", count, a_cause())
        await tallies.change_together({"t1": count, "t2": count}, a_cause(expected_version=1))
        with pytest.raises(StaleVersion):
            await tallies.change_together({"t1": count, "t2": count}, a_cause(expected_version=1))
        assert [(await tallies.get(id_)).version for id_ in ("t1", "t2")] == [2, 3]
