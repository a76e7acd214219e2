"""Batches of leads through the API."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
from integration.lead.desk import Desk, a_capture, a_phone, done, problem

HEADER = ["公司名称", "联系人", "手机", "邮箱", "行业", "省份", "来源", "人数", "成本"]


async def test_a_batch_answers_for_every_row_and_again_the_same(desk: Desk) -> None:
    there, phone = await desk.lead(), a_phone()
    leads = [
        a_capture(contact={"name": "Ada", "phone": phone}),
        a_capture(contact={"name": "Ada", "phone": phone}),
        a_capture(contact=there["contact"]),
        a_capture(contact={"name": "Ada", "phone": "12"}),
        {"company": "Acme"},
        a_capture(company=7),
    ]
    key = {"Idempotency-Key": f"batch-{phone}"}
    first = await done(desk.so.post("/v1/leads/batch", json={"leads": leads}, headers=key))
    assert (first["captured"], first["linked"], first["errors"]) == (1, 2, 3)
    assert [row["status"] for row in first["rows"]] == ["captured", "linked", "linked", "error", "error", "error"]
    assert first["rows"][0]["lead_id"] == first["rows"][1]["lead_id"]
    assert first["rows"][2]["lead_id"] == there["id"]
    pointers = [row["error"]["pointer"] for row in first["rows"][3:]]
    assert pointers == ["/leads/3/contact/phone", "/leads/4/contact", "/leads/5/company"]
    assert await done(desk.so.post("/v1/leads/batch", json={"leads": leads}, headers=key)) == first
    assert (await desk.get(there["id"]))["captures"] == 2
    other = await desk.so.post("/v1/leads/batch", json={"leads": leads[:1]}, headers=key)
    assert problem(other) == (422, "idempotency-key-reused")


async def test_a_batch_repeated_after_a_number_was_corrected_makes_no_new_lead(desk: Desk) -> None:
    there, key = await desk.lead(), {"Idempotency-Key": f"batch-{a_phone()}"}
    leads = {"leads": [a_capture(contact=there["contact"]), a_capture(), a_capture(contact=there["contact"])]}
    first = await done(desk.so.post("/v1/leads/batch", json=leads, headers=key))
    assert [row["status"] for row in first["rows"]] == ["linked", "captured", "linked"]
    for lead_id in (there["id"], first["rows"][1]["lead_id"]):
        await done(desk.so.patch(f"/v1/leads/{lead_id}", json={"contact": {"phone": a_phone()}}))
    assert await done(desk.so.post("/v1/leads/batch", json=leads, headers=key)) == first
    assert (await desk.get(there["id"]))["captures"] == 3


async def test_batches_of_the_same_people_at_once_make_one_lead_of_each(desk: Desk) -> None:
    leads = [a_capture() for _ in range(40)]
    answers: list[httpx.Response] = await asyncio.gather(
        *(desk.so.post("/v1/leads/batch", json={"leads": leads}) for _ in range(4))
    )
    assert {answer.status_code for answer in answers} == {200}
    for rows in zip(*(answer.json()["rows"] for answer in answers), strict=True):
        assert Counter(row["status"] for row in rows) == {"captured": 1, "linked": 3}
        assert len({row["lead_id"] for row in rows}) == 1
