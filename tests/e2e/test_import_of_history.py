"""Acceptance: the public "CRM Sales Opportunities" data set, 8,800 deals, through the command line and the public API."""

from __future__ import annotations

import asyncio
import csv
import os
import sys
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

import pytest
from support.department import Department, Json, Somebody
from support.service import eventually

from dealwire.cli.crm_export import member_id

DATA = Path(os.environ.get("DEALWIRE_CRM_DATA", Path(__file__).parents[3] / "shared/data/crm-sales-opportunities"))

CENTS = 100


def _won() -> list[dict[str, str]]:
    with (DATA / "sales_pipeline.csv").open(encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.DictReader(file) if row["deal_stage"] == "Won"]


def _quarter(row: dict[str, str]) -> str:
    day = datetime.strptime(row["close_date"], "%m/%d/%Y")  # noqa: DTZ007
    return f"{day.year}-Q{(day.month + 2) // 3}"


async def _import(department: Department) -> str:
    machine = department.as_("crm-import", "machine", scopes=("people:write", "deals:import", "figures:read"))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dealwire.cli.main", "import", "deals", str(DATA)),
        *("--url", department.url, "--token", machine.token),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


async def _figures(so: Somebody) -> dict[tuple[str, str | None], int]:
    card = await so.get("/kpi/v1/scorecards/company", period="2017")
    return {(figure["name"], figure["currency"]): figure["value"] for figure in card["figures"]}


async def _all_won(so: Somebody) -> bool:
    return (await _figures(so))["opportunities_won", None] >= 4_238


async def _sales(so: Somebody, period: str) -> dict[str, int]:
    table = (await so.get("/kpi/v1/ranking", period=period, metric="sales_amount"))["tables"]
    places: list[Json] = next((each["places"] for each in table if each["currency"] == "USD"), [])
    return {place["id"]: place["figure"]["value"] for place in places if place["figure"]["value"]}


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the data set is not at {DATA}; DEALWIRE_CRM_DATA says where it is")
@pytest.mark.timeout(420)
async def test_imported_history_gives_the_figures_of_the_file_also_when_imported_twice(department: Department) -> None:
    so = department.as_("so.zhao", "so")
    assert ", 0 rows refused" in await _import(department)
    won = _won()
    for again in (False, True):
        if again:
            assert "0 deals imported, 8800 were there already, 0 rows refused" in await _import(department)
        await eventually(lambda: _all_won(so), "every signed contract has won its deal", within=200)
        figures = await _figures(so)
        assert figures["sales_amount", "USD"] == 10_005_534 * CENTS
        assert figures["deals_signed", None] == figures["opportunities_won", None] == 4_238
        assert figures["opportunities_lost", None] == 2_473

        by_agent: Counter[str] = Counter()
        by_quarter: dict[str, Counter[str]] = defaultdict(Counter)
        for row in won:
            agent, cents = member_id(row["sales_agent"]), int(row["close_value"]) * CENTS
            by_agent[agent] += cents
            by_quarter[_quarter(row)][agent] += cents
        assert by_agent["darcel-schlecht"] == 1_153_214 * CENTS
        assert await _sales(so, "2017") == by_agent
        for quarter, sums in by_quarter.items():
            assert await _sales(so, quarter) == sums

    open_deals = Counter[str]()
    for stage in ("prospect", "needs"):
        cursor: dict[str, str] = {}
        while True:
            page = await so.get("/pipeline/v1/opportunities", stage=stage, limit=200, **cursor)
            open_deals[stage] += sum(1 for deal in page["items"] if deal["lead_id"] is None)
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
    assert open_deals == {"prospect": 500, "needs": 1_589}
    orders = await so.get("/contract/v1/orders", limit=200)
    handed_over = {order["contract_id"] for order in orders["items"]}
    contracts = await so.get("/contract/v1/contracts", status="signed", limit=200)
    assert not handed_over & {contract["id"] for contract in contracts["items"] if contract["historical"]}
    assert any(contract["historical"] for contract in contracts["items"])
