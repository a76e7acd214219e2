"""The HTTP side of lead-service: routes, and what goes in and out of them."""

from __future__ import annotations

from fastapi import APIRouter

from lead_service.api import leads, pool, routing, scoring
from lead_service.handlers import Handlers, Pool, Rules
from lead_service.store import LeadStore


def routers(handlers: Handlers, rules: Rules, grabs: Pool, store: LeadStore) -> list[APIRouter]:
    """All routes of lead-service."""
    return [
        leads.routes(handlers, store),
        scoring.routes(rules, store),
        routing.routes(rules, store),
        pool.routes(grabs, store),
    ]
