"""Which event runs which reaction."""

from __future__ import annotations

from contract_service.handlers import Handlers
from dealwire.catalogue.contract import ContractSigned
from dealwire.catalogue.pipeline import OpportunityAmAssigned, OpportunityLost, QuoteAccepted, WonDealImported
from dealwire.kit.consumer import Reactions


def reactions(handlers: Handlers) -> Reactions:
    """contract-service reacts to what happens to deals, and to its own signatures."""
    return {
        QuoteAccepted: handlers.draft_contract_when_quote_accepted,
        OpportunityAmAssigned: handlers.assign_contract_when_opportunity_am_assigned,
        OpportunityLost: handlers.withdraw_contract_when_opportunity_lost,
        WonDealImported: handlers.record_contract_when_won_deal_imported,
        ContractSigned: handlers.hand_over_order_when_contract_signed,
    }
