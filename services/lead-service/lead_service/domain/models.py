"""Scoring models as they are published: versions that never change, and which of them score a lead (L7, L21, X8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from dealwire.catalogue.common import Grade
from dealwire.catalogue.lead import Bant, Verdict
from dealwire.catalogue.lead_rules import Criterion, GradeRule, ScoringModel, ScoringModelPublished, Use
from dealwire.errors import Rejected
from dealwire.event import Decision
from lead_service.domain import scoring
from lead_service.domain.lead import Capture
from lead_service.domain.policy import Policy
from lead_service.domain.versions import BEGINNING, effective, in_force, next_version, with_room

BUILT_IN = "bant"
_FACTS_OF = {
    Criterion.INDUSTRY: "industries",
    Criterion.REGION: "regions",
    Criterion.PRODUCT_LINE: "product_lines",
    Criterion.CHANNEL: "channels",
    Criterion.PAIN: "pains",
}


class ModelVersion(ScoringModel):
    """A version of a scoring model."""

    name: str
    version: int
    effective_from: datetime
    published_at: datetime
    use: Use
    note: str | None = None

    @property
    def label(self) -> str:
        """What a lead remembers of it."""
        return f"{self.name}.v{self.version}"


class PublishedModel(BaseModel):
    """All versions of a scoring model, the oldest first."""

    model_config = ConfigDict(frozen=True)

    name: str
    versions: tuple[ModelVersion, ...]


def built_in(policy: Policy) -> ModelVersion:
    """BANT with the numbers of the policy: what decides until something else is published (L7, L8)."""
    budget, authority, need, timeline = policy.score_weights
    return ModelVersion(
        name=BUILT_IN,
        version=1,
        effective_from=BEGINNING,
        published_at=BEGINNING,
        use=Use.DECIDES,
        weights={
            Criterion.BUDGET: budget,
            Criterion.AUTHORITY: authority,
            Criterion.NEED: need,
            Criterion.TIMELINE: timeline,
        },
        grades=(
            GradeRule(
                grade=Grade.A,
                at_least=dict.fromkeys((Criterion.BUDGET, Criterion.AUTHORITY, Criterion.NEED), policy.confirmed),
            ),
            GradeRule(grade=Grade.B, at_least={Criterion.NEED: policy.latent}),
        ),
    )


def publish(
    name: str,
    known: PublishedModel | None,
    model: ScoringModel,
    use: Use,
    effective_from: datetime | None,
    note: str | None,
    now: datetime,
) -> Decision[PublishedModel]:
    """A published version of a scoring model is never changed; the next one replaces it from a date on (L7, X8)."""
    must_make_sense(model)
    before = known.versions if known else ()
    version = ModelVersion(
        **model.model_dump(),
        name=name,
        version=next_version(before, first=2 if name == BUILT_IN else 1),
        effective_from=effective(effective_from, now),
        published_at=now,
        use=use,
        note=note,
    )
    event = ScoringModelPublished.model_validate(version.model_dump())
    return PublishedModel(name=name, versions=(*with_room(before, now), version)), (event,)


def must_make_sense(model: ScoringModel) -> None:
    """A model weighs something, and its rules can hold: it says what fits where it asks for a fact. Raises Rejected."""
    most = sum(model.weights.values())
    if not most:
        raise Rejected("weighs-nothing", "A model gives points for something.", pointer="/weights")
    for number, rule in enumerate(model.grades):
        pointer = f"/grades/{number}"
        if rule.grade is Grade.C:
            raise Rejected("grade-c-is-the-rest", "C is what no rule holds for; it needs none.", pointer=pointer)
        if not rule.at_least and not rule.score:
            raise Rejected("rule-of-nothing", "A rule asks for a level or for points.", pointer=pointer)
        if (rule.score or 0) > most:
            raise Rejected("out-of-reach", f"Nobody gets more than {most} points.", pointer=f"{pointer}/score")
    if (model.ideal.size_from or 0) > (model.ideal.size_to or 10**9):
        raise Rejected("sizes-reversed", "`size_from` is above `size_to`.", pointer="/ideal/size_from")
    asked = {*model.weights, *(criterion for rule in model.grades for criterion in rule.at_least)}
    for criterion, fact in _FACTS_OF.items():
        if criterion in asked and not getattr(model.ideal, fact):
            raise Rejected(
                "ideal-unknown", f"The model asks for the {criterion}: say what fits.", pointer=f"/ideal/{fact}"
            )
    if Criterion.SIZE in asked and model.ideal.size_from is None and model.ideal.size_to is None:
        raise Rejected("ideal-unknown", "The model asks for the size: say what fits.", pointer="/ideal/size_from")


def panel(published: Iterable[PublishedModel], policy: Policy, now: datetime) -> tuple[ModelVersion, ...]:
    """Of several models side by side one decides, the others score along: the first here decides (L7).

    Of each model the version in force counts. Among those that are there to decide it is the one that came into effect
    last; BANT as it is built in when there is none.
    """
    current = [version for each in published if (version := in_force(each.versions, now))]
    used = [version for version in current if version.use is not Use.OFF]
    default = built_in(policy)
    deciding = max(
        (version for version in used if version.use is Use.DECIDES),
        key=lambda version: (version.effective_from, version.published_at, version.name),
        default=default,
    )
    if deciding is not default and not any(version.name == BUILT_IN for version in current):
        used.append(default)
    return (deciding, *sorted((each for each in used if each is not deciding), key=lambda each: each.name))


def assess(told: Capture, bant: Bant, models: Sequence[ModelVersion]) -> tuple[Verdict, ...]:
    """What each model says, in the order of the models."""
    return tuple(scoring.judge(told, bant, model, model.label) for model in models)
