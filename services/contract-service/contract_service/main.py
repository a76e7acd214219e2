"""The composition root: what is wired to what."""

from __future__ import annotations

from fastapi import FastAPI

from contract_service.api import contracts, orders, payments
from contract_service.consumers import reactions
from contract_service.handlers import Handlers
from contract_service.settings import ContractSettings
from contract_service.store import SERVICE, ContractStore
from dealwire.kit.bus import Bus
from dealwire.kit.clock import ClockWorker, Watched
from dealwire.kit.consumer import Consumer
from dealwire.kit.probes import probes
from dealwire.kit.relay import Relay
from dealwire.kit.store import Database
from dealwire.kit.web import create_app


def build(settings: ContractSettings) -> FastAPI:
    """contract-service as an ASGI application."""
    database = Database(settings.mongo_url, settings.mongo_database)
    bus = Bus(settings.amqp_url, SERVICE, check_seconds=settings.topology_check_seconds)
    relay = Relay(
        bus,
        in_flight=settings.relay_in_flight,
        sweep_after=settings.sweep_after_seconds,
        sweep_interval=settings.sweep_interval_seconds,
    )
    store = ContractStore(database, relay)
    handlers = Handlers(store, settings.calendar, settings.policy)
    consumer = Consumer(
        bus,
        database,
        SERVICE,
        reactions(handlers),
        prefetch=settings.prefetch,
        tiers=settings.retry_tiers_seconds,
        drain_seconds=settings.drain_seconds,
    )
    clock = ClockWorker(
        SERVICE, [Watched(store.orders, handlers.escalate_order)], interval=settings.clock_interval_seconds
    )
    return create_app(
        settings,
        title="Dealwire contracts",
        description="The promise and its delivery: contracts, payments and orders.",
        routers=[part.routes(handlers, store) for part in (contracts, payments, orders)],
        parts=[database, bus, relay, consumer, clock],
        probes=probes(database, bus, consumer.inbox),
    )
