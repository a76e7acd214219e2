"""A sales department behind a gateway: its people, and the road of a lead through all four services."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
from support.service import eventually

from dealwire.calendar import BusinessCalendar
from dealwire.event import utc_now
from dealwire.stack.keys import Keys

Json = dict[str, Any]

A_GRADE = {"budget": 90, "authority": 90, "need": 90, "timeline": 80}
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@dataclass(frozen=True)
class Somebody:
    """A person or system, calling the services."""

    client: httpx.AsyncClient
    token: str

    async def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **more)

    async def get(self, path: str, **query: Any) -> Json:
        answer = await self.request("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def post(self, path: str, body: Json | None = None, **headers: str) -> Json:
        answer = await self.request("POST", path, json=body, headers=headers)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        made: Json = answer.json()
        return made

    async def put(self, path: str, body: Json) -> Json:
        answer = await self.request("PUT", path, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        made: Json = answer.json()
        return made


class Department:
    """`mark` keeps what one run makes apart from what is there already."""

    def __init__(self, url: str, keys: Keys) -> None:
        self.url = url
        self.mark = uuid4().hex[:8]
        self._keys = keys
        self._client = httpx.AsyncClient(base_url=url, timeout=30, trust_env=False)
        self._phone = int(time.time() * 1000) % 10_000_000

    def as_(self, sub: str, *roles: str, scopes: tuple[str, ...] = ()) -> Somebody:
        token = self._keys.mint(sub, roles, scopes, timedelta(hours=1))
        return Somebody(self._client, token)

    async def aclose(self) -> None:
        await self._client.aclose()

    def a_phone(self) -> str:
        """A Chinese mobile number that no other lead has."""
        self._phone += 1
        return f"139 {self._phone % 100_000_000:08d}"

    async def hire(self, industry: str) -> tuple[str, str]:
        """A team with an AM and an SE for an industry; answers their ids once lead-service routes to them."""
        so = self.as_("so.zhao", "so")
        team, am, se = (f"{kind}.{industry}" for kind in ("team", "am", "se"))
        await so.put(f"/kpi/v1/teams/{team}", {"name": f"Team {industry}"})
        for member, role in ((am, "am"), (se, "se")):
            body = {"name": member, "roles": [role], "industries": [industry]}
            joined = {"memberships": [{"team_id": team, "since": "2020-01-01"}]}
            await so.put(f"/kpi/v1/members/{member}", {**body, **joined})
        return am, se

    async def an_accepted_lead(self, industry: str, am_id: str, company: str) -> Json:
        """Captured, qualified as A, routed and accepted."""
        so = self.as_("so.zhao", "so")
        contact = {"name": "王芳", "phone": self.a_phone()}
        told = {"company": company, "contact": contact, "channel": "expo", "industry": industry}
        lead = await so.post("/lead/v1/leads", told)

        async def known() -> bool:
            """Whether lead-service has heard of the new people."""
            routing = await so.get(f"/lead/v1/leads/{lead['id']}/routing")
            return bool(routing["am_id"] and routing["se_id"])

        await eventually(known, "lead-service knows an AM and an SE")
        routed = await so.post(f"/lead/v1/leads/{lead['id']}/qualify", A_GRADE)
        assert routed["am_id"] == am_id
        return await self.as_(am_id, "am").post(f"/lead/v1/leads/{lead['id']}/accept")

    async def a_won_quote(self, lead: Json, price_minor: int) -> Json:
        """The lead converted, its deal quoted, confirmed by AM and SE, sent and accepted; answers the opportunity."""
        am, se = self.as_(lead["am_id"], "am"), self.as_(lead["se_id"], "se")
        await am.post(f"/lead/v1/leads/{lead['id']}/convert")
        deal = await self.find(am, "/pipeline/v1/opportunities", lambda each: each["lead_id"] == lead["id"])
        path = f"/pipeline/v1/opportunities/{deal['id']}"
        for stage in ("needs", "solution", "quote"):
            await am.post(f"{path}/move", {"stage": stage})
        price = {"minor": price_minor, "currency": "CNY"}
        quoted = await am.post(f"{path}/quotes", {"lines": [{"product": "MRI", "quantity": 1, "unit_price": price}]})
        quote = f"{path}/quotes/{quoted['quotes'][-1]['id']}"
        await am.post(f"{quote}/confirm")
        await se.post(f"{quote}/confirm")
        await am.post(f"{quote}/send")
        return await am.post(f"{quote}/accept")

    async def a_signed_contract(self, deal: Json) -> Json:
        """Drafted from the quote, reviewed by all three desks, signed today."""
        am = self.as_(deal["am_id"], "am")
        contract = await self.find(am, "/contract/v1/contracts", lambda each: each["opportunity_id"] == deal["id"])
        path = f"/contract/v1/contracts/{contract['id']}"
        clauses = [{"kind": "special", "topic": "liability", "text": "Liability is limited to the price."}]
        await am.put(f"{path}/terms", {"clauses": clauses})
        await am.post(f"{path}/submit")
        for role, desk in (("so", "sales_ops"), ("legal", "legal"), ("finance", "finance")):
            await self.as_(f"{role}.desk", role).post(f"{path}/reviews/{desk}", {"approved": True})
        signatories = [{"name": "Zhao Min", "party": "ours"}, {"name": "Wang Fang", "party": "customer"}]
        body = {"signatories": signatories, "document_sha256": SHA256, "signed_on": today()}
        return await am.post(f"{path}/sign", body)

    async def find(self, who: Somebody, path: str, wanted: Callable[[Json], bool]) -> Json:
        """The item of a list that appears as the events arrive."""

        async def look() -> Json | None:
            page = await who.get(path, limit=200)
            return next((item for item in page["items"] if wanted(item)), None)

        found: Json = await eventually(look, f"it appears at {path}")
        return found

    async def figures(self, path: str) -> dict[str, Any]:
        """A scorecard's values by name."""
        card = await self.as_("so.zhao", "so").get(f"/kpi/v1/scorecards/{path}", **{"from": today(), "to": today()})
        return {figure["name"]: figure["value"] for figure in card["figures"]}


def today() -> str:
    """The organisation's date."""
    return BusinessCalendar().day(utc_now()).isoformat()
