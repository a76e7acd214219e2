"""`dealwire import`: leads, and an older system's customers and history, through the public API."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dealwire.cli.bad_rows import BadRow, tell
from dealwire.cli.client import Api, Token, Url, api
from dealwire.cli.console import err, out, say
from dealwire.cli.crm_export import Export, Row, read_export
from dealwire.cli.import_customers import customers
from dealwire.cli.import_leads import leads

app = typer.Typer(no_args_is_help=True, help="Bring leads, or the customers and history of an older system, in.")

_BATCH = 250
_AT_ONCE = 2
_PATIENCE_SECONDS = 120


@app.callback()
def import_() -> None:
    """Bring leads, or the customers and history of an older system, in, through the public API."""


app.command()(leads)
app.command()(customers)


@app.command()
def deals(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Holds sales_pipeline.csv, sales_teams.csv and products.csv.", exists=True, file_okay=False
        ),
    ],
    url: Url = "",
    token: Token = "",
    source: Annotated[str, typer.Option(help="Names the older system: its deal ids are its own.")] = "crm",
    currency: Annotated[str, typer.Option(help="ISO 4217 code of the amounts in the files.")] = "USD",
    errors: Annotated[Path | None, typer.Option(help="Write the rows that could not be imported here (CSV).")] = None,
) -> None:
    """Import past deals: teams, accounts, and every deal in its stage; won ones as signed contracts of their date.

    Run it again at any time, also after it was interrupted: what is there already stays as it is, and a row that now
    says something else is reported. Ends with status 1 when a row could not be imported.

    A machine's token needs the scopes people:write, deals:import and figures:read.

        dealwire import deals ~/crm-export --errors rejected.csv
    """
    export = read_export(folder, currency)
    tell(asyncio.run(_import(export, source, url, token)), errors)


async def _import(export: Export, source: str, url: str, token: str) -> list[BadRow]:
    calling = api(
        url, token, subject="crm-import", roles=["machine"], scopes=["people:write", "deals:import", "figures:read"]
    )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    began = time.monotonic()
    async with calling as services:
        with Progress(*columns, console=err) as progress:
            await _import_people(services, export, progress)
            bad, count = await _import_deals(services, export, source, progress)
            spent = time.monotonic() - began
            await _wait_for_figures(services, export, bad, progress)
    seen = sum(count.values())
    out.print(
        f"{count['created']} deals imported, {count['already_there']} were there already, "
        f"{len(export.bad) + count['error']} rows refused ({seen / max(spent, 0.001):.0f} rows/s)"
    )
    return [*export.bad, *bad]


async def _import_people(services: Api, export: Export, progress: Progress) -> None:
    for path, body in progress.track(export.people, description="people"):
        await services.put(f"/kpi/v1/{path}", body)


async def _import_deals(
    services: Api, export: Export, source: str, progress: Progress
) -> tuple[list[BadRow], Counter[str]]:
    task = progress.add_task("deals", total=len(export.rows))
    bad: list[BadRow] = []
    count: Counter[str] = Counter()
    batches = _batches(export.rows)

    async def work() -> None:
        for rows in batches:  # shared, so that each batch is taken once
            body = {"source": source, "products": export.products, "deals": [row.deal for row in rows]}
            answer = await services.post("/pipeline/v1/imports/deals", body)
            for row, told in zip(rows, answer["rows"], strict=True):
                count[told["status"]] += 1
                if told["status"] == "error":
                    where = told["error"]["pointer"].rsplit("/", 1)[-1]
                    bad.append(BadRow(row.line, row.deal["external_id"], f"{where}: {told['error']['detail']}"))
            progress.advance(task, len(rows))

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(work())
    return sorted(bad, key=lambda row: row.line), count


async def _wait_for_figures(services: Api, export: Export, bad: list[BadRow], progress: Progress) -> None:
    """Follows the won deals through contract-service into the figures."""
    refused = {row.line for row in bad}
    won = [row.deal["closed_on"] for row in export.rows if row.deal["stage"] == "won" and row.line not in refused]
    if not won:
        return
    task = progress.add_task("signed contracts in the figures", total=len(won))
    asked = {"from": min(won), "to": max(won)}
    end = time.monotonic() + _PATIENCE_SECONDS
    signed = 0
    while signed < len(won):
        card = await services.get("/kpi/v1/scorecards/company", **asked)
        figures = {figure["name"]: figure["value"] for figure in card["figures"]}
        if (now := figures.get("deals_signed") or 0) > signed:
            signed, end = now, time.monotonic() + _PATIENCE_SECONDS
            progress.update(task, completed=min(signed, len(won)))
        elif time.monotonic() > end:
            say(f"{signed} of {len(won)} signed contracts are in the figures; the others are still on their way.")
            return
        await asyncio.sleep(0.3)


def _batches(rows: list[Row]) -> Iterator[list[Row]]:
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]
