"""Public web forms: strangers without a token, robots, and those who send too much."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from integration.lead.desk import Desk, Json, a_desk, a_phone, done, problem
from support.place import Place
from support.service import running

from lead_service.main import build
from lead_service.settings import LeadSettings


async def a_form(desk: Desk, **told: Any) -> Json:
    return await done(desk.so.post("/v1/forms", json={"name": f"form {uuid4()}", **told}))


def left(**changes: Any) -> Json:
    return {"company": "Acme", "name": "Ada", "phone": a_phone()} | changes


async def leads_of(desk: Desk, campaign: str) -> list[Json]:
    return list((await done(desk.so.get("/v1/leads", params={"campaign": campaign})))["items"])


async def test_a_form_takes_in_a_stranger_and_answers_nothing_about_who_is_known(desk: Desk) -> None:
    known, campaign = await desk.lead(), str(uuid4())
    form = await a_form(desk, campaign=campaign, cost={"minor": 700, "currency": "CNY"})
    path = f"/v1/public/forms/{form['key']}"
    for phone in (a_phone(), known["contact"]["phone"]):
        answer = await desk.client.post(path, json=left(phone=phone, need="A demo"))
        assert (answer.status_code, answer.json()) == (202, {"received": True})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "etag" not in answer.headers
    (lead,) = await leads_of(desk, campaign)
    assert (lead["channel"], lead["cost"], lead["need"]) == ("web_form", {"minor": 700, "currency": "CNY"}, "A demo")
    (event,) = await desk.timeline(lead["id"])
    assert event.actor == f"form:{form['id']}"
    assert (await desk.get(known["id"]))["captures"] == 2


async def test_the_same_request_again_is_one_capture(desk: Desk) -> None:
    known, form = await desk.lead(), await a_form(desk)
    body, key = left(phone=known["contact"]["phone"]), {"Idempotency-Key": str(uuid4())}
    for _ in range(3):
        answer = await desk.client.post(f"/v1/public/forms/{form['key']}", json=body, headers=key)
        assert answer.status_code == 202
    assert (await desk.get(known["id"]))["captures"] == 2


async def test_what_fills_in_a_field_that_people_do_not_see_is_not_captured(desk: Desk) -> None:
    campaign = str(uuid4())
    form = await a_form(desk, campaign=campaign)
    answer = await desk.client.post(f"/v1/public/forms/{form['key']}", json=left(website="http://spam.example"))
    assert (answer.status_code, answer.json()) == (202, {"received": True})
    assert await leads_of(desk, campaign) == []


async def test_a_person_is_told_what_they_typed_wrong(desk: Desk) -> None:
    form = await a_form(desk)
    path = f"/v1/public/forms/{form['key']}"
    assert problem(await desk.client.post(path, json=left(phone="12"))) == (422, "bad-phone")
    assert problem(await desk.client.post(path, json=left(company=""))) == (422, "invalid-request")


async def test_one_address_sends_a_form_so_often_at_most_whatever_replica_takes_it(place: Place) -> None:
    settings = {"policy": {"form_by_address": 6, "form_by_all": 6}}
    async with a_desk(place, **settings) as desk, running(build, LeadSettings, place, **settings) as other:
        form, quiet = await a_form(desk), await a_form(desk)
        while True:  # within one minute
            answers = await asyncio.gather(
                *((desk.client, other)[n % 2].post(f"/v1/public/forms/{form['key']}", json=left()) for n in range(20))
            )
            counts = Counter(answer.status_code for answer in answers)
            if counts != {202: 12, 429: 8}:  # unless a minute began in between
                break
        assert counts == {202: 6, 429: 14}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert (problem(refused), refused.headers["retry-after"]) == ((429, "too-many"), "60")
        assert (await desk.client.post(f"/v1/public/forms/{quiet['key']}", json=left())).status_code == 202


async def test_a_form_works_on_the_sites_it_was_made_for_only(desk: Desk) -> None:
    form = await a_form(desk, origins=["https://WWW.example.com"])
    path = f"/v1/public/forms/{form['key']}"
    there = await desk.client.post(path, json=left(), headers={"Origin": "https://www.example.com"})
    assert there.status_code == 202
    elsewhere = await desk.client.post(path, json=left(), headers={"Origin": "https://evil.example"})
    assert problem(elsewhere) == (403, "wrong-origin")
    asked = await desk.client.request("OPTIONS", path)
    assert (asked.status_code, asked.headers["access-control-allow-methods"]) == (204, "POST")


async def test_a_page_can_read_what_a_form_answers_problems_too(place: Place) -> None:
    async with a_desk(place, policy={"form_by_address": 3, "form_by_all": 3}) as desk:
        form, strict = await a_form(desk), await a_form(desk, origins=["https://www.example.com"])
        path, elsewhere = f"/v1/public/forms/{form['key']}", {"Origin": "https://evil.example"}
        answers = [
            await desk.client.post(path, json=left()),
            await desk.client.post(path, json=left(phone="12")),
            await desk.client.post(path, json=left(company="")),
            await desk.client.post(path, content=b"{", headers={"Content-Type": "application/json"}),
            await desk.client.post(path, content=b"company=Acme"),
            await desk.client.post(path, json=left(need="x" * 2**21)),
            await desk.client.post(f"/v1/public/forms/{strict['key']}", json=left(), headers=elsewhere),
            await desk.client.post("/v1/public/forms/nonsense", json=left()),
            *[await desk.client.post(path, json=left()) for _ in range(8)],
        ]
        elsewhere_route = await desk.so.get("/v1/forms")
    statuses = [answer.status_code for answer in answers]
    assert statuses[:8] == [202, 422, 422, 400, 415, 413, 403, 404]
    assert statuses[-1] == 429
    assert {answer.headers.get("access-control-allow-origin") for answer in answers} == {"*"}
    assert "Retry-After" in answers[-1].headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in elsewhere_route.headers


async def test_a_form_that_is_revoked_takes_nothing(desk: Desk) -> None:
    form = await a_form(desk)
    await done(desk.so.post(f"/v1/forms/{form['id']}/revoke"))
    for key in (form["key"], "nonsense", form["id"]):
        answer = await desk.client.post(f"/v1/public/forms/{key}", json=left())
        assert problem(answer) == (404, "no-such-form")
    events = (await done(desk.so.get(f"/v1/forms/{form['id']}/timeline")))["items"]
    assert [event["type"] for event in events] == ["lead_form.opened.v1", "lead_form.revoked.v1"]


async def test_a_key_is_told_once_and_kept_as_its_hash_only(desk: Desk) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    body = {"name": "once"}
    first = await done(desk.so.post("/v1/forms", json=body, headers=key))
    again = await done(desk.so.post("/v1/forms", json=body, headers=key))
    assert (again["id"], again["key"]) == (first["id"], None)
    listed = await desk.so.get("/v1/forms")
    timeline = await desk.so.get(f"/v1/forms/{first['id']}/timeline")
    assert first["key"] not in listed.text + timeline.text


@pytest.mark.parametrize("origin", ["example.com", "https://example.com/path", "ftp://example.com"])
async def test_an_origin_is_a_site(desk: Desk, origin: str) -> None:
    assert problem(await desk.so.post("/v1/forms", json={"name": "x", "origins": [origin]}))[0] == 422
