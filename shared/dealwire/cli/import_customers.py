"""`dealwire import customers`: the accounts of an older system, through the public API."""

from __future__ import annotations

import asyncio
import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dealwire.cli.bad_rows import BadRow, tell
from dealwire.cli.client import Token, Url, api
from dealwire.cli.console import Failure, err, out

_BATCH = 250
_COLUMNS = {
    "name": ("account", "account_name", "company", "customer", "name", "公司名称", "客户名称"),
    "owner": ("owner_id", "owner", "am_id", "客户经理"),
    "industry": ("industry", "sector", "行业"),
    "region": ("region", "office_location", "地区"),
}
"""What columns may be called; the first of them that a file has counts."""


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    account: dict[str, Any]


def customers(
    file: Annotated[
        Path, typer.Argument(help="CSV, UTF-8; the first row names the columns.", exists=True, dir_okay=False)
    ],
    url: Url = "",
    token: Token = "",
    owner: Annotated[str, typer.Option(help="The AM of the customers whose row names none, by id.")] = "",
    errors: Annotated[Path | None, typer.Option(help="Write the rows that could not be imported here (CSV).")] = None,
) -> None:
    """Import the accounts of an older system as customers; leads that name them are linked to them from then on.

    Columns: account, owner_id, industry or sector, region. Run it again at any time, also after it was interrupted: a
    customer that has an account already keeps it as it is. Ends with status 1 when a row could not be imported.

        dealwire import customers accounts.csv --owner li.wei
    """
    tell(asyncio.run(_import(_rows(file, owner), url, token)), errors)


async def _import(rows: list[_Row], url: str, token: str) -> list[BadRow]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    calling = api(url, token, subject="crm-import", roles=["machine"], scopes=["accounts:import"])
    bad: list[BadRow] = []
    count: Counter[str] = Counter()
    async with calling as services:
        with Progress(*columns, console=err) as progress:
            task = progress.add_task("customers", total=len(rows))
            for start in range(0, len(rows), _BATCH):
                batch = rows[start : start + _BATCH]
                body = {"accounts": [row.account for row in batch]}
                answer = await services.post("/pipeline/v1/imports/accounts", body)
                for row, told in zip(batch, answer["rows"], strict=True):
                    count[told["status"]] += 1
                    if told["status"] == "error":
                        where = told["error"]["pointer"].rsplit("/", 1)[-1]
                        bad.append(BadRow(row.line, str(row.account["name"]), f"{where}: {told['error']['detail']}"))
                progress.advance(task, len(batch))
    out.print(
        f"{count['created']} customers imported, {count['already_there']} were there already, {count['error']} rows refused"
    )
    return bad


def _rows(path: Path, owner: str) -> list[_Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        there = {(name or "").strip().casefold(): name for name in reader.fieldnames or ()}
        named = {
            field: there[column]
            for field, columns in _COLUMNS.items()
            if (column := next((each for each in columns if each in there), None))
        }
        if "name" not in named:
            raise Failure(f"{path.name} has no column with the customers' names, such as {_COLUMNS['name'][0]}.")
        if "owner" not in named and not owner:
            raise Failure(f"{path.name} has no column {_COLUMNS['owner'][0]}: say --owner.")
        return [_Row(reader.line_num, _account(raw, named, owner)) for raw in reader]


def _account(raw: dict[str, Any], named: dict[str, str], owner: str) -> dict[str, Any]:
    told = {field: (raw[column] or "").strip() or None for field, column in named.items()}
    return told | {"owner": told.get("owner") or owner}
