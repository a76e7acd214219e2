"""Which event runs which reaction."""

from __future__ import annotations

from dealwire.catalogue.duplicates import LeadCustomerLinked, LeadMerged, LeadUnmerged
from dealwire.catalogue.lead import LeadDiscarded, LeadFactsCompleted, LeadLinked, LeadWithdrawn
from dealwire.catalogue.people import MemberChanged, MemberPerformanceRated
from dealwire.catalogue.pipeline import AccountChanged, AccountOpened
from dealwire.kit.consumer import Reactions
from lead_service.handlers import Care, Customers, Duplicates, Handlers, Pool


def reactions(handlers: Handlers, pool: Pool, care: Care, customers: Customers, duplicates: Duplicates) -> Reactions:
    """lead-service reacts to changes of the organisation and of customers, and to its own leads' new signals."""
    return {
        MemberChanged: handlers.keep_member_when_member_changed,
        MemberPerformanceRated: pool.keep_rating_when_performance_rated,
        AccountOpened: customers.keep_customer_when_account_opened,
        AccountChanged: customers.keep_customer_when_account_changed,
        LeadLinked: care.score_again_when_lead_linked,
        LeadFactsCompleted: care.score_again_when_facts_completed,
        LeadCustomerLinked: care.score_again_when_customer_linked,
        LeadMerged: duplicates.settle_suggestions_when_lead_merged,
        LeadUnmerged: duplicates.tell_apart_when_lead_unmerged,
        LeadDiscarded: duplicates.forget_suggestions_when_lead_is_over,
        LeadWithdrawn: duplicates.forget_suggestions_when_lead_is_over,
    }
