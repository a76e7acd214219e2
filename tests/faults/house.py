"""All services in one process, over the real database, and in the broker's place a heap of letters that anybody
delivers when and as often as they like.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import time
from functools import partial
from typing import Any, cast
from zoneinfo import ZoneInfo

from support.place import Place

import contract_service.consumers
import contract_service.handlers
import kpi_service.consumers
import kpi_service.handlers
import lead_service.consumers
import lead_service.handlers
import pipeline_service.consumers
import pipeline_service.handlers
from contract_service.domain.policy import Policy as ContractPolicy
from contract_service.store import ContractStore
from dealwire.calendar import BusinessCalendar
from dealwire.errors import Conflict, Forbidden, NotFound, Rejected
from dealwire.event import Event, utc_now
from dealwire.kit.cause import Cause
from dealwire.kit.consumer import Reactions, read_data
from dealwire.kit.relay import Relay
from dealwire.kit.store import Database, RecordStore
from kpi_service.domain.policy import Policy as KpiPolicy
from kpi_service.store import KpiStore
from lead_service.domain.policy import Policy as LeadPolicy
from lead_service.store import LeadStore
from pipeline_service.domain.policy import Policy as PipelinePolicy
from pipeline_service.store import PipelineStore

NOW = utc_now()
"""The only moment there is: what happens does not depend on when it was delivered."""

CALENDAR = BusinessCalendar("Asia/Shanghai", "CN", time(9), time(18))

Work = Callable[[], Awaitable[object]]
Document = dict[str, Any]


@dataclass(frozen=True)
class Letter:
    """An event on its way to a service."""

    to: str
    event: Event


class House:
    """Takes the relay's place in every service."""

    def __init__(self, place: Place) -> None:
        self._databases = {
            name: Database(place.mongo_url, place.database(name)) for name in ("lead", "pipeline", "contract", "kpi")
        }
        self._letters: list[Letter] = []
        self._told: set[str] = set()
        relay = cast("Relay", self)
        self.lead_store = LeadStore(self._databases["lead"], relay)
        self.pipeline_store = PipelineStore(self._databases["pipeline"], relay)
        contract_store = ContractStore(self._databases["contract"], relay)
        self.kpi_store = KpiStore(self._databases["kpi"], relay, ZoneInfo("Asia/Shanghai"))
        self.lead = lead_service.handlers.Handlers(self.lead_store, CALENDAR, LeadPolicy())
        customers = lead_service.handlers.Customers(self.lead_store, CALENDAR, LeadPolicy())
        duplicates = lead_service.handlers.Duplicates(self.lead_store, customers, CALENDAR, LeadPolicy())
        self._lookout = lead_service.handlers.Lookout(self.lead_store, customers, duplicates, LeadPolicy().matching)
        self.pipeline = pipeline_service.handlers.Handlers(self.pipeline_store, CALENDAR, PipelinePolicy())
        self.importer = pipeline_service.handlers.Importer(self.pipeline_store, CALENDAR)
        self.contract = contract_service.handlers.Handlers(contract_store, CALENDAR, ContractPolicy())
        self.kpi = kpi_service.handlers.Handlers(self.kpi_store, KpiPolicy())
        self._reactions: Mapping[str, Reactions] = {
            "lead": lead_service.consumers.reactions(
                self.lead,
                lead_service.handlers.Pool(self.lead_store, CALENDAR, LeadPolicy()),
                lead_service.handlers.Care(self.lead_store, CALENDAR, LeadPolicy()),
                customers,
                duplicates,
            ),
            "pipeline": pipeline_service.consumers.reactions(self.pipeline),
            "contract": contract_service.consumers.reactions(self.contract),
        }
        self._records: dict[str, list[RecordStore[Any]]] = {
            "lead": [self.lead_store.leads, self.lead_store.suggestions],
            "pipeline": [self.pipeline_store.accounts, self.pipeline_store.opportunities],
            "contract": [contract_store.contracts, contract_store.orders],
            "kpi": [self.kpi_store.teams, self.kpi_store.members],
        }

    async def start(self) -> None:
        for database in self._databases.values():
            await database.ensure_indexes()

    async def stop(self) -> None:
        for database in self._databases.values():
            await database.stop()

    async def clear(self) -> None:
        """As if nothing had ever happened."""
        self._letters, self._told = [], set()
        for database in self._databases.values():
            for name in await database.collection("events").database.list_collection_names():
                await database.collection(name).delete_many({})

    def watch(self, store: RecordStore[Any]) -> None:
        """As the relay does; nothing is swept here."""

    def offer(self, _: RecordStore[Any], __: str, events: list[Event]) -> None:
        """Writes the letters for what happened, one for each service that wants to know."""
        for event in events:
            if event.id not in self._told:
                self._told.add(event.id)
                self._letters += [Letter(service, event) for service in self._interested(event)]

    def _interested(self, event: Event) -> list[str]:
        reacting = [name for name, known in self._reactions.items() if any(e.type == event.type for e in known)]
        projected = any(e.type == event.type for e in kpi_service.consumers.EVENTS)
        return [*reacting, "kpi"] if projected else reacting

    async def deliver(self, letter: Letter) -> None:
        """What a consumer does: a business "no" is an answer, any other failure is raised."""
        if letter.to == "kpi":
            await self.kpi_store.ledger.keep(map(self.kpi_store.ledger.read, [letter.event]))
            return
        model, react = next((m, r) for m, r in self._reactions[letter.to].items() if m.type == letter.event.type)
        with suppress(Conflict, Rejected, Forbidden):
            await react(read_data(letter.event, model), Cause.of_event(letter.event, NOW))

    async def in_order(self, roads: Sequence[Sequence[Work]]) -> None:
        """Everything once, each road after the other, every letter at once."""
        for road in roads:
            for step in road:
                await step()
                await self._deliver_all()
        await self.look_out()
        await self._deliver_all()

    async def _deliver_all(self) -> None:
        while self._letters:
            await self.deliver(self._letters.pop(0))

    async def look_out(self) -> None:
        """What lead-service does in the background."""
        async for _ in self._lookout.work("leads"):
            pass

    async def in_disorder(self, roads: Sequence[Sequence[Work]], chance: random.Random, times: int = 3) -> None:
        """Every letter and every command several times, in any order; but a command first after the one before it was
        answered. What fails because something is not there yet waits until all others have been tried.
        """
        left = [list(road) for road in roads]
        heap: list[Work | int] = list(range(len(left)))
        waiting: list[Work | int] = []
        while heap:
            work = heap.pop(chance.randrange(len(heap)))
            try:
                if isinstance(work, int):
                    await left[work][0]()
                    heap += (times - 1) * [left[work].pop(0)]
                    heap += [work] if left[work] else []
                else:
                    await work()
            except NotFound:
                waiting.append(work)
            else:
                heap, waiting = heap + waiting, []
            heap += times * [partial(self.deliver, letter) for letter in self._letters]
            self._letters.clear()
        assert not waiting, "what waits has nothing to wait for"
        await self.look_out()
        await self._deliver_all()

    async def state(self) -> Document:
        """All that is kept but for traces of how it came about: accounts say who of their leads came first, however
        often they learned better.
        """
        state: Document = {}
        for service, stores in self._records.items():
            for store in stores:
                versioned = store.name != "accounts"
                state[f"{service} {store.name}"] = {
                    each["_id"]: (each["state"], each["version"] if versioned else None)
                    async for each in self._databases[service].collection(store.name).find()
                }
        for service in ("lead", "pipeline"):
            state[f"{service} members"] = await self._documents(service, "members")
        state["facts"] = await self._documents("kpi", "facts", {"event": 0})
        state["daily"] = await self._documents("kpi", "daily")
        state["firsts"] = await self._documents("kpi", "firsts", {"touched": 0})
        return state

    async def _documents(self, service: str, name: str, fields: Mapping[str, int] | None = None) -> Document:
        return {each["_id"]: each async for each in self._databases[service].collection(name).find({}, fields)}
