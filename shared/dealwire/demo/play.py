"""Plays the sample and checks what came of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from dealwire.cli.client import Api
from dealwire.demo.sample import SIGNED, Sample
from dealwire.demo.story import As, Ending, play

_AT_ONCE = 4
_PATIENCE_SECONDS = 30
_SERVICES = ("lead", "pipeline", "contract", "kpi")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures in the end, and everything that is not as it should be, in sentences."""

    cards: dict[str, dict[tuple[str, str | None], Any]]
    wrong: list[str]


async def hire(sample: Sample, so: Api) -> None:
    """Puts teams and members in."""
    for id_, team in sample.teams.items():
        await so.put(f"/kpi/v1/teams/{id_}", team)
    for id_, member in sample.members.items():
        await so.put(f"/kpi/v1/members/{id_}", member)


async def tell(sample: Sample, as_: As) -> AsyncIterator[Ending]:
    """Plays all leads, some at once; a lead that links to another waits for that one's road to end."""
    for expect in ("captured", "linked", "refused"):
        waiting = asyncio.Semaphore(_AT_ONCE)

        async def one(lead: Any, free: asyncio.Semaphore = waiting) -> Ending:
            async with free:
                return await play(lead, as_)

        for ending in asyncio.as_completed([one(lead) for lead in sample.leads if lead.expect == expect]):
            yield await ending


async def outcome(sample: Sample, endings: list[Ending], so: Api) -> Outcome:
    """Compares the figures with the sample, as soon as they have caught up."""
    days = sorted(ending.signed_on for ending in endings if ending.signed_on)
    wrong = [f"lead {ending.lead.number}: {ending.wrong}" for ending in endings if ending.wrong]
    if not days:
        return Outcome({}, [*wrong, "no contract was signed"])
    wanted = sample.sales()
    signed = sum(1 for lead in sample.leads if lead.road in SIGNED)
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        cards = {id_: await _card(so, id_, days) for id_, member in sample.members.items() if "am" in member["roles"]}
        sold = {
            (am, currency): value
            for am, card in cards.items()
            for (name, currency), value in card.items()
            if name == "sales_amount" and value
        }
        won = sum(card["opportunities_won", None] for card in cards.values())
        if (sold == wanted and won == signed) or time.monotonic() > end:
            break
        await asyncio.sleep(0.2)
    if sold != wanted:
        wrong.append(f"sales are {sold}, not {wanted}")
    if won != signed:
        wrong.append(f"{won} opportunities are won, not {signed}")
    return Outcome(cards, wrong)


async def unready(so: Api) -> list[str]:
    """A sentence for every service that is not ready; only the gateway of the embedded stack lets one ask."""
    probes = {service: await so.get(f"/{service}/readyz") for service in _SERVICES}
    return [
        f"{service}-service is {probe['status']}: {probe['checks']}"
        for service, probe in probes.items()
        if probe["status"] != "ready"
    ]


async def _card(so: Api, member: str, days: list[str]) -> dict[tuple[str, str | None], Any]:
    card = await so.get(f"/kpi/v1/scorecards/members/{member}", **{"from": days[0], "to": days[-1]})
    return {(figure["name"], figure["currency"]): figure["value"] for figure in card["figures"]}
