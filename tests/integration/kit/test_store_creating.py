from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from support.place import Place
from support.tally import a_cause, a_store, count, open_tally

from dealwire.errors import Rejected
from dealwire.kit.store import Claims, Database


async def test_a_record_that_is_created_again_is_answered_as_it_is(place: Place) -> None:
    async with a_store(place) as tallies:
        cause = a_cause("key", fingerprint="f")
        made = await tallies.create("t1", open_tally("t1"), cause)
        await tallies.change("t1", count, a_cause())
        again = await tallies.create("t1", open_tally("t1"), cause)
        assert (made.version, made.replayed) == (1, False)
        assert (again.version, again.state.total, again.replayed) == (2, 1, True)


async def test_a_record_created_many_times_at_once_is_made_once(place: Place) -> None:
    async with a_store(place) as tallies, a_store(place) as same:
        cause = a_cause("key", fingerprint="f")
        made = await asyncio.gather(
            *(store.create("t1", open_tally("t1"), cause) for store in (tallies, same) for _ in range(10))
        )
        assert Counter(record.replayed for record in made) == {False: 1, True: 19}
        assert [event.sequence for event in (await tallies.timeline("t1")).items] == [1]


async def test_a_key_that_made_one_record_makes_no_other(place: Place) -> None:
    async with a_store(place) as tallies:
        await tallies.create("t1", open_tally("t1"), a_cause("key", fingerprint="f"))
        with pytest.raises(Rejected) as rejected:
            await tallies.create("t1", open_tally("t1"), a_cause("key", fingerprint="other"))
        assert rejected.value.slug == "idempotency-key-reused"


async def test_what_a_request_made_before_is_found_by_its_repeat_only(place: Place) -> None:
    async with a_store(place) as tallies:
        cause = a_cause("key", fingerprint="f")
        assert await tallies.made_before("t1", cause) is None
        await tallies.create("t1", open_tally("t1"), cause)
        await tallies.change("t1", count, a_cause())
        found = await tallies.made_before("t1", cause)
        assert found is not None
        assert (found.version, found.state.total, found.replayed) == (2, 1, True)
        with pytest.raises(Rejected) as rejected:
            await tallies.made_before("t1", a_cause("key", fingerprint="other"))
        assert rejected.value.slug == "idempotency-key-reused"


async def test_what_create_answers_is_what_is_read(place: Place) -> None:
    async with a_store(place) as tallies:
        made = await tallies.create("t1", open_tally("t1"), a_cause())
        assert await tallies.get("t1") == made
        changed = await tallies.change("t1", count, a_cause())
        assert await tallies.get("t1") == changed


async def test_many_records_are_created_at_once_and_those_there_are_told(place: Place) -> None:
    async with a_store(place) as tallies:
        await tallies.create("t1", open_tally("t1"), a_cause())
        new = [(f"t{number}", open_tally(f"t{number}")) for number in range(4)]
        assert await tallies.create_many(new, a_cause()) == {"t1": ("_id",)}
        assert (await tallies.create_many(new, a_cause())).keys() == {"t0", "t1", "t2", "t3"}
        assert await tallies.create_many([], a_cause()) == {}
        assert [event.sequence for event in (await tallies.timeline("t3")).items] == [1]


async def test_one_of_many_that_another_record_excludes_is_no_record_that_was_there(place: Place) -> None:
    async with a_store(place) as tallies:
        await tallies.create("t1", open_tally("t1", badge="red"), a_cause())
        new = [("t2", open_tally("t2", badge="red")), ("t3", open_tally("t3"))]
        assert await tallies.create_many(new, a_cause()) == {"t2": ("state.badge",)}
        assert (await tallies.get("t3")).version == 1  # the others were made; a repeat finds them


async def test_a_claimed_key_is_refused_to_another_request(place: Place) -> None:
    database = Database(place.mongo_url, place.database("claims"))
    claims = Claims(database, "claims")
    cause = a_cause("key", fingerprint="f")
    await asyncio.gather(*(claims.claim("id", cause) for _ in range(10)))
    with pytest.raises(Rejected):
        await claims.claim("id", a_cause("key", fingerprint="other"))
    assert await claims.claim("id", a_cause()) == {}  # without a key there is nothing to compare
    await claims.ended("id", cause, {"id": "another record"})
    assert await claims.claim("id", cause) == {"id": "another record"}
    await database.stop()
