"""The HTTP side of kpi-service: routes, and what goes in and out of them."""

from __future__ import annotations

from fastapi import APIRouter

from kpi_service.api import figures, people
from kpi_service.handlers import Handlers
from kpi_service.store import KpiStore


def routers(handlers: Handlers, store: KpiStore) -> list[APIRouter]:
    """All routes of kpi-service."""
    return [people.routes(handlers, store), figures.routes(handlers, store)]
