"""What lead-service knows of people, from events that come twice, late, or all at once."""

from __future__ import annotations

import asyncio
import random
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st
from integration.lead.backstage import Backstage, a_cause
from integration.lead.desk import CHEN, LI, Desk, a_desk
from support.events import an_event
from support.place import Place
from support.service import eventually

from dealwire.catalogue.common import Role
from dealwire.catalogue.people import MemberChanged
from dealwire.kit.store import Database
from lead_service.store import SERVICE

STATES = st.builds(
    MemberChanged,
    member_id=st.just("m1"),
    name=st.sampled_from(["Li Wei", "李伟", "W. Li"]),
    roles=st.sampled_from([(Role.AM,), (Role.SE,), (Role.AM, Role.SE), ()]),
    industries=st.sampled_from([(), ("medical",), ("energy", "medical")]),
    active=st.booleans(),
)


@settings(max_examples=12)
@given(histories=st.lists(st.lists(STATES, min_size=1, max_size=5), min_size=1, max_size=5), randomness=st.randoms())
async def test_every_event_delivered_three_times_and_shuffled_gives_the_same_members(
    backstage: Backstage, histories: list[list[MemberChanged]], randomness: random.Random
) -> None:
    lives = {
        member_id: [state.model_copy(update={"member_id": member_id}) for state in states]
        for member_id, states in ((str(uuid4()), states) for states in histories)
    }
    deliveries = [(sequence, state) for states in lives.values() for sequence, state in enumerate(states, 1)] * 3
    randomness.shuffle(deliveries)
    react = backstage.handlers.keep_member_when_member_changed
    await asyncio.gather(*(react(state, a_cause(sequence=sequence)) for sequence, state in deliveries))
    kept = await backstage.store.members.find({"_id": {"$in": list(lives)}})
    assert {member.member_id: member for member in kept} == {who: states[-1] for who, states in lives.items()}


async def test_of_the_first_events_about_somebody_that_arrive_at_the_same_time_the_newest_is_kept(
    backstage: Backstage,
) -> None:
    for _ in range(120):  # a few in a hundred meet between looking for the member and writing one down
        people = [
            [MemberChanged(member_id=who, name=f"v{version}", roles=()) for version in range(1, 5)]
            for who in (str(uuid4()), str(uuid4()))
        ]
        at_once = [
            backstage.handlers.keep_member_when_member_changed(state, a_cause(sequence=sequence))
            for states in people
            for sequence, state in enumerate(states, 1)
        ]
        random.shuffle(at_once)
        await asyncio.gather(*at_once)
        for states in people:
            assert await backstage.store.members.get(states[-1].member_id) == states[-1]


async def test_over_the_wire_the_newest_of_duplicated_and_shuffled_events_wins(place: Place) -> None:
    newest, versions = 8, range(1, 9)
    ids = [f"m{number}" for number in range(25)]
    events = [
        an_event(MemberChanged(member_id=who, name=f"v{version}", roles=()), subject=who, sequence=version)
        for who in ids
        for version in versions
    ] * 3
    random.shuffle(events)
    async with a_desk(place) as desk:
        await asyncio.gather(*(desk.bus.publish(event) for event in events))
        database = Database(place.mongo_url, place.database(SERVICE))
        members = database.collection("members")

        async def all_newest() -> bool:
            return await members.count_documents({"data.name": f"v{newest}"}) == len(ids)

        try:
            await eventually(all_newest, "the newest version of every member is kept")
        finally:
            await database.stop()


async def test_somebody_who_has_left_gets_no_lead_even_when_older_news_come_later(place: Place) -> None:
    li = MemberChanged(member_id=LI, name="Li Wei", roles=(Role.AM,), industries=("medical",))
    async with a_desk(place, li, li.model_copy(update={"member_id": CHEN, "name": "Chen Jie"})) as desk:
        await desk.bus.publish(an_event(li.model_copy(update={"active": False}), subject=LI, sequence=3))
        await desk.bus.publish(an_event(li, subject=LI, sequence=2))
        await desk.bus.publish(an_event(li, subject=LI, sequence=1))

        async def has_left() -> bool:
            lead = await desk.lead("B")
            named = await desk.so.post(f"/v1/leads/{lead['id']}/assign", json={"am_id": LI})
            return named.status_code == 422

        await eventually(has_left, "lead-service knows who has left")
        assert {lead["am_id"] for lead in await asyncio.gather(*(desk.lead("A") for _ in range(6)))} == {CHEN}
        await desk.bus.publish(an_event(li, subject=LI, sequence=4))

        async def is_back() -> bool:
            return bool((await desk.lead("A"))["am_id"] == LI)

        await eventually(is_back, "whoever comes back gets leads again")


async def test_the_leads_of_an_am_who_has_left_go_to_others_each_once(place: Place) -> None:
    async with a_desk(place) as desk:
        waiting, worked_on = await desk.lead(to=LI), await desk.accepted(LI)
        left = MemberChanged(member_id=LI, name="Li Wei", roles=(Role.AM,), industries=("medical",), active=False)
        for _ in range(3):
            await desk.bus.publish(an_event(left, subject=LI, sequence=2))

        async def are_others() -> bool:
            return all([(await desk.get(lead["id"]))["am_id"] == CHEN for lead in (waiting, worked_on)])

        await eventually(are_others, "another AM has both leads")
        for lead in (waiting, worked_on):
            happened = await desk.happened(lead["id"])
            assert happened[-2:] == ["unassigned", "assigned"]
            assert happened.count("unassigned") == 1


async def test_many_leads_at_once_are_spread_over_the_ams(desk: Desk) -> None:
    leads = await asyncio.gather(*(desk.lead("A") for _ in range(24)))
    loads = [sum(lead["am_id"] == am_id for lead in leads) for am_id in (LI, CHEN)]
    assert min(loads) >= 4, loads
