"""The services as they are wired, to be asked what they answer, publish and react to. Nothing is connected to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import get_type_hints

from fastapi import FastAPI

from dealwire.catalogue import PUBLISHED, PUBLISHED_BY_EVERY_SERVICE
from dealwire.event import EventData
from dealwire.kit.consumer import Consumer
from dealwire.kit.projector import Projector
from dealwire.stack.services import SERVICES, ServiceSpec


@dataclass(frozen=True, slots=True)
class Service:
    """`reacts_to` are event types; a service that reacts to something has an inbox."""

    name: str
    path: str
    app: FastAPI
    publishes: tuple[type[EventData], ...]
    reacts_to: frozenset[str]


@cache
def services() -> tuple[Service, ...]:
    """Every service."""
    return tuple(map(_built, SERVICES))


def _built(spec: ServiceSpec) -> Service:
    build = import_module(f"{spec.module}.main").build
    settings = get_type_hints(build)["settings"](
        _env_prefix="MADE_UP_",  # so that what is written does not depend on whose environment this is
        mongo_url="mongodb://localhost",
        amqp_url="amqp://localhost",
        jwks_url="http://localhost/jwks",
    )
    app: FastAPI = build(settings)
    inboxes = [part.inbox for part in app.state.parts if isinstance(part, Consumer | Projector)]
    return Service(
        name=spec.name,
        path=spec.path,
        app=app,
        publishes=PUBLISHED[spec.name] + PUBLISHED_BY_EVERY_SERVICE,
        reacts_to=frozenset[str]().union(*(inbox.types for inbox in inboxes)),
    )
