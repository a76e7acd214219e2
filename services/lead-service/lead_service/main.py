"""The composition root: what is wired to what."""

from __future__ import annotations

from fastapi import FastAPI

from dealwire.kit.background import Background
from dealwire.kit.bus import Bus
from dealwire.kit.clock import ClockWorker, Watched
from dealwire.kit.consumer import Consumer
from dealwire.kit.probes import probes
from dealwire.kit.relay import Relay
from dealwire.kit.store import Database
from dealwire.kit.web import create_app
from lead_service.api import routers
from lead_service.consumers import reactions
from lead_service.handlers import Bulk, Care, Customers, Duplicates, Forms, Handlers, Imports, Lookout, Pool, Rules
from lead_service.settings import LeadSettings
from lead_service.store import SERVICE, LeadStore


def build(settings: LeadSettings) -> FastAPI:
    """lead-service as an ASGI application."""
    database = Database(settings.mongo_url, settings.mongo_database)
    bus = Bus(settings.amqp_url, SERVICE, check_seconds=settings.topology_check_seconds)
    relay = Relay(
        bus,
        in_flight=settings.relay_in_flight,
        sweep_after=settings.sweep_after_seconds,
        sweep_interval=settings.sweep_interval_seconds,
    )
    store = LeadStore(database, relay)
    handlers = Handlers(store, settings.calendar, settings.policy)
    pool = Pool(store, settings.calendar, settings.policy)
    care = Care(store, settings.calendar, settings.policy)
    bulk = Bulk(store, handlers)
    imports = Imports(store, bulk, settings.calendar, settings.policy)
    customers = Customers(store, settings.calendar, settings.policy)
    duplicates = Duplicates(store, customers, settings.calendar, settings.policy)
    consumer = Consumer(
        bus,
        database,
        SERVICE,
        reactions(handlers, pool, care, customers, duplicates),
        prefetch=settings.prefetch,
        tiers=settings.retry_tiers_seconds,
        drain_seconds=settings.drain_seconds,
    )
    clock = ClockWorker(SERVICE, [Watched(store.leads, pool.expire_lead)], interval=settings.clock_interval_seconds)
    importing = Background(
        "imports", store.leases, imports.at_work, imports.work, interval=settings.clock_interval_seconds
    )
    clearing = Background(
        "uploads", store.leases, imports.broken_off, imports.clear_away, interval=settings.clock_interval_seconds
    )
    lookout = Lookout(store, customers, duplicates, settings.policy.matching)
    looking = Background(
        "lookout", store.leases, lookout.waiting, lookout.work, interval=settings.clock_interval_seconds
    )
    return create_app(
        settings,
        title="Dealwire leads",
        description="From a stranger to a qualified opportunity.",
        routers=routers(
            handlers,
            Rules(store, settings.calendar, settings.policy),
            pool,
            care,
            bulk,
            imports,
            duplicates,
            Forms(store, handlers, settings.policy),
            store,
            settings.calendar,
        ),
        parts=[database, bus, relay, consumer, clock, importing, clearing, looking],
        probes=probes(database, bus, consumer.inbox),
    )
