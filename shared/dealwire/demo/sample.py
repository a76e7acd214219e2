"""The sample that comes along: a small department and the leads of a day, dirty ones among them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

Road = Literal["delivered", "signed", "quoted", "lost", "pool", "nurture", "discarded", "grabbed", "let lie"]
SIGNED = ("delivered", "signed")
CAPTURE = ("company", "contact", "channel", "campaign", "cost", "industry", "region", "need")


@dataclass(frozen=True, slots=True)
class SampleLead:
    """A row: what is captured, what capturing must answer, and how far the lead goes."""

    number: int
    told: Mapping[str, Any]
    expect: Literal["captured", "linked", "refused"]
    pointer: str | None
    bant: Mapping[str, int] | None
    road: Road | None
    lines: list[Mapping[str, Any]]
    special_clause: bool
    paid_minor: int
    reason: str | None

    @property
    def total(self) -> Mapping[str, Any]:
        """What the quote must come to."""
        minor = sum(
            (line["unit_price"]["minor"] * line["quantity"] * (100 - line.get("discount_percent", 0)) + 50) // 100
            for line in self.lines
        )
        return {"minor": minor, "currency": self.lines[0]["unit_price"]["currency"]}


@dataclass(frozen=True, slots=True)
class Sample:
    """`teams` and `members` as kpi-service takes them, by id; `clocks` are leads that time does something with, `twins`
    the same person twice.
    """

    teams: Mapping[str, Mapping[str, Any]]
    members: Mapping[str, Mapping[str, Any]]
    leads: list[SampleLead]
    clocks: list[SampleLead]
    twins: list[SampleLead]

    def am_of(self, lead: SampleLead) -> str:
        """Every industry has one AM here, so the routing has no choice."""
        return next(
            id_
            for id_, member in self.members.items()
            if "am" in member["roles"] and lead.told["industry"] in member["industries"]
        )

    def sales(self) -> dict[tuple[str, str], int]:
        """What kpi-service must say in the end: minor units by AM and currency."""
        sums: dict[tuple[str, str], int] = defaultdict(int)
        for lead in self.leads:
            if lead.road in SIGNED:
                sums[self.am_of(lead), lead.total["currency"]] += lead.total["minor"]
        return dict(sums)


def load_sample() -> Sample:
    """The sample of this package."""
    raw = json.loads(resources.files("dealwire.demo").joinpath("sample.json").read_text("utf-8"))
    return Sample(
        teams={team["id"]: {"name": team["name"], "region": team["region"]} for team in raw["teams"]},
        members={
            member["id"]: {
                "name": member["name"],
                "roles": member["roles"],
                "industries": member["industries"],
                "memberships": [{"team_id": member["team"], "since": "2026-01-01"}],
            }
            for member in raw["members"]
        },
        leads=[_lead(number, row) for number, row in enumerate(raw["leads"], 1)],
        clocks=[_lead(number, row) for number, row in enumerate(raw["clocks"], len(raw["leads"]) + 1)],
        twins=[
            _lead(number, row) for number, row in enumerate(raw["twins"], len(raw["leads"]) + len(raw["clocks"]) + 1)
        ],
    )


def _lead(number: int, row: Mapping[str, Any]) -> SampleLead:
    bant = row.get("bant")
    return SampleLead(
        number=number,
        told={name: row[name] for name in CAPTURE if name in row},
        expect=row.get("expect", "captured"),
        pointer=row.get("pointer"),
        bant=dict(zip(("budget", "authority", "need", "timeline"), bant, strict=True)) if bant else None,
        road=row.get("road"),
        lines=row.get("lines", []),
        special_clause=row.get("special_clause", False),
        paid_minor=row.get("paid_minor", 0),
        reason=row.get("reason"),
    )
