"""The happy path of every rule, over HTTP and the bus."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from integration.contract.office import SPECIAL, STANDARD, Office, a_receipt, a_signature, done, refusals, today
from support.events import a_publisher
from support.place import Place
from support.service import eventually, running
from unit.contract.builders import ANOTHER_AM, TODAY, a_lost_deal, a_won_deal, an_accepted_quote, an_assigned_deal

from contract_service.domain.policy import Policy
from contract_service.main import build
from contract_service.settings import ContractSettings
from dealwire.catalogue.common import Role
from dealwire.event import derived_id


async def test_an_accepted_quote_becomes_a_draft_once_however_often_it_is_told(office: Office) -> None:
    quote = an_accepted_quote(accepted_at=datetime(2025, 3, 2, 17, tzinfo=UTC))  # the third in Shanghai
    await office.publish(quote, quote.opportunity_id, times=3)
    listed = await office.the_only("contracts", opportunity_id="opp-1")
    contract = await done(office.am.get(f"/v1/contracts/{listed['id']}"))
    assert contract["id"] == derived_id("contract", quote.quote_id)
    assert (contract["status"], contract["am_id"], contract["drafted_on"]) == ("draft", "am.li", "2025-03-03")
    assert contract["amount"] == {"minor": 100_000, "currency": "CNY"}
    assert len(contract["clauses"]) == len(Policy().standard_clauses)
    assert await office.happened(f"/v1/contracts/{contract['id']}") == ["contract.drafted.v1"]


async def test_a_contract_goes_from_draft_to_the_last_payment(office: Office) -> None:
    contract = await office.a_draft()
    path = f"/v1/contracts/{contract['id']}"
    plan = [
        {"due_on": (today() + timedelta(days=days)).isoformat(), "amount": {"minor": minor, "currency": "CNY"}}
        for days, minor in ((-1, 30_000), (30, 70_000))
    ]
    terms = {"clauses": [STANDARD, SPECIAL], "payment_plan": plan}
    assert (await done(office.am.put(f"{path}/terms", json=terms)))["payment_plan"] == plan
    submitted = await done(office.am.post(f"{path}/submit"))
    assert (submitted["status"], submitted["desks"]) == ("in_review", ["sales_ops", "legal", "finance"])
    for desk in submitted["desks"]:
        reviewed = await done(office.review(contract, desk))
    assert reviewed["status"] == "approved"
    signed = await done(office.am.post(f"{path}/sign", json=a_signature()))
    assert (signed["status"], signed["signed_on"]) == ("signed", today().isoformat())
    assert signed["signature"]["document_sha256"] == "a" * 64

    owed = await done(office.am.get(f"{path}/payments"))
    assert {name: owed[name]["minor"] for name in ("due", "paid", "outstanding", "overdue")} == {
        "due": 30_000,
        "paid": 0,
        "outstanding": 100_000,
        "overdue": 30_000,
    }
    paid = await done(office.finance.post(f"{path}/receipts", json=a_receipt(100_000)))
    assert (paid["paid"]["minor"], paid["outstanding"]["minor"], paid["overdue"]["minor"]) == (100_000, 0, 0)
    later = (today() + timedelta(days=30)).isoformat()
    due_later = await done(office.finance.get(f"{path}/payments", params={"on": later}))
    assert (due_later["on"], due_later["due"]["minor"]) == (later, 100_000)
    assert await office.happened(path) == [
        "contract.drafted.v1",
        "contract.terms_changed.v1",
        "contract.terms_changed.v1",
        "contract.review_requested.v1",
        "contract.reviewed.v1",
        "contract.reviewed.v1",
        "contract.reviewed.v1",
        "contract.approved.v1",
        "contract.signed.v1",
        "payment.received.v1",
    ]


async def test_a_lost_deals_contract_is_withdrawn_unless_it_is_signed(office: Office) -> None:
    for begun in (office.a_draft, office.in_review, office.approved):
        contract = await begun()
        path, deal_id = f"/v1/contracts/{contract['id']}", contract["opportunity_id"]
        await office.publish(a_lost_deal(opportunity_id=deal_id), deal_id, times=3, sequence=2)
        withdrawn = await office.the_only("contracts", opportunity_id=deal_id, status="withdrawn")
        assert (await done(office.am.get(path)))["withdrawal_reason"] == "价格太高"
        assert withdrawn["withdrawn_on"] == TODAY.isoformat()
        late = (
            office.am.put(f"{path}/terms", json={"clauses": [STANDARD]}),
            office.am.post(f"{path}/submit"),
            office.review(contract, "finance", approved=False),
            office.am.post(f"{path}/sign", json=a_signature()),
        )
        assert [(await attempt).status_code for attempt in late] == [409] * 4
        assert (await office.happened(path)).count("contract.withdrawn.v1") == 1


async def test_a_deal_lost_before_its_draft_was_heard_of_gets_no_contract_to_sign(office: Office) -> None:
    quote = an_accepted_quote(opportunity_id="opp-lost-early", quote_id="quote-lost-early")
    await office.publish(a_lost_deal(opportunity_id=quote.opportunity_id), quote.opportunity_id, sequence=2)
    await office.publish(quote, quote.opportunity_id, times=2)
    withdrawn = await office.the_only("contracts", opportunity_id=quote.opportunity_id, status="withdrawn")
    assert await office.happened(f"/v1/contracts/{withdrawn['id']}") == ["contract.drafted.v1", "contract.withdrawn.v1"]


async def test_a_signed_contract_is_never_withdrawn(office: Office) -> None:
    signed = await office.signed()
    deal_id = signed["opportunity_id"]
    before = refusals()
    await office.publish(a_lost_deal(opportunity_id=deal_id), deal_id, sequence=2)

    async def was_refused() -> bool:
        return refusals() > before

    await eventually(was_refused, "the withdrawal was refused")
    assert (await done(office.am.get(f"/v1/contracts/{signed['id']}")))["status"] == "signed"


async def test_a_contract_that_is_not_signed_follows_its_deal_to_another_am_what_the_desks_decided_stays(
    office: Office,
) -> None:
    new_am = office.client.as_(ANOTHER_AM, Role.AM)
    contract = await office.approved()
    path, deal_id = f"/v1/contracts/{contract['id']}", contract["opportunity_id"]
    await office.publish(an_assigned_deal(opportunity_id=deal_id), deal_id, times=3, sequence=2)
    await office.the_only("contracts", opportunity_id=deal_id, am_id=ANOTHER_AM)

    refused = await office.am.post(f"{path}/sign", json=a_signature())
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:dealwire:problem:not-your-contract")
    assert (await office.am.get(path)).status_code == 403
    handed_over = await done(new_am.get(path))
    assert (handed_over["status"], len(handed_over["reviews"])) == ("approved", 2)
    signed = await done(new_am.post(f"{path}/sign", json=a_signature()))
    assert (signed["status"], (await office.order_of(signed))["am_id"]) == ("signed", ANOTHER_AM)
    assert (await office.happened(path))[-3:] == [
        "contract.approved.v1",
        "contract.am_assigned.v1",
        "contract.signed.v1",
    ]


async def test_a_deal_handed_over_before_its_draft_was_heard_of_gets_a_contract_of_its_new_am(office: Office) -> None:
    quote = an_accepted_quote(opportunity_id="opp-early", quote_id="quote-early")
    for am_id, sequence in ((ANOTHER_AM, 3), ("am.gone", 1)):
        await office.publish(an_assigned_deal(am_id, opportunity_id="opp-early"), "opp-early", sequence=sequence)
    await office.publish(quote, "opp-early", times=2, sequence=2)
    contract = await office.the_only("contracts", opportunity_id="opp-early", am_id=ANOTHER_AM)
    path = f"/v1/contracts/{contract['id']}"
    assert await office.happened(path) == ["contract.drafted.v1", "contract.am_assigned.v1"]
    told = (await done(office.reader.get(f"{path}/timeline")))["items"][-1]["data"]
    assert (told["am_id"], told["former_am_id"]) == (ANOTHER_AM, quote.am_id)


async def test_a_signed_contract_stays_with_the_am_who_signed_it_and_so_do_its_payments(office: Office) -> None:
    signed = await office.signed()
    path, deal_id = f"/v1/contracts/{signed['id']}", signed["opportunity_id"]
    before = refusals()
    await office.publish(an_assigned_deal(opportunity_id=deal_id), deal_id, sequence=2)

    async def was_refused() -> bool:
        return refusals() > before

    await eventually(was_refused, "the hand-over was refused")
    assert (await done(office.am.get(path)))["am_id"] == "am.li"
    await done(office.finance.post(f"{path}/receipts", json=a_receipt()))
    received = (await done(office.reader.get(f"{path}/timeline", params={"limit": 200})))["items"][-1]
    assert (received["type"], received["data"]["am_id"]) == ("payment.received.v1", "am.li")


async def test_an_objection_returns_the_contract_to_draft_and_all_desks_review_the_next_round(office: Office) -> None:
    contract = await office.in_review()
    path = f"/v1/contracts/{contract['id']}"
    await done(office.review(contract, "sales_ops"))
    comment = {"approved": False, "comment": "先款后货。"}
    returned = await done(office.finance.post(f"{path}/reviews/finance", json=comment))
    assert returned["status"] == "draft"
    assert returned["reviews"][-1] == {"desk": "finance", "by": "finance.1", **comment}
    again = await done(office.am.post(f"{path}/submit"))
    assert (again["round"], again["reviews"]) == (2, [])
    for desk in again["desks"]:
        reviewed = await done(office.review(contract, desk))
    assert reviewed["status"] == "approved"


async def test_a_signed_contract_is_handed_over_accepted_and_delivered(office: Office) -> None:
    contract = await office.signed()
    order = await office.order_of(contract)
    path = f"/v1/orders/{order['id']}"
    assert order["waiting_for"] == ["production", "delivery", "service"]
    erp = office.client.as_("erp", Role.MACHINE, scopes=("orders:accept", "orders:deliver"))
    cs = office.client.as_("cs.1", Role.CS)
    await done(erp.post(f"{path}/acceptances/production"))
    await done(office.client.as_("so.1", Role.SO).post(f"{path}/acceptances/delivery"))
    early = await cs.post(f"{path}/deliver", json={"delivered_on": today().isoformat()})
    assert (early.status_code, early.json()["type"]) == (409, "urn:dealwire:problem:order-not-accepted")
    accepted = await done(cs.post(f"{path}/acceptances/service"))
    assert (accepted["status"], accepted["waiting_for"]) == ("accepted", [])
    delivered = await done(erp.post(f"{path}/deliver", json={"delivered_on": today().isoformat()}))
    assert delivered["status"] == "delivered"
    assert await office.happened(path) == [
        "order.handed_over.v1",
        "order.accepted.v1",
        "order.accepted.v1",
        "order.accepted.v1",
        "order.delivered.v1",
    ]


async def test_a_past_won_deal_is_a_signed_contract_and_no_order(office: Office) -> None:
    deal = a_won_deal()
    await office.publish(deal, deal.opportunity_id, times=3)
    contract = await office.the_only("contracts", opportunity_id=deal.opportunity_id)
    assert (contract["status"], contract["signed_on"], contract["historical"]) == ("signed", "2017-03-01", True)
    assert await office.happened(f"/v1/contracts/{contract['id']}") == ["contract.signed.v1"]
    # An order of a contract signed later is there: so the older signature has been reacted to by now.
    await office.order_of(await office.signed())
    orders = await done(office.reader.get("/v1/orders", params={"contract_id": contract["id"]}))
    assert orders["items"] == []


async def test_lists_are_paged_and_filtered(office: Office) -> None:
    contracts = [await office.a_draft(am_id="am.list", account_id=account) for account in ("acc-1", "acc-2", "acc-1")]
    am = office.client.as_("am.list", Role.AM)
    await done(am.post(f"/v1/contracts/{contracts[0]['id']}/submit"))

    async def ids(**query: str) -> list[str]:
        query = {"am_id": "am.list", **query}
        return [each["id"] for each in (await done(office.reader.get("/v1/contracts", params=query)))["items"]]

    newest_first = [contract["id"] for contract in reversed(contracts)]
    assert await ids() == newest_first
    assert await ids(account_id="acc-1") == [newest_first[0], newest_first[2]]
    assert await ids(status="in_review") == [newest_first[2]]
    assert await ids(opportunity_id=contracts[1]["opportunity_id"]) == [newest_first[1]]
    assert await ids(am_id="am.nobody") == []
    first = await am.get("/v1/contracts", params={"limit": "2"})
    assert 'rel="next"' in first.headers["link"]
    assert await ids(limit="2", cursor=first.json()["next"]) == newest_first[2:]


async def test_orders_are_found_by_who_is_waited_for(office: Office) -> None:
    orders = [await office.order_of(await office.signed(account_id="acc-waiting")) for _ in range(2)]
    cs = office.client.as_("cs.1", Role.CS)
    await done(cs.post(f"/v1/orders/{orders[0]['id']}/acceptances/service"))
    query = {"account_id": "acc-waiting", "waiting_for": "service", "status": "handed_over"}
    waiting = await done(cs.get("/v1/orders", params=query))
    assert [order["id"] for order in waiting["items"]] == [orders[1]["id"]]


async def test_the_numbers_of_the_rules_are_the_deployments(place: Place) -> None:
    policy = Policy(credit_days=7)
    async with running(build, ContractSettings, place, policy=policy) as client, a_publisher(place) as bus:
        signed = await Office(client, bus).signed()
    assert [each["due_on"] for each in signed["payment_plan"]] == [(today() + timedelta(days=7)).isoformat()]
