"""Facts rolled up by day, so that a scorecard sums a few cells instead of every fact.

Adding and taking the earlier are commutative and associative, and a fact is kept once under its event's id: whatever
the order, the batches or the number of deliveries, the roll-ups come out the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from kpi_service.domain.facts import Fact
from kpi_service.domain.metrics import Metric


class Key(NamedTuple):
    """What a cell is about; `member_id` is `None` for what counts for the company only."""

    day: date
    member_id: str | None
    metric: Metric
    currency: str | None = None


class Cell(NamedTuple):
    """The sum of what was contributed, and by how many facts."""

    total: int = 0
    facts: int = 0

    def plus(self, other: Cell) -> Cell:
        return Cell(self.total + other.total, self.facts + other.facts)


class First(NamedTuple):
    """The earliest contribution of those that count once; compared in this order, and event ids differ."""

    day: date
    time: datetime
    event_id: str
    member_id: str | None
    metric: Metric

    @property
    def key(self) -> Key:
        return Key(self.day, self.member_id, self.metric)


Totals = Mapping[tuple[Metric, str | None], Cell]
"""What a person, a team or the company did in a period, per metric and currency."""


@dataclass(frozen=True, slots=True)
class RollUps:
    """Cells to be added up, and the first of everything that counts once."""

    cells: Mapping[Key, Cell] = field(default_factory=dict)
    firsts: Mapping[str, First] = field(default_factory=dict)

    def plus(self, other: RollUps) -> RollUps:
        cells = dict(self.cells)
        for key, cell in other.cells.items():
            cells[key] = cells.get(key, Cell()).plus(cell)
        firsts = dict(self.firsts)
        for once, first in other.firsts.items():
            firsts[once] = min(firsts.get(once, first), first)
        return RollUps(cells, firsts)


def roll_up(facts: Iterable[Fact]) -> RollUps:
    """The roll-ups of these facts; each event at most once among them."""
    cells: dict[Key, Cell] = {}
    firsts: dict[str, First] = {}
    for fact in facts:
        for metric, value, currency, once in fact.contributions:
            if once is None:
                key = Key(fact.day, fact.member_id, metric, currency)
                so_far, number = cells.get(key, (0, 0))
                cells[key] = Cell(so_far + value, number + 1)
            else:
                first = First(fact.day, fact.time, fact.event_id, fact.member_id, metric)
                firsts[once] = min(firsts.get(once, first), first)
    return RollUps(cells, firsts)


def total(parts: Iterable[Totals]) -> Totals:
    """The totals of several members together."""
    sums: dict[tuple[Metric, str | None], Cell] = {}
    for part in parts:
        for key, cell in part.items():
            sums[key] = sums.get(key, Cell()).plus(cell)
    return sums
