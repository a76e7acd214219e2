"""The channel report: every number, and the leads behind it."""

from __future__ import annotations

from typing import Any

from integration.lead.desk import CHEN, LI, Desk, Json, a_capture, done, problem
from integration.lead.test_imports import a_csv, a_row, imported, until

from dealwire.event import utc_now

PERIOD = {"first": "2020-01-01", "last": "2099-12-31"}


async def the_report(desk: Desk, **query: str) -> list[Json]:
    found: list[Json] = (await done(desk.so.get("/v1/reports/channels", params=PERIOD | query)))["sources"]
    return found


async def counted(desk: Desk, figure: Json) -> int:
    """How many leads are listed where a figure says."""
    return len((await done(desk.so.get(f"{figure['at']}&limit=200")))["items"])


async def test_every_number_of_the_report_says_which_leads_it_counts(desk: Desk) -> None:
    cost = {"minor": 1000, "currency": "CNY"}
    spring: dict[str, Any] = {"campaign": "Spring & more", "cost": cost}
    accepted = await desk.accepted(LI, **spring)
    await done(desk.am(LI).post(f"/v1/leads/{accepted['id']}/convert"))
    await desk.lead("C", **spring)
    await desk.lead("B", **spring, channel="search")
    gone = await desk.lead(**spring)
    await done(desk.so.post(f"/v1/leads/{gone['id']}/discard", json={"reason": "spam"}))
    await desk.lead(to=CHEN)
    await done(desk.so.post("/v1/leads", json=a_capture(contact=gone["contact"])))
    await done(desk.so.post(f"/v1/leads/{gone['id']}/discard", json={"reason": "spam"}))
    known = await imported(desk, a_csv(a_row()), campaign="Spring & more")
    await done(desk.so.post(f"/v1/imports/{known['id']}/undo", json={"reason": "not these"}))
    await until(desk.so, known["id"], "undone")
    day = utc_now().date().isoformat()
    body = {"channel": "expo", "campaign": "Spring & more", "day": day, "amount": {"minor": 7000, "currency": "CNY"}}
    await done(desk.so.post("/v1/campaigns/spend", json=body))
    sources = await the_report(desk, by="campaign")
    by_source = {(each["channel"], each["campaign"]): each for each in sources}
    assert by_source.keys() == {("expo", "Spring & more"), ("search", "Spring & more"), ("expo", None)}
    expo = by_source["expo", "Spring & more"]
    assert [expo[name]["leads"] for name in ("volume", "qualified", "discarded", "converted")] == [3, 1, 1, 1]
    assert {grade: figure["leads"] for grade, figure in expo["grades"].items()} == {"A": 0, "B": 1, "C": 1}
    assert expo["cost"] == [{"currency": "CNY", "minor": 10_000, "per_lead": 10_000 / 3, "per_qualified_lead": 10_000}]
    assert expo["discarded"]["share"] == 1 / 3
    for source in (*sources, *await the_report(desk, by="channel")):
        figures = [*source["grades"].values(), *(source[name] for name in ("volume", "qualified", "discarded"))]
        for figure in (*figures, source["converted"]):
            assert await counted(desk, figure) == figure["leads"], figure


async def test_a_period_ends_after_it_begins(desk: Desk) -> None:
    backwards = await desk.so.get("/v1/reports/channels", params={"first": "2025-02-01", "last": "2025-01-01"})
    assert problem(backwards) == (422, "no-period")
    assert (await the_report(desk, first="2020-01-01", last="2020-12-31")) == []


async def test_a_spend_sent_again_counts_once(desk: Desk) -> None:
    amount = {"minor": 7000, "currency": "CNY"}
    body = {"channel": "partner", "campaign": "once", "day": "2025-03-10", "amount": amount}
    for _ in range(2):
        campaign = await done(desk.so.post("/v1/campaigns/spend", json=body, headers={"Idempotency-Key": "spend-1"}))
        assert len(campaign["spend"]) == 1
    timeline = await done(desk.so.get(f"/v1/campaigns/{campaign['id']}/timeline"))
    assert [event["type"] for event in timeline["items"]] == ["campaign.spend_recorded.v1"]


async def test_what_a_linked_capture_cost_counts_with_its_own_channel_and_campaign(desk: Desk) -> None:
    def cost(minor: int) -> Json:
        return {"minor": minor, "currency": "JPY"}

    async def costs() -> dict[tuple[str, str | None], tuple[int, int]]:
        return {
            (each["channel"], each["campaign"]): (each["volume"]["leads"], amount["minor"])
            for each in await the_report(desk, by="campaign")
            for amount in each["cost"]
            if amount["currency"] == "JPY"
        }

    first = await desk.lead(channel="partner", campaign="first", cost=cost(1))
    again = a_capture(contact=first["contact"], channel="search", campaign="again", cost=cost(20))
    for _ in range(3):
        await done(desk.so.post("/v1/leads", json=again, headers={"Idempotency-Key": "linked-once"}))
    other = await desk.lead(channel="referral", campaign="other", cost=cost(300))
    more = a_capture(contact=other["contact"], channel="search", campaign="again", cost=cost(4000))
    await done(desk.so.post("/v1/leads", json=more))
    apart = {("partner", "first"): (1, 1), ("search", "again"): (0, 4020), ("referral", "other"): (1, 300)}
    assert await costs() == apart

    await done(desk.so.post(f"/v1/leads/{other['id']}/merge", json={"into": first["id"]}))
    assert await costs() == apart | {("referral", "other"): (0, 300)}
    more = a_capture(contact=other["contact"], channel="search", campaign="again", cost=cost(50_000))
    assert (await done(desk.so.post("/v1/leads", json=more)))["id"] == first["id"]
    assert (await costs())["search", "again"] == (0, 54_020)

    await done(desk.so.post(f"/v1/leads/{other['id']}/unmerge"))
    assert await costs() == apart | {("search", "again"): (0, 54_020)}
    assert await the_report(desk, first="2020-01-01", last="2020-12-31") == []
