"""SOPs as sales operations publishes them and tries them out, and how leads are followed up by them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from integration.lead.desk import LI, Desk, Json, a_desk, done, problem
from integration.lead.test_lead_care import CALL, clocks, until
from support.hours import always_open
from support.place import Place, Servers, new_place
from support.service import eventually

from dealwire.catalogue.lead_rules import SopsPublished
from dealwire.event import utc_now

HOUR = 3600
NURTURE: Json = {"material": ["Our case", "Our guide"], "every_days": 7}


def steps(*contents: str, hours: float = 24) -> list[Json]:
    return [{"after": {"hours": hours}, "channel": "call", "content": content} for content in contents]


def sops(*contents: str, **more: object) -> Json:
    return {"follow_up": dict.fromkeys("ABC", steps(*contents)), "nurture": NURTURE, **more}


@pytest.fixture
async def desk(infra: Servers) -> AsyncIterator[Desk]:
    """A lead-service for each test: by what is published every lead is followed up."""
    async with new_place(infra) as place, a_desk(place) as desk:
        yield desk


async def publish(desk: Desk, *contents: str, **more: object) -> Json:
    return await done(desk.so.post("/v1/sops/versions", json=sops(*contents, **more)))


async def test_published_sops_are_followed_from_their_date_on(desk: Desk) -> None:
    before = await desk.accepted()
    assert before["next_step"]["sops"] == "sops.v1"
    later = (utc_now() + timedelta(hours=1)).isoformat()
    await publish(desk, "Visit", effective_from=later)
    assert (await done(desk.am().get("/v1/sops")))["in_force"] == 1
    published = await publish(desk, "Ring", "Write", note="Ring first")
    assert ([each["version"] for each in published["versions"]], published["in_force"]) == ([1, 2, 3], 3)
    lead = await desk.accepted()
    assert (lead["next_step"]["content"], lead["next_step"]["sops"]) == ("Ring", "sops.v3")
    assert await desk.get(before["id"]) == before
    called = await done(desk.am().post(f"/v1/leads/{before['id']}/follow-ups", json=CALL))
    assert (called["next_step"]["content"], called["next_step"]["sops"]) == ("Write", "sops.v3")
    told = [event.data["next_step"] for event in await desk.timeline(before["id"]) if "next_step" in event.data]
    assert [step["sops"] for step in told] == ["sops.v1", "sops.v3"]
    nurtured = await desk.lead("C")
    assert (nurtured["nurture"]["material"], nurtured["nurture"]["sops"]) == (NURTURE["material"], "sops.v3")


async def test_a_lead_won_from_the_pool_and_one_scored_again_follow_the_published_sops(place: Place) -> None:
    model = {
        "weights": {"size": 100},
        "ideal": {"size_from": 500},
        "grades": [{"grade": "B", "score": 80}],
        "use": "decides",
    }
    policy = {"policy": {"grab_window": {"hours": 0.3 / HOUR}}}
    async with a_desk(place, **(always_open() | policy)) as desk:
        await publish(desk, "Ring")
        won = await desk.lead("B")
        await done(desk.am().post(f"/v1/leads/{won['id']}/bid"))
        await until(desk, won, "accepted")
        assert (await desk.get(won["id"]))["next_step"]["sops"] == "sops.v2"
        lead = await desk.lead("B", size=800)
        await done(desk.so.post("/v1/scoring-models/by-size/versions", json=model))
        await done(desk.so.patch(f"/v1/leads/{lead['id']}", json={"size": 3}))
        await until(desk, lead, "nurture_planned")
        assert (await desk.get(lead["id"]))["nurture"]["sops"] == "sops.v2"


async def test_a_lead_in_nurture_gets_the_material_published_since_with_its_next_piece(place: Place) -> None:
    settings = clocks(seconds=HOUR, nurture_every_days=1 / 86_400, nurture_material=["Built in"])
    async with a_desk(place, **settings) as desk:
        lead, own = await desk.lead("C"), await desk.lead("C")
        body = {"material": ["Its own"], "every_days": 7}
        await done(desk.so.put(f"/v1/leads/{own['id']}/nurture", json=body))
        await publish(desk, "Ring")

        async def follows() -> bool:
            return bool((await desk.get(lead["id"]))["nurture"]["sops"] == "sops.v2")

        await eventually(follows, "the lead follows the published SOPs")
        there = await desk.get(lead["id"])
        assert there["nurture"]["material"] == NURTURE["material"]
        *_, due, planned = await desk.timeline(lead["id"])
        assert (due.data["material"], planned.data["material"]) == ("Built in", NURTURE["material"])
        assert due.data["next_at"] == planned.data["next_at"] == there["nurture"]["next_at"]
        assert datetime.fromisoformat(due.data["next_at"]) - due.time == timedelta(days=7)
        assert (await desk.get(own["id"]))["nurture"]["material"] == ["Its own"]


async def test_a_dry_run_of_sops_says_what_would_follow_and_changes_nothing(desk: Desk) -> None:
    start = utc_now()
    now = await done(desk.so.post("/v1/sops/try", json={"grade": "C"}))
    (version,) = (await done(desk.so.get("/v1/sops")))["versions"]
    assert [step["content"] for step in now["follow_up"]] == [step["content"] for step in version["follow_up"]["C"]]
    assert [piece["material"] for piece in now["nurture"]] == version["nurture"]["material"]
    await publish(desk, "Ring", "Write", effective_from=(start + timedelta(hours=1)).isoformat())
    named = await done(desk.so.post("/v1/sops/try", json={"grade": "A", "version": 2}))
    assert [(step["content"], step["sops"]) for step in named["follow_up"]] == [
        ("Ring", "sops.v2"),
        ("Write", "sops.v2"),
    ]
    first, second = (datetime.fromisoformat(step["due"]) for step in named["follow_up"])
    assert first - start >= timedelta(days=1)
    assert (second - first, named["nurture"]) == (timedelta(days=1), [])
    draft = {"grade": "C", "steps": steps("Visit", hours=1), "nurture": NURTURE}
    tried = await done(desk.so.post("/v1/sops/try", json=draft))
    assert [(step["content"], step["sops"]) for step in tried["follow_up"]] == [("Visit", "sops.v0")]
    assert [piece["material"] for piece in tried["nurture"]] == NURTURE["material"]
    assert problem(await desk.so.post("/v1/sops/try", json={"grade": "A", "version": 9})) == (404, "not-found")
    assert (await done(desk.so.get("/v1/sops")))["in_force"] == 1
    lead = await desk.accepted(LI)
    assert lead["next_step"]["sops"] == "sops.v1"


async def test_what_was_published_of_the_sops_stays_and_says_who_did_it(desk: Desk) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    answers = [await desk.so.post("/v1/sops/versions", json=sops("Ring"), headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    await publish(desk, "Visit")
    there = await desk.so.get("/v1/sops")
    assert (there.headers["etag"], len(there.json()["versions"])) == ('"2"', 3)
    assert there.json()["versions"][:2] == answers[0].json()["versions"]
    events = (await done(desk.so.get("/v1/sops/timeline")))["items"]
    assert [event["actor"] for event in events] == ["so.zhao", "so.zhao"]
    assert SopsPublished.model_validate(events[1]["data"]).nurture.material == tuple(NURTURE["material"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"follow_up": {"A": steps("x"), "B": steps("x")}, "nurture": NURTURE}, "/follow_up/C"),
        (sops(), "/follow_up/A"),
        (sops(*"x" * 21), "/follow_up/A"),
        (sops(" "), "/follow_up/A/0/content"),
        ({"follow_up": {"A": steps("x", hours=0)}, "nurture": NURTURE}, "/follow_up/A/0/after/hours"),
        (sops("x", nurture={"material": [], "every_days": 7}), "/nurture/material"),
        ({"follow_up": dict.fromkeys("ABC", steps("x"))}, "/nurture"),
        (sops("x", effective_from="2020-01-01T00:00:00Z"), "/effective_from"),
        (sops("x", grade="A"), "/grade"),
    ],
)
async def test_wrong_sops_are_refused_with_a_pointer_and_nothing_is_kept(
    untouched: Desk, body: Json, pointer: str
) -> None:
    answer = await untouched.so.post("/v1/sops/versions", json=body)
    assert problem(answer)[0] == 422
    assert pointer in [error.get("pointer") for error in answer.json()["errors"]]
    assert (await done(untouched.so.get("/v1/sops")))["version"] == 0
