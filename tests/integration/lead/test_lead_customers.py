"""Leads of customers there are: linked to the account, whichever of the two came first."""

from __future__ import annotations

import random
from typing import Any

from integration.lead.desk import ANSWERS, CHEN, GU, LI, Desk, Json, done, problem
from integration.lead.test_lead_likeness import a_company, a_person, is_suggested, suggested
from support.events import an_event
from support.service import eventually

from dealwire.catalogue.pipeline import AccountChanged, AccountOpened


async def an_account(desk: Desk, name: str, am_id: str = LI, sequence: int = 1) -> str:
    """Tells of a customer as pipeline-service does."""
    account_id = f"acc-{name}".encode().hex()[:60]
    event: type[Any] = AccountOpened if sequence == 1 else AccountChanged
    told = event(account_id=account_id, name=name, owner_id=am_id)
    await desk.bus.publish(an_event(told, subject=account_id, sequence=sequence))
    return account_id


async def linked(desk: Desk, lead_id: str, am_id: str | None = None) -> Json:
    """The lead, once it is linked to a customer (of that AM)."""

    async def is_linked() -> Json | None:
        lead = await desk.get(lead_id)
        there = lead["customer"] is not None and am_id in (None, lead["customer"]["am_id"])
        return lead if there else None

    lead: Json = await eventually(is_linked, "the lead is linked to its customer")
    return lead


async def test_a_new_lead_of_a_customer_is_linked_to_the_account(desk: Desk) -> None:
    company = a_company()
    account_id = await an_account(desk, f"{company}有限公司")
    lead = await linked(desk, (await desk.lead(company=f"{company}（集团）股份有限公司", contact=a_person()))["id"])
    assert lead["customer"] == {"account_id": account_id, "name": f"{company}有限公司", "am_id": LI}
    assert await desk.happened(lead["id"]) == ["captured", "customer_linked"]
    told = {"company": company, "contact": a_person("陈杰")}
    met = await done(desk.so.post("/v1/duplicates/check", json=told))
    assert met["customer"] == lead["customer"]


async def test_a_lead_of_a_customer_goes_to_that_customers_am_first(desk: Desk) -> None:
    company = a_company()
    await an_account(desk, company, GU)
    for grade in "AB":
        lead = await linked(desk, (await desk.lead(company=company, contact=a_person()))["id"])
        routed = await done(desk.so.post(f"/v1/leads/{lead['id']}/qualify", json=ANSWERS[grade]))
        assert (routed["status"], routed["am_id"]) == ("assigned", GU)


async def test_an_account_that_comes_later_than_the_lead_is_linked_too(desk: Desk) -> None:
    company = a_company()
    leads = [await desk.lead(company=company, contact=a_person(name)) for name in ("王芳", "陈杰")]
    await an_account(desk, f"{company}有限公司")
    for lead in leads:
        assert (await linked(desk, lead["id"]))["customer"]["am_id"] == LI


async def test_a_customer_that_gets_another_am_takes_its_leads_along(desk: Desk) -> None:
    company = a_company()
    lead = await desk.lead(company=company, contact=a_person())
    states = [(LI, 1), (CHEN, 2), (LI, 3), (CHEN, 4)] * 3
    random.shuffle(states)
    for am_id, sequence in states:
        await an_account(desk, company, am_id, sequence)
    assert (await linked(desk, lead["id"], CHEN))["customer"]["am_id"] == CHEN


async def test_a_customer_that_gets_another_am_takes_leads_at_work_along(desk: Desk) -> None:
    company = a_company()
    await an_account(desk, company, LI)
    lead = await linked(desk, (await desk.lead(company=company, contact=a_person()))["id"])
    await done(desk.so.post(f"/v1/leads/{lead['id']}/qualify", json=ANSWERS["A"]))
    await done(desk.am(LI).post(f"/v1/leads/{lead['id']}/accept"))
    await an_account(desk, company, CHEN, sequence=2)
    now = await linked(desk, lead["id"], CHEN)
    assert (now["status"], now["am_id"]) == ("assigned", CHEN)
    assert (await desk.happened(lead["id"]))[-3:] == ["customer_linked", "unassigned", "assigned"]


async def test_a_b_lead_in_the_pool_that_turns_out_to_be_a_customers_goes_to_the_customers_am(desk: Desk) -> None:
    company = a_company()
    lead = await desk.lead("B", company=company, contact=a_person())
    assert lead["status"] == "pool"
    await an_account(desk, company, GU)

    async def has_it() -> bool:
        now = await desk.get(lead["id"])
        return (now["status"], now["am_id"]) == ("assigned", GU)

    await eventually(has_it, "the customer's AM has the lead")


async def test_a_lead_of_another_ams_customer_is_converted_once_a_person_says_it_is_none(desk: Desk) -> None:
    company = a_company()
    lead = await desk.accepted(LI, company=company, contact=a_person())
    account_id = await an_account(desk, company, CHEN)
    suggestion = next(each for each in await is_suggested(desk, lead["id"]) if each["other_id"] == account_id)
    convert = f"/v1/leads/{lead['id']}/convert"
    assert problem(await desk.am(LI).post(convert)) == (409, "customer-has-an-am")
    await done(desk.so.post(f"/v1/suggestions/{suggestion['id']}/dismiss"))
    told = (await done(desk.so.get(f"/v1/suggestions/{suggestion['id']}/timeline")))["items"]
    assert [(event["type"], event["actor"]) for event in told][-1] == ("duplicate.settled.v1", "so.zhao")
    assert (await done(desk.am(LI).post(convert)))["status"] == "converted"


async def test_a_customer_of_a_like_name_is_suggested(desk: Desk) -> None:
    company = a_company() + "科技数据"
    account_id = await an_account(desk, f"{company}有限公司")
    await linked(desk, (await desk.lead(company=company, contact=a_person()))["id"])  # the account is known
    lead = await desk.lead(company=f"{company[:3]}错{company[4:]}", contact=a_person("陈杰"))
    suggestions = await is_suggested(desk, lead["id"])
    assert [(each["kind"], each["other_id"]) for each in suggestions] == [("customer", account_id)]
    assert (await desk.get(lead["id"]))["customer"] is None


async def test_a_lead_that_another_am_has_is_not_linked_by_itself_but_suggested(desk: Desk) -> None:
    company = a_company()
    lead = await desk.lead(company=company, to=CHEN, contact=a_person())
    account_id = await an_account(desk, company, LI)
    await is_suggested(desk, lead["id"])
    found = {each["other_id"]: each["because"] for each in await suggested(desk, lead["id"])}
    assert f"{CHEN} has the lead and {LI} the customer" in found[account_id]
    assert (await desk.get(lead["id"]))["customer"] is None
