"""Whoever leaves hands over: their customers get another AM."""

from __future__ import annotations

from datetime import timedelta

from integration.pipeline.desk import Desk, done, refused
from unit.pipeline.builders import AM, NOW

CHEN = {"am_id": "am.chen"}


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


async def test_nobody_is_handed_anything_over_who_is_no_active_am(desk: Desk) -> None:
    path = await desk.an_account()
    for am_id, slug in (("nobody", "unknown-member"), ("se.zhao", "no-such-am")):
        problem = refused(await desk.so.post(f"{path}/assign", json={"am_id": am_id}), 422, slug)
        assert problem["errors"][0]["pointer"] == "/am_id"
    assert done(await desk.so.get(path))["owner_id"] == AM


async def test_what_is_not_there_is_not_handed_over(desk: Desk) -> None:
    refused(await desk.so.post("/v1/accounts/nobody/assign", json=CHEN), 404, "not-found")


async def test_a_hand_over_of_an_older_version_is_refused(desk: Desk) -> None:
    path = await desk.an_account()
    seen = {"If-Match": (await desk.so.get(path)).headers["etag"]}
    done(await desk.so.post(f"{path}/assign", json=CHEN, headers=seen))

    refused(await desk.so.post(f"{path}/assign", json={"am_id": AM}, headers=seen), 412, "stale-version")

    assert done(await desk.so.get(path))["version"] == 2


async def test_the_repeat_of_a_hand_over_does_not_undo_the_next_one(desk: Desk) -> None:
    path, key = await desk.an_account(), {"Idempotency-Key": "hand-over-1"}
    done(await desk.so.post(f"{path}/assign", json=CHEN, headers=key))
    done(await desk.so.post(f"{path}/assign", json={"am_id": AM}))

    again = await desk.so.post(f"{path}/assign", json=CHEN, headers=key)

    assert (done(again)["version"], again.headers["idempotent-replayed"]) == (3, "true")
    refused(await desk.so.post(f"{path}/assign", json={"am_id": AM}, headers=key), 422, "idempotency-key-reused")
    assert (await desk.events(path)).count("account.changed.v1") == 2
