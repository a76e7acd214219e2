"""Routing as sales operations publishes it, tries it out, and who gets leads by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from integration.lead.desk import CHEN, GU, LI, WANG, ZHOU, Desk, Json, a_desk, done, problem
from support.place import Place, Servers, new_place

from dealwire.catalogue.common import Role
from dealwire.catalogue.lead_rules import RoutingPublished
from dealwire.catalogue.people import Absence, MemberChanged
from dealwire.event import utc_now

EVERYBODY = {"name": "everybody"}
GU_FOR_THE_EAST = {"name": "the east", "when": {"regions": ["华东"]}, "to": {"members": [GU]}}


@pytest.fixture
async def desk(infra: Servers) -> AsyncIterator[Desk]:
    """A lead-service for each test: what is published routes every lead there is."""
    async with new_place(infra) as place, a_desk(place) as desk:
        yield desk


async def publish(desk: Desk, *rules: Json, **more: object) -> Json:
    return await done(desk.so.post("/v1/routing/versions", json={"rules": rules, **more}))


async def test_published_rules_route_leads_from_their_date_on(desk: Desk) -> None:
    before = await desk.lead("A", region="华东")
    assert before["am_id"] in {LI, CHEN}
    later = (utc_now() + timedelta(hours=1)).isoformat()
    await publish(desk, {"name": "named", "to": {"members": [CHEN]}}, effective_from=later)
    assert (await done(desk.am().get("/v1/routing")))["in_force"] == 1
    published = await publish(desk, GU_FOR_THE_EAST, EVERYBODY, note="Gu knows the east")
    assert ([each["version"] for each in published["versions"]], published["in_force"]) == ([1, 2, 3], 3)
    lead = await desk.lead("A", region="华东")
    assert lead["am_id"] == GU
    (assigned,) = [event.data for event in await desk.timeline(lead["id"]) if event.type == "lead.assigned.v1"]
    assert (assigned["routing"], assigned["rule"]) == ("routing.v3", "the east")
    assert assigned["because"] == ["is named by the rule", "Gu Min has the fewest open leads (0) of 1"]
    assert await desk.get(before["id"]) == before


async def test_a_dry_run_says_who_would_get_a_lead_and_explains_every_rule_tried(desk: Desk) -> None:
    lead = await desk.lead("B", region="华东", industry="aerospace")
    path = f"/v1/leads/{lead['id']}/routing"
    now = await done(desk.so.get(path))
    assert (now["am_id"], now["se_id"], now["routing"], now["rule"]) == (GU, ZHOU, "routing.v1", "generalists")
    assert [(each["rule"], each["applies"], each["because"]) for each in now["tried"]] == [
        ("the customer's own AM", False, "for customers there are; this is none"),
        ("industry", True, "nobody free works in aerospace"),
        ("generalists", True, "has no industry of their own"),
    ]
    later = (utc_now() + timedelta(hours=1)).isoformat()
    await publish(desk, {"name": "named", "to": {"members": [CHEN]}}, effective_from=later)
    assert await done(desk.so.get(path)) == now
    assert (await done(desk.so.get(path, params={"version": 2})))["am_id"] == CHEN
    assert problem(await desk.so.get(path, params={"version": 3})) == (404, "not-found")
    imagined = {"industry": "medical", "region": "华东", "grade": "A"}
    tried = await done(desk.so.post("/v1/routing/try", json=imagined))
    assert (tried["am_id"] in {LI, CHEN}, tried["se_id"], tried["rule"]) == (True, WANG, "industry")
    draft = {"rules": [GU_FOR_THE_EAST, EVERYBODY]}
    assert (await done(desk.so.post("/v1/routing/try", json=imagined | draft)))["am_id"] == GU
    nobody = await done(desk.so.post("/v1/routing/try", json={"rules": [{"name": "x", "to": {"members": ["am.x"]}}]}))
    assert (nobody["am_id"], nobody["because"], nobody["tried"][0]["free"]) == (None, [], [])
    assert await desk.get(lead["id"]) == lead


async def test_what_was_published_stays_and_says_who_did_it(desk: Desk) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    answers = [await desk.so.post("/v1/routing/versions", json={"rules": [EVERYBODY]}, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    await publish(desk, GU_FOR_THE_EAST)
    routing = await desk.so.get("/v1/routing")
    assert (routing.headers["etag"], len(routing.json()["versions"])) == ('"2"', 3)
    assert routing.json()["versions"][:2] == answers[0].json()["versions"]
    events = (await done(desk.so.get("/v1/routing/timeline")))["items"]
    assert [event["actor"] for event in events] == ["so.zhao", "so.zhao"]
    assert RoutingPublished.model_validate(events[1]["data"]).rules[0].to.members == (GU,)


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        ([], "/rules"),
        ([{"name": " "}], "/rules/0/name"),
        ([{"name": "x", "when": {"industry": ["medical"]}}], "/rules/0/when/industry"),
        ([{"name": "x", "to": {"experts": ["luck"]}}], "/rules/0/to/experts/0"),
        ([{"name": "x", "to": {"members": ["no such id"]}}], "/rules/0/to/members/0"),
        ([EVERYBODY, EVERYBODY], "/rules/0/name"),
        ([{"name": "x", "when": {"size_from": 9, "size_to": 1}}], "/rules/0/when/size_from"),
        ([{"name": str(number)} for number in range(51)], "/rules"),
    ],
)
async def test_a_wrong_routing_is_refused_with_a_pointer_and_nothing_is_kept(
    untouched: Desk, rules: list[Json], pointer: str
) -> None:
    for path in ("/v1/routing/versions", "/v1/routing/try"):
        answer = await untouched.so.post(path, json={"rules": rules})
        assert problem(answer)[0] == 422
        assert pointer in [error.get("pointer") for error in answer.json()["errors"]]
    assert (await done(untouched.so.get("/v1/routing")))["version"] == 0


async def test_who_is_absent_or_has_as_many_leads_as_may_be_is_not_chosen(place: Place) -> None:
    today = utc_now().date()
    away = Absence(first=today - timedelta(days=1), last=today + timedelta(days=1))
    back = Absence(first=today - timedelta(days=9), last=today - timedelta(days=2))
    here = MemberChanged(
        member_id=LI, name="Li Wei", roles=(Role.AM,), industries=("medical",), absences=(back,), max_open_leads=2
    )
    absent = here.model_copy(update={"member_id": CHEN, "name": "Chen Jie", "absences": (away,)})
    generalist = MemberChanged(member_id=GU, name="Gu Min", roles=(Role.AM,))
    async with a_desk(place, here, absent, generalist) as desk:
        assert [(await desk.lead("A"))["am_id"] for _ in range(3)] == [LI, LI, GU]
        lead = await desk.lead("B")
        named = await desk.so.post(f"/v1/leads/{lead['id']}/assign", json={"am_id": CHEN})
        assert problem(named) == (422, "am-absent")
        (_, industry, _) = (await done(desk.so.get(f"/v1/leads/{lead['id']}/routing")))["tried"]
        assert sorted(industry["not_free"]) == [
            f"Chen Jie is absent until {away.last}",
            "Li Wei has 2 open leads, as many as may be",
        ]
