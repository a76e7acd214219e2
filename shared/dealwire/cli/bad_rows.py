"""Rows of a file that could not be imported: shown, and written where they can be looked at."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from dealwire.cli.console import say

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line of a file that cannot be used, and why."""

    line: int
    id: str
    why: str


def tell(bad: Sequence[BadRow], file: Path | None) -> None:
    """Shows the first, writes all, and ends with status 1 where there is any."""
    if file:
        _write(file, bad)
    for row in bad[:_SHOWN]:
        say(f"line {row.line}, {row.id}: {row.why}")
    if bad:
        say(f"{len(bad)} rows could not be imported" + (f"; see {file}." if file else "; --errors FILE lists all."))
        raise typer.Exit(1)


def _write(path: Path, bad: Sequence[BadRow]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "id", "why"])
        writer.writerows((row.line, row.id, row.why) for row in bad)
