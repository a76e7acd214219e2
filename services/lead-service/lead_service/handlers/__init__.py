"""Use cases of lead-service: load, decide, save; and its reactions to other services' events."""

from lead_service.handlers.bulk import Bulk
from lead_service.handlers.care import Care
from lead_service.handlers.customers import Customers
from lead_service.handlers.duplicates import Duplicates
from lead_service.handlers.forms import Forms
from lead_service.handlers.imports import Imports
from lead_service.handlers.leads import Handlers
from lead_service.handlers.lookout import Lookout
from lead_service.handlers.notes import Notes
from lead_service.handlers.pool import Pool
from lead_service.handlers.rules import Past, Rules

__all__ = [
    "Bulk",
    "Care",
    "Customers",
    "Duplicates",
    "Forms",
    "Handlers",
    "Imports",
    "Lookout",
    "Notes",
    "Past",
    "Pool",
    "Rules",
]
