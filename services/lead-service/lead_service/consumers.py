"""Which event runs which reaction."""

from __future__ import annotations

from dealwire.catalogue.people import MemberChanged
from dealwire.kit.consumer import Reactions
from lead_service.handlers import Handlers


def reactions(handlers: Handlers) -> Reactions:
    """lead-service reacts to changes of the organisation."""
    return {MemberChanged: handlers.keep_member_when_member_changed}
