"""The composition root: what is wired to what."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from fastapi import FastAPI

from dealwire.kit.bus import Bus
from dealwire.kit.probes import probes
from dealwire.kit.projector import Projector
from dealwire.kit.relay import Relay
from dealwire.kit.store import Database
from dealwire.kit.web import create_app
from kpi_service.api import routers
from kpi_service.consumers import EVENTS
from kpi_service.handlers import Handlers
from kpi_service.rater import Rater
from kpi_service.settings import KpiSettings
from kpi_service.store import SERVICE, KpiStore


def build(settings: KpiSettings) -> FastAPI:
    """kpi-service as an ASGI application."""
    database = Database(settings.mongo_url, settings.mongo_database)
    bus = Bus(settings.amqp_url, SERVICE, check_seconds=settings.topology_check_seconds)
    relay = Relay(
        bus,
        in_flight=settings.relay_in_flight,
        sweep_after=settings.sweep_after_seconds,
        sweep_interval=settings.sweep_interval_seconds,
    )
    store = KpiStore(database, relay, ZoneInfo(settings.timezone))
    handlers = Handlers(store, settings.policy)
    projector = Projector(
        bus,
        database,
        SERVICE,
        EVENTS,
        store.ledger.read,
        store.ledger.keep,
        batch=settings.projector_batch,
        tiers=settings.retry_tiers_seconds,
        drain_seconds=settings.drain_seconds,
    )
    return create_app(
        settings,
        title="Dealwire figures",
        description="Who sells, and what it adds up to: scorecards, ranking, funnel and bonus pool.",
        routers=routers(handlers, store),
        parts=[database, bus, relay, projector, Rater(handlers, interval=settings.rating_interval_seconds)],
        probes=probes(database, bus, projector.inbox),
    )
