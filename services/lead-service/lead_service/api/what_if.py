"""Routes that say what models would make of a lead, and other rules of past leads (L21). They are questions: nothing is
changed.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from dealwire.catalogue.common import Channel, Grade, Id, Line, Text
from dealwire.catalogue.lead import Bant, ScoreReason, Verdict
from dealwire.catalogue.lead_rules import Use
from dealwire.event import utc_now
from dealwire.kit.web.bodies import Body
from lead_service.api.access import RuleKeeper
from lead_service.api.routing import RuleBodies, VersionNumber, unpublished_routing
from lead_service.api.scoring import Employees, ScoringModelBody
from lead_service.api.views import QualifyBody
from lead_service.domain.lead import Capture
from lead_service.domain.models import ModelVersion, assess, must_make_sense
from lead_service.domain.routing import Assignment
from lead_service.domain.what_if import Rerouted, Rescored
from lead_service.handlers import Past, Rules

DRAFT = "draft"


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this moment is too far away") from error


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]


class PublishedVersionBody(Body):
    """A version of a scoring model that was published, in force or not yet."""

    name: Id
    version: VersionNumber


class ImaginedLeadBody(QualifyBody):
    """A lead to imagine: its answers and facts, and the model to try; without one those in force."""

    channel: Channel
    industry: Line | None = None
    region: Line | None = None
    size: Employees | None = None
    product_line: Line | None = None
    need_text: Annotated[Text | None, Field(description="What they ask for; pains are looked for in it.")] = None
    model: PublishedVersionBody | ScoringModelBody | None = None

    def told(self) -> Capture:
        """What a channel would have told."""
        facts = self.model_dump(include={"channel", "industry", "region", "size", "product_line"})
        nobody = {"company": "imagined", "contact": {"name": "imagined"}, "need": self.need_text}
        return Capture.model_validate({**facts, **nobody})

    def bant(self) -> Bant:
        """The answers."""
        return Bant.model_validate(self.model_dump(include=set(Bant.model_fields)))


class PastBody(Body):
    """Which past leads: captured in a period, newest first, at most so many at once."""

    since: Moment | None = None
    until: Moment | None = None
    at_most: Annotated[int, Field(ge=1, le=50_000, description="Ask for the rest with `cursor`.")] = 10_000
    cursor: Annotated[str, Field(max_length=500, description="`next` of the report before.")] | None = None
    examples: Annotated[int, Field(ge=0, le=20, description="Of each change, at most.")] = 3

    def past(self) -> Past:
        """The same as the handlers take it."""
        return Past((self.since, self.until), self.at_most, self.cursor)


class ScoringWhatIfBody(PastBody):
    """Another model: a version there is, or one to think about."""

    model: PublishedVersionBody | ScoringModelBody


class RoutingWhatIfBody(PastBody):
    """Other rules: those of a version there is, or some to think about."""

    routing: VersionNumber | RuleBodies


class RescoredView(BaseModel):
    """A lead as it was scored, and as it would be, with the reasons."""

    lead_id: str
    company: str
    model: str
    score_before: int
    score_after: int
    reasons: tuple[ScoreReason, ...]


class RegradedView(BaseModel):
    """How many leads of one grade would have another, or the same."""

    before: Grade
    after: Grade
    leads: int
    examples: list[RescoredView]


class ScoringReport(BaseModel):
    """What another model would have made of past leads; counts of several reports add up."""

    model: str
    leads: int
    changed: int
    grades: list[RegradedView]
    next: Annotated[str | None, Field(description="The cursor for the leads before these; null when there are none.")]


class AssignmentView(BaseModel):
    """Who would get a lead, and why."""

    am_id: str
    se_id: str | None
    because: tuple[str, ...]


class ReroutedView(BaseModel):
    """Who would get a lead by the rules in force, and who by the others; null is nobody."""

    lead_id: str
    company: str
    before: AssignmentView | None
    after: AssignmentView | None


class RedirectedView(BaseModel):
    """How many leads one rule routes now and another would, or the same; null is no rule."""

    before: str | None
    after: str | None
    leads: int
    examples: list[ReroutedView]


class ShareView(BaseModel):
    """How many of the leads an AM would get, everybody starting without one."""

    am_id: str
    before: int
    after: int


class RoutingReport(BaseModel):
    """What other rules would have made of past leads; counts of several reports add up."""

    leads: int
    changed: int
    rules: list[RedirectedView]
    shares: list[ShareView]
    next: Annotated[str | None, Field(description="The cursor for the leads before these; null when there are none.")]


def routes(rules: Rules) -> APIRouter:
    """All of these questions."""
    router = APIRouter(prefix="/v1", tags=["what if"])

    async def version_of(model: PublishedVersionBody | ScoringModelBody) -> ModelVersion:
        return (
            _draft(model)
            if isinstance(model, ScoringModelBody)
            else await rules.model_version(model.name, model.version)
        )

    @router.post("/scoring/try")
    async def try_scoring(body: ImaginedLeadBody, _: RuleKeeper) -> list[Verdict]:
        """Says what the models in force, or another one, would make of a lead that is only imagined; the first decides."""
        models = (await version_of(body.model),) if body.model else await rules.panel(utc_now())
        return list(assess(body.told(), body.bant(), models))

    @router.post("/scoring/what-if")
    async def what_if_scored(body: ScoringWhatIfBody, _: RuleKeeper) -> ScoringReport:
        """Scores past leads with another model, from the answers they remember."""
        other = await version_of(body.model)
        found, after = await rules.what_if_scored(other, body.past(), body.examples)
        grades = [
            RegradedView(
                before=before,
                after=then,
                leads=count,
                examples=[_rescored(each) for each in found.examples[before, then]],
            )
            for (before, then), count in sorted(found.counts.items())
        ]
        return ScoringReport(model=other.label, leads=found.leads, changed=found.changed, grades=grades, next=after)

    @router.post("/routing/what-if")
    async def what_if_routed(body: RoutingWhatIfBody, _: RuleKeeper) -> RoutingReport:
        """Routes past leads by the rules in force and by others, with the members of now, and reports the difference."""
        other = body.routing if isinstance(body.routing, int) else unpublished_routing(body.routing)
        twice, after = await rules.what_if_routed(other, body.past(), body.examples, utc_now())
        found = twice.changes
        return RoutingReport(
            leads=found.leads,
            changed=found.changed,
            rules=[
                RedirectedView(
                    before=before,
                    after=then,
                    leads=count,
                    examples=[_rerouted(each) for each in found.examples[before, then]],
                )
                for (before, then), count in found.counts.most_common()
            ],
            shares=[
                ShareView(am_id=am_id, before=twice.given_before[am_id], after=twice.given_after[am_id])
                for am_id in sorted({*twice.given_before, *twice.given_after})
            ],
            next=after,
        )

    return router


def _draft(body: ScoringModelBody) -> ModelVersion:
    model = body.model()
    must_make_sense(model)
    now = utc_now()
    return ModelVersion(**model.model_dump(), name=DRAFT, version=0, effective_from=now, published_at=now, use=Use.OFF)


def _rescored(each: Rescored) -> RescoredView:
    return RescoredView(
        lead_id=each.lead_id,
        company=each.company,
        model=each.model,
        score_before=each.score,
        score_after=each.verdict.score,
        reasons=each.verdict.reasons,
    )


def _rerouted(each: Rerouted) -> ReroutedView:
    return ReroutedView(
        lead_id=each.lead_id, company=each.company, before=_assignment(each.before), after=_assignment(each.after)
    )


def _assignment(to: Assignment | None) -> AssignmentView | None:
    return AssignmentView.model_validate(asdict(to)) if to else None
