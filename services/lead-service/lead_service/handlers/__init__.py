"""Use cases of lead-service: load, decide, save; and its reactions to other services' events."""

from lead_service.handlers.leads import Handlers

__all__ = ["Handlers"]
