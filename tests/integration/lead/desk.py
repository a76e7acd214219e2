"""lead-service with everybody who works with it, and leads in the states that tests start from."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from support.events import a_publisher, an_event
from support.place import Place
from support.service import Client, eventually, running

from dealwire.catalogue.common import Role
from dealwire.catalogue.people import MemberChanged
from dealwire.event import Event
from dealwire.kit.bus import Bus
from dealwire.kit.store import Database
from lead_service.main import build
from lead_service.settings import LeadSettings
from lead_service.store import SERVICE

Json = dict[str, Any]

LI, CHEN, GU, GONE = "am.li", "am.chen", "am.gu", "am.gone"
WANG, ZHOU = "se.wang", "se.zhou"
MEMBERS = (
    MemberChanged(member_id=LI, name="Li Wei", roles=(Role.AM,), industries=("medical",), manager_id="team_lead.1"),
    MemberChanged(member_id=CHEN, name="Chen Jie", roles=(Role.AM,), industries=("medical",)),
    MemberChanged(member_id=GU, name="Gu Min", roles=(Role.AM,)),
    MemberChanged(member_id=GONE, name="Gone", roles=(Role.AM,), industries=("medical",), active=False),
    MemberChanged(member_id=WANG, name="Wang Fang", roles=(Role.SE,), industries=("medical",)),
    MemberChanged(member_id=ZHOU, name="Zhou Ping", roles=(Role.SE,)),
)
ANSWERS = {
    "A": {"budget": 90, "authority": 80, "need": 90, "timeline": 50},
    "B": {"budget": 20, "authority": 80, "need": 90, "timeline": 50},
    "C": {"budget": 20, "authority": 20, "need": 10, "timeline": 0},
}
"""BANT answers that make the grade."""

_numbers = itertools.count()


def a_phone() -> str:
    """A Chinese mobile number that nobody had yet."""
    return f"138{next(_numbers):08d}"


def a_capture(**changes: Any) -> Json:
    return {
        "company": "协和医疗有限公司",
        "contact": {"name": "王芳", "phone": a_phone()},
        "channel": "expo",
        "industry": "medical",
    } | changes


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and slug of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].removeprefix("urn:dealwire:problem:")


async def done(request: Any) -> Json:
    answer = await request
    assert answer.is_success, answer.text
    body: Json = answer.json()
    return body


@dataclass(frozen=True)
class Desk:
    """lead-service, called by nobody in particular (`client`), by sales operations (`so`) or by an AM."""

    client: Client
    bus: Bus
    place: Place

    @property
    def so(self) -> Client:
        return self.client.as_("so.zhao", Role.SO)

    def am(self, am_id: str = LI) -> Client:
        return self.client.as_(am_id, Role.AM)

    async def lead(self, grade: str | None = None, to: str | None = None, **told: Any) -> Json:
        """A new lead; with a grade a qualified one, with `to` one that this AM got."""
        captured = await done(self.so.post("/v1/leads", json=a_capture(**told)))
        path = f"/v1/leads/{captured['id']}"
        if to:  # routed to nobody, so that it is free to be given to anybody
            await done(self.so.post(f"{path}/qualify", json=ANSWERS["B"]))
            return await done(self.so.post(f"{path}/assign", json={"am_id": to}))
        if grade:
            return await done(self.so.post(f"{path}/qualify", json=ANSWERS[grade]))
        return await self.get(captured["id"])

    async def accepted(self, am_id: str = LI, **told: Any) -> Json:
        lead = await self.lead(to=am_id, **told)
        return await done(self.am(am_id).post(f"/v1/leads/{lead['id']}/accept"))

    async def get(self, lead_id: str) -> Json:
        return await done(self.so.get(f"/v1/leads/{lead_id}"))

    async def timeline(self, lead_id: str) -> list[Event]:
        """Everything that happened to a lead, from all its pages."""
        events: list[Event] = []
        query: Json = {"limit": 200}
        while True:
            page = await done(self.so.get(f"/v1/leads/{lead_id}/timeline", params=query))
            events += [Event.model_validate(event) for event in page["items"]]
            if page["next"] is None:
                return events
            query["cursor"] = page["next"]

    async def happened(self, lead_id: str) -> list[str]:
        """The same, as words: `captured`, then `qualified` and so on."""
        return [event.type.split(".")[1] for event in await self.timeline(lead_id)]


@asynccontextmanager
async def a_desk(place: Place, *members: MemberChanged, **settings: Any) -> AsyncIterator[Desk]:
    """lead-service at a place, knowing these members (none named: `MEMBERS`)."""
    async with running(build, LeadSettings, place, **settings) as client, a_publisher(place) as bus:
        for member in members or MEMBERS:
            await bus.publish(an_event(member, subject=member.member_id))
        await knows(place, len(members or MEMBERS))
        yield Desk(client, bus, place)


async def knows(place: Place, members: int) -> None:
    """Waits until lead-service has heard of so many members."""
    database = Database(place.mongo_url, place.database(SERVICE))
    collection = database.collection("members")

    async def all_there() -> bool:
        return await collection.count_documents({}) == members

    try:
        await eventually(all_there, f"{members} members are known")
    finally:
        await database.stop()
