from __future__ import annotations

import asyncio
import random

from support.place import Place
from support.tally import TallyCounted, a_cause

from dealwire.kit.store import Database, Index, Replica


async def test_a_replica_keeps_the_newest_whatever_the_order_of_delivery(place: Place) -> None:
    database = Database(place.mongo_url, place.database("replicas"))
    tallies = Replica(
        database, "tallies", TallyCounted, id=lambda tally: tally.tally_id, indexes=[Index({"data.total": 1})]
    )
    await database.ensure_indexes()
    deliveries = [(f"t{number}", sequence) for number in range(20) for sequence in (1, 2, 3)] * 2
    random.shuffle(deliveries)
    await asyncio.gather(
        *(tallies.apply(TallyCounted(tally_id=id_, total=seq), a_cause(sequence=seq)) for id_, seq in deliveries)
    )
    kept = await tallies.find({"data.total": 3})
    assert sorted(tally.tally_id for tally in kept) == sorted(f"t{number}" for number in range(20))
    one = await tallies.get("t1")
    assert one is not None
    assert one.total == 3
    assert await tallies.get("nobody") is None
    await database.stop()
