"""Whoever leaves hands over: their customers and their deals get another AM."""

from __future__ import annotations

from datetime import timedelta

import pytest
from integration.pipeline.desk import Desk, done, refused
from unit.pipeline.builders import AM, NOW, SE

CHEN = {"am_id": "am.chen"}
EITHER = pytest.mark.parametrize(
    ("kind", "told"), [("accounts", "account.changed"), ("opportunities", "opportunity.am_assigned")]
)


async def something(desk: Desk, kind: str) -> str:
    """The path of a customer or of a deal of the AM."""
    return await desk.an_account() if kind == "accounts" else f"/v1/opportunities/{await desk.a_deal()}"


async def test_a_customer_is_handed_over_to_another_active_am(desk: Desk) -> None:
    path = await desk.an_account()

    handed_over = await desk.so.post(f"{path}/assign", json=CHEN)

    assert (done(handed_over)["owner_id"], handed_over.headers["etag"]) == ("am.chen", '"2"')
    assert done(await desk.so.post(f"{path}/assign", json=CHEN))["version"] == 2
    opened, changed = done(await desk.so.get(f"{path}/timeline"))["items"]
    assert (opened["type"], changed["type"]) == ("account.opened.v1", "account.changed.v1")
    assert (changed["actor"], changed["data"]) == ("so.zhao", {**opened["data"], "owner_id": "am.chen"})
    wish = {"account_id": path.rpartition("/")[2], "title": "More gateways"}
    done(await desk.other_am.post("/v1/opportunities", json=wish), 201)
    refused(await desk.am.post("/v1/opportunities", json=wish), 403, "not-your-account")


async def test_the_owner_that_somebody_assigned_stays_whichever_lead_arrives_when(desk: Desk) -> None:
    path = await desk.an_account(company="Umbrella 有限公司")
    done(await desk.so.post(f"{path}/assign", json=CHEN))

    earlier = {"lead_id": "lead-earlier", "captured_at": NOW - timedelta(days=1), "am_id": "am.wu"}
    assert await desk.an_account(company="UMBRELLA 有限公司", **earlier) == path

    account = done(await desk.so.get(path))
    assert (account["name"], account["lead_id"]) == ("UMBRELLA 有限公司", "lead-earlier")
    assert account["owner_id"] == "am.chen"


async def test_an_open_deal_is_handed_over_to_another_active_am_its_history_stays(desk: Desk) -> None:
    path, quote = await desk.a_quoted_deal()
    done(await desk.am.post(f"{quote}/confirm"))
    before = await desk.events(path)

    handed_over = done(await desk.so.post(f"{path}/assign", json=CHEN))

    assert (handed_over["am_id"], handed_over["se_id"], handed_over["stage"]) == ("am.chen", SE, "quote")
    assert done(await desk.so.post(f"{path}/assign", json=CHEN))["version"] == handed_over["version"]
    assert await desk.events(path) == [*before, "opportunity.am_assigned.v1"]
    told = done(await desk.other_am.get(f"{path}/timeline", params={"limit": 200}))["items"][-1]
    assert (told["actor"], told["data"]) == (
        "so.zhao",
        {"opportunity_id": handed_over["id"], "am_id": "am.chen", "former_am_id": AM, "se_id": SE},
    )
    refused(await desk.am.post(f"{path}/move", json={"stage": "negotiation"}), 403, "not-your-deal")
    assert done(await desk.other_am.post(f"{path}/move", json={"stage": "negotiation"}))["stage"] == "negotiation"


async def test_what_a_former_am_confirmed_does_not_count_for_the_new_one(desk: Desk) -> None:
    path, quote = await desk.a_quoted_deal()
    for who in (desk.am, desk.se):
        done(await who.post(f"{quote}/confirm"))
    done(await desk.so.post(f"{path}/assign", json=CHEN))

    refused(await desk.other_am.post(f"{quote}/send"), 409, "quote-not-confirmed")

    for step in ("confirm", "send"):
        done(await desk.other_am.post(f"{quote}/{step}"))


async def test_what_a_former_am_sent_stays_sent(desk: Desk) -> None:
    path, quote = await desk.a_quoted_deal()
    for who, step in ((desk.am, "confirm"), (desk.se, "confirm"), (desk.am, "send")):
        done(await who.post(f"{quote}/{step}"))
    done(await desk.so.post(f"{path}/assign", json=CHEN))

    accepted = done(await desk.other_am.post(f"{quote}/accept"))

    assert (accepted["stage"], accepted["quotes"][0]["confirmed_by_am"]) == ("contract", AM)


async def test_a_deal_that_is_won_or_lost_is_not_handed_over(desk: Desk) -> None:
    path = await something(desk, "opportunities")
    done(await desk.am.post(f"{path}/lose", json={"reason": "price"}))
    refused(await desk.so.post(f"{path}/assign", json=CHEN), 409, "deal-closed")


@EITHER
async def test_nobody_is_handed_anything_over_who_is_no_active_am(desk: Desk, kind: str, told: str) -> None:
    path = await something(desk, kind)
    for am_id, slug in (("nobody", "unknown-member"), ("se.zhao", "no-such-am")):
        problem = refused(await desk.so.post(f"{path}/assign", json={"am_id": am_id}), 422, slug)
        assert problem["errors"][0]["pointer"] == "/am_id"
    assert f"{told}.v1" not in await desk.events(path)


@EITHER
async def test_a_hand_over_is_refused_that_is_of_an_older_version_or_of_nothing(
    desk: Desk, kind: str, told: str
) -> None:
    path = await something(desk, kind)
    seen = {"If-Match": (await desk.so.get(path)).headers["etag"]}
    done(await desk.so.post(f"{path}/assign", json=CHEN, headers=seen))

    refused(await desk.so.post(f"{path}/assign", json={"am_id": AM}, headers=seen), 412, "stale-version")
    refused(await desk.so.post(f"/v1/{kind}/nobody/assign", json=CHEN), 404, "not-found")

    assert (await desk.events(path)).count(f"{told}.v1") == 1


@EITHER
async def test_the_repeat_of_a_hand_over_does_not_undo_the_next_one(desk: Desk, kind: str, told: str) -> None:
    path, key = await something(desk, kind), {"Idempotency-Key": "hand-over-1"}
    done(await desk.so.post(f"{path}/assign", json=CHEN, headers=key))
    done(await desk.so.post(f"{path}/assign", json={"am_id": AM}))

    again = await desk.so.post(f"{path}/assign", json=CHEN, headers=key)

    assert (done(again)["version"], again.headers["idempotent-replayed"]) == (3, "true")
    refused(await desk.so.post(f"{path}/assign", json={"am_id": AM}, headers=key), 422, "idempotency-key-reused")
    assert (await desk.events(path)).count(f"{told}.v1") == 2
