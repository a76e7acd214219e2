"""Which event runs which reaction."""

from __future__ import annotations

from dealwire.catalogue.lead import LeadFactsCompleted, LeadLinked
from dealwire.catalogue.people import MemberChanged, MemberPerformanceRated
from dealwire.catalogue.pipeline import AccountChanged, AccountOpened
from dealwire.kit.consumer import Reactions
from lead_service.handlers import Care, Customers, Handlers, Pool


def reactions(handlers: Handlers, pool: Pool, care: Care, customers: Customers) -> Reactions:
    """lead-service reacts to changes of the organisation and of customers, and to its own leads' new signals."""
    return {
        MemberChanged: handlers.keep_member_when_member_changed,
        MemberPerformanceRated: pool.keep_rating_when_performance_rated,
        AccountOpened: customers.keep_customer_when_account_opened,
        AccountChanged: customers.keep_customer_when_account_changed,
        LeadLinked: care.score_again_when_lead_linked,
        LeadFactsCompleted: care.score_again_when_facts_completed,
    }
