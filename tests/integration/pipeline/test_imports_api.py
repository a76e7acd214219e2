"""Importing past deals through HTTP."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any

from integration.pipeline.desk import Desk, done, refused
from support.service import eventually
from unit.pipeline.builders import a_past_deal

from dealwire.catalogue.common import Money
from dealwire.catalogue.contract import ContractSigned
from dealwire.event import derived_id
from dealwire.kit.settings import MIB

IMPORTS = "/v1/imports/deals"


def a_row(stage: str = "won", **changes: Any) -> dict[str, Any]:
    return a_past_deal(stage).model_dump(mode="json") | changes


def a_batch(source: str, *rows: object, **more: Any) -> dict[str, Any]:
    """Every test has a source of its own, and so deals of its own."""
    return {"source": source, "deals": list(rows), **more}


async def are_there(desk: Desk, source: str, *external_ids: str) -> list[bool]:
    """Which of these deals have been imported."""
    paths = [f"/v1/opportunities/{derived_id('deal', source, each)}" for each in external_ids]
    return [(await desk.so.get(path)).status_code == 200 for path in paths]


async def test_past_deals_are_imported_in_their_stages(desk: Desk) -> None:
    told = done(
        await desk.so.post(
            IMPORTS,
            json=a_batch(
                "stages",
                a_row("prospecting", external_id="1", engaged_on=None, account=None),
                a_row("engaging", external_id="2"),
                a_row("won", external_id="3", product="GTXPro"),
                a_row("lost", external_id="4", account=" cancity "),
                products=["GTX Pro", "GTX Plus Basic"],
            ),
        )
    )

    assert (told["created"], told["already_there"], told["errors"]) == (4, 0, 0)
    deals = [done(await desk.so.get(f"/v1/opportunities/{row['opportunity_id']}")) for row in told["rows"]]
    assert [deal["stage"] for deal in deals] == ["prospect", "needs", "contract", "lost"]
    assert deals[2]["product"] == "GTX Pro"
    assert deals[0]["account_id"] is None
    assert deals[1]["account_id"] == deals[2]["account_id"] == deals[3]["account_id"]
    assert done(await desk.so.get(f"/v1/accounts/{deals[3]['account_id']}"))["name"] == "Cancity"
    assert await desk.events(f"/v1/opportunities/{deals[3]['id']}") == ["opportunity.opened.v1", "opportunity.lost.v1"]


async def test_an_imported_won_deal_is_won_when_its_contract_is_signed(desk: Desk) -> None:
    deal_id = done(await desk.so.post(IMPORTS, json=a_batch("won", a_row())))["rows"][0]["opportunity_id"]
    path = f"/v1/opportunities/{deal_id}"
    assert await desk.events(path) == ["opportunity.opened.v1", "opportunity.won_deal_imported.v1"]

    signed = ContractSigned(
        contract_id="contract-1",
        opportunity_id=deal_id,
        am_id="moses.frase",
        amount=Money(minor=105_400, currency="USD"),
        signed_on=date(2017, 3, 1),
        opened_on=date(2016, 10, 20),
        historical=True,
    )
    await desk.tell(signed, "contract-1")

    async def won() -> bool:
        return bool(done(await desk.so.get(path))["stage"] == "won")

    await eventually(won, "the deal is won")
    timeline = done(await desk.so.get(f"{path}/timeline"))["items"]
    assert timeline[-1]["data"]["historical"]


async def test_every_row_has_its_own_result(desk: Desk) -> None:
    told = done(
        await desk.so.post(
            IMPORTS,
            json=a_batch(
                "dirty",
                a_row(external_id="1"),
                a_row(external_id="2", closed_on="2016-01-01"),
                a_row(external_id="3", value={"minor": -5, "currency": "USD"}),
                {**a_row(external_id="4"), "stage": "frozen"},
                a_row(external_id="5", agent="not an id"),
                "no row",
                a_row(external_id="1"),
                a_row(external_id="1", product="MG Special"),
                a_row(external_id="6", closed_on="2999-01-01"),
            ),
        )
    )

    assert [row["status"] for row in told["rows"]] == ["created", *["error"] * 5, "already_there", *["error"] * 2]
    assert (told["created"], told["already_there"], told["errors"]) == (1, 1, 7)
    assert [row["error"] and (row["error"]["code"], row["error"]["pointer"]) for row in told["rows"]] == [
        None,
        ("closed-before-engaged", "/deals/1/closed_on"),
        ("unreadable", "/deals/2/value/minor"),
        ("unreadable", "/deals/3/stage"),
        ("unreadable", "/deals/4/agent"),
        ("unreadable", "/deals/5"),
        None,
        ("changed", "/deals/7/product"),
        ("in-the-future", "/deals/8/closed_on"),
    ]
    assert await are_there(desk, "dirty", "1", "2", "3", "4", "5", "6") == [True, *[False] * 5]


async def test_importing_again_changes_nothing(desk: Desk) -> None:
    batch = a_batch("again", *(a_row(external_id=str(number)) for number in range(20)))
    first = done(await desk.so.post(IMPORTS, json=batch))

    again = done(await desk.so.post(IMPORTS, json=batch))

    assert (again["created"], again["already_there"]) == (0, 20)
    assert [row["opportunity_id"] for row in again["rows"]] == [row["opportunity_id"] for row in first["rows"]]
    assert len(await desk.events(f"/v1/opportunities/{first['rows'][0]['opportunity_id']}")) == 2


async def test_a_row_told_otherwise_than_before_is_an_error_and_changes_nothing(desk: Desk) -> None:
    done(await desk.so.post(IMPORTS, json=a_batch("changed", a_row(external_id="1"))))

    told = done(
        await desk.so.post(
            IMPORTS, json=a_batch("changed", a_row(external_id="1", value={"minor": 1, "currency": "USD"}))
        )
    )

    error = told["rows"][0]["error"]
    assert (error["code"], error["pointer"]) == ("changed", "/deals/0/value")
    deal = done(await desk.so.get(f"/v1/opportunities/{derived_id('deal', 'changed', '1')}"))
    assert deal["imported"]["value"]["minor"] == 105_400


async def test_the_same_rows_imported_at_once_are_created_once(desk: Desk) -> None:
    batch = a_batch("at-once", *(a_row(external_id=str(number)) for number in range(50)))

    told = [done(each) for each in await asyncio.gather(*(desk.so.post(IMPORTS, json=batch) for _ in range(5)))]

    assert sum(each["created"] for each in told) == 50
    assert sum(each["errors"] for each in told) == 0


async def test_an_idempotency_key_belongs_to_one_import(desk: Desk) -> None:
    key = {"Idempotency-Key": "import-1"}
    done(await desk.so.post(IMPORTS, json=a_batch("keys", a_row(external_id="1")), headers=key))

    done(await desk.so.post(IMPORTS, json=a_batch("keys", a_row(external_id="1")), headers=key))
    other = await desk.so.post(IMPORTS, json=a_batch("keys", a_row(external_id="2")), headers=key)

    refused(other, 422, "idempotency-key-reused")
    assert await are_there(desk, "keys", "1", "2") == [True, False]


async def test_a_batch_has_at_most_500_rows_and_its_own_limit_of_size(desk: Desk) -> None:
    row = a_row(account="好" * 200, product="产" * 200)
    rows = [{**row, "external_id": f"{number:号>200}"} for number in range(500)]
    largest = json.dumps(a_batch("large", *rows, products=["品" * 200] * 1000)).encode()
    assert MIB < len(largest) < 4 * MIB
    as_json = {"Content-Type": "application/json"}
    assert done(await desk.so.post(IMPORTS, content=largest, headers=as_json))["created"] == 500

    too_many = await desk.so.post(IMPORTS, json=a_batch("large", *[row] * 501))
    assert refused(too_many, 422, "invalid-request")["errors"][0]["pointer"] == "/deals"
    too_large = await desk.so.post(IMPORTS, content=largest + b" " * 4 * MIB, headers=as_json)
    refused(too_large, 413, "body-too-large")


async def test_customers_are_imported_once_and_keep_the_account_they_have(desk: Desk) -> None:
    known = done(await desk.so.get(f"/v1/opportunities/{await desk.a_deal(company='Hooli Inc')}"))["account_id"]
    rows: list[Any] = [
        {"name": "Umbrella Ltd", "owner": "am.wu", "industry": "medical", "region": "East"},
        {"name": "UMBRELLA", "owner": "am.chen"},
        {"name": "hooli", "owner": "am.chen"},
        {"name": "No Owner", "owner": ""},
        {"owner": "am.wu"},
    ]
    first = done(await desk.so.post("/v1/imports/accounts", json={"accounts": rows}))
    again = done(await desk.so.post("/v1/imports/accounts", json={"accounts": rows}))

    assert [row["status"] for row in first["rows"]] == ["created", "already_there", "already_there", "error", "error"]
    assert [row["error"]["pointer"] for row in first["rows"][3:]] == ["/accounts/3/owner", "/accounts/4/name"]
    assert (again["created"], again["already_there"], again["errors"]) == (0, 3, 2)
    assert first["rows"][2]["account_id"] == known
    path = f"/v1/accounts/{first['rows'][0]['account_id']}"
    account = done(await desk.so.get(path))
    assert (account["name"], account["owner_id"], account["industry"]) == ("Umbrella Ltd", "am.wu", "medical")
    assert await desk.events(path) == ["account.opened.v1"]
