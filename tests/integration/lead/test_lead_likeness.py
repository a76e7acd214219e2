"""Likely duplicates are found behind a capture's back, suggested, and settled by a person."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from integration.lead.backstage import Backstage, a_cause
from integration.lead.desk import CHEN, LI, Desk, Json, a_capture, a_phone, done, problem
from support.service import eventually
from unit.lead.builders import POLICY

from lead_service.domain.lead import Capture
from lead_service.handlers import Lookout

SYLLABLES = "明川禾木青云龙泉海岳星河"


def a_company() -> str:
    """A name that no other test's company is like."""
    number = uuid4().int
    return "".join(SYLLABLES[number // 12**place % 12] for place in range(6))


def a_person(name: str = "王芳", **changes: str) -> Json:
    return {"name": name, "phone": a_phone(), **changes}


async def suggested(desk: Desk, lead_id: str) -> list[Json]:
    page = await done(desk.so.get("/v1/suggestions", params={"lead_id": lead_id}))
    items: list[Json] = page["items"]
    return items


async def is_suggested(desk: Desk, lead_id: str, number: int = 1) -> list[Json]:
    async def there() -> list[Json]:
        items = await suggested(desk, lead_id)
        return items if len(items) >= number else []

    items: list[Json] = await eventually(there, "it is suggested")
    return items


async def test_a_likely_duplicate_is_suggested_with_a_score_and_what_speaks_for_it(desk: Desk) -> None:
    company = a_company()
    first = await desk.lead(company=f"{company}有限公司", contact=a_person())
    second = await desk.lead(company=f"{company}（集团）股份有限公司", contact=a_person())
    (suggestion,) = await is_suggested(desk, second["id"])
    assert (suggestion["lead_id"], suggestion["kind"], suggestion["other_id"]) == (second["id"], "lead", first["id"])
    assert (suggestion["verdict"], suggestion["score"]) == ("open", 90)
    assert suggestion["because"] == ["the company is the same", "王芳 and 王芳 are 100 % alike"]
    assert await suggested(desk, first["id"]) == [suggestion]
    assert await desk.get(first["id"]) == first, "leads are as they were"
    assert await desk.get(second["id"]) == second


async def test_what_was_dismissed_is_never_suggested_again(desk: Desk) -> None:
    company = a_company()
    leads = [await desk.lead(company=company, contact=a_person()) for _ in range(2)]
    (suggestion,) = await is_suggested(desk, leads[1]["id"])
    path = f"/v1/suggestions/{suggestion['id']}"
    stale = await desk.so.post(f"{path}/dismiss", headers={"If-Match": '"7"'})
    assert problem(stale) == (412, "stale-version")
    dismissed = await done(desk.so.post(f"{path}/dismiss"))
    assert (dismissed["verdict"], dismissed["settled_by"]) == ("other", "so.zhao")
    assert await done(desk.so.post(f"{path}/dismiss")) == dismissed
    third = await desk.lead(company=company, contact=a_person())  # so that what follows has been looked at
    for lead in leads:
        await done(desk.so.post("/v1/leads", json=a_capture(company=company, contact=lead["contact"])))
    assert len(await is_suggested(desk, third["id"], 2)) == 2
    await asyncio.sleep(0.5)
    assert await done(desk.so.get(path)) == dismissed


async def test_two_leads_of_one_company_with_two_ams_are_suggested_whoever_the_people_are(desk: Desk) -> None:
    company = a_company()
    mine = await desk.lead(company=company, to=LI, contact=a_person("王芳"))
    theirs = await desk.lead(company=company, to=CHEN, contact=a_person("陈杰"))
    (suggestion,) = await is_suggested(desk, mine["id"])
    assert {suggestion["lead_id"], suggestion["other_id"]} == {mine["id"], theirs["id"]}
    assert any("has the one and" in reason for reason in suggestion["because"])


async def test_a_check_says_what_a_capture_would_meet_and_changes_nothing(desk: Desk) -> None:
    company = a_company()
    known = await desk.lead(company=company, contact=a_person(), to=LI)
    told = {"company": f"{company}集团", "contact": a_person()}
    met = await done(desk.so.post("/v1/duplicates/check", json=told))
    assert (met["lead"], met["customer"], met["likely_customers"]) == (None, None, [])
    (likely,) = met["likely_leads"]
    assert (likely["id"], likely["score"], likely["am_id"], likely["status"]) == (known["id"], 90, LI, "assigned")
    same = {"company": "Somebody", "contact": {"name": "W. Fang", "phone": known["contact"]["phone"]}}
    met = await done(desk.so.post("/v1/duplicates/check", json=same))
    assert (met["lead"]["id"], met["lead"]["matched_on"], met["likely_leads"]) == (known["id"], ["phone"], [])
    assert await desk.get(known["id"]) == known
    wrong = await desk.so.post("/v1/duplicates/check", json={**told, "uscc": "91110000600037342L"})
    assert problem(wrong)[0] == 422
    assert wrong.json()["errors"][0]["pointer"] == "/uscc"


async def test_a_suggestion_that_nobody_knows_is_not_found(desk: Desk) -> None:
    assert problem(await desk.so.get("/v1/suggestions/nobody")) == (404, "not-found")
    assert problem(await desk.so.post("/v1/suggestions/nobody/dismiss")) == (404, "not-found")


async def test_a_capture_looked_at_twice_or_by_two_replicas_is_suggested_once(backstage: Backstage) -> None:
    company = a_company()
    told = [Capture.model_validate(a_capture(company=company, contact=a_person())) for _ in range(2)]
    records = [await backstage.handlers.capture_lead(each, a_cause()) for each in told]
    lookouts = [Lookout(backstage.store, backstage.customers, backstage.duplicates, POLICY.matching) for _ in range(2)]
    await asyncio.gather(*(lookout.look_at(records) for lookout in lookouts * 2))
    page = await backstage.store.suggestions.page({"state.lead_id": {"$in": [record.id for record in records]}})
    (suggestion,) = page.items
    history = (await backstage.store.suggestions.timeline(suggestion.id)).items
    assert [event.type for event in history] == ["duplicate.suggested.v1"]
