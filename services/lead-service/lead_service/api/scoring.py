"""Routes of scoring models (L6–L8, L18, L21)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dealwire.catalogue.common import Channel, Id, Line, Text
from dealwire.catalogue.lead_rules import Criterion, GradeRule, IdealCustomer, Level, ScoringModel, Use
from dealwire.event import RecordedEvent, utc_now
from dealwire.kit.store import Record
from dealwire.kit.web.bodies import Body
from dealwire.kit.web.pages import PageView, Paging, page_view
from dealwire.kit.web.records import record_headers
from lead_service.api.access import Colleague, SalesOps
from lead_service.domain.models import ModelVersion, PublishedModel
from lead_service.handlers import Rules
from lead_service.store import LeadStore

Fitting = Annotated[tuple[Line, ...], Field(max_length=30)]
Employees = Annotated[int, Field(ge=1, le=10_000_000, strict=True, description="Number of employees.")]
Points = Annotated[int, Field(ge=1, le=1000, strict=True)]


class IdealCustomerBody(Body):
    """Whom one would like to sell to: what fits, each as a list; pains are words that a need mentions."""

    industries: Fitting = ()
    regions: Fitting = ()
    product_lines: Fitting = ()
    channels: Annotated[tuple[Channel, ...], Field(max_length=len(Channel))] = ()
    size_from: Employees | None = None
    size_to: Employees | None = None
    pains: Fitting = ()
    buying_process: Text | None = None
    decision_chain: Text | None = None


class GradeRuleBody(GradeRule):
    """A lead has this grade when each criterion named reaches its level, and its score this many points."""

    model_config = ConfigDict(extra="forbid")

    score: Points | None = None


class ScoringModelBody(Body):
    """How leads are scored."""

    weights: Annotated[dict[Criterion, Level], Field(max_length=len(Criterion), description="Points at level 100.")]
    grades: Annotated[tuple[GradeRuleBody, ...], Field(max_length=20)]
    ideal: IdealCustomerBody = IdealCustomerBody()

    def model(self) -> ScoringModel:
        """The same as a value of the domain."""
        return ScoringModel.model_validate(self.model_dump(include=set(ScoringModel.model_fields)))


class VersionBody(ScoringModelBody):
    """A version to publish; in force at once when it does not say from when."""

    use: Use = Use.ALONG
    effective_from: AwareDatetime | None = None
    note: Text | None = None


class VersionView(BaseModel):
    """A version of a scoring model; `label` is what leads remember of it."""

    label: str
    name: str
    version: int
    effective_from: datetime
    published_at: datetime
    use: Use
    weights: dict[Criterion, int]
    grades: tuple[GradeRule, ...]
    ideal: IdealCustomer
    note: str | None


class ModelView(BaseModel):
    """A scoring model with all its versions, the oldest first."""

    name: str
    version: Annotated[int, Field(description="Of the record, for If-Match.")]
    versions: list[VersionView]


class PanelView(BaseModel):
    """What leads are scored by now: one model decides, the others are scored along and shown."""

    decides: VersionView
    along: list[VersionView]


def routes(rules: Rules, store: LeadStore) -> APIRouter:
    """Everything about scoring models."""
    router = APIRouter(prefix="/v1", tags=["scoring"])

    @router.get("/scoring")
    async def get_scoring(_: Colleague) -> PanelView:
        """What leads are scored by now."""
        decides, *along = await rules.panel(utc_now())
        return PanelView(decides=_version(decides), along=[_version(each) for each in along])

    @router.get("/scoring-models")
    async def list_scoring_models(
        _: Colleague, paging: Paging, request: Request, response: Response
    ) -> PageView[ModelView]:
        """Published scoring models, newest first."""
        page = await store.models.page({}, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, _model, request, response)

    @router.get("/scoring-models/{name}")
    async def get_scoring_model(name: Id, _: Colleague, response: Response) -> ModelView:
        """One scoring model with all its versions."""
        record = await store.models.get(name)
        record_headers(response, record)
        return _model(record)

    @router.post("/scoring-models/{name}/versions", status_code=201)
    async def publish_scoring_model(name: Id, body: VersionBody, caller: SalesOps, response: Response) -> ModelView:
        """Publishes a version, which never changes afterwards."""
        record = await rules.publish_model(name, body.model(), body.use, body.effective_from, body.note, caller.cause)
        record_headers(response, record)
        return _model(record)

    @router.get("/scoring-models/{name}/timeline")
    async def get_scoring_model_timeline(
        name: Id, _: Colleague, paging: Paging, request: Request, response: Response
    ) -> PageView[RecordedEvent]:
        """Who published what, and when."""
        page = await store.models.timeline(name, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    return router


def _version(version: ModelVersion) -> VersionView:
    return VersionView(label=version.label, **version.model_dump())


def _model(record: Record[PublishedModel]) -> ModelView:
    return ModelView(
        name=record.id, version=record.version, versions=[_version(each) for each in record.state.versions]
    )
