"""The HTTP side of pipeline-service: routes, and what goes in and out of them."""

from __future__ import annotations

from fastapi import APIRouter

from pipeline_service.api import accounts, imports, opportunities
from pipeline_service.handlers import Handlers, Importer
from pipeline_service.store import PipelineStore


def routers(handlers: Handlers, importer: Importer, store: PipelineStore) -> list[APIRouter]:
    """All routes of pipeline-service."""
    return [accounts.routes(handlers, store), opportunities.routes(handlers, store), imports.routes(importer)]
