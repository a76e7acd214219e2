"""contract-service with everybody who works with it, and contracts in the states that tests start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from support.events import an_event
from support.service import Client, eventually
from unit.contract.builders import an_accepted_quote

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.common import Role
from dealwire.event import EventData, utc_now
from dealwire.kit.bus import Bus
from dealwire.kit.metrics import consumer_handled

STANDARD = {"kind": "standard", "text": "验收合格后付款。"}
SPECIAL = {"kind": "special", "topic": "liability", "text": "Liability is unlimited."}


@dataclass(frozen=True)
class Office:
    """contract-service with everybody who works with it."""

    client: Client
    bus: Bus

    @property
    def am(self) -> Client:
        return self.client.as_("am.li", Role.AM)

    @property
    def finance(self) -> Client:
        return self.client.as_("finance.1", Role.FINANCE)

    @property
    def reader(self) -> Client:
        return self.client.as_("boss", Role.MANAGEMENT)

    async def publish(self, data: EventData, subject: str, times: int = 1, sequence: int = 1) -> None:
        event = an_event(data, subject=subject, sequence=sequence)
        for _ in range(times):
            await self.bus.publish(event)

    async def a_draft(self, clauses: Sequence[dict[str, Any]] = (STANDARD,), **quote: Any) -> dict[str, Any]:
        """A contract drafted from an accepted quote of 1000.00 CNY, with these clauses."""
        number = uuid4().hex[:8]
        accepted = an_accepted_quote(
            **{"opportunity_id": f"opp-{number}", "quote_id": f"quote-{number}", "accepted_at": utc_now()} | quote
        )
        await self.publish(accepted, accepted.opportunity_id)
        drafted = await self.the_only("contracts", opportunity_id=accepted.opportunity_id)
        am = self.client.as_(accepted.am_id, Role.AM)
        return await done(am.put(f"/v1/contracts/{drafted['id']}/terms", json={"clauses": list(clauses)}))

    async def in_review(self, clauses: Sequence[dict[str, Any]] = (STANDARD,), **quote: Any) -> dict[str, Any]:
        contract = await self.a_draft(clauses, **quote)
        return await done(self.client.as_(contract["am_id"], Role.AM).post(f"/v1/contracts/{contract['id']}/submit"))

    async def review(self, contract: dict[str, Any], desk: str, *, approved: bool = True) -> Any:
        role = {"sales_ops": Role.SO}.get(desk, desk)
        reviewer = self.client.as_(f"{role}.1", role)
        return await reviewer.post(f"/v1/contracts/{contract['id']}/reviews/{desk}", json={"approved": approved})

    async def approved(self, clauses: Sequence[dict[str, Any]] = (STANDARD,), **quote: Any) -> dict[str, Any]:
        contract = await self.in_review(clauses, **quote)
        for desk in contract["desks"]:
            await done(self.review(contract, desk))
        return contract

    async def signed(self, **quote: Any) -> dict[str, Any]:
        contract = await self.approved(**quote)
        am = self.client.as_(contract["am_id"], Role.AM)
        return await done(am.post(f"/v1/contracts/{contract['id']}/sign", json=a_signature()))

    async def order_of(self, contract: dict[str, Any]) -> dict[str, Any]:
        return await self.the_only("orders", contract_id=contract["id"])

    async def the_only(self, what: str, **query: str) -> dict[str, Any]:
        async def found() -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = (await self.reader.get(f"/v1/{what}", params=query)).json()["items"]
            return items

        (one,) = await eventually(found, f"{what} of {query}")
        return dict(one)

    async def happened(self, path: str) -> list[str]:
        """The types of everything in a timeline, over all its pages."""
        types: list[str] = []
        cursor = None
        while True:
            page = await done(self.reader.get(f"{path}/timeline", params={"cursor": cursor} if cursor else {}))
            types += [event["type"] for event in page["items"]]
            if (cursor := page["next"]) is None:
                return types


def refusals() -> int:
    """How many events have been answered with a business "no" so far."""
    samples = [sample for metric in consumer_handled.collect() for sample in metric.samples]
    return sum(
        int(each.value) for each in samples if each.name.endswith("_total") and each.labels["outcome"] == "refused"
    )


async def done(request: Any) -> dict[str, Any]:
    response = await request
    assert response.is_success, response.text
    body: dict[str, Any] = response.json()
    return body


def today() -> date:
    """The organisation's date."""
    return BusinessCalendar().day(utc_now())


def a_signature(**changes: Any) -> dict[str, Any]:
    return {
        "signatories": [{"name": "王总", "party": "ours"}, {"name": "Ms Zhao", "party": "customer"}],
        "document_sha256": "a" * 64,
        "signed_on": today().isoformat(),
    } | changes


def a_receipt(minor: int = 40_000, **changes: Any) -> dict[str, Any]:
    return {
        "reference": "BANK-1",
        "amount": {"minor": minor, "currency": "CNY"},
        "received_on": today().isoformat(),
    } | changes
