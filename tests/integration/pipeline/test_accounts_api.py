"""The rules of customers' accounts, through HTTP and the bus."""

from __future__ import annotations

from integration.pipeline.desk import Desk, done
from support.place import Place
from support.tally import Deaf
from unit.pipeline.builders import AM, NOW, a_past_deal

from dealwire.event import utc_now
from dealwire.kit.cause import Cause
from dealwire.kit.store import Database
from pipeline_service.domain.account import Account, former_account_id, open_account
from pipeline_service.store import SERVICE, PipelineStore


async def test_two_leads_of_one_company_share_its_account(desk: Desk) -> None:
    first = await desk.a_deal(lead_id="lead-2", company="Globex 有限公司")
    second = await desk.a_deal(lead_id="lead-3", company="GLOBEX 有限公司。")

    account_id = done(await desk.so.get(f"/v1/opportunities/{second}"))["account_id"]
    assert done(await desk.so.get(f"/v1/accounts/{account_id}"))["name"] == "Globex 有限公司"
    deals = done(await desk.so.get("/v1/opportunities", params={"account_id": account_id}))["items"]
    assert [deal["id"] for deal in deals] == [second, first]


async def test_an_account_that_was_opened_under_a_former_id_is_found_there(empty_desk: Desk, place: Place) -> None:
    former = former_account_id("Acme Inc")
    database = Database(place.mongo_url, place.database(SERVICE))
    opened = open_account(
        Account(id=former, name="Acme Inc", owner_id=AM, source="lead", told_at=NOW, lead_id="lead-0")
    )
    cause = Cause(actor=AM, now=utc_now(), correlation_id="before")
    await PipelineStore(database, Deaf()).accounts.create(former, opened, cause)  # type: ignore[arg-type]
    await database.stop()

    deal_id = await empty_desk.a_deal(company="ＡＣＭＥ, inc.")
    rows = [a_past_deal(account="acme inc").model_dump(mode="json")]
    imported = done(await empty_desk.so.post("/v1/imports/deals", json={"source": "crm", "deals": rows}))["rows"][0]

    for id_ in (deal_id, imported["opportunity_id"]):
        assert done(await empty_desk.so.get(f"/v1/opportunities/{id_}"))["account_id"] == former
    assert len(done(await empty_desk.so.get("/v1/accounts"))["items"]) == 1


async def test_customers_are_listed_by_their_owner(desk: Desk) -> None:
    deals = [await desk.a_deal(am_id=am_id) for am_id in ("am.gao", "am.gao", "am.sun")]
    ours = [done(await desk.so.get(f"/v1/opportunities/{deal}"))["account_id"] for deal in deals]

    for owner_id, theirs in (("am.gao", ours[1::-1]), ("am.sun", ours[2:]), ("am.nobody", [])):
        items = done(await desk.so.get("/v1/accounts", params={"owner_id": owner_id}))["items"]
        assert [account["id"] for account in items] == theirs, owner_id
