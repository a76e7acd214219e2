"""The rules of deals, through HTTP and the bus."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

from httpx import Response
from integration.pipeline.desk import Desk, done, reactions, refused
from support.service import eventually
from unit.pipeline.builders import AM, SE, yuan

from dealwire.catalogue.common import Role
from dealwire.catalogue.contract import ContractSigned
from dealwire.catalogue.people import MemberChanged
from dealwire.event import derived_id


async def test_a_converted_lead_becomes_an_account_and_a_deal(desk: Desk) -> None:
    told = {"company": "Acme 有限公司", "industry": "Retail", "region": "East", "product_line": "GTX Pro"}
    deal_id = await desk.a_deal(lead_id="lead-1", **told)

    deal = done(await desk.am.get(f"/v1/opportunities/{deal_id}"))
    assert (deal["stage"], deal["am_id"], deal["se_id"], deal["lead_id"]) == ("prospect", AM, SE, "lead-1")
    assert (deal["contact"]["phone"], deal["need"]) == ("+8613800138000", "Twenty gateways by June")
    assert (deal["product"], deal["origin"]["grade"], deal["origin"]["score"]) == ("GTX Pro", "A", 88)
    assert deal["origin"]["bant"] == {"budget": 90, "authority": 80, "need": 95, "timeline": 70}
    account = done(await desk.am.get(f"/v1/accounts/{deal['account_id']}"))
    assert (account["name"], account["industry"], account["owner_id"]) == ("Acme 有限公司", "Retail", AM)
    assert await desk.events(f"/v1/accounts/{account['id']}") == ["account.opened.v1"]


async def test_a_deal_goes_from_prospect_to_won(desk: Desk) -> None:
    path = await desk.a_deal_in_contract()
    deal = done(await desk.am.get(path))
    assert (deal["stage"], deal["quotes"][0]["status"]) == ("contract", "accepted")
    assert deal["quotes"][0]["total"] == {"minor": 964_200, "currency": "CNY"}

    signed = ContractSigned(
        contract_id="contract-1",
        opportunity_id=deal["id"],
        am_id=AM,
        amount=yuan(9642),
        signed_on=date(2024, 3, 9),
        opened_on=date(2024, 3, 4),
    )
    await desk.tell(signed, "contract-1")
    await eventually(lambda: _is(desk, path, "won"), "the deal is won")

    won = done(await desk.am.get(path))
    assert (won["contract_id"], won["closed_on"]) == ("contract-1", "2024-03-09")
    assert await desk.events(path) == [
        "opportunity.opened.v1",
        *["opportunity.stage_changed.v1"] * 3,
        "quote.drafted.v1",
        "quote.confirmed.v1",
        "quote.confirmed.v1",
        "quote.sent.v1",
        "quote.accepted.v1",
        "opportunity.stage_changed.v1",
        "opportunity.won.v1",
    ]


async def test_a_deal_given_up_in_contract_is_won_all_the_same_when_the_customer_signed(desk: Desk) -> None:
    path = await desk.a_deal_in_contract()
    deal = done(await desk.am.post(f"{path}/lose", json={"reason": "The budget is gone"}))
    assert (deal["stage"], deal["quotes"][0]["status"]) == ("lost", "accepted")
    signed = ContractSigned(
        contract_id="contract-1",
        opportunity_id=deal["id"],
        am_id=AM,
        amount=yuan(1),
        signed_on=date(2024, 3, 9),
        opened_on=date(2024, 3, 4),
    )
    for _ in range(3):
        await desk.tell(signed, "contract-1")
    await eventually(lambda: _is(desk, path, "won"), "the deal is won")

    won = done(await desk.am.get(path))
    assert (won["contract_id"], won["closed_on"], won["loss_reason"]) == ("contract-1", "2024-03-09", None)
    assert (await desk.events(path))[-3:] == [
        "opportunity.lost.v1",
        "opportunity.loss_revoked.v1",
        "opportunity.won.v1",
    ]


async def test_a_contract_signed_for_a_deal_that_never_was_in_contract_is_a_business_no(desk: Desk) -> None:
    path = f"/v1/opportunities/{await desk.a_deal()}"
    deal = done(await desk.am.post(f"{path}/lose", json={"reason": "The budget is gone"}))
    signed = ContractSigned(
        contract_id="contract-2",
        opportunity_id=deal["id"],
        am_id=AM,
        amount=yuan(1),
        signed_on=date(2024, 3, 9),
        opened_on=date(2024, 3, 4),
    )
    before = reactions("refused")
    await desk.tell(signed, "contract-2")

    async def was_refused() -> bool:
        return reactions("refused") > before

    await eventually(was_refused, "the signature was refused")
    assert done(await desk.am.get(path))["stage"] == "lost"


async def test_a_deal_is_lost_while_its_quote_is_accepted(desk: Desk) -> None:
    for _ in range(5):
        path, quote = await desk.a_quoted_deal()
        for who, step in ((desk.am, "confirm"), (desk.se, "confirm"), (desk.am, "send")):
            done(await who.post(f"{quote}/{step}"))

        accepted, lost = await asyncio.gather(
            desk.am.post(f"{quote}/accept"), desk.am.post(f"{path}/lose", json={"reason": "The budget is gone"})
        )

        assert done(lost)["stage"] == "lost"
        if not accepted.is_success:
            refused(accepted, 409, "deal-closed")
        assert done(await desk.am.get(path))["stage"] == "lost"
        assert (await desk.events(path)).count("quote.accepted.v1") == accepted.is_success


async def test_an_am_opens_a_deal_for_a_customer_of_their_own(desk: Desk) -> None:
    account_id = done(await desk.am.get(f"/v1/opportunities/{await desk.a_deal()}"))["account_id"]
    wish = {"account_id": account_id, "title": "More gateways", "product": "GTX Pro", "se_id": SE}

    opened = await desk.am.post("/v1/opportunities", json=wish)

    assert done(opened, 201)["stage"] == "prospect"
    assert opened.headers["etag"] == '"1"'
    refused(await desk.other_am.post("/v1/opportunities", json=wish), 403, "not-your-account")
    for wrong, slug in (({"account_id": "nobody"}, "unknown-account"), ({"se_id": "nobody"}, "unknown-member")):
        problem = refused(await desk.am.post("/v1/opportunities", json={**wish, **wrong}), 422, slug)
        assert problem["errors"][0]["pointer"] == f"/{next(iter(wrong))}"


async def test_an_illegal_move_is_refused_with_what_is_allowed(desk: Desk) -> None:
    path = f"/v1/opportunities/{await desk.a_deal()}"

    problem = refused(await desk.am.post(f"{path}/move", json={"stage": "quote"}), 409, "illegal-move")

    assert "It may go to needs or lost" in problem["detail"]
    assert await desk.events(path) == ["opportunity.opened.v1"]


async def test_the_am_takes_another_se_into_the_deal(desk: Desk) -> None:
    path, quote = await desk.a_quoted_deal()

    assert done(await desk.am.post(f"{path}/se", json={"se_id": "se.zhao"}))["se_id"] == "se.zhao"

    refused(await desk.se.post(f"{quote}/confirm"), 403, "not-your-deal")
    refused(await desk.am.post(f"{path}/se", json={"se_id": AM}), 422, "not-an-se")


async def test_a_deal_is_lost_with_a_reason(desk: Desk) -> None:
    path = f"/v1/opportunities/{await desk.a_deal()}"

    refused(await desk.am.post(f"{path}/lose", json={"reason": " "}), 422, "invalid-request")
    lost = done(await desk.am.post(f"{path}/lose", json={"reason": "价格太高"}))

    assert (lost["stage"], lost["loss_reason"]) == ("lost", "价格太高")
    refused(await desk.am.post(f"{path}/move", json={"stage": "needs"}), 409, "deal-closed")


async def test_the_same_key_opens_one_deal_however_often_and_at_once(desk: Desk) -> None:
    account_id = done(await desk.am.get(f"/v1/opportunities/{await desk.a_deal()}"))["account_id"]
    wish, key = {"account_id": account_id, "title": "More"}, {"Idempotency-Key": "open-1"}

    answers = await asyncio.gather(*(desk.am.post("/v1/opportunities", json=wish, headers=key) for _ in range(10)))

    assert len({done(answer, 201)["id"] for answer in answers}) == 1
    refused(
        await desk.am.post("/v1/opportunities", json={**wish, "title": "x"}, headers=key), 422, "idempotency-key-reused"
    )
    deals = done(await desk.am.get("/v1/opportunities", params={"account_id": account_id}))["items"]
    assert len(deals) == 2


async def test_the_repeat_of_opening_a_deal_finds_it_whatever_has_changed_since(desk: Desk) -> None:
    account_id = done(await desk.am.get(f"/v1/opportunities/{await desk.a_deal()}"))["account_id"]
    se = MemberChanged(member_id="se.leaving", name="Leaving", roles=(Role.SE,))
    wish, key = {"account_id": account_id, "title": "More", "se_id": se.member_id}, {"Idempotency-Key": "open-2"}
    await desk.tell(se, se.member_id)

    async def opened() -> Response | None:
        answer = await desk.am.post("/v1/opportunities", json=wish, headers=key)
        return answer if answer.is_success else None

    async def has_left() -> bool:
        answer = await desk.am.post("/v1/opportunities", json=wish)
        return answer.status_code == 422

    first = await eventually(opened, "the SE is known")
    await desk.tell(se.model_copy(update={"active": False}), se.member_id, sequence=2)
    await eventually(has_left, "the SE has left")

    again = await desk.am.post("/v1/opportunities", json=wish, headers=key)
    assert (done(again, 201), again.headers["idempotent-replayed"]) == (first.json(), "true")


async def test_a_change_of_an_older_version_is_refused(desk: Desk) -> None:
    path = f"/v1/opportunities/{await desk.a_deal()}"
    seen = (await desk.am.get(path)).headers["etag"]
    done(await desk.am.post(f"{path}/move", json={"stage": "needs"}, headers={"If-Match": seen}))

    stale = await desk.am.post(f"{path}/lose", json={"reason": "x"}, headers={"If-Match": seen})

    refused(stale, 412, "stale-version")
    assert done(await desk.am.get(path))["stage"] == "needs"


async def test_of_many_moves_at_once_each_stage_is_entered_once(desk: Desk) -> None:
    path = f"/v1/opportunities/{await desk.a_deal()}"

    await asyncio.gather(*(desk.am.post(f"{path}/move", json={"stage": "needs"}) for _ in range(20)))

    assert await desk.events(path) == ["opportunity.opened.v1", "opportunity.stage_changed.v1"]


async def test_deals_are_listed_page_by_page_and_filtered(desk: Desk) -> None:
    ids = [await desk.a_deal(company="Initech") for _ in range(5)]
    account_id = done(await desk.am.post(f"/v1/opportunities/{ids[0]}/move", json={"stage": "needs"}))["account_id"]

    found: list[str] = []
    page: dict[str, Any] = {"next": None}
    while not found or page["next"]:
        cursor = {"cursor": page["next"]} if page["next"] else {}
        wanted = {"account_id": account_id, "limit": 2, **cursor}
        page = done(await desk.so.get("/v1/opportunities", params=wanted))
        assert len(page["items"]) <= 2
        found += [deal["id"] for deal in page["items"]]

    assert found == ids[::-1]
    for filters, ours in (
        ({"stage": "needs"}, ids[:1]),
        ({"stage": "prospect"}, ids[:0:-1]),
        ({"am_id": AM}, ids[::-1]),
        ({"am_id": "am.chen"}, []),
    ):
        items = done(await desk.so.get("/v1/opportunities", params={"account_id": account_id, **filters}))["items"]
        assert [deal["id"] for deal in items] == ours, filters


async def test_an_unknown_deal_is_not_found(desk: Desk) -> None:
    nowhere = f"/v1/opportunities/{derived_id('opportunity', 'nobody')}"
    for response in (
        await desk.so.get(nowhere),
        await desk.so.get(f"{nowhere}/timeline"),
        await desk.am.post(f"{nowhere}/move", json={"stage": "needs"}),
        await desk.so.get("/v1/accounts/nobody"),
    ):
        refused(response, 404, "not-found")


async def _is(desk: Desk, path: str, stage: str) -> bool:
    return bool(done(await desk.so.get(path))["stage"] == stage)
