"""Requests that are wrong, repeated or too late: nothing changes, and the answer says why."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from integration.lead.desk import ANSWERS, LI, Desk, a_capture, done, problem

from dealwire.catalogue.common import Role

PERSON = {"name": "王芳", "phone": "13800138000"}
WRONG: dict[str, tuple[Any, str]] = {
    "a missing company": ({"company": None}, "/company"),
    "an empty company": ({"company": "   "}, "/company"),
    "a company of 201 letters": ({"company": "x" * 201}, "/company"),
    "no contact": ({"contact": None}, "/contact"),
    "nothing to reach them by": ({"contact": {"name": "王芳"}}, "/contact"),
    "blanks to reach them by": ({"contact": {"name": "王芳", "phone": " ", "email": ""}}, "/contact"),
    "a bad phone number": ({"contact": PERSON | {"phone": "12345"}}, "/contact/phone"),
    "a phone number of 41 digits": ({"contact": PERSON | {"phone": "1" * 41}}, "/contact/phone"),
    "a phone number that is a number": ({"contact": PERSON | {"phone": 13800138000}}, "/contact/phone"),
    "a bad e-mail address": ({"contact": PERSON | {"email": "wang@"}}, "/contact/email"),
    "an e-mail address of 255 letters": ({"contact": PERSON | {"email": "w" * 243 + "@example.com"}}, "/contact/email"),
    "a bad credit code": ({"uscc": "91110000600037342L"}, "/uscc"),
    "an unknown channel": ({"channel": "telepathy"}, "/channel"),
    "negative money": ({"cost": {"minor": -1, "currency": "CNY"}}, "/cost/minor"),
    "broken money": ({"cost": {"minor": 1.5, "currency": "CNY"}}, "/cost/minor"),
    "money as text": ({"cost": {"minor": "1", "currency": "CNY"}}, "/cost/minor"),
    "absurd money": ({"cost": {"minor": 10**15 + 1, "currency": "CNY"}}, "/cost/minor"),
    "more money than a database holds": ({"cost": {"minor": 10**30, "currency": "CNY"}}, "/cost/minor"),
    "an unknown currency": ({"cost": {"minor": 1, "currency": "XYZ"}}, "/cost/currency"),
    "money without currency": ({"cost": {"minor": 1}}, "/cost/currency"),
    "a need of 4,001 letters": ({"need": "x" * 4001}, "/need"),
    "a NUL character": ({"need": "a\0b"}, "/need"),
    "a list for a text": ({"industry": ["medical"]}, "/industry"),
    "an unknown field": ({"grade": "A"}, "/grade"),
    "an unknown field of the contact": ({"contact": PERSON | {"fax": "1"}}, "/contact/fax"),
    "an unknown field of the cost": ({"cost": {"minor": 1, "currency": "CNY", "cents": 1}}, "/cost/cents"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_capture_is_refused_with_a_pointer_and_nothing_is_kept(desk: Desk, wrong: str) -> None:
    changes, pointer = WRONG[wrong]
    right, key = a_capture(), {"Idempotency-Key": str(uuid4())}
    answer = await desk.so.post("/v1/leads", json=right | changes, headers=key)
    assert problem(answer)[0] == 422
    assert pointer in [error.get("pointer") for error in answer.json()["errors"]]
    await is_unused(desk, right, key)


async def is_unused(desk: Desk, told: Any, key: dict[str, str]) -> None:
    """Neither the person nor the key has been seen before."""
    answer = await desk.so.post("/v1/leads", json=told, headers=key)
    assert (answer.status_code, answer.json()["version"], answer.json()["captures"]) == (201, 1, 1)
    assert "idempotent-replayed" not in answer.headers


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"company": "Acme", ', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"company": "\\ud800"}', "application/json", 400),
        (b"[" * 60 + b"]" * 60, "application/json", 422),
        (b"[]", "application/json", 422),
        (b"", "application/json", 422),
        (b'{"company": "Acme"}', "text/plain", 415),
        (b"company=Acme", "application/x-www-form-urlencoded", 415),
        (b'{"need": "' + b"x" * 2_000_000 + b'"}', "application/json", 413),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(desk: Desk, body: bytes, content_type: str, status: int) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    answer = await desk.so.post("/v1/leads", content=body, headers=key | {"Content-Type": content_type})
    assert problem(answer)[0] == status
    await is_unused(desk, a_capture(), key)


@pytest.mark.parametrize(
    ("action", "body", "pointer"),
    [
        ("qualify", ANSWERS["A"] | {"budget": 101}, "/budget"),
        ("qualify", ANSWERS["A"] | {"need": -1}, "/need"),
        ("qualify", ANSWERS["A"] | {"authority": "90"}, "/authority"),
        ("qualify", ANSWERS["A"] | {"timeline": 0.5}, "/timeline"),
        ("qualify", {"budget": 1, "authority": 1, "need": 1}, "/timeline"),
        ("qualify", ANSWERS["A"] | {"luck": 100}, "/luck"),
        ("assign", {"am_id": "no such id"}, "/am_id"),
        ("assign", {"am_id": "am.nobody"}, "/am_id"),
        ("assign", {"am_id": "am.gone"}, "/am_id"),
        ("assign", {"am_id": "se.wang"}, "/am_id"),
        ("discard", {"reason": " "}, "/reason"),
        ("discard", {"reason": "x" * 4001}, "/reason"),
        ("discard", {}, "/reason"),
    ],
)
async def test_a_wrong_command_is_refused_with_a_pointer_and_nothing_changes(
    desk: Desk, action: str, body: Any, pointer: str
) -> None:
    lead = await desk.lead("B")
    answer = await desk.so.post(f"/v1/leads/{lead['id']}/{action}", json=body)
    assert problem(answer)[0] == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await desk.get(lead["id"]) == lead


async def test_a_command_in_the_wrong_state_is_a_conflict_and_nothing_changes(desk: Desk) -> None:
    captured, assigned = await desk.lead(), await desk.lead(to=LI)
    so, am = desk.so, desk.am()
    for lead, client, action, body, slug in (
        (captured, so, "assign", {"am_id": LI}, "lead-not-qualified"),
        (captured, am, "accept", None, "lead-not-assigned"),
        (captured, am, "convert", None, "lead-not-accepted"),
        (assigned, so, "qualify", ANSWERS["A"], "lead-not-with-sales-ops"),
        (assigned, so, "assign", {}, "lead-not-with-sales-ops"),
        (assigned, so, "discard", {"reason": "spam"}, "lead-not-with-sales-ops"),
        (assigned, am, "convert", None, "lead-not-accepted"),
    ):
        assert problem(await client.post(f"/v1/leads/{lead['id']}/{action}", json=body)) == (409, slug)
    assert await desk.get(captured["id"]) == captured
    assert await desk.get(assigned["id"]) == assigned


# Repeats


async def test_the_same_key_captures_once(desk: Desk) -> None:
    told, key = a_capture(), {"Idempotency-Key": str(uuid4())}
    first, second = [await desk.so.post("/v1/leads", json=told, headers=key) for _ in range(2)]
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert ("idempotent-replayed" in first.headers, second.headers["idempotent-replayed"]) == (False, "true")
    assert await desk.happened(first.json()["id"]) == ["captured"]


async def test_the_same_key_captures_once_twenty_times_at_the_same_time(desk: Desk) -> None:
    told, key = a_capture(), {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(*(desk.so.post("/v1/leads", json=told, headers=key) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    (lead_id,) = {answer.json()["id"] for answer in answers}
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert await desk.happened(lead_id) == ["captured"]


async def test_the_same_key_links_once_sequentially_and_at_the_same_time(desk: Desk) -> None:
    known = await desk.lead()
    told = a_capture(contact=known["contact"], channel="web_form")
    for round_, key in enumerate(({"Idempotency-Key": str(uuid4())} for _ in range(2)), 2):
        answers = await asyncio.gather(*(desk.so.post("/v1/leads", json=told, headers=key) for _ in range(20)))
        answers.append(await desk.so.post("/v1/leads", json=told, headers=key))
        assert {(answer.status_code, answer.json()["id"]) for answer in answers} == {(201, known["id"])}
        assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
        assert await desk.happened(known["id"]) == ["captured"] + ["linked"] * (round_ - 1)


@pytest.mark.parametrize("known", [False, True], ids=["a new lead", "a linked capture"])
async def test_the_same_key_with_another_body_is_refused(desk: Desk, known: bool) -> None:
    told, key = a_capture(), {"Idempotency-Key": str(uuid4())}
    if known:
        await done(desk.so.post("/v1/leads", json=told))
    lead = await done(desk.so.post("/v1/leads", json=told, headers=key))
    other = a_capture()
    for body in (other, told | {"company": "Other Ltd"}):
        answer = await desk.so.post("/v1/leads", json=body, headers=key)
        assert problem(answer) == (422, "idempotency-key-reused")
    assert (await desk.get(lead["id"]))["version"] == lead["version"]
    await is_unused(desk, other, {"Idempotency-Key": str(uuid4())})


async def test_a_key_is_its_callers_own(desk: Desk) -> None:
    key = {"Idempotency-Key": "1"}
    form = desk.client.as_("web.form", Role.MACHINE, scopes=("leads:capture",))
    mine, theirs = [await done(one.post("/v1/leads", json=a_capture(), headers=key)) for one in (desk.so, form)]
    assert mine["id"] != theirs["id"]


async def test_a_command_with_the_same_key_takes_effect_once(desk: Desk) -> None:
    lead, key = await desk.lead(), {"Idempotency-Key": str(uuid4())}
    path = f"/v1/leads/{lead['id']}/qualify"
    answers = await asyncio.gather(*(desk.so.post(path, json=ANSWERS["B"], headers=key) for _ in range(20)))
    assert {(answer.status_code, answer.json()["version"]) for answer in answers} == {(200, 2)}
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert problem(await desk.so.post(path, json=ANSWERS["C"], headers=key)) == (422, "idempotency-key-reused")
    assert await desk.happened(lead["id"]) == ["captured", "qualified"]


# Versions


async def test_a_stale_version_is_refused_and_nothing_changes(desk: Desk) -> None:
    lead = await desk.lead("B")
    path = f"/v1/leads/{lead['id']}"
    for tag in ('"1"', '"3"'):
        answer = await desk.so.post(f"{path}/discard", json={"reason": "spam"}, headers={"If-Match": tag})
        assert problem(answer) == (412, "stale-version")
    for tag in ("2", 'W/"2"', '"two"'):
        answer = await desk.so.post(f"{path}/discard", json={"reason": "spam"}, headers={"If-Match": tag})
        assert problem(answer) == (400, "malformed-if-match")
    assert await desk.get(lead["id"]) == lead
    read = await desk.so.get(path)
    fresh = {"If-Match": read.headers["etag"]}
    assert (await done(desk.so.post(f"{path}/discard", json={"reason": "spam"}, headers=fresh)))["version"] == 3


async def test_of_two_who_looked_at_the_same_version_one_wins(desk: Desk) -> None:
    lead = await desk.lead()
    looked = {"If-Match": '"1"'}
    path = f"/v1/leads/{lead['id']}/qualify"
    answers = await asyncio.gather(*(desk.so.post(path, json=ANSWERS[grade], headers=looked) for grade in "BCBC"))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    happened = await desk.happened(lead["id"])
    assert (happened[:2], happened.count("qualified")) == (["captured", "qualified"], 1)


@pytest.mark.parametrize("lead_id", ["x" * 101, "a%20b", "%00", "-"])
async def test_an_id_of_no_form_is_refused(desk: Desk, lead_id: str) -> None:
    answer = await desk.so.get(f"/v1/leads/{lead_id}")
    assert problem(answer)[0] == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == ["lead_id"]
