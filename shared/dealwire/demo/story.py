"""One lead's road through the four services, each step taken by the person whose step it is.

Every request carries an Idempotency-Key of its own, so that a story can be told again: nothing happens twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from dealwire.cli.client import Api, Refused
from dealwire.cli.console import Failure
from dealwire.demo.sample import SampleLead

As = Callable[..., Api]
"""`as_("li.wei", "am")` calls the services as somebody."""

_PATIENCE_SECONDS = 30
_SHA256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
_STAGES = ("needs", "solution", "quote")
_DESKS = {"sales_ops": ("zhao.lei", "so"), "legal": ("qian.yun", "legal"), "finance": ("sun.hao", "finance")}


@dataclass(frozen=True, slots=True)
class Ending:
    """Where a lead ended, and what is wrong with that; empty when nothing is."""

    lead: SampleLead
    told: str
    wrong: str = ""
    signed_on: str | None = None


async def play(lead: SampleLead, as_: As) -> Ending:
    """Captures a lead and takes it as far as its road goes."""
    try:
        return await Story(lead, as_).play()
    except Failure as failure:
        return Ending(lead, "broke off", failure.detail)


class Story:
    """A lead on its road."""

    def __init__(self, lead: SampleLead, as_: As) -> None:
        self._lead = lead
        self._as = as_
        self._so = as_("zhao.lei", "so")

    async def play(self) -> Ending:
        try:
            captured = await self._so.post("/lead/v1/leads", self._lead.told, key=self._key("capture"))
        except Refused as refused:
            expected = self._lead.expect == "refused" and self._lead.pointer in refused.pointers
            return Ending(self._lead, f"refused: {', '.join(refused.pointers)}", "" if expected else refused.detail)
        if self._lead.expect != "captured":
            linked = captured["captures"] > 1
            return Ending(self._lead, "linked to the lead there is", "" if linked else "captured as if it were new")
        road = self._lead.road
        if road == "discarded":
            body = {"reason": self._lead.reason}
            await self._so.post(f"/lead/v1/leads/{captured['id']}/discard", body, key=self._key("discard"))
            return Ending(self._lead, "discarded with a reason")
        await self._knows_the_members(captured["id"])
        lead = await self._so.post(
            f"/lead/v1/leads/{captured['id']}/qualify", self._lead.bant, key=self._key("qualify")
        )
        if road in ("pool", "nurture"):
            right = lead["status"] == road
            return Ending(self._lead, f"grade {lead['grade']}: {lead['status']}", "" if right else f"not {road}")
        return await self._sell(lead)

    async def _sell(self, lead: dict[str, Any]) -> Ending:
        am = self._as(lead["am_id"], "am")
        await am.post(f"/lead/v1/leads/{lead['id']}/accept", key=self._key("accept"))
        await am.post(f"/lead/v1/leads/{lead['id']}/convert", key=self._key("convert"))
        deal = await self._appears(am, "/pipeline/v1/opportunities", "lead_id", lead["id"])
        path = f"/pipeline/v1/opportunities/{deal['id']}"
        for stage in _STAGES:
            await am.post(f"{path}/move", {"stage": stage}, key=self._key(f"move-{stage}"))
        quoted = await am.post(f"{path}/quotes", {"lines": self._lead.lines}, key=self._key("quote"))
        quote = quoted["quotes"][-1]
        if quote["total"] != self._lead.total:
            return Ending(self._lead, "quoted", f"the quote comes to {quote['total']}, not {self._lead.total}")
        for by, role in ((lead["am_id"], "am"), (lead["se_id"], "se")):
            await self._as(by, role).post(f"{path}/quotes/{quote['id']}/confirm", key=self._key(f"confirm-{role}"))
        await am.post(f"{path}/quotes/{quote['id']}/send", key=self._key("send"))
        if self._lead.road == "lost":
            await am.post(f"{path}/lose", {"reason": self._lead.reason}, key=self._key("lose"))
            return Ending(self._lead, "lost, with the reason")
        if self._lead.road == "quoted":
            return Ending(self._lead, "quote sent, the customer thinks about it")
        await am.post(f"{path}/quotes/{quote['id']}/accept", key=self._key("customer-accepts"))
        return await self._sign(am, deal)

    async def _sign(self, am: Api, deal: dict[str, Any]) -> Ending:
        contract = await self._appears(am, "/contract/v1/contracts", "opportunity_id", deal["id"])
        path = f"/contract/v1/contracts/{contract['id']}"
        desks = ["sales_ops", "finance"]
        if self._lead.special_clause:
            desks.append("legal")
            clause = {
                "kind": "special",
                "topic": "breach",
                "text": "迟延交付每日支付 0.05 % 违约金，以合同额 5 % 为限。",
            }
            await am.put(f"{path}/terms", {"clauses": [clause]}, key=self._key("terms"))
        submitted = await am.post(f"{path}/submit", key=self._key("submit"))
        if sorted(submitted["desks"]) != sorted(desks):
            return Ending(self._lead, "in review", f"asked {submitted['desks']}, not {desks}")
        await asyncio.gather(*(self._review(path, desk) for desk in desks))
        # On the day of the draft, so that the story told again tomorrow is the same story.
        signed_on = contract["drafted_on"]
        signatories = [
            {"name": "李强", "party": "ours"},
            {"name": self._lead.told["contact"]["name"], "party": "customer"},
        ]
        body = {"signatories": signatories, "document_sha256": _SHA256, "signed_on": signed_on}
        await am.post(f"{path}/sign", body, key=self._key("sign"))
        if self._lead.paid_minor:
            amount = {**self._lead.total, "minor": self._lead.paid_minor}
            receipt = {"reference": f"R-{self._lead.number}", "amount": amount, "received_on": signed_on}
            await self._as("sun.hao", "finance").post(f"{path}/receipts", receipt, key=self._key("receipt"))
        if self._lead.road == "delivered":
            await self._deliver(contract["id"], signed_on)
            return Ending(self._lead, "signed, handed over and delivered", signed_on=signed_on)
        return Ending(self._lead, "signed, handed over", signed_on=signed_on)

    async def _knows_the_members(self, lead_id: str) -> None:
        """Until lead-service has heard of an AM and an SE for the lead."""
        await self._until(
            lambda: self._so.get(f"/lead/v1/leads/{lead_id}/routing"),
            lambda routing: routing["am_id"] and routing["se_id"],
            "lead-service knows an AM and an SE of the industry",
        )

    async def _review(self, path: str, desk: str) -> None:
        reviewer = self._as(*_DESKS[desk])
        await reviewer.post(f"{path}/reviews/{desk}", {"approved": True}, key=self._key(f"review-{desk}"))

    async def _deliver(self, contract_id: str, delivered_on: str) -> None:
        cs = self._as("wu.di", "cs")
        erp = self._as("erp", "machine", scopes=("orders:accept",))
        order = await self._appears(cs, "/contract/v1/orders", "contract_id", contract_id)
        path = f"/contract/v1/orders/{order['id']}"
        for who, department in ((erp, "production"), (erp, "delivery"), (cs, "service")):
            await who.post(f"{path}/acceptances/{department}", key=self._key(f"accepts-{department}"))
        await cs.post(f"{path}/deliver", {"delivered_on": delivered_on}, key=self._key("deliver"))

    async def _appears(self, who: Api, path: str, field: str, value: str) -> dict[str, Any]:
        """What another service makes of an event: it is there a moment later."""

        def wanted(page: dict[str, Any]) -> dict[str, Any] | None:
            return next((item for item in page["items"] if item[field] == value), None)

        page = await self._until(lambda: who.get(path, limit=200), wanted, f"something appears at {path}")
        found = wanted(page)
        assert found is not None  # noqa: S101  # that is what was waited for
        return found

    async def _until(self, look: Callable[[], Awaitable[Any]], right: Callable[[Any], object], what: str) -> Any:
        end = time.monotonic() + _PATIENCE_SECONDS
        while not right(found := await look()):
            if time.monotonic() > end:
                raise Failure(f"waited {_PATIENCE_SECONDS} s in vain until {what}")
            await asyncio.sleep(0.1)
        return found

    def _key(self, step: str) -> str:
        return f"demo-{self._lead.number}-{step}"
