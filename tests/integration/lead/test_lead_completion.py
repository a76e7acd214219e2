"""Completing facts through the API, and the clock that watches over it."""

from __future__ import annotations

import asyncio
from typing import Any

from integration.lead.desk import CHEN, Desk, Json, a_capture, a_desk, a_phone, done, problem
from integration.lead.test_lead_customers import an_account, linked
from integration.lead.test_lead_likeness import a_company, is_suggested
from support.hours import always_open
from support.place import Place
from support.service import eventually, running

from dealwire.event import Event
from lead_service.main import build
from lead_service.settings import LeadSettings

HOUR = 3600
WRONG: tuple[Json, ...] = (
    {"company": " "},
    {"uscc": "91310000607378229X"},
    {"contact": {"phone": "123"}},
    {"contact": {"phone": " "}},
    {"contact": {"email": "fang"}},
    {"contact": {"fax": "1"}},
    {"channel": "expo"},
)


def clock(seconds: float, **more: Any) -> Json:
    completion = {"completion": {"hours": seconds / HOUR}}
    return always_open() | {"policy": completion, "clock_interval_seconds": 0.05} | more


async def test_facts_are_completed_piece_by_piece(desk: Desk) -> None:
    lead = await desk.lead(need="Gateways")
    assert lead["missing"] == ["region", "size"]
    assert lead["complete_by"] > lead["captured_at"]
    path = f"/v1/leads/{lead['id']}"
    lead = await done(desk.so.patch(path, json={"region": "华东", "industry": "Medical"}))
    assert (lead["region"], lead["industry"], lead["missing"]) == ("华东", "Medical", ["size"])
    lead = await done(desk.so.patch(path, json={"size": 800}))
    assert (lead["missing"], lead["complete_by"]) == ([], None)
    assert await done(desk.so.patch(path, json={"size": 800})) == lead
    *_, event = await desk.timeline(lead["id"])
    assert event.type == "lead.facts_completed.v1"
    facts = {"industry": "Medical", "region": "华东", "size": 800, "product_line": None, "need": "Gateways"}
    known = {"facts": facts | {"company": lead["company"], "uscc": None}, "contact": lead["contact"]}
    assert event.data == {"lead_id": lead["id"], **known, "missing": [], "left_account_id": None}


async def test_person_and_company_are_corrected_and_the_lead_is_found_by_what_is_right(desk: Desk) -> None:
    wrong, right, company = a_phone(), a_phone(), a_company()
    lead = await desk.lead(contact={"name": "王芳", "phone": wrong})
    person = {"name": "陈杰", "phone": right, "email": f"{right}@Example.ORG", "title": "总监"}
    body = {"company": company, "contact": person, "uscc": " 91310000607378229c ", "need": "A demo"}
    corrected = await done(desk.so.patch(f"/v1/leads/{lead['id']}", json=body))
    assert corrected["contact"] == person | {"phone": f"+86{right}", "email": f"{right}@example.org"}
    assert [corrected[field] for field in ("company", "uscc", "need")] == [company, "91310000607378229C", "A demo"]
    assert await done(desk.so.patch(f"/v1/leads/{lead['id']}", json=body)) == corrected
    for word in (company, right):
        found = await done(desk.so.get("/v1/leads", params={"q": word}))
        assert [each["id"] for each in found["items"]] == [lead["id"]]
    assert (await done(desk.so.get("/v1/leads", params={"q": wrong})))["items"] == []
    told = [a_capture(contact={"name": "Ada", "phone": phone}) for phone in (right, wrong)]
    again, stranger = [await done(desk.so.post("/v1/leads", json=each)) for each in told]
    assert (again["id"], again["captures"]) == (lead["id"], 2)
    assert stranger["id"] != lead["id"]


async def test_what_another_lead_is_found_by_is_refused_with_its_field_and_changes_nothing(desk: Desk) -> None:
    phone, code = a_phone(), "91110108717743469K"
    other = await desk.lead(contact={"name": "王芳", "phone": phone, "email": f"{phone}@example.org"}, uscc=code)
    lead = await desk.lead(to=CHEN)
    for body, pointer in (
        ({"contact": {"phone": f"+86 {phone}", "name": "陈杰"}}, "/contact/phone"),
        ({"contact": {"email": f"{phone}@EXAMPLE.org"}, "size": 800}, "/contact/email"),
        ({"uscc": code.lower()}, "/uscc"),
    ):
        for caller in (desk.so, desk.am(CHEN)):
            answer = await caller.patch(f"/v1/leads/{lead['id']}", json=body)
            assert problem(answer) == (409, "known-of-another-lead")
            assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
            assert other["id"] in answer.json()["detail"]
    assert await desk.get(lead["id"]) == lead
    await done(desk.so.post(f"/v1/leads/{other['id']}/merge", json={"into": lead["id"]}))
    body = {"contact": {"phone": phone}}
    assert (await done(desk.so.patch(f"/v1/leads/{lead['id']}", json=body)))["contact"]["phone"] == f"+86{phone}"
    await done(desk.so.post(f"/v1/leads/{other['id']}/unmerge"))
    again = await done(desk.so.post("/v1/leads", json=a_capture(contact={"name": "王芳", "phone": phone})))
    assert again["id"] == other["id"]


async def test_of_two_corrections_to_one_number_at_once_one_happens(desk: Desk) -> None:
    leads, phone = [await desk.lead() for _ in range(4)], a_phone()
    body = {"contact": {"phone": phone}}
    answers = await asyncio.gather(*(desk.so.patch(f"/v1/leads/{lead['id']}", json=body) for lead in leads))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_a_capture_repeated_after_the_number_was_corrected_is_no_new_lead(desk: Desk) -> None:
    lead = await desk.lead()
    again, key = a_capture(contact=lead["contact"], channel="referral"), {"Idempotency-Key": f"again-{lead['id']}"}
    first = await desk.so.post("/v1/leads", json=again, headers=key)
    await done(desk.so.patch(f"/v1/leads/{lead['id']}", json={"contact": {"phone": a_phone()}}))
    late = await desk.so.post("/v1/leads", json=again, headers=key)
    assert (late.json()["id"], late.json()["captures"]) == (first.json()["id"], 2) == (lead["id"], 2)
    assert late.headers["Idempotent-Replayed"] == "true"


async def test_a_corrected_company_is_looked_for_among_leads_and_customers(desk: Desk) -> None:
    company, customer = a_company(), a_company()
    there = await desk.lead(company=f"{company}有限公司")
    account_id = await an_account(desk, customer)
    lead = await desk.lead(company=a_company())
    await done(desk.so.patch(f"/v1/leads/{lead['id']}", json={"company": company}))
    (suggestion,) = await is_suggested(desk, lead["id"])
    assert {suggestion["lead_id"], suggestion["other_id"]} == {lead["id"], there["id"]}
    await done(desk.so.patch(f"/v1/leads/{lead['id']}", json={"company": f"{customer}股份有限公司"}))
    assert (await linked(desk, lead["id"]))["customer"]["account_id"] == account_id
    left = await done(desk.so.patch(f"/v1/leads/{lead['id']}", json={"company": a_company()}))
    assert left["customer"] is None
    *_, event = await desk.timeline(lead["id"])
    assert event.data["left_account_id"] == account_id


async def test_a_suggestion_is_void_once_what_spoke_for_it_was_corrected_and_stands_again_when_it_was_right(
    desk: Desk,
) -> None:
    company, person = a_company(), {"name": "王芳"}
    there = await desk.lead(company=company, contact=person | {"phone": a_phone()})
    await an_account(desk, f"{company}北京")
    lead = await desk.lead(company=company, contact=person | {"phone": a_phone()})
    of_lead, of_customer = sorted(await is_suggested(desk, lead["id"], 2), key=lambda each: each["kind"] != "lead")
    assert (of_lead["other_id"], of_customer["kind"]) == (there["id"], "customer")
    for name, verdict in ((f"{company}股份有限公司", "open"), (a_company(), "void"), (company, "open")):
        await done(desk.so.patch(f"/v1/leads/{lead['id']}", json={"company": name}))
        for suggestion in (of_lead, of_customer):
            await comes_to(desk, suggestion["id"], verdict)
    await done(desk.so.patch(f"/v1/leads/{there['id']}", json={"company": a_company()}))
    await comes_to(desk, of_lead["id"], "void")
    assert (await done(desk.so.get(f"/v1/suggestions/{of_customer['id']}")))["verdict"] == "open"


async def comes_to(desk: Desk, suggestion_id: str, verdict: str) -> None:
    """Waits until it has come to this with a suggestion."""

    async def so() -> bool:
        suggestion = await done(desk.so.get(f"/v1/suggestions/{suggestion_id}"))
        return bool(suggestion["verdict"] == verdict)

    await eventually(so, f"the suggestion is {verdict}")


async def test_facts_that_cannot_be_are_refused_and_change_nothing(desk: Desk) -> None:
    lead = await desk.lead()
    for body in ({"size": 0}, {"size": "many"}, {"region": ""}, {"budget": 3}, *WRONG):
        answer = await desk.so.patch(f"/v1/leads/{lead['id']}", json=body)
        assert problem(answer)[0] == 422
    assert await desk.get(lead["id"]) == lead


async def test_an_am_completes_own_leads_only(desk: Desk) -> None:
    lead = await desk.lead(to=CHEN)
    path = f"/v1/leads/{lead['id']}"
    assert problem(await desk.am().patch(path, json={"size": 800})) == (403, "not-your-lead")
    assert (await done(desk.am(CHEN).patch(path, json={"size": 800})))["size"] == 800


async def test_facts_that_nobody_completed_escalate_once_across_a_restart_and_two_replicas(place: Place) -> None:
    async with a_desk(place, **clock(seconds=0.5, clock_interval_seconds=HOUR)) as desk:
        late = [await desk.lead() for _ in range(6)]
        complete = await desk.lead(region="华东", size=800)
        await asyncio.sleep(0.6)
        assert await desk.happened(late[0]["id"]) == ["captured"]
    settings = clock(seconds=HOUR)
    async with a_desk(place, **settings) as desk, running(build, LeadSettings, place, **settings):
        for lead in late:
            escalated = await _escalated(desk, lead["id"])
            assert (escalated.data["missing"], escalated.data["due"]) == (["region", "size"], lead["complete_by"])
            assert escalated.actor == "lead-service/clock"
        await asyncio.sleep(0.3)
        for lead in late:
            assert await desk.happened(lead["id"]) == ["captured", "facts_overdue"]
        assert await desk.happened(complete["id"]) == ["captured"]


async def _escalated(desk: Desk, lead_id: str) -> Event:
    async def there() -> bool:
        return len(await desk.timeline(lead_id)) > 1

    await eventually(there, "the escalation is told")
    return (await desk.timeline(lead_id))[-1]
