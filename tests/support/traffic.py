"""Traffic on the main road: clients that carry one lead after another to a delivered order, whatever happens to the
services.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, cycle
from typing import Any, Self

from support.books import CONTRACTS, DEALS, LEADS, ORDERS, Books
from support.department import A_GRADE, SHA256, Json
from support.patience import Patience

from dealwire.catalogue import contract, lead, pipeline
from dealwire.catalogue.duplicates import LeadCustomerLinked
from dealwire.event import EventData, derived_id
from dealwire.stack.keys import Keys

LIVES: Mapping[str, Sequence[type[EventData]]] = {
    LEADS: (
        lead.LeadCaptured,
        lead.LeadLinked,
        lead.LeadQualified,
        lead.LeadAssigned,
        lead.LeadAccepted,
        lead.LeadConverted,
    ),
    DEALS: (
        pipeline.OpportunityOpened,
        *3 * (pipeline.OpportunityStageChanged,),
        pipeline.QuoteDrafted,
        *2 * (pipeline.QuoteConfirmed,),
        pipeline.QuoteSent,
        pipeline.QuoteAccepted,
        pipeline.OpportunityStageChanged,
        pipeline.OpportunityWon,
    ),
    CONTRACTS: (
        contract.ContractDrafted,
        contract.ContractTermsChanged,
        contract.ContractReviewRequested,
        *3 * (contract.ContractReviewed,),
        contract.ContractApproved,
        contract.ContractSigned,
        contract.PaymentReceived,
    ),
    ORDERS: (
        contract.OrderHandedOver,
        *3 * (contract.OrderAccepted,),
        contract.OrderDelivered,
    ),
}
"""What happens to each record on a whole road: no less, and nothing twice."""


IN_THE_BACKGROUND = {LeadCustomerLinked.type}
"""What comes over a lead at any time, once its company is a customer."""


@dataclass(frozen=True)
class Team:
    """An AM and an SE who get all leads of an industry."""

    industry: str
    am_id: str
    se_id: str


@dataclass
class Road:
    """One lead and what became of it, by the sources of their events."""

    number: int
    team: Team
    ids: dict[str, str]

    @property
    def lives(self) -> dict[str, list[str]]:
        """What happens to its records, by source, once it was walked to the end or left with intake."""
        whole = ORDERS in self.ids
        return {source: [event.type for event in LIVES[source][: None if whole else 2]] for source in self.ids}

    @property
    def amount(self) -> Json:
        """What the contract is worth; no two roads' are the same."""
        return {"minor": 100_000_00 + self.number, "currency": "CNY"}


class Office(Patience):
    """The people of a sales organisation, and the roads they walked."""

    def __init__(self, url: str, keys: Keys, *, doubled: bool = False) -> None:
        super().__init__(url, keys, doubled=doubled)
        self.roads: list[Road] = []
        self._numbers = count(1)

    def complaints(self, books: Books) -> Iterator[str]:
        """A sentence for every answer that was not kept, and for every road that was not walked as it should have been."""
        versions = {id_: record["version"] for records in books.records.values() for id_, record in records.items()}
        for id_, version in self.promised.items():
            if versions.get(id_, 0) < version:
                yield f"{id_} was answered at version {version}, but is at {versions.get(id_)}."
        for road in self.roads:
            for source, life in road.lives.items():
                lived = [each for each in books.life(source, road.ids[source]) if each not in IN_THE_BACKGROUND]
                if lived != life:
                    yield f"{source} {road.ids[source]} lived through {lived} instead of {life}."
            if CONTRACTS in road.ids:
                amount = books.records[CONTRACTS][road.ids[CONTRACTS]]["state"]["amount"]
                if amount != road.amount:
                    yield f"Contract {road.ids[CONTRACTS]} is over {amount} instead of {road.amount}."

    async def hire(self, *industries: str) -> list[Team]:
        """A team for each industry."""
        so = self.as_("so.zhao", "so")
        teams = [Team(industry, f"am.{industry}", f"se.{industry}") for industry in industries]
        for team in teams:
            await so.put(f"/kpi/v1/teams/{team.industry}", {"name": team.industry})
            for member, role in ((team.am_id, "am"), (team.se_id, "se")):
                joined = [{"team_id": team.industry, "since": "2020-01-01"}]
                about = {"name": member, "roles": [role], "industries": [team.industry], "memberships": joined}
                await so.put(f"/kpi/v1/members/{member}", about)
        return teams

    async def capture(self, team: Team) -> Road:
        """Somebody leaves a card, and another one a moment later."""
        number = next(self._numbers)
        so = self.as_("so.zhao", "so")
        contact = {"name": "王芳", "phone": f"139 {number:08d}"}
        company = f"{team.industry} customer {number % 3}"
        told = {"company": company, "contact": contact, "channel": "expo", "industry": team.industry}
        captured = await so.post("/lead/v1/leads", told)
        again = await so.post("/lead/v1/leads", {**told, "channel": "referral"})
        assert (again["id"], again["captures"]) == (captured["id"], 2)
        road = Road(number, team, {LEADS: captured["id"]})
        self.roads.append(road)
        return road

    async def import_deal(self, team: Team, **about: Any) -> str:
        """An older system tells of a deal of the team's AM; answers its id."""
        number = next(self._numbers)
        row = {"external_id": f"past-{number}", "agent": team.am_id, "product": "CT", "stage": "prospecting", **about}
        crm = self.as_("crm", "machine", "deals:import")
        imported = await crm.post("/pipeline/v1/imports/deals", {"source": "crm", "deals": [row]})
        deal_id: str = imported["rows"][0]["opportunity_id"]
        return deal_id

    async def open(self, team: Team) -> Road:
        """A customer of old wants something, without being a lead before."""
        number, am = next(self._numbers), self.as_(team.am_id, "am")
        past = await self.import_deal(team, account=f"{team.industry} customer of old {number}")
        account_id = (await am.sees(f"/pipeline/v1/opportunities/{past}"))["account_id"]
        wish = {"account_id": account_id, "title": "Another MRI", "se_id": team.se_id}
        deal = await am.post("/pipeline/v1/opportunities", wish)
        road = Road(number, team, {DEALS: deal["id"]})
        self.roads.append(road)
        return road

    async def assign(self, road: Road) -> Json:
        """The lead is an A lead and goes to the team's AM."""
        path = f"/lead/v1/leads/{road.ids[LEADS]}"
        return await self.as_("so.zhao", "so").post(f"{path}/qualify", A_GRADE)

    async def convert(self, road: Road) -> None:
        """The AM takes the lead and hands it over."""
        assigned = await self.assign(road)
        assert (assigned["am_id"], assigned["se_id"]) == (road.team.am_id, road.team.se_id)
        am = self.as_(road.team.am_id, "am")
        for step in ("accept", "convert"):
            await am.post(f"/lead/v1/leads/{assigned['id']}/{step}")
        road.ids[DEALS] = derived_id("opportunity", assigned["id"])

    async def quote(self, road: Road) -> None:
        """The deal is quoted, and the customer accepts."""
        am, se = self.as_(road.team.am_id, "am"), self.as_(road.team.se_id, "se")
        path = f"/pipeline/v1/opportunities/{road.ids[DEALS]}"
        await am.sees(path)
        for stage in ("needs", "solution", "quote"):
            await am.post(f"{path}/move", {"stage": stage})
        line = {"product": "MRI", "quantity": 1, "unit_price": road.amount}
        (quote,) = (await am.post(f"{path}/quotes", {"lines": [line]}))["quotes"]
        for who, step in ((am, "confirm"), (se, "confirm"), (am, "send"), (am, "accept")):
            await who.post(f"{path}/quotes/{quote['id']}/{step}")
        road.ids[CONTRACTS] = derived_id("contract", quote["id"])

    async def sign(self, road: Road) -> None:
        """The contract is reviewed by all three desks, and signed; half of it is paid at once."""
        am, finance = self.as_(road.team.am_id, "am"), self.as_("finance.desk", "finance")
        contract_id = road.ids[CONTRACTS]
        path = f"/contract/v1/contracts/{contract_id}"
        today = (await am.sees(path))["drafted_on"]
        await am.put(f"{path}/terms", {"clauses": [{"kind": "special", "topic": "ip", "text": "Ours stays ours."}]})
        await am.post(f"{path}/submit")
        for role, desk in (("so", "sales_ops"), ("legal", "legal"), ("finance", "finance")):
            await self.as_(f"{role}.desk", role).post(f"{path}/reviews/{desk}", {"approved": True})
        signatories = [{"name": "Zhao Min", "party": "ours"}, {"name": "Wang Fang", "party": "customer"}]
        signature = {"signatories": signatories, "document_sha256": SHA256, "signed_on": today}
        await am.post(f"{path}/sign", signature)
        half = {**road.amount, "minor": road.amount["minor"] // 2}
        await finance.post(f"{path}/receipts", {"reference": "first", "amount": half, "received_on": today})
        road.ids[ORDERS] = derived_id("order", contract_id)

    async def deliver(self, road: Road) -> None:
        """The three departments accept the order; the customer gets it."""
        so, cs = self.as_("so.zhao", "so"), self.as_("cs.sun", "cs")
        path = f"/contract/v1/orders/{road.ids[ORDERS]}"
        today = (await cs.sees(path))["signed_on"]
        for who, department in ((so, "production"), (so, "delivery"), (cs, "service")):
            await who.post(f"{path}/acceptances/{department}")
        await cs.post(f"{path}/deliver", {"delivered_on": today})

    async def walk(self, team: Team) -> None:
        """The whole road."""
        road = await self.capture(team)
        for step in (self.convert, self.quote, self.sign, self.deliver):
            await step(road)


class Traffic:
    """Leads carried along until the block ends; those on their way then are carried to their end.

    Each of `walkers` carries one lead after another all the way, each of `stands` only captures leads.
    """

    def __init__(self, office: Office, teams: Sequence[Team], *, walkers: int = 6, stands: int = 2) -> None:
        self._office = office
        self._teams = cycle(teams)
        self._work = [*walkers * [office.walk], *stands * [office.capture]]
        self._tasks: list[asyncio.Task[None]] = []
        self._over = False

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._repeat(work)) for work in self._work]
        return self

    async def __aexit__(self, failure: type[BaseException] | None, *_: object) -> None:
        self._over = True
        if failure:
            for task in self._tasks:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=failure is not None)

    async def _repeat(self, work: Callable[[Team], Awaitable[object]]) -> None:
        while not self._over:
            await work(next(self._teams))
