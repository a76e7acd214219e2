"""What is near a capture: leads and customers that have something in common with it (L3)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import chain

from dealwire.kit.store import RecordStore, Replica
from lead_service.domain import matching
from lead_service.domain.customer import Customer
from lead_service.domain.lead import Capture, Lead
from lead_service.domain.policy import Matching

_MOST = 5000
"""So many are looked at for a batch of captures; each has few enough near that it suffices."""
_CROWDED_SECONDS = 600.0
_MOST_CROWDED = 10_000

Blocks = dict[str, list[str]]


class Near:
    """Looks for several captures at once, in two trips to the database.

    What more than a few leads have in common (half of a name that many companies share) tells nothing and is passed
    over, so that the cost does not grow with the number of leads. Such blocks are remembered for a while: to find them
    out costs the most.
    """

    def __init__(self, leads: RecordStore[Lead], customers: Replica[Customer]) -> None:
        self._leads = leads
        self._customers = customers
        self._crowded: dict[str, float] = {}

    async def leads(self, told: Capture, points: Matching) -> list[Lead]:
        """Leads that may be the same as a capture."""
        (near,) = await self.leads_of_each([told], points)
        return near

    async def leads_of_each(self, told: Sequence[Capture], points: Matching) -> list[list[Lead]]:
        """Of each of several captures the leads that may be the same; of a crowded company the newest."""
        wanted = [matching.near(each) for each in told]
        has, blocks = await self._few(set(chain.from_iterable(wanted)), points.per_block)
        near: list[set[str]] = []
        for each, its in zip(told, wanted, strict=True):
            own = matching.blocks(each)
            ids = set(chain.from_iterable(has.get(block, ()) for block in its))
            near.append({id_ for id_ in ids if matching.may_be_one(own, blocks[id_], points)})
        for company in {matching.company_block(each.company) for each in told} - has.keys():
            newest = await self._leads.page({"state.blocks": company}, limit=points.per_block)
            for each, ids in zip(told, near, strict=True):
                if matching.company_block(each.company) == company:
                    ids.update(record.id for record in newest.items)
        query = {"_id": {"$in": list(set(chain.from_iterable(near)))}}
        leads = {record.id: record.state async for record in self._leads.scan(query)}
        return [[leads[id_] for id_ in ids if id_ in leads] for ids in near]

    async def _few(self, wanted: set[str], limit: int) -> tuple[Blocks, Blocks]:
        """Which leads have each of these blocks, without those that more than `limit` have; and all blocks of these
        leads.
        """
        now = asyncio.get_running_loop().time()
        blocks = [block for block in wanted if self._crowded.get(block, now) <= now]
        while True:
            found: Blocks = await self._leads.values("state.blocks", {"state.blocks": {"$in": blocks}}, _MOST)
            has: Blocks = {block: [] for block in blocks}
            for id_, of_lead in found.items():
                for block in of_lead:
                    if block in has:
                        has[block].append(id_)
            crowded = [block for block, ids in has.items() if len(ids) > limit]
            self._pass_over(crowded, now)
            for block in crowded:
                del has[block]
            if len(found) < _MOST or not crowded:
                return has, found
            blocks = list(has)  # the many filled the answer, so ask for the others alone

    def _pass_over(self, crowded: list[str], now: float) -> None:
        if len(self._crowded) > _MOST_CROWDED:
            self._crowded.clear()
        self._crowded |= dict.fromkeys(crowded, now + _CROWDED_SECONDS)

    async def a_customer(self, told: Sequence[Capture]) -> Callable[[str], bool]:
        """Whether there may be a customer of a name, or of one like it: one trip to the database for several captures."""
        blocks = {block for each in told for block in matching.near_companies(each.company)}
        customers = await self._customers.find({"data.blocks": {"$in": list(blocks)}}, _MOST)
        there = {block for customer in customers for block in customer.blocks}
        in_doubt = len(customers) == _MOST
        return lambda name: in_doubt or not there.isdisjoint(matching.near_companies(name))

    async def customers(self, company: str, limit: int) -> list[Customer]:
        """The customers of that name, and so many whose names may be like it."""
        same = await self._customers.find({"data.blocks": matching.company_block(company)})
        like = await self._customers.find({"data.blocks": {"$in": list(matching.near_companies(company))}}, limit)
        return list({customer.account_id: customer for customer in (*same, *like)}.values())
