"""Routes of the routing: its rules, and who would get a lead (L9, L21, X8)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dealwire.catalogue.common import Grade, Id, Line, Role, Text
from dealwire.catalogue.lead_rules import Expertise, RoutingRule
from dealwire.event import RecordedEvent, utc_now
from dealwire.kit.store import Record
from dealwire.kit.web.bodies import Body
from dealwire.kit.web.pages import PageView, Paging, page_view
from dealwire.kit.web.records import record_headers
from lead_service.api.access import Colleague, SalesOps
from lead_service.domain.routing import Explanation, Prospect
from lead_service.domain.routing_rules import (
    BUILT_IN,
    PublishedRouting,
    RoutingVersion,
    must_make_sense,
    routing_in_force,
)
from lead_service.domain.versions import all_versions
from lead_service.handlers import Rules
from lead_service.store import ROUTING, LeadStore

Named = Annotated[tuple[Line, ...], Field(max_length=30)]
Experts = Annotated[tuple[Expertise, ...], Field(max_length=len(Expertise))]
Employees = Annotated[int, Field(ge=1, le=10_000_000, strict=True, description="Number of employees.")]
VersionNumber = Annotated[int, Field(ge=1, le=1000)]


class ConditionBody(Body):
    """Which leads a rule is for: all that is named must hold; a list names alternatives."""

    industries: Named = ()
    regions: Named = ()
    product_lines: Named = ()
    grades: Annotated[tuple[Grade, ...], Field(max_length=len(Grade))] = ()
    size_from: Employees | None = None
    size_to: Employees | None = None
    customer: bool | None = None


class TargetBody(Body):
    """Which AMs a rule asks: those of whom all that is named holds."""

    experts: Experts = ()
    generalists: Experts = ()
    members: Annotated[tuple[Id, ...], Field(max_length=30)] = ()
    teams: Annotated[tuple[Id, ...], Field(max_length=30)] = ()
    role: Role | None = None
    customers_am: bool = False


class RuleBody(Body):
    """A rule: leads for whom `when` holds go to one of those in `to`."""

    name: Line
    when: ConditionBody = ConditionBody()
    to: TargetBody = TargetBody()


RuleBodies = Annotated[tuple[RuleBody, ...], Field(min_length=1, max_length=50, description="Tried in this order.")]


class RoutingBody(Body):
    """A version to publish; in force at once when it does not say from when."""

    rules: RuleBodies
    effective_from: AwareDatetime | None = None
    note: Text | None = None


class ProspectBody(Body):
    """A lead to imagine, and the rules to try: those in force when neither a version nor rules are named."""

    industry: Line | None = None
    region: Line | None = None
    product_line: Line | None = None
    size: Employees | None = None
    grade: Grade | None = None
    customers_am: Id | None = None
    passed_over: Annotated[tuple[Id, ...], Field(max_length=100)] = ()
    version: VersionNumber | None = None
    rules: RuleBodies | None = None


class RoutingVersionView(BaseModel):
    """A version of the routing; `label` is what assigned leads remember of it."""

    model_config = ConfigDict(from_attributes=True)

    label: str
    version: int
    effective_from: datetime
    published_at: datetime
    rules: tuple[RoutingRule, ...]
    note: str | None


class PublishedRoutingView(BaseModel):
    """The routing with all its versions, the one built in first; `in_force` is the number of the one that routes now."""

    version: Annotated[int, Field(description="Of the record, for If-Match; 0 before something was published.")]
    in_force: int
    versions: list[RoutingVersionView]


class TriedView(BaseModel):
    """What came of a rule: whether it is for the lead, one sentence, who is free, and why others are not."""

    rule: str
    applies: bool
    because: str
    free: tuple[str, ...]
    not_free: tuple[str, ...]


class RoutingView(BaseModel):
    """Who would get a lead, and why; nulls when there is nobody. `tried` are the rules up to the one that found
    somebody.
    """

    am_id: str | None
    se_id: str | None
    because: tuple[str, ...]
    routing: str | None
    rule: str | None
    tried: list[TriedView]


def routes(rules: Rules, store: LeadStore) -> APIRouter:
    """Everything about the routing."""
    router = APIRouter(prefix="/v1", tags=["routing"])

    @router.get("/routing")
    async def get_routing(_: Colleague, response: Response) -> PublishedRoutingView:
        """The rules that leads are routed by, of now, before and later."""
        there = await store.routing.find_one({"_id": ROUTING})
        if there:
            record_headers(response, there)
        return _routing(there)

    @router.post("/routing/versions", status_code=201)
    async def publish_routing(body: RoutingBody, caller: SalesOps, response: Response) -> PublishedRoutingView:
        """Publishes a version, which never changes afterwards."""
        record = await rules.publish_routing(_rules(body.rules), body.effective_from, body.note, caller.cause)
        record_headers(response, record)
        return _routing(record)

    @router.get("/routing/timeline")
    async def get_routing_timeline(
        _: Colleague, paging: Paging, request: Request, response: Response
    ) -> PageView[RecordedEvent]:
        """Who published what, and when."""
        page = await store.routing.timeline(ROUTING, cursor=paging.cursor, limit=paging.limit)
        return page_view(page, lambda event: event, request, response)

    @router.get("/leads/{lead_id}/routing")
    async def try_routing(
        lead_id: Id,
        _: SalesOps,
        version: Annotated[VersionNumber | None, Query(description="A version other than the one in force.")] = None,
    ) -> RoutingView:
        """Says who would get a lead if it were assigned now, and which rules were tried. Nothing is changed."""
        return _explanation(await rules.who_would_get_lead(lead_id, version, utc_now()))

    @router.post("/routing/try")
    async def try_routing_of_prospect(body: ProspectBody, _: SalesOps) -> RoutingView:
        """Says the same of a lead that is only imagined, with rules that need not be published. Nothing is changed."""
        lead = Prospect(id="imagined", **body.model_dump(exclude={"version", "rules"}))
        routing = unpublished_routing(body.rules) if body.rules else body.version
        return _explanation(await rules.who_would_get(lead, routing, utc_now()))

    return router


def _rules(bodies: tuple[RuleBody, ...]) -> tuple[RoutingRule, ...]:
    return tuple(RoutingRule.model_validate(body.model_dump()) for body in bodies)


def unpublished_routing(bodies: tuple[RuleBody, ...]) -> RoutingVersion:
    """Rules to try without publishing them. Raises Rejected."""
    rules = _rules(bodies)
    must_make_sense(rules)
    return BUILT_IN.model_copy(update={"version": 0, "rules": rules})


def _routing(record: Record[PublishedRouting] | None) -> PublishedRoutingView:
    published = record.state if record else None
    return PublishedRoutingView(
        version=record.version if record else 0,
        in_force=routing_in_force(published, utc_now()).version,
        versions=[RoutingVersionView.model_validate(each) for each in all_versions(BUILT_IN, published)],
    )


def _explanation(found: Explanation) -> RoutingView:
    nobody = dict.fromkeys(("am_id", "se_id", "routing", "rule")) | {"because": ()}
    tried = [TriedView(**asdict(each)) for each in found.tried]
    return RoutingView.model_validate({**(asdict(found.to) if found.to else nobody), "tried": tried})
