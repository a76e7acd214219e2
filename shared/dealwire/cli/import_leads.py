"""`dealwire import leads`: leads out of a file, through the public API."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dealwire.catalogue.common import Channel
from dealwire.cli.client import Api, Token, Url, api
from dealwire.cli.console import Failure, err, out, say

_PART = 1 << 18
_LOOK_SECONDS = 0.3
_SHOWN = 10

Column = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="Where a field is, if the guess is wrong; as often as needed."),
]


def leads(
    file: Annotated[
        Path, typer.Argument(help="CSV, XLSX or NDJSON; the first row names the columns.", exists=True, dir_okay=False)
    ],
    url: Url = "",
    token: Token = "",
    channel: Annotated[Channel | None, typer.Option(help="Where they come from, if no column says so.")] = None,
    campaign: Annotated[str | None, typer.Option(help="The campaign, if no column says so.")] = None,
    mapped: Column = None,
    look: Annotated[bool, typer.Option("--look", help="Only show which column is taken for what.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Import a file anew that was imported before.")] = False,
    errors: Annotated[Path | None, typer.Option(help="Write the rows that were refused here (CSV).")] = None,
) -> None:
    """Import leads from a file. Which column is what is guessed from its name, in Chinese or English, and shown.

    Run it again if it was interrupted: it goes on where it was, and no row counts twice. Ends with status 1 when a row
    was refused.

        dealwire import leads visitors.xlsx --channel expo --campaign "CMEF spring" --errors refused.csv
    """
    preset = {"channel": channel, "campaign": campaign}
    if asyncio.run(_import(file, preset, mapped or [], url, token, look=look, again=again, errors=errors)):
        raise typer.Exit(1)


async def _import(
    file: Path,
    preset: dict[str, Any],
    mapped: list[str],
    url: str,
    token: str,
    *,
    look: bool,
    again: bool,
    errors: Path | None,
) -> int:
    """Answers how many rows were refused."""
    began = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with api(url, token, subject="lead-import", roles=["machine"], scopes=["leads:import"]) as services:
        known = await _begun(services, file, preset, again)
        path = f"/lead/v1/imports/{known['id']}"
        if known["status"] == "open":
            known = await _upload(services, path, file)
        if known["status"] == "ready":
            if mapped:
                known = await services.put(f"{path}/mapping", {"mapping": known["mapping"] | _mapping(mapped)})
            _show(known)
            if look:
                return 0
            known = await services.post(f"{path}/start")
        if known["status"].startswith("undo"):
            raise Failure("This import was undone. --again imports the file anew.")
        before = known["rows"] - known["waiting"]
        with Progress(*columns, console=err) as progress:
            task = progress.add_task("leads", total=known["rows"])
            while known["status"] == "running":
                progress.update(task, completed=known["rows"] - known["waiting"])
                await asyncio.sleep(_LOOK_SECONDS)
                known = await services.get(path)
            progress.update(task, completed=known["rows"])
        refused = await _refused(services, path, errors) if known["errors"] else []
    rate = (known["rows"] - before) / (time.monotonic() - began)
    out.print(
        f"{known['captured']} leads captured, {known['linked']} linked to leads that were there, "
        f"{known['errors']} rows refused ({rate:.0f} rows/s); import {known['id']}"
    )
    for line in refused[1 : _SHOWN + 1]:
        say(line)
    return int(known["errors"])


async def _begun(services: Api, file: Path, preset: dict[str, Any], again: bool) -> Any:
    """The import of this file; the one that was begun before, unless it is to be made anew."""
    content = await asyncio.to_thread(_digest, file)
    told = hashlib.sha256(json.dumps([preset, file.name, content]).encode()).hexdigest()
    key = f"leads-{uuid4()}" if again else f"leads-{told}"
    begun = await services.post("/lead/v1/imports", {"name": file.name, **preset}, key=key)
    return await services.get(f"/lead/v1/imports/{begun['id']}")


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


async def _upload(services: Api, path: str, file: Path) -> Any:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=err) as progress:
        task = progress.add_task(file.name, total=file.stat().st_size)  # noqa: ASYNC240  # a look, once

        async def parts() -> AsyncIterator[bytes]:
            progress.reset(task)
            with file.open("rb") as content:
                while part := content.read(_PART):
                    yield part
                    progress.advance(task, len(part))

        return await services.put_bytes(f"{path}/file", parts)


def _mapping(mapped: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in mapped:
        field, equals, column = each.partition("=")
        if not equals:
            raise Failure(f"--map takes FIELD=COLUMN, not {each!r}.")
        found.setdefault(field.strip(), []).append(column.strip())
    return found


def _show(known: Any) -> None:
    """Which column is taken for what."""
    for field, columns in known["mapping"].items():
        say(f"  {field:<13} {' or '.join(columns)}")
    if left := [each for each in known["columns"] if not any(each in names for names in known["mapping"].values())]:
        say(f"  not used      {', '.join(left)}")
    if known["unmapped"]:
        say(f"  missing       {', '.join(known['unmapped'])}: say --map FIELD=COLUMN or --channel")


async def _refused(services: Api, path: str, errors: Path | None) -> list[str]:
    """The refused rows as they may be put right and imported again; the first of them to show."""
    first: list[str] = []
    file = errors.open("w", encoding="utf-8-sig", newline="") if errors else None
    try:
        async for line in services.lines(f"{path}/rows", only="error"):
            if len(first) <= _SHOWN:
                first.append(line)
            if file:
                file.write(f"{line}\n")
    finally:
        if file:
            file.close()
    return first
