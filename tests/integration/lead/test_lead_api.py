"""Every route, used as it is meant to be."""

from __future__ import annotations

from datetime import datetime

from integration.lead.desk import ANSWERS, CHEN, GU, LI, WANG, ZHOU, Desk, a_capture, a_phone, done

from dealwire.catalogue import CATALOGUE
from dealwire.catalogue.lead import LeadAssigned, LeadConverted
from dealwire.event import Event


def said(event: Event) -> object:
    return CATALOGUE[event.type].model_validate(event.data)


async def test_a_captured_lead_is_with_intake_with_all_that_was_told(desk: Desk) -> None:
    told = a_capture(
        contact={"name": " 王芳 ", "phone": "＋８６ 139-1000 2000", "email": "Wang@Example.COM", "title": "采购总监"},
        campaign="CMEF 2025",
        cost={"minor": 18_000, "currency": "CNY"},
        region="华东",
        need="二十台网关",
    )
    answer = await desk.so.post("/v1/leads", json=told)
    captured = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    assert captured == {"id": captured["id"], "version": 1, "status": "intake", "captures": 1}
    lead = await desk.get(captured["id"])
    normal = {"name": "王芳", "phone": "+8613910002000", "email": "wang@example.com", "title": "采购总监"}
    assert {field: lead[field] for field in told} == told | {"contact": normal}
    assert datetime.fromisoformat(lead["captured_at"]).tzinfo is not None
    (event,) = await desk.timeline(lead["id"])
    assert (event.type, event.actor, event.data["cost"]) == ("lead.captured.v1", "so.zhao", told["cost"])


async def test_an_a_lead_goes_from_intake_to_conversion(desk: Desk) -> None:
    lead = await desk.lead()
    path = f"/v1/leads/{lead['id']}"
    qualified = await done(desk.so.post(f"{path}/qualify", json=ANSWERS["A"]))
    assert (qualified["grade"], qualified["status"], qualified["se_id"]) == ("A", "assigned", WANG)
    assert qualified["am_id"] in {LI, CHEN}
    assert qualified["score"] == sum(reason["points"] for reason in qualified["reasons"])
    am = desk.am(qualified["am_id"])
    accepted = await done(am.post(f"{path}/accept"))
    assert (accepted["status"], accepted["accept_by"]) == ("accepted", None)
    converted = await am.post(f"{path}/convert")
    assert (converted.json()["status"], converted.headers["etag"]) == ("converted", '"5"')
    assert await desk.happened(lead["id"]) == ["captured", "qualified", "assigned", "accepted", "converted"]
    *_, assigned, _, handed_over = map(said, await desk.timeline(lead["id"]))
    assert isinstance(assigned, LeadAssigned)
    assert (assigned.copied, assigned.because[0]) == ((WANG,), "works in medical")
    assert isinstance(handed_over, LeadConverted)
    assert (handed_over.contact.phone, handed_over.am_id, handed_over.se_id) == (
        lead["contact"]["phone"],
        qualified["am_id"],
        WANG,
    )


async def test_b_goes_to_the_pool_and_c_to_nurture(desk: Desk) -> None:
    assert (await desk.lead("B"))["status"] == "pool"
    assert (await desk.lead("C"))["status"] == "nurture"


async def test_where_nobody_has_the_industry_the_generalists_are_asked(desk: Desk) -> None:
    lead = await desk.lead("A", industry="aerospace")
    assert (lead["am_id"], lead["se_id"]) == (GU, ZHOU)


async def test_sales_operations_gives_a_lead_to_whom_it_names_or_lets_the_routing_find_somebody(desk: Desk) -> None:
    named = await desk.lead(to=CHEN)
    assert (named["status"], named["am_id"], named["grade"], named["attempt"]) == ("assigned", CHEN, "B", 1)
    lead = await desk.lead("B", industry="aerospace")
    found = await done(desk.so.post(f"/v1/leads/{lead['id']}/assign", json={}))
    assert found["am_id"] == GU


async def test_the_am_with_the_fewest_open_leads_gets_the_next_ones(desk: Desk) -> None:
    loads = {am_id: await open_leads(desk, am_id) for am_id in (LI, CHEN)}
    fewest, most = sorted(loads, key=lambda am_id: loads[am_id])
    for _ in range(8 - (loads[most] - loads[fewest])):
        await desk.accepted(most)
    assert {(await desk.lead("A"))["am_id"] for _ in range(8)} == {fewest}


async def open_leads(desk: Desk, am_id: str) -> int:
    listed = (await done(desk.so.get("/v1/leads", params={"am_id": am_id, "limit": 200})))["items"]
    return sum(lead["status"] in {"assigned", "accepted"} for lead in listed)


async def test_an_invalid_lead_is_discarded_with_a_reason(desk: Desk) -> None:
    lead = await desk.lead()
    path = f"/v1/leads/{lead['id']}/discard"
    discarded = await done(desk.so.post(path, json={"reason": " no such company "}))
    assert (discarded["status"], discarded["discarded_because"]) == ("discarded", "no such company")
    assert (await done(desk.so.post(path, json={"reason": "no such company"})))["version"] == 2


async def test_a_discarded_lead_whose_person_comes_in_again_returns_to_intake(desk: Desk) -> None:
    lead = await desk.lead()
    await done(desk.so.post(f"/v1/leads/{lead['id']}/discard", json={"reason": "wrong number"}))
    again = await done(desk.so.post("/v1/leads", json=a_capture(contact=lead["contact"])))
    assert again == {"id": lead["id"], "version": 3, "status": "intake", "captures": 2}


async def test_a_lead_completes_itself_from_what_a_linked_capture_told(desk: Desk) -> None:
    phone, email = a_phone(), f"{a_phone()}@example.com"
    first = await done(desk.so.post("/v1/leads", json=a_capture(contact={"name": "王芳", "phone": phone})))
    both = a_capture(contact={"name": "W. Fang", "phone": phone, "email": email}, region="华东", need="A demo")
    assert (await done(desk.so.post("/v1/leads", json=both)))["id"] == first["id"]
    # what was learned finds the person next time
    third = await done(desk.so.post("/v1/leads", json=a_capture(contact={"name": "?", "email": email.upper()})))
    assert third["id"] == first["id"]
    lead = await desk.get(first["id"])
    assert (lead["captures"], lead["region"], lead["need"]) == (3, "华东", "A demo")
    assert lead["contact"] == {"name": "王芳", "phone": f"+86{phone}", "email": email, "title": None}


async def test_a_capture_whose_number_and_address_are_two_leads_is_linked_to_the_older(desk: Desk) -> None:
    phone, email = a_phone(), f"{a_phone()}@example.com"
    older = await desk.lead(contact={"name": "王芳", "phone": phone})
    younger = await desk.lead(contact={"name": "王芳", "email": email})
    both = a_capture(contact={"name": "王芳", "phone": phone, "email": email})
    for captures in (2, 3):
        assert await done(desk.so.post("/v1/leads", json=both)) == {
            "id": older["id"],
            "version": captures,
            "status": "intake",
            "captures": captures,
        }
    assert (await desk.get(older["id"]))["contact"]["email"] is None
    assert (await desk.get(younger["id"]))["captures"] == 1


async def test_a_timeline_says_who_did_what_and_when(desk: Desk) -> None:
    lead = await desk.accepted()
    events = await desk.timeline(lead["id"])
    assert [event.sequence for event in events] == [1, 2, 3, 4]
    assert [event.actor for event in events] == ["so.zhao", "so.zhao", "so.zhao", LI]
    assert {event.subject for event in events} == {lead["id"]}
    assert [event.time for event in events] == sorted(event.time for event in events)
    first = await done(desk.so.get(f"/v1/leads/{lead['id']}/timeline", params={"limit": 3}))
    rest = await done(desk.so.get(f"/v1/leads/{lead['id']}/timeline", params={"limit": 3, "cursor": first["next"]}))
    assert [Event.model_validate(item) for item in first["items"] + rest["items"]] == events
    assert rest["next"] is None
