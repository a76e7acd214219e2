"""What a measurement comes to: rows, one table, one file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table


@dataclass(frozen=True)
class Row:
    """A figure beside its floor: the least that does the same, measured in the same run on as many processes.

    `target` is what `ratio`, the value by the floor, should be: "≥ 0.6" or "≤ 3".
    """

    name: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    target: str | None = None

    @classmethod
    def of(cls, name: str, value: float, unit: str, floor: float | None = None, target: str | None = None) -> Row:
        """A row with the ratio worked out, all figures rounded to what they are worth."""
        if floor is None:
            return cls(name, _rounded(value), unit)
        return cls(name, _rounded(value), unit, _rounded(floor), round(value / floor, 2), target)

    @property
    def verdict(self) -> str:
        """How the ratio stands to its target; nothing where there is none."""
        if self.target is None or self.ratio is None:
            return ""
        sense, bound = self.target.split()
        return "ok" if (self.ratio >= float(bound) if sense == "≥" else self.ratio <= float(bound)) else "below target"


def table(rows: Sequence[Row]) -> Table:
    """All rows, for people."""
    drawn = Table(title="Dealwire beside the floors of this machine")
    for heading in ("what", "value", "unit", "floor", "ratio", "target", ""):
        drawn.add_column(heading, justify="right" if heading in ("value", "floor", "ratio", "target") else "left")
    for row in rows:
        style = "yellow" if row.verdict == "below target" else None
        figures = (_text(row.value), row.unit, _text(row.floor), _text(row.ratio), row.target or "")
        drawn.add_row(row.name, *figures, row.verdict, style=style)
    return drawn


def save(rows: Sequence[Row], path: Path) -> None:
    """The same, for programs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _rounded(figure: float) -> float:
    return round(figure) if figure >= 100 else round(figure, 1)


def _text(figure: float | None) -> str:
    return "" if figure is None else f"{figure:,}"
