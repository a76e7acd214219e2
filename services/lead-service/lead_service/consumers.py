"""Which event runs which reaction."""

from __future__ import annotations

from dealwire.catalogue.lead import LeadAssigned, LeadCaptured, LeadLinked
from dealwire.catalogue.people import MemberChanged, MemberPerformanceRated
from dealwire.catalogue.pipeline import AccountChanged, AccountOpened
from dealwire.kit.consumer import Reactions
from lead_service.handlers import Customers, Duplicates, Handlers, Pool


def reactions(handlers: Handlers, pool: Pool, customers: Customers, duplicates: Duplicates) -> Reactions:
    """lead-service reacts to changes of the organisation and of customers, and to its own new leads."""
    return {
        MemberChanged: handlers.keep_member_when_member_changed,
        MemberPerformanceRated: pool.keep_rating_when_performance_rated,
        AccountOpened: customers.keep_customer_when_account_opened,
        AccountChanged: customers.keep_customer_when_account_changed,
        LeadCaptured: duplicates.look_for_duplicates_when_lead_captured,
        LeadLinked: duplicates.look_for_duplicates_when_lead_linked,
        LeadAssigned: duplicates.look_for_duplicates_when_lead_assigned,
    }
