"""The composition root: what is wired to what."""

from __future__ import annotations

from fastapi import FastAPI

from dealwire.kit.bus import Bus
from dealwire.kit.consumer import Consumer
from dealwire.kit.probes import probes
from dealwire.kit.relay import Relay
from dealwire.kit.store import Database
from dealwire.kit.web import create_app
from pipeline_service.api import routers
from pipeline_service.consumers import reactions
from pipeline_service.handlers import Handlers, Importer
from pipeline_service.settings import PipelineSettings
from pipeline_service.store import SERVICE, PipelineStore


def build(settings: PipelineSettings) -> FastAPI:
    """pipeline-service as an ASGI application."""
    database = Database(settings.mongo_url, settings.mongo_database)
    bus = Bus(settings.amqp_url, SERVICE, check_seconds=settings.topology_check_seconds)
    relay = Relay(
        bus,
        in_flight=settings.relay_in_flight,
        sweep_after=settings.sweep_after_seconds,
        sweep_interval=settings.sweep_interval_seconds,
    )
    store = PipelineStore(database, relay)
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
    return create_app(
        settings,
        title="Dealwire pipeline",
        description="The customer and the deal.",
        routers=routers(handlers, Importer(store, settings.calendar), store),
        parts=[database, bus, relay, consumer],
        probes=probes(database, bus, consumer.inbox),
    )
