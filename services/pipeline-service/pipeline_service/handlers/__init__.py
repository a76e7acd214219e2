"""Use cases of pipeline-service: load, decide, save; and its reactions to other services' events."""

from pipeline_service.handlers.deals import Handlers
from pipeline_service.handlers.imports import Importer

__all__ = ["Handlers", "Importer"]
