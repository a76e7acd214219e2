"""The HTTP side of lead-service: routes, and what goes in and out of them."""

from __future__ import annotations

from fastapi import APIRouter

from dealwire.calendar import BusinessCalendar
from lead_service.api import (
    batches,
    care,
    duplicates,
    forms,
    imports,
    leads,
    lists,
    notes,
    pool,
    reports,
    routing,
    scoring,
    sops,
    violations,
    what_if,
)
from lead_service.handlers import Bulk, Care, Duplicates, Forms, Handlers, Imports, Notes, Pool, Rules
from lead_service.store import LeadStore


def routers(
    handlers: Handlers,
    rules: Rules,
    grabs: Pool,
    caring: Care,
    bulk: Bulk,
    importing: Imports,
    finder: Duplicates,
    public: Forms,
    store: LeadStore,
    calendar: BusinessCalendar,
) -> list[APIRouter]:
    """All routes of lead-service; those with a name of their own come before those that take any."""
    return [
        lists.routes(store, calendar),
        leads.routes(handlers, store),
        batches.routes(bulk),
        imports.routes(importing, store),
        scoring.routes(rules, store),
        routing.routes(rules, store),
        sops.routes(rules, store),
        what_if.routes(rules),
        pool.routes(grabs, store),
        duplicates.routes(finder, store),
        care.routes(caring),
        forms.routes(public, store),
        reports.routes(store, calendar),
        violations.routes(store, calendar),
        notes.routes(Notes(store), store),
    ]
