"""Scoring models as sales operations publishes them, and what leads get from them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from integration.lead.desk import ANSWERS, Desk, Json, a_desk, done, problem
from support.place import Servers, new_place

from dealwire.catalogue.lead_rules import ScoringModelPublished
from dealwire.event import utc_now


@pytest.fixture
async def desk(infra: Servers) -> AsyncIterator[Desk]:
    """A lead-service for each test: what is published decides for every lead there is."""
    async with new_place(infra) as place, a_desk(place) as desk:
        yield desk


def a_model(**changes: Any) -> Json:
    """Hospitals whose need is known get an A."""
    return {
        "weights": {"industry": 60, "need": 40},
        "grades": [{"grade": "A", "score": 90}, {"grade": "B", "at_least": {"need": 40}}],
        "ideal": {"industries": ["medical"]},
        "use": "decides",
    } | changes


async def publish(desk: Desk, name: str = "medical", **changes: Any) -> Json:
    return await done(desk.so.post(f"/v1/scoring-models/{name}/versions", json=a_model(**changes)))


async def test_a_published_model_decides_and_the_others_score_along(desk: Desk) -> None:
    before = await desk.lead("B")
    assert (before["model"], before["grade"], before["along"]) == ("bant.v1", "B", [])
    await publish(desk)
    await publish(desk, "beside", use="along", weights={"need": 100}, ideal={})
    scoring = await done(desk.am().get("/v1/scoring"))
    assert scoring["decides"]["label"] == "medical.v1"
    assert [each["label"] for each in scoring["along"]] == ["bant.v1", "beside.v1"]
    after = await desk.lead("B")
    assert (after["model"], after["grade"], after["status"], after["score"]) == ("medical.v1", "A", "assigned", 96)
    assert after["reasons"][0] == {
        "criterion": "industry",
        "points": 60,
        "because": "the industry medical is the ideal customer's, worth 60 points",
    }
    assert [(each["model"], each["score"], each["grade"]) for each in after["along"]] == [
        ("bant.v1", 61, "B"),
        ("beside.v1", 90, "A"),
    ]
    (qualified,) = [event for event in await desk.timeline(after["id"]) if event.type == "lead.qualified.v1"]
    assert (qualified.data["along"], qualified.data["bant"]) == (after["along"], ANSWERS["B"])
    assert await desk.get(before["id"]) == before


async def test_a_dry_run_says_what_models_would_make_of_a_lead(desk: Desk) -> None:
    await publish(desk)
    imagined = ANSWERS["B"] | {"channel": "expo", "industry": "medical", "need_text": "less waiting"}
    in_force: Any = await done(desk.so.post("/v1/scoring/try", json=imagined))
    assert [(each["model"], each["score"], each["grade"]) for each in in_force] == [
        ("medical.v1", 96, "A"),
        ("bant.v1", 61, "B"),
    ]
    draft = {"model": {"weights": {"pain": 100}, "ideal": {"pains": ["waiting"]}, "grades": []}}
    tried: Any = await done(desk.so.post("/v1/scoring/try", json=imagined | draft))
    (verdict,) = tried
    assert (verdict["model"], verdict["score"], verdict["grade"]) == ("draft.v0", 100, "C")
    assert verdict["reasons"][0]["because"] == "the need speaks of waiting, worth 100 points"
    published = {"model": {"name": "bant", "version": 1}}
    assert await done(desk.so.post("/v1/scoring/try", json=imagined | published)) == in_force[1:]


async def test_a_version_waits_for_its_date(desk: Desk) -> None:
    soon = utc_now() + timedelta(seconds=1.5)
    await publish(desk, effective_from=soon.isoformat())
    assert (await desk.lead("B"))["model"] == "bant.v1"
    await asyncio.sleep((soon - utc_now()).total_seconds() + 0.1)
    assert (await desk.lead("B"))["model"] == "medical.v1"


async def test_what_was_published_stays_and_says_who_did_it(desk: Desk) -> None:
    first = await publish(desk, note="Hospitals first")
    second = await publish(desk, weights={"industry": 50, "need": 50})
    assert (second["versions"][0], second["version"]) == (first["versions"][0], 2)
    assert await done(desk.am().get("/v1/scoring-models/medical")) == second
    assert (await done(desk.am().get("/v1/scoring-models")))["items"] == [second]
    events = (await done(desk.so.get("/v1/scoring-models/medical/timeline")))["items"]
    assert [(event["actor"], event["data"]["version"]) for event in events] == [("so.zhao", 1), ("so.zhao", 2)]
    assert ScoringModelPublished.model_validate(events[0]["data"]).note == "Hospitals first"
    assert problem(await desk.so.get("/v1/scoring-models/unknown")) == (404, "not-found")


async def test_publishing_twice_with_the_same_key_is_one_version(desk: Desk) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    path = "/v1/scoring-models/medical/versions"
    answers = [await desk.so.post(path, json=a_model(), headers=key) for _ in range(2)]
    answers += await asyncio.gather(*(desk.so.post(path, json=a_model(), headers=key) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {201}
    assert {len(answer.json()["versions"]) for answer in answers} == {1}
    at_once = await asyncio.gather(*(desk.so.post(path, json=a_model()) for _ in range(10)))
    assert sorted(answer.json()["version"] for answer in at_once) == list(range(2, 12))
    stale = await desk.so.post(path, json=a_model(), headers={"If-Match": '"1"'})
    assert problem(stale) == (412, "stale-version")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"weights": {"luck": 1}}, "/weights/luck/[key]"),
        ({"weights": {"need": 101}}, "/weights/need"),
        ({"weights": {"need": 0, "industry": 0}}, "/weights"),
        ({"grades": [{"grade": "A", "scoer": 90}]}, "/grades/0/scoer"),
        ({"grades": [{"grade": "D", "score": 90}]}, "/grades/0/grade"),
        ({"grades": [{"grade": "A", "score": 101}]}, "/grades/0/score"),
        ({"ideal": {"industry": ["medical"]}}, "/ideal/industry"),
        ({"ideal": {}}, "/ideal/industries"),
        ({"ideal": {"industries": ["x"] * 31}}, "/ideal/industries"),
        ({"effective_from": "2020-01-01T00:00:00Z"}, "/effective_from"),
        ({"effective_from": "9999-12-31T23:59:59-12:00"}, "/effective_from"),
        ({"effective_from": "2030-01-01T00:00:00"}, "/effective_from"),
    ],
)
async def test_a_wrong_model_is_refused_with_a_pointer_and_nothing_is_kept(
    untouched: Desk, changes: Json, pointer: str
) -> None:
    answer = await untouched.so.post("/v1/scoring-models/medical/versions", json=a_model(**changes))
    assert problem(answer)[0] == 422
    assert pointer in [error.get("pointer") for error in answer.json()["errors"]]
    assert (await done(untouched.so.get("/v1/scoring-models")))["items"] == []
