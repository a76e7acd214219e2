"""lead-service without its HTTP side, clock and consumer: commands and reactions at a time of the test's choosing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from support.place import Place
from unit.lead.builders import CALENDAR, MONDAY_10H, POLICY

from dealwire.kit.bus import Bus
from dealwire.kit.cause import Cause
from dealwire.kit.relay import Relay
from dealwire.kit.store import Database
from lead_service.domain.policy import Policy
from lead_service.handlers import Customers, Duplicates, Handlers, Pool
from lead_service.store import SERVICE, LeadStore


@dataclass(frozen=True)
class Backstage:
    """Handlers over the real database; nothing is announced, since the relay does not run."""

    store: LeadStore
    handlers: Handlers
    pool: Pool
    customers: Customers
    duplicates: Duplicates


@asynccontextmanager
async def a_backstage(place: Place, policy: Policy = POLICY) -> AsyncIterator[Backstage]:
    database = Database(place.mongo_url, place.database(SERVICE))
    store = LeadStore(database, Relay(Bus(place.amqp_url, SERVICE)))
    await database.ensure_indexes()
    try:
        handlers, pool = Handlers(store, CALENDAR, policy), Pool(store, CALENDAR, policy)
        customers = Customers(store, CALENDAR, policy)
        yield Backstage(store, handlers, pool, customers, Duplicates(store, customers, CALENDAR, policy))
    finally:
        await database.stop()


def a_cause(now: datetime = MONDAY_10H, **more: Any) -> Cause:
    return Cause(actor="somebody", now=now, correlation_id=str(uuid4()), **more)
