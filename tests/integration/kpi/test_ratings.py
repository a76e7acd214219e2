"""Ratings follow the ledger, and are told on the bus when they change."""

from __future__ import annotations

import asyncio

from integration.kpi.listening import listening
from support.events import a_publisher
from support.place import Place
from support.service import Client, eventually, running
from unit.kpi.builders import a_loss, a_win, happened

from dealwire.catalogue.common import Role
from dealwire.event import Event, utc_now
from kpi_service.main import build
from kpi_service.settings import KpiSettings

TODAY = utc_now().date()


async def test_a_rating_follows_the_ledger_and_is_told_once_by_two_replicas(place: Place) -> None:
    settings = {"rating_interval_seconds": 0.05}
    async with (
        running(build, KpiSettings, place, **settings) as kpi,
        running(build, KpiSettings, place, **settings),
        a_publisher(place) as bus,
        listening(place, "member.performance_rated.v1") as heard,
    ):
        so = kpi.as_("so.zhao", Role.SO)
        assert (await so.get("/v1/members/am.li/performance")).status_code == 404
        await bus.publish(happened(a_win("am.li", TODAY), "o1"))
        await _heard(heard, 1)
        await bus.publish(happened(a_loss("am.li", TODAY), "o2"))
        await bus.publish(happened(a_loss("am.chen", TODAY), "o3"))
        await _heard(heard, 3)
        await asyncio.sleep(0.5)
        told = [(event.data["member_id"], event.data["rating"], event.sequence) for event in heard]
        assert sorted(told) == [("am.chen", 0, 1), ("am.li", 50, 2), ("am.li", 100, 1)]
        await _shows(so, 50)


async def _heard(heard: list[Event], number: int) -> None:
    async def so_many() -> bool:
        return len(heard) >= number

    await eventually(so_many, f"{number} ratings were told")


async def _shows(so: Client, rating: int) -> None:
    performance = (await so.get("/v1/members/am.li/performance")).json()
    assert (performance["rating"], performance["version"]) == (rating, 2)
    assert performance["because"] == ["win_rate 0.5 of 2, counted 40"]
