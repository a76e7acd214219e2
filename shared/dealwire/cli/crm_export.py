"""Reading a CRM's export: teams, accounts, products and deals in CSV files, with the dirt of the real world.

The layout is that of the public "CRM Sales Opportunities" data set by Maven Analytics: `sales_teams.csv`,
`products.csv` and `sales_pipeline.csv`, comma-separated with a header, dates as month/day/year.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from dealwire.cli.bad_rows import BadRow
from dealwire.cli.console import Failure

_PIPELINE, _TEAMS, _PRODUCTS = "sales_pipeline.csv", "sales_teams.csv", "products.csv"
_COLUMNS = {
    _PIPELINE: {
        "opportunity_id",
        "sales_agent",
        "product",
        "account",
        "deal_stage",
        "engage_date",
        "close_date",
        "close_value",
    },
    _TEAMS: {"sales_agent", "manager", "regional_office"},
    _PRODUCTS: {"product"},
}
_MINOR_PER_MAJOR = 100


@dataclass(frozen=True, slots=True)
class Row:
    """A deal as the import takes it, and the line it stands on."""

    line: int
    deal: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Export:
    """A folder of files, read and checked as far as one can without the services."""

    people: list[tuple[str, dict[str, Any]]]
    """What to put where, in an order in which everybody named is there already: managers, teams, agents."""
    products: list[str]
    rows: list[Row]
    bad: list[BadRow]


def read_export(folder: Path, currency: str) -> Export:
    """Raises Failure for a folder that is no such export; a bad line is no reason not to read the others."""
    rows: list[Row] = []
    bad: list[BadRow] = []
    for line, raw in _lines(folder, _PIPELINE):
        try:
            rows.append(Row(line, _deal(raw, currency)))
        except ValueError as error:
            bad.append(BadRow(line, raw["opportunity_id"], str(error)))
    began = min((row.deal["engaged_on"] for row in rows if row.deal["engaged_on"]), default=date.today().isoformat())  # noqa: DTZ011
    return Export(_people(folder, began), [raw["product"] for _, raw in _lines(folder, _PRODUCTS)], rows, bad)


def member_id(name: str) -> str:
    """A person's id from the name: `Darcel Schlecht` is `darcel-schlecht`."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")
    if not slug:
        raise ValueError(f"no id can be made of the name {name!r}")
    return slug


def _people(folder: Path, since: str) -> list[tuple[str, dict[str, Any]]]:
    managers, teams, agents = {}, {}, {}
    for _, raw in _lines(folder, _TEAMS):
        manager, office = member_id(raw["manager"]), raw["regional_office"]
        team = f"team-{manager}"
        managers[f"members/{manager}"] = {"name": raw["manager"], "roles": ["team_lead"], "regions": [office]}
        teams[f"teams/{team}"] = {"name": f"{raw['manager']}'s team", "manager_id": manager, "region": office}
        agents[f"members/{member_id(raw['sales_agent'])}"] = {
            "name": raw["sales_agent"],
            "roles": ["am"],
            "manager_id": manager,
            "memberships": [{"team_id": team, "since": since}],
            "regions": [office],
        }
    return [*managers.items(), *teams.items(), *agents.items()]


def _deal(raw: Mapping[str, str], currency: str) -> dict[str, Any]:
    value = raw["close_value"]
    if value and not value.isdigit():
        raise ValueError(f"close_value is no whole amount: {value!r}")
    stage = raw["deal_stage"].casefold()
    money = {"minor": int(value) * _MINOR_PER_MAJOR, "currency": currency} if value else None
    return {
        "external_id": raw["opportunity_id"],
        "agent": member_id(raw["sales_agent"]),
        "product": raw["product"],
        "account": raw["account"] or None,
        "stage": stage,
        "engaged_on": _day(raw["engage_date"], "engage_date"),
        "closed_on": _day(raw["close_date"], "close_date"),
        "value": money,
    }


def _day(text: str, column: str) -> str | None:
    try:
        return datetime.strptime(text, "%m/%d/%Y").date().isoformat() if text else None  # noqa: DTZ007  # a day has no zone
    except ValueError:
        raise ValueError(f"{column} is no date of the form month/day/year: {text!r}") from None


def _lines(folder: Path, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    path = folder / name
    if not path.is_file():
        raise Failure(f"There is no {name} in {folder}. An export has {', '.join(_COLUMNS)}.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = _COLUMNS[name] - set(reader.fieldnames or ())
        if missing:
            raise Failure(f"{name} has no column {', '.join(sorted(missing))}.")
        for raw in reader:
            yield reader.line_num, {column: (raw[column] or "").strip() for column in _COLUMNS[name]}
