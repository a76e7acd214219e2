"""Events of pipeline-service."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from dealwire.catalogue.common import Id, Line, Money, QuoteLine, Stage, Text
from dealwire.event import EventData


class AccountOpened(EventData):
    """A customer has an account file (P14)."""

    type: ClassVar[str] = "account.opened.v1"

    account_id: Id
    name: Line
    industry: Line | None = None
    region: Line | None = None
    owner_id: Id


class AccountChanged(EventData):
    """The account file says something else now; this is the whole of it (P14)."""

    type: ClassVar[str] = "account.changed.v1"

    account_id: Id
    name: Line
    industry: Line | None = None
    region: Line | None = None
    owner_id: Id


class OpportunityOpened(EventData):
    """A deal is being worked on. `historical` marks deals imported from an older system."""

    type: ClassVar[str] = "opportunity.opened.v1"

    opportunity_id: Id
    title: Line
    account_id: Id | None = None
    account_name: Line | None = None
    lead_id: Id | None = None
    product: Line | None = None
    am_id: Id
    se_id: Id | None = None
    stage: Stage
    opened_on: date | None = None
    historical: bool = False


class OpportunitySeAssigned(EventData):
    """A deal has an SE, or another one (P20)."""

    type: ClassVar[str] = "opportunity.se_assigned.v1"

    opportunity_id: Id
    am_id: Id
    se_id: Id


class OpportunityAmAssigned(EventData):
    """A deal was handed over to another AM; `former_am_id` had it before (P20)."""

    type: ClassVar[str] = "opportunity.am_assigned.v1"

    opportunity_id: Id
    am_id: Id
    former_am_id: Id
    se_id: Id | None = None


class OpportunityStageChanged(EventData):
    """A deal moved. `first_entry` is true the first time it ever enters `to_stage`, so a funnel counts it once."""

    type: ClassVar[str] = "opportunity.stage_changed.v1"

    opportunity_id: Id
    am_id: Id
    from_stage: Stage
    to_stage: Stage
    first_entry: bool


class QuoteDrafted(EventData):
    """A quote was written; it stands only when both AM and SE confirmed it (P8)."""

    type: ClassVar[str] = "quote.drafted.v1"

    opportunity_id: Id
    quote_id: Id
    lines: tuple[QuoteLine, ...]
    total: Money


class QuoteConfirmed(EventData):
    """The AM or the SE confirmed a quote (P8)."""

    type: ClassVar[str] = "quote.confirmed.v1"

    opportunity_id: Id
    quote_id: Id
    confirmed_as: Literal["am", "se"]
    by: Id


class QuoteSent(EventData):
    """A quote that stands went to the customer."""

    type: ClassVar[str] = "quote.sent.v1"

    opportunity_id: Id
    quote_id: Id
    am_id: Id | None = None
    total: Money


class QuoteAccepted(EventData):
    """The customer accepted a quote: contract-service drafts a contract from it."""

    type: ClassVar[str] = "quote.accepted.v1"

    opportunity_id: Id
    quote_id: Id
    account_id: Id | None = None
    account_name: Line | None = None
    am_id: Id
    se_id: Id | None = None
    lines: tuple[QuoteLine, ...]
    total: Money
    opened_on: date
    accepted_at: AwareDatetime


class WonDealImported(EventData):
    """An older system's won deal: contract-service records its contract as signed, without a fulfilment hand-over."""

    type: ClassVar[str] = "opportunity.won_deal_imported.v1"

    opportunity_id: Id
    external_id: Line
    account_id: Id | None = None
    account_name: Line | None = None
    am_id: Id
    product: Line
    amount: Money
    opened_on: date
    signed_on: date


class OpportunityWon(EventData):
    """The contract is signed, so the deal is won."""

    type: ClassVar[str] = "opportunity.won.v1"

    opportunity_id: Id
    contract_id: Id
    am_id: Id
    amount: Money
    won_on: date
    historical: bool = False


class OpportunityLost(EventData):
    """The deal is lost, with the reason (P22)."""

    type: ClassVar[str] = "opportunity.lost.v1"

    opportunity_id: Id
    am_id: Id
    stage: Stage
    reason: Text
    lost_on: date
    historical: bool = False


class OpportunityLossRevoked(EventData):
    """The customer signed after all: the deal was not lost on `lost_on`. That it is won follows."""

    type: ClassVar[str] = "opportunity.loss_revoked.v1"

    opportunity_id: Id
    contract_id: Id
    am_id: Id
    lost_on: date


class OpportunityNoteCited(EventData):
    """A market note was found to matter for a deal (L22)."""

    type: ClassVar[str] = "opportunity.note_cited.v1"

    opportunity_id: Id
    am_id: Id
    note_id: Id
    title: Line
