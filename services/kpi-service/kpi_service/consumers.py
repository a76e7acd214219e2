"""Which events are projected: all that say something about a figure."""

from __future__ import annotations

from dealwire.event import EventData
from kpi_service.domain.facts import READINGS

EVENTS: tuple[type[EventData], ...] = tuple(READINGS)
