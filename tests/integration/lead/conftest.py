from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from support.events import a_publisher, an_event
from support.place import Place
from support.service import Client, eventually, running

from dealwire.catalogue.common import Role
from dealwire.catalogue.people import MemberChanged
from lead_service.main import build
from lead_service.settings import LeadSettings

MEMBERS = (
    MemberChanged(member_id="am.li", name="Li Wei", roles=(Role.AM,), industries=("medical",)),
    MemberChanged(member_id="am.chen", name="Chen Jie", roles=(Role.AM,), industries=("medical",)),
    MemberChanged(member_id="se.wang", name="Wang Fang", roles=(Role.SE,), industries=("medical",)),
)


@pytest.fixture
async def leads(place: Place) -> AsyncIterator[Client]:
    """lead-service with two AMs and an SE in its replica, called by sales operations."""
    async with running(build, LeadSettings, place) as client, a_publisher(place) as bus:
        for member in MEMBERS:
            await bus.publish(an_event(member, subject=member.member_id))
        sales_ops = client.as_("so.zhao", Role.SO)
        await eventually(lambda: _knows_members(sales_ops), "the members are known")
        yield sales_ops


async def _knows_members(sales_ops: Client) -> bool:
    """Members are seen through what they are for: an A lead finds its AM."""
    told = {
        "company": "Probe Ltd",
        "contact": {"name": "P", "email": "probe@example.com"},
        "channel": "referral",
        "industry": "medical",
    }
    lead = (await sales_ops.post("/v1/leads", json=told, headers={"Idempotency-Key": "probe"})).json()
    if lead["status"] == "intake":
        answers = {"budget": 90, "authority": 90, "need": 90, "timeline": 90}
        lead = (await sales_ops.post(f"/v1/leads/{lead['id']}/qualify", json=answers)).json()
    return lead["status"] == "assigned" and lead["se_id"] is not None
