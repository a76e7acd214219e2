"""Which event runs which reaction."""

from __future__ import annotations

from dealwire.catalogue.people import MemberChanged, MemberPerformanceRated
from dealwire.kit.consumer import Reactions
from lead_service.handlers import Handlers, Pool


def reactions(handlers: Handlers, pool: Pool) -> Reactions:
    """lead-service reacts to changes of the organisation, and to how people perform."""
    return {
        MemberChanged: handlers.keep_member_when_member_changed,
        MemberPerformanceRated: pool.keep_rating_when_performance_rated,
    }
