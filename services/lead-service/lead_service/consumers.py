"""Which event runs which reaction."""

from __future__ import annotations

from typing import Any

from dealwire.catalogue.lead import LeadAssigned, LeadCaptured, LeadFactsCompleted, LeadLinked
from dealwire.catalogue.people import MemberChanged, MemberPerformanceRated
from dealwire.catalogue.pipeline import AccountChanged, AccountOpened
from dealwire.kit.cause import Cause
from dealwire.kit.consumer import Reaction, Reactions
from lead_service.handlers import Care, Customers, Duplicates, Handlers, Pool


def reactions(handlers: Handlers, pool: Pool, care: Care, customers: Customers, duplicates: Duplicates) -> Reactions:
    """lead-service reacts to changes of the organisation and of customers, and to its own new leads and signals."""
    return {
        MemberChanged: handlers.keep_member_when_member_changed,
        MemberPerformanceRated: pool.keep_rating_when_performance_rated,
        AccountOpened: customers.keep_customer_when_account_opened,
        AccountChanged: customers.keep_customer_when_account_changed,
        LeadCaptured: duplicates.look_for_duplicates_when_lead_captured,
        LeadLinked: _in_turn(duplicates.look_for_duplicates_when_lead_linked, care.score_again_when_lead_linked),
        LeadFactsCompleted: care.score_again_when_facts_completed,
        LeadAssigned: duplicates.look_for_duplicates_when_lead_assigned,
    }


def _in_turn(*several: Reaction) -> Reaction:
    """Several reactions to one event; each recognises what it has done before, should a later one fail."""

    async def react(data: Any, cause: Cause) -> None:
        for reaction in several:
            await reaction(data, cause)

    return react
