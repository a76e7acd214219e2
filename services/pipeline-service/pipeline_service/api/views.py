"""What goes in and out of the routes of deals, and into those that hand over."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from dealwire.catalogue.common import Contact, Id, Line, Money, QuoteLine, Stage, Text
from dealwire.kit.store import Record
from dealwire.kit.web.bodies import Body
from pipeline_service.domain.opportunity import Opportunity, Origin
from pipeline_service.domain.past_deal import PastDeal
from pipeline_service.domain.quote import Quote


class OpenBody(Body):
    """A deal for a customer there is; an SE can also be assigned later."""

    account_id: Id
    title: Line
    product: Line | None = None
    se_id: Id | None = None


class MoveBody(Body):
    """The stage to move to."""

    stage: Stage


class LoseBody(Body):
    """Why the deal is lost."""

    reason: Annotated[Text, StringConstraints(min_length=1)]


class AssignBody(Body):
    """Who becomes the SE of the deal."""

    se_id: Id


class AssignAmBody(Body):
    """Who becomes the AM."""

    am_id: Id


class CiteBody(Body):
    """Which market note matters."""

    note_id: Id


class QuoteBody(Body):
    """The lines of a quote, all in one currency."""

    lines: Annotated[tuple[QuoteLine, ...], Field(min_length=1, max_length=500)]


class OpportunityView(BaseModel):
    """A deal as callers see it; `imported` is the older system's row of a deal that comes from one, `origin` what was
    known of the lead of a deal that comes from one.
    """

    id: str
    version: int
    title: str
    stage: Stage
    am_id: str
    se_id: str | None
    account_id: str | None
    account_name: str | None
    lead_id: str | None
    contact: Contact | None
    need: str | None
    product: str | None
    opened_on: date
    quotes: tuple[Quote, ...]
    notes: Annotated[tuple[str, ...], Field(description="Market notes that matter for it.")]
    contract_id: str | None
    amount: Money | None
    closed_on: date | None
    loss_reason: str | None
    origin: Origin | None
    imported: PastDeal | None

    @classmethod
    def of(cls, record: Record[Opportunity]) -> OpportunityView:
        return cls.model_validate({"version": record.version, **record.state.model_dump()})
