"""The event catalogue: every event there is, by publisher.

An event belongs to the service that publishes it. Adding one: declare it in its publisher's module here, list it below,
run `make docs`.
"""

from __future__ import annotations

from dealwire.catalogue import contract, duplicates, lead, lead_care, lead_rules, market, people, pipeline, sources
from dealwire.event import CatchUpStarted, EventData

PUBLISHED: dict[str, tuple[type[EventData], ...]] = {
    "kpi-service": (people.TeamChanged, people.MemberChanged, people.MemberPerformanceRated),
    "lead-service": (
        lead.LeadCaptured,
        lead.LeadLinked,
        lead.LeadFactsCompleted,
        lead.LeadFactsOverdue,
        lead.LeadQualified,
        lead.LeadBidPlaced,
        lead.LeadGrabDecided,
        lead.LeadAssigned,
        lead.LeadAccepted,
        lead.LeadReturned,
        lead.LeadVerified,
        lead_care.LeadFollowedUp,
        lead_care.LeadReminded,
        lead_care.LeadEscalated,
        lead_care.LeadReleased,
        lead_care.LeadUnassigned,
        lead_care.LeadNurturePlanned,
        lead_care.LeadMaterialDue,
        lead_care.LeadArchived,
        lead_care.LeadReactivated,
        lead.LeadDiscarded,
        lead.LeadConverted,
        lead_rules.ScoringModelPublished,
        lead_rules.RoutingPublished,
        lead_rules.SopsPublished,
        lead.LeadWithdrawn,
        sources.LeadImportOpened,
        sources.LeadImportReceived,
        sources.LeadImportMapped,
        sources.LeadImportStarted,
        sources.LeadImportFinished,
        sources.LeadImportUndoStarted,
        sources.LeadImportUndone,
        sources.LeadImportUploadGivenUp,
        duplicates.LeadCustomerLinked,
        duplicates.LeadMerged,
        duplicates.LeadAbsorbed,
        duplicates.LeadUnmerged,
        duplicates.LeadSeparated,
        duplicates.DuplicateSuggested,
        duplicates.DuplicateSettled,
        sources.CampaignSpendRecorded,
        market.MarketNoteWritten,
        market.MarketNoteRevised,
        market.LeadNoteCited,
        sources.LeadFormOpened,
        sources.LeadFormRevoked,
        sources.LeadListSaved,
        sources.LeadListDeleted,
    ),
    "pipeline-service": (
        pipeline.AccountOpened,
        pipeline.AccountChanged,
        pipeline.OpportunityOpened,
        pipeline.OpportunitySeAssigned,
        pipeline.OpportunityAmAssigned,
        pipeline.OpportunityStageChanged,
        pipeline.QuoteDrafted,
        pipeline.QuoteConfirmed,
        pipeline.QuoteSent,
        pipeline.QuoteAccepted,
        pipeline.WonDealImported,
        pipeline.OpportunityWon,
        pipeline.OpportunityLost,
        pipeline.OpportunityLossRevoked,
        pipeline.OpportunityNoteCited,
    ),
    "contract-service": (
        contract.ContractDrafted,
        contract.ContractAmAssigned,
        contract.ContractTermsChanged,
        contract.ContractReviewRequested,
        contract.ContractReviewed,
        contract.ContractApproved,
        contract.ContractSigned,
        contract.ContractWithdrawn,
        contract.PaymentReceived,
        contract.OrderHandedOver,
        contract.OrderAccepted,
        contract.OrderEscalated,
        contract.OrderDelivered,
    ),
}

PUBLISHED_BY_EVERY_SERVICE: tuple[type[EventData], ...] = (CatchUpStarted,)
"""What the service kit itself says, in every service's name."""

CATALOGUE: dict[str, type[EventData]] = {
    event.type: event for events in (*PUBLISHED.values(), PUBLISHED_BY_EVERY_SERVICE) for event in events
}
"""Every event type, e.g. `contract.signed.v1`, with its model."""
