"""Quotes of a deal through the API."""

from __future__ import annotations

import asyncio

from integration.pipeline.desk import A_QUOTE, Desk, done, refused
from unit.pipeline.builders import AM, SE


async def test_a_quote_is_sent_only_when_both_am_and_se_confirmed_it(desk: Desk) -> None:
    _, quote = await desk.a_quoted_deal()

    done(await desk.am.post(f"{quote}/confirm"))
    refused(await desk.am.post(f"{quote}/send"), 409, "quote-not-confirmed")
    refused(await desk.lead.post(f"{quote}/confirm"), 403, "not-allowed")
    refused(await desk.anybody.as_("se.zhao", "se").post(f"{quote}/confirm"), 403, "not-your-deal")
    done(await desk.se.post(f"{quote}/confirm"))
    sent = done(await desk.am.post(f"{quote}/send"))

    assert (sent["quotes"][0]["confirmed_by_am"], sent["quotes"][0]["confirmed_by_se"]) == (AM, SE)


async def test_a_new_quote_supersedes_the_one_before(desk: Desk) -> None:
    path, quote = await desk.a_quoted_deal()

    deal = done(await desk.am.post(f"{path}/quotes", json=A_QUOTE), 201)

    assert [each["status"] for each in deal["quotes"]] == ["superseded", "draft"]
    refused(await desk.am.post(f"{quote}/confirm"), 409, "quote-status")
    refused(await desk.am.post(f"{path}/quotes/none/confirm"), 404, "quote-not-found")


async def test_a_quote_nobody_can_mean_is_refused_with_the_field(desk: Desk) -> None:
    path, _ = await desk.a_quoted_deal()

    for wrong, pointer in (
        ({"unit_price": {"minor": -1, "currency": "CNY"}}, "/lines/0/unit_price/minor"),
        ({"unit_price": {"minor": 1, "currency": "RMB"}}, "/lines/0/unit_price/currency"),
        ({"unit_price": {"minor": 1.5, "currency": "CNY"}}, "/lines/0/unit_price/minor"),
        ({"quantity": 0}, "/lines/0/quantity"),
        ({"discount_percent": 101}, "/lines/0/discount_percent"),
        ({"product": "x" * 201}, "/lines/0/product"),
        ({"unit_price": {"minor": 10**15, "currency": "CNY"}}, "/lines"),
    ):
        response = await desk.am.post(f"{path}/quotes", json={"lines": [{**A_QUOTE["lines"][0], **wrong}]})
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, pointer)
    assert len(done(await desk.am.get(path))["quotes"]) == 1


async def test_the_same_key_drafts_one_quote_however_often_and_at_once(desk: Desk) -> None:
    path, _ = await desk.a_quoted_deal()
    key = {"Idempotency-Key": "draft-1"}

    answers = await asyncio.gather(*(desk.am.post(f"{path}/quotes", json=A_QUOTE, headers=key) for _ in range(10)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["quotes"][-1]["id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert len(done(await desk.am.get(path))["quotes"]) == 2
    other = {"lines": A_QUOTE["lines"] * 2}
    refused(await desk.am.post(f"{path}/quotes", json=other, headers=key), 422, "idempotency-key-reused")


async def test_the_same_key_on_two_deals_drafts_two_quotes(desk: Desk) -> None:
    key = {"Idempotency-Key": "draft-of-today"}
    paths = [(await desk.a_quoted_deal())[0] for _ in range(2)]

    deals = [done(await desk.am.post(f"{path}/quotes", json=A_QUOTE, headers=key), 201) for path in paths]

    assert len({deal["quotes"][-1]["id"] for deal in deals}) == 2
