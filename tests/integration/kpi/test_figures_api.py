from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from integration.kpi.history import AMS, assert_adds_up, some_history
from support.service import Client

from dealwire.kit.store import Database
from kpi_service.domain.scorecard import MEASURES
from kpi_service.store.ledger import Ledger

EVENTS = some_history(300)


@pytest.fixture(scope="module")
async def department(kpi: Client, shared_ledger: Ledger) -> Client:
    """Two teams, three AMs of whom one changes team in February, and what they did."""
    for team in ("north", "south"):
        await kpi.put(f"/v1/teams/{team}", json={"name": team.title()})
    memberships = {
        "am.li": [{"team_id": "north", "since": "2016-01-01"}],
        "am.mo": [{"team_id": "north", "since": "2016-01-01"}, {"team_id": "south", "since": "2017-02-10"}],
        "am.wu": [{"team_id": "south", "since": "2016-01-01"}],
    }
    for am, entries in memberships.items():
        joined = await kpi.put(f"/v1/members/{am}", json={"name": am, "roles": ["am"], "memberships": entries})
        assert joined.status_code == 200
    await shared_ledger.keep(map(shared_ledger.read, EVENTS))
    return kpi


async def card(client: Client, path: str, **query: str) -> dict[str, Any]:
    response = await client.get(f"/v1/scorecards/{path}", params=query or {"period": "2017-Q1"})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def values(card: dict[str, Any]) -> dict[tuple[str, str | None], Any]:
    return {(figure["name"], figure["currency"]): figure["value"] for figure in card["figures"]}


async def facts(client: Client, path: str) -> list[dict[str, Any]]:
    """All pages behind a link."""
    found: list[dict[str, Any]] = []
    url = httpx.URL(path).copy_set_param("limit", 20)
    while True:
        page = (await client.get(url)).json()
        found += page["items"]
        if page["next"] is None:
            return found
        url = url.copy_set_param("cursor", page["next"])


SCORECARDS = ["company", "teams/north", "teams/south", *(f"members/{am}" for am in AMS)]


@pytest.mark.parametrize("path", SCORECARDS)
async def test_the_facts_behind_every_figure_sum_to_it(department: Client, path: str) -> None:
    figures = (await card(department, path))["figures"]
    assert len(figures) > 10

    for figure in figures:
        measure = MEASURES[figure["name"]]
        behind = await facts(department, figure["events"])
        assert sum(fact["value"] for fact in behind if fact["metric"] in measure.metrics) == figure["numerator"]
        if measure.unit == "ratio":
            assert sum(fact["value"] for fact in behind if fact["metric"] in measure.per) == figure["denominator"]
        if measure.unit == "days":
            assert len(behind) == figure["denominator"]


async def test_members_sum_to_teams_and_teams_to_the_company(department: Client) -> None:
    company = values(await card(department, "company"))
    teams = [values(await card(department, f"teams/{team}")) for team in ("north", "south")]
    members = [values(await card(department, f"members/{am}")) for am in AMS]

    for key in [("sales_amount", "CNY"), ("sales_amount", "USD"), ("deals_signed", None), ("new_customers", None)]:
        assert company[key] == sum(team[key] for team in teams) == sum(member[key] for member in members) > 0


async def test_a_figure_of_a_past_day_counts_for_the_team_of_that_day(department: Client) -> None:
    before = {"from": "2017-01-01", "to": "2017-02-09"}
    after = {"from": "2017-02-10", "to": "2017-03-31"}

    for days, north, south in ((before, ["am.li", "am.mo"], ["am.wu"]), (after, ["am.li"], ["am.mo", "am.wu"])):
        for team, members in (("north", north), ("south", south)):
            together = [values(await card(department, f"members/{am}", **days)) for am in members]
            figure = values(await card(department, f"teams/{team}", **days))["deals_signed", None]
            assert figure == sum(each["deals_signed", None] for each in together) > 0


async def test_the_ranking_is_open_and_names_who_is_ahead(department: Client) -> None:
    anybody = department.as_("se.qi", "se")

    for by in ("member", "team"):
        asked = {"period": "2017-Q1", "metric": "deals_signed", "by": by}
        (table,) = (await anybody.get("/v1/ranking", params=asked)).json()["tables"]
        deals = [place["figure"]["value"] for place in table["places"]]
        assert deals == sorted(deals, reverse=True)
        for place in table["places"]:
            assert place["figure"] == next(
                figure
                for figure in (await card(department, f"{by}s/{place['id']}"))["figures"]
                if figure["name"] == "deals_signed"
            ) | {"events": place["figure"]["events"]}
            assert len(await facts(anybody, place["figure"]["events"])) == place["figure"]["value"]
    assert {place["name"] for place in table["places"]} == {"North", "South"}


async def test_the_funnel_counts_what_its_facts_show(department: Client) -> None:
    funnel = (await department.get("/v1/funnel", params={"period": "2017"})).json()

    counts = {step["name"]: step["count"] for step in funnel["milestones"]}
    assert min(counts[name] for name in ("lead_captured", "lead_qualified", "contract_signed")) > 0
    for step in funnel["milestones"] + funnel["stages"]:
        assert sum(fact["value"] for fact in await facts(department, step["events"])) == step["count"]


async def test_everybody_sees_the_pool_and_the_own_share_leads_and_above_every_share(department: Client) -> None:
    pools = (await department.get("/v1/bonus-pools/2017-02")).json()["pools"]

    assert [pool["currency"] for pool in pools] == ["CNY", "USD"]
    for pool in pools:
        assert pool["amount"] == pool["sales"] // 20
        assert pool["by_sales"] == sum(share["total"] for share in pool["shares"])
        assert pool["held"] == pool["by_appraisal"] == pool["amount"] - pool["by_sales"] > 0
        assert sum(fact["value"] for fact in await facts(department, pool["events"])) == pool["sales"]

    for role, seen in (("team_lead", 3), ("finance", 3), ("management", 3), ("so", 3), ("am", 1), ("legal", 0)):
        caller = department.as_("am.li" if role == "am" else "x", role)
        pool = (await caller.get("/v1/bonus-pools/2017-02")).json()["pools"][0]
        assert (pool["amount"], len(pool["shares"])) == (pools[0]["amount"], seen), role
        assert seen != 1 or pool["shares"][0]["member_id"] == "am.li"


@pytest.mark.parametrize(
    ("who", "roles", "scopes", "visible"),
    [
        ("am.li", ["am"], (), {"am.li"}),
        ("robot", ["machine"], ("figures:read",), set[str]()),
        ("robot", ["machine"], ("figures:read", "facts:read"), set(AMS)),
        ("x", ["team_lead"], (), set(AMS)),
        ("x", ["legal"], (), set[str]()),
    ],
)
async def test_what_a_customer_told_is_seen_by_leads_and_above_and_by_whose_work_it_is(
    department: Client, who: str, roles: list[str], scopes: tuple[str, ...], visible: set[str]
) -> None:
    caller = department.as_(who, *roles, scopes=scopes)
    shown = await facts(caller, "/v1/facts?metric=deals_signed&period=2017-Q1")

    assert {fact["member_id"] for fact in shown} == set(AMS)
    assert {fact["member_id"] for fact in shown if fact["event"]} == visible
    assert all(fact["event"] is None or fact["event"]["id"] == fact["event_id"] for fact in shown)


async def test_the_links_lead_through_the_gateway_that_mounts_the_service(department: Client) -> None:
    mounted = httpx.ASGITransport(department._transport.app, root_path="/kpi")  # type: ignore[attr-defined]
    async with httpx.AsyncClient(transport=mounted, base_url="http://x", headers=department.headers) as client:
        response = await client.get("/kpi/v1/scorecards/company", params={"period": "2017-Q1"})
    figure = response.json()["figures"][0]
    assert figure["events"].startswith("/kpi/v1/facts?metric=sales_amount&")


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/v1/scorecards/company", "period"),
        ("/v1/scorecards/company?period=March", "period"),
        ("/v1/scorecards/company?period=2017&from=2017-01-01&to=2017-01-02", "period"),
        ("/v1/scorecards/company?from=2017-01-01", "period"),
        ("/v1/scorecards/company?from=2017-01-02&to=2017-01-01", "to"),
        ("/v1/ranking?period=2017&metric=luck", "metric"),
        ("/v1/ranking?period=2017&by=zodiac", "by"),
        ("/v1/facts?period=2017", "metric"),
        ("/v1/facts?period=2017&metric=luck", "metric"),
        ("/v1/facts?period=2017&metric=received&currency=gold", "currency"),
        ("/v1/facts?period=2017&metric=received&member=am.li&team=north", "team"),
        ("/v1/facts?period=2017&metric=received&cursor=here", "cursor"),
        ("/v1/bonus-pools/2017-Q1", "month"),
        ("/v1/bonus-pools/0000-05", "month"),
    ],
)
async def test_what_cannot_be_asked_names_the_parameter(kpi: Client, path: str, parameter: str) -> None:
    await kpi.put("/v1/teams/north", json={"name": "华北"})
    response = await kpi.get(path)

    assert response.status_code == 422, response.text
    assert {error["parameter"] for error in response.json()["errors"]} == {parameter}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/scorecards/members/x?period=2017",
        "/v1/scorecards/teams/x?period=2017",
        "/v1/facts?metric=received&period=2017&team=x",
    ],
)
async def test_nobody_has_no_figures(kpi: Client, path: str) -> None:
    assert (await kpi.get(path)).status_code == 404


async def test_without_a_token_nothing_is_told(kpi: Client) -> None:
    nobody = kpi.as_("nobody")
    del nobody.headers["Authorization"]
    for path in ("scorecards/company", "ranking", "funnel", "facts?metric=received", "members", "teams/north"):
        assert (await nobody.get(f"/v1/{path}")).status_code == 401, path
    assert (await nobody.post("/v1/rebuild")).status_code == 401


async def test_sales_operations_and_management_rebuild_and_see_what_differed(
    department: Client, shared_database: Database
) -> None:
    before = await card(department, "company")
    await shared_database.collection("daily").delete_many({})
    assert values(await card(department, "company"))["deals_signed", None] == 0

    for role in ("am", "se", "cs", "team_lead", "legal", "finance", "machine"):
        assert (await department.as_("x", role).post("/v1/rebuild")).status_code == 403
    checked = await department.as_("x", "management").post("/v1/rebuild", params={"check": "true"})
    assert values(await card(department, "company"))["deals_signed", None] == 0
    rebuilt = await department.post("/v1/rebuild")

    for response in (checked, rebuilt):
        *steps, last = [json.loads(line) for line in response.text.splitlines()]
        assert response.headers["content-type"] == "application/x-ndjson"
        assert (last["done"], last["facts"], last["days"]) == (True, 300, last["days_done"])
        assert steps
        assert not any(step["done"] for step in steps)
        assert last["differing"] > len(last["differences"]) == 100
        assert last["differences"][0]["stored"] is None
    assert await card(department, "company") == before
    await assert_adds_up(shared_database, EVENTS)
