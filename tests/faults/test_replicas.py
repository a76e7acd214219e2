"""Two replicas of each service at work: every command sent twice at once, and deadlines that both of them watch."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest
from faults.conftest import Tell
from support.audit import audit
from support.books import CONTRACTS, LEADS, ORDERS, read_books
from support.fleet import CONTRACT, LEAD, Fleet, metric
from support.hours import always_open
from support.place import Place
from support.traffic import Office, Road, Team

from dealwire.catalogue import contract, lead

pytestmark = pytest.mark.timeout(600)

FIRED = "dealwire_deadlines_fired_total"
SHORT = 0.0008
"""Working hours: three seconds."""
LET_LIE = [
    event.type
    for event in (
        lead.LeadCaptured,
        lead.LeadLinked,
        lead.LeadQualified,
        *2 * (lead.LeadAssigned, lead.LeadReturned),
    )
]
"""The life of a lead that neither of two AMs wants."""
NOT_TAKEN = [event.type for event in (contract.OrderHandedOver, contract.OrderEscalated)]


@pytest.fixture
async def fleet(place: Place, tmp_path: Path) -> AsyncIterator[Fleet]:
    """Everybody is working, and has little time to accept a lead or an order."""
    hours = {f"DEALWIRE_{name.upper()}": str(value) for name, value in always_open().items()}
    own = {
        LEAD: {"DEALWIRE_POLICY": json.dumps({"acceptance_hours": SHORT})},
        CONTRACT: {"DEALWIRE_POLICY": json.dumps({"order_acceptance_hours": SHORT})},
    }
    async with Fleet(place, tmp_path, environment=hours, own=own) as fleet:
        yield await fleet.start()


async def test_replicas_do_nothing_twice_and_every_deadline_fires_once(place: Place, fleet: Fleet, tell: Tell) -> None:
    async with aclosing(Office(fleet.url, fleet.keys, doubled=True)) as office:
        (team,) = await office.hire("medical")
        other = {"name": "Li Na", "roles": ["am"], "industries": ["medical"]}
        await office.as_("so.zhao", "so").put("/kpi/v1/members/am.other", other)
        await audit(place)

        deals, leads = await asyncio.gather(
            asyncio.gather(*(_signed(office, team) for _ in range(6))),
            asyncio.gather(*(_assigned(office, team) for _ in range(20))),
        )
        await _come_to(place, NOT_TAKEN, ORDERS, deals)
        await _come_to(place, LET_LIE, LEADS, leads)
        for service, fired in ((CONTRACT, len(deals)), (LEAD, 2 * len(leads))):
            by_replica = [await metric(replica, FIRED) for replica in fleet.of(service)]
            tell(f"deadlines fired by the replicas of {service}: {by_replica}")
            assert sum(by_replica) == fired

        more = await asyncio.gather(*(_assigned(office, team) for _ in range(10)))
        one, another = fleet.of(LEAD)
        await one.kill()
        await one.start()
        await another.kill()
        await _come_to(place, LET_LIE, LEADS, more)
        await another.start()
        books = await audit(place)
    for road in (*leads, *more):
        assert books.life(LEADS, road.ids[LEADS]) == LET_LIE
    for road in deals:
        assert books.life(ORDERS, road.ids[ORDERS]) == NOT_TAKEN
        assert books.life(CONTRACTS, road.ids[CONTRACTS]) == road.lives[CONTRACTS]


async def _signed(office: Office, team: Team) -> Road:
    road = await office.open(team)
    await office.quote(road)
    await office.sign(road)
    return road


async def _assigned(office: Office, team: Team) -> Road:
    road = await office.capture(team)
    assert (await office.assign(road))["status"] == "assigned"
    return road


async def _come_to(place: Place, life: list[str], source: str, roads: Sequence[Road]) -> None:
    """Until as much has happened to all of them as should; not more."""
    async with asyncio.timeout(120):
        while True:
            books = await read_books(place)
            lives = [books.life(source, road.ids[source]) for road in roads]
            assert all(each == life[: len(each)] for each in lives), lives
            if all(each == life for each in lives):
                return
            await asyncio.sleep(0.5)
