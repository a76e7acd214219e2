"""Which event runs which reaction."""

from __future__ import annotations

from dealwire.catalogue.contract import ContractSigned
from dealwire.catalogue.lead import LeadConverted
from dealwire.catalogue.market import MarketNoteRevised, MarketNoteWritten
from dealwire.catalogue.people import MemberChanged
from dealwire.kit.consumer import Reactions
from pipeline_service.handlers import Handlers


def reactions(handlers: Handlers) -> Reactions:
    """pipeline-service reacts to converted leads, signed contracts, changes of the organisation, and market notes."""
    return {
        LeadConverted: handlers.open_opportunity_when_lead_converted,
        ContractSigned: handlers.win_opportunity_when_contract_signed,
        MemberChanged: handlers.keep_member_when_member_changed,
        MarketNoteWritten: handlers.keep_note_when_market_note_written,
        MarketNoteRevised: handlers.keep_note_when_market_note_revised,
    }
