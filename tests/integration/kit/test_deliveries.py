"""Any order, any number of deliveries: the same state."""

from __future__ import annotations

import asyncio
import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.events import an_event
from support.place import Place
from support.tally import Deaf, Sums, TallyCounted, TallyOpened

from dealwire.errors import NotFound
from dealwire.event import Event, derived_id, utc_now
from dealwire.kit.cause import Cause
from dealwire.kit.consumer import read_data
from dealwire.kit.store import Database

TALLIES = {"t1": 4, "t2": 7}


def told() -> list[Event]:
    events = []
    for id_, counts in TALLIES.items():
        events.append(an_event(TallyOpened(tally_id=id_), subject=id_, sequence=1))
        events += [
            an_event(TallyCounted(tally_id=id_, total=n), subject=id_, sequence=n + 1) for n in range(1, counts + 1)
        ]
    return events


async def deliver(sums: Sums, event: Event, run: str) -> None:
    """As a consumer would: once more later, when it is too early."""
    model = TallyOpened if event.type == TallyOpened.type else TallyCounted
    reaction = sums.reactions[model]
    event = event.model_copy(
        update={"id": derived_id(run, event.id), "data": {**event.data, "tally_id": run + event.subject}}
    )
    while True:
        try:
            await reaction(read_data(event, model), Cause.of_event(event, utc_now()))
        except NotFound:
            await asyncio.sleep(0.01)
        else:
            return


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), copies=st.integers(1, 3), at_once=st.booleans())
async def test_shuffled_and_repeated_events_have_the_effect_of_each_once(
    place: Place, seed: int, copies: int, at_once: bool
) -> None:
    run = f"{seed}-{copies}-{at_once}-"
    database = Database(place.mongo_url, place.database("sums"))
    sums = Sums(database, Deaf(), remembers=4)  # so that some are recognised by the record's history only
    events = told() * copies
    random.Random(seed).shuffle(events)
    if at_once:
        await asyncio.gather(*(deliver(sums, event, run) for event in events))
    else:
        events.sort(key=lambda event: event.sequence > 1)  # one after the other, nothing can come early
        for event in events:
            await deliver(sums, event, run)
    for id_, counts in TALLIES.items():
        record = await sums.store.get(run + id_)
        assert record.state.total == counts
        assert record.version == counts + 1
        grown = [event.data["total"] for event in (await sums.store.timeline(run + id_)).items]
        assert grown == list(range(counts + 1))
    await database.stop()
