"""Routes of the SOPs: how leads are followed up and nurtured, and what that would come to (L12, L14, L15, X8)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dealwire.catalogue.common import Grade, Text
from dealwire.catalogue.lead import NextStep
from dealwire.catalogue.lead_rules import CaseMaterial
from dealwire.event import RecordedEvent, utc_now
from dealwire.kit.store import Record
from dealwire.kit.web.bodies import Body
from dealwire.kit.web.pages import PageView, Paging, page_view
from dealwire.kit.web.records import record_headers
from lead_service.api.access import Colleague, SalesOps
from lead_service.api.care import NurtureBody
from lead_service.api.routing import VersionNumber
from lead_service.domain.policy import SopStep
from lead_service.domain.sops import PublishedSops
from lead_service.handlers import Rules
from lead_service.store import SOPS, LeadStore

Steps = Annotated[
    tuple[SopStep, ...],
    Field(min_length=1, max_length=20, description="Each so long after the contact before it; the last is repeated."),
]
StepsOfGrades = Annotated[dict[Grade, Steps], Field(description="Of every grade.")]


class SopsBody(Body):
    """A version to publish; in force at once when it does not say from when."""

    follow_up: StepsOfGrades
    nurture: NurtureBody
    effective_from: AwareDatetime | None = None
    note: Text | None = None


class TrySopsBody(Body):
    """A lead to imagine, and the steps and case material to try: those in force, of a version, or others."""

    grade: Grade
    version: VersionNumber | None = None
    steps: Steps | None = None
    nurture: NurtureBody | None = None


class SopVersionView(BaseModel):
    """A version of the SOPs; `label` is what plans of leads remember of it."""

    model_config = ConfigDict(from_attributes=True)

    label: str
    version: int
    effective_from: datetime
    published_at: datetime
    follow_up: dict[Grade, tuple[SopStep, ...]]
    nurture: CaseMaterial
    note: str | None


class PublishedSopsView(BaseModel):
    """The SOPs with all their versions, the one built in first; `in_force` is the number of the one that plans follow
    now.
    """

    version: Annotated[int, Field(description="Of the record, for If-Match; 0 before something was published.")]
    in_force: int
    versions: list[SopVersionView]


class MaterialView(BaseModel):
    """A piece of case material, and when it is due."""

    material: str
    due: datetime


class PlanView(BaseModel):
    """What would follow if a lead were accepted, or nurtured, now and each step were taken the moment it is due."""

    follow_up: list[NextStep]
    nurture: Annotated[list[MaterialView], Field(description="Of a C lead, until an AM has it.")]


def routes(rules: Rules, store: LeadStore) -> APIRouter:
    """Everything about the SOPs."""
    router = APIRouter(prefix="/v1", tags=["sops"])

    @router.get("/sops")
    async def get_sops(_: Colleague, response: Response) -> PublishedSopsView:
        """What leads are followed up and nurtured by, of now, before and later."""
        there = await store.sops.find_one({"_id": SOPS})
        if there:
            record_headers(response, there)
        return _sops(rules, there)

    @router.post("/sops/versions", status_code=201)
    async def publish_sops(body: SopsBody, caller: SalesOps, response: Response) -> PublishedSopsView:
        """Publishes a version, which never changes afterwards."""
        nurture = CaseMaterial.model_validate(body.nurture.model_dump())
        record = await rules.publish_sops(body.follow_up, nurture, body.effective_from, body.note, caller.cause)
        record_headers(response, record)
        return _sops(rules, record)

    @router.get("/sops/timeline")
    async def get_sops_timeline(
        _: Colleague, paging: Paging, request: Request, response: Response
    ) -> PageView[RecordedEvent]:
        """Who published what, and when."""
        page = await store.sops.timeline(SOPS, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    @router.post("/sops/try")
    async def try_sops(body: TrySopsBody, _: SalesOps) -> PlanView:
        """Says what would be asked for of a lead of this grade, and when, by SOPs that need not be published."""
        nurture = CaseMaterial.model_validate(body.nurture.model_dump()) if body.nurture else None
        plan = await rules.what_would_follow(body.grade, body.version, body.steps, nurture, utc_now())
        return PlanView.model_validate(asdict(plan))

    return router


def _sops(rules: Rules, record: Record[PublishedSops] | None) -> PublishedSopsView:
    published = record.state if record else None
    return PublishedSopsView(
        version=record.version if record else 0,
        in_force=rules.sops_in_force(published, utc_now()).version,
        versions=[SopVersionView.model_validate(each) for each in rules.sop_versions(published)],
    )
