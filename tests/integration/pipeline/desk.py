"""The people around pipeline-service, and the other services' events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from httpx import Response
from pymongo import MongoClient
from support.events import a_publisher, an_event
from support.place import Place
from support.service import Client, eventually, running
from unit.pipeline.builders import AM, SE, a_converted_lead, a_line

from dealwire.catalogue.common import Role
from dealwire.catalogue.people import MemberChanged
from dealwire.event import EventData, derived_id
from dealwire.kit.bus import Bus
from dealwire.kit.metrics import consumer_handled
from pipeline_service.main import build
from pipeline_service.settings import PipelineSettings
from pipeline_service.store import SERVICE

A_QUOTE = {"lines": [a_line().model_dump(mode="json")]}
FORWARD = ("needs", "solution", "quote")


class Desk:
    """Everybody who works on deals, each as a client of their own."""

    def __init__(self, client: Client, bus: Bus) -> None:
        self.anybody = client
        self.am = client.as_(AM, Role.AM)
        self.se = client.as_(SE, Role.SE)
        self.other_am = client.as_("am.chen", Role.AM)
        self.lead = client.as_("lead.zhou", Role.TEAM_LEAD)
        self.so = client.as_("so.zhao", Role.SO)
        self._bus = bus

    async def tell(self, data: EventData, subject: str, sequence: int = 1) -> None:
        """Another service's event."""
        await self._bus.publish(an_event(data, subject=subject, sequence=sequence))

    async def a_deal(self, **lead: Any) -> str:
        """The deal of a converted lead, by its id; at `prospect`. Nobody has met the company before."""
        new = f"lead-{uuid4()}"
        told = a_converted_lead(**{"lead_id": new, "company": f"{new} 有限公司", **lead})
        lead_id = told.lead_id
        await self.tell(told, lead_id)
        deal_id = derived_id("opportunity", lead_id)
        await eventually(lambda: self._is_there(deal_id), "the lead is a deal")
        return deal_id

    async def a_quoted_deal(self) -> tuple[str, str]:
        """A deal with a quote, as the path of the deal and that of the quote."""
        path = f"/v1/opportunities/{await self.a_deal()}"
        for stage in FORWARD:
            done(await self.am.post(f"{path}/move", json={"stage": stage}))
        deal = done(await self.am.post(f"{path}/quotes", json=A_QUOTE), 201)
        return path, f"{path}/quotes/{deal['quotes'][-1]['id']}"

    async def a_deal_in_contract(self) -> str:
        """The path of a deal whose quote was accepted."""
        path, quote = await self.a_quoted_deal()
        for who, step in ((self.am, "confirm"), (self.se, "confirm"), (self.am, "send"), (self.am, "accept")):
            done(await who.post(f"{quote}/{step}"))
        return path

    async def an_account(self, **lead: Any) -> str:
        """The path of the account of a converted lead's company."""
        deal = done(await self.so.get(f"/v1/opportunities/{await self.a_deal(**lead)}"))
        return f"/v1/accounts/{deal['account_id']}"

    async def events(self, path: str) -> list[str]:
        """What happened to a record, in order."""
        page = done(await self.so.get(f"{path}/timeline", params={"limit": 200}))
        return [event["type"] for event in page["items"]]

    async def _is_there(self, deal_id: str) -> bool:
        return (await self.so.get(f"/v1/opportunities/{deal_id}")).status_code == 200


@asynccontextmanager
async def a_desk(place: Place) -> AsyncIterator[Desk]:
    """pipeline-service, with two SEs and two AMs in its replica."""
    async with (
        running(build, PipelineSettings, place, retry_tiers_seconds=(1, 2, 4, 8)) as client,
        a_publisher(place) as bus,
    ):
        desk = Desk(client, bus)
        for member_id, role in ((AM, Role.AM), ("am.chen", Role.AM), (SE, Role.SE), ("se.zhao", Role.SE)):
            await desk.tell(MemberChanged(member_id=member_id, name=member_id, roles=(role,)), member_id)
        await eventually(lambda: _members_known(place), "the members are known")
        yield desk


async def _members_known(place: Place) -> bool:
    with MongoClient[dict[str, Any]](place.mongo_url) as mongo:
        return mongo[place.database(SERVICE)]["members"].count_documents({}) == 4


def reactions(*outcomes: str) -> int:
    """How many events have been reacted to so far, with one of these outcomes."""
    samples = [sample for metric in consumer_handled.collect() for sample in metric.samples]
    return sum(
        int(each.value) for each in samples if each.name.endswith("_total") and each.labels["outcome"] in outcomes
    )


def done(response: Response, status: int = 200) -> Any:
    """What a request that must succeed answered."""
    assert response.status_code == status, response.text
    return response.json()


def refused(response: Response, status: int, slug: str) -> Any:
    """The problem that a request must be refused with."""
    problem = response.json()
    assert (response.status_code, problem["type"]) == (status, f"urn:dealwire:problem:{slug}"), response.text
    return problem
