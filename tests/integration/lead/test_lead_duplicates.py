"""However many captures of the same person race, there is one lead, and every capture is kept."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest
from integration.lead.desk import Desk, Json, a_capture, a_phone, done

CROWD = 30


async def captured(desk: Desk, captures: list[Json]) -> list[Json]:
    """What became of captures that came at the same time."""
    answers = await asyncio.gather(*(desk.so.post("/v1/leads", json=each) for each in captures))
    assert Counter(answer.status_code for answer in answers) == {201: len(captures)}
    return [answer.json() for answer in answers]


async def test_captures_of_one_number_at_the_same_time_make_one_lead(desk: Desk) -> None:
    phone = a_phone()
    ways = [phone, f"+86 {phone}", f"0086{phone}", f"{phone[:3]}-{phone[3:7]}-{phone[7:]}"]
    answers = await captured(
        desk, [a_capture(contact={"name": "王芳", "phone": ways[each % 4]}) for each in range(CROWD)]
    )
    (lead_id,) = {answer["id"] for answer in answers}
    assert Counter(await desk.happened(lead_id)) == {"captured": 1, "linked": CROWD - 1}
    assert (await desk.get(lead_id))["captures"] == CROWD
    assert sorted(answer["captures"] for answer in answers) == list(range(1, CROWD + 1))


@pytest.mark.parametrize("shared", ["phone", "email"])
async def test_captures_that_share_only_one_of_number_and_address_make_one_lead(desk: Desk, shared: str) -> None:
    person = {"phone": a_phone(), "email": f"{a_phone()}@example.com"}

    def somebody() -> Json:
        own = {"phone": a_phone(), "email": f"{a_phone()}@example.com"}
        return {"name": "王芳", **own, shared: person[shared]}

    captures = [a_capture(contact=somebody()) for _ in range(CROWD)]
    (lead_id,) = {answer["id"] for answer in await captured(desk, captures)}
    linked = (await desk.timeline(lead_id))[1:]
    assert [event.data["matched_on"] for event in linked] == [[shared]] * (CROWD - 1)
    # every number and address that came in finds the lead from now on
    again = await captured(desk, [{**each, "contact": {**each["contact"], shared: None}} for each in captures])
    assert {answer["id"] for answer in again} == {lead_id}


async def test_no_two_leads_share_a_number_or_an_address(desk: Desk) -> None:
    phones = [a_phone() for _ in range(4)]
    emails = [f"{phone}@example.com" for phone in phones]
    captures = [
        a_capture(contact={"name": "王芳", "phone": phone, "email": email})
        for phone in [*phones, None]
        for email in [*emails, None]
        if phone or email
    ] * 2
    random.shuffle(captures)
    answers = await captured(desk, captures)
    ids = {answer["id"] for answer in answers}
    happened = [word for lead_id in ids for word in await desk.happened(lead_id)]
    assert Counter(happened) == {"captured": len(ids), "linked": len(captures) - len(ids)}
    for contact in [{"phone": phone} for phone in phones] + [{"email": email} for email in emails]:
        one = await done(desk.so.post("/v1/leads", json=a_capture(contact={"name": "王芳", **contact})))
        assert one["id"] in ids
