"""Rules of lead-service that are data: what sales operations publishes, and the events that say so (X8).

A version, once published, is never changed; the next one replaces it from its `effective_from` on.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from dealwire.catalogue.common import Channel, Grade, Id, Line, Role, Text, Value
from dealwire.catalogue.lead import Contacted
from dealwire.event import EventData

Level = Annotated[int, Field(ge=0, le=100, strict=True)]


class Criterion(StrEnum):
    """What a lead is scored by: an answer to BANT (L7), or a fact held against the ideal customer (L6, L18)."""

    BUDGET = "budget"
    AUTHORITY = "authority"
    NEED = "need"
    TIMELINE = "timeline"
    INDUSTRY = "industry"
    REGION = "region"
    SIZE = "size"
    PRODUCT_LINE = "product_line"
    CHANNEL = "channel"
    PAIN = "pain"


class IdealCustomer(Value):
    """Whom one would like to sell to (L18).

    A list names what fits, sizes are numbers of employees, a pain is a word that a need mentions. `buying_process` and
    `decision_chain` are for the people who give the answers.
    """

    industries: tuple[Line, ...] = ()
    regions: tuple[Line, ...] = ()
    product_lines: tuple[Line, ...] = ()
    channels: tuple[Channel, ...] = ()
    size_from: int | None = None
    size_to: int | None = None
    pains: tuple[Line, ...] = ()
    buying_process: Text | None = None
    decision_chain: Text | None = None


class GradeRule(Value):
    """A lead has this grade when each criterion named reaches its level (0–100), and its score this many points (L8)."""

    grade: Grade
    at_least: dict[Criterion, Level] = Field(default_factory=dict)
    score: int | None = None


class Use(StrEnum):
    """What a scoring model is there for: it decides, it is scored along and shown, or it is out of use."""

    DECIDES = "decides"
    ALONG = "along"
    OFF = "off"


class ScoringModel(Value):
    """How leads are scored: points for each criterion at 100, the rules of the grades, and the ideal customer (L6–L8,
    L18).

    A lead gets the best grade of which a rule holds, and C when none does.
    """

    weights: dict[Criterion, Level]
    grades: tuple[GradeRule, ...]
    ideal: IdealCustomer = IdealCustomer()


class ScoringModelPublished(EventData):
    """A version of a scoring model was published and scores leads from `effective_from` on (L7, X8)."""

    type: ClassVar[str] = "scoring_model.published.v1"

    name: Id
    version: int
    effective_from: AwareDatetime
    use: Use
    weights: dict[Criterion, Level]
    grades: tuple[GradeRule, ...]
    ideal: IdealCustomer
    note: Text | None = None


class Expertise(StrEnum):
    """What a member may be an expert in, and a lead be about (L9)."""

    INDUSTRY = "industry"
    REGION = "region"
    PRODUCT_LINE = "product_line"


class RoutingCondition(Value):
    """Which leads a rule is for: all that is named must hold, a list names alternatives, and nothing named means every
    lead.

    Sizes are numbers of employees; `customer` asks for leads of customers there are, or of others.
    """

    industries: tuple[Line, ...] = ()
    regions: tuple[Line, ...] = ()
    product_lines: tuple[Line, ...] = ()
    grades: tuple[Grade, ...] = ()
    size_from: int | None = None
    size_to: int | None = None
    customer: bool | None = None


class RoutingTarget(Value):
    """Which AMs a rule asks: those of whom all that is named holds.

    `experts` have what the lead is about among their own, `generalists` have nothing of the kind. `members` are named,
    those of `teams` belong to one of them that day, `role` is one that they have besides, `customers_am` is the AM of
    the customer whose lead it is.
    """

    experts: tuple[Expertise, ...] = ()
    generalists: tuple[Expertise, ...] = ()
    members: tuple[Id, ...] = ()
    teams: tuple[Id, ...] = ()
    role: Role | None = None
    customers_am: bool = False


class RoutingRule(Value):
    """Leads for whom `when` holds go to one of those in `to` (L9)."""

    name: Line
    when: RoutingCondition = RoutingCondition()
    to: RoutingTarget = RoutingTarget()


class RoutingPublished(EventData):
    """A version of the routing was published: from `effective_from` on its rules are tried in order (L9, X8)."""

    type: ClassVar[str] = "routing.published.v1"

    version: int
    effective_from: AwareDatetime
    rules: tuple[RoutingRule, ...]
    note: Text | None = None


class Wait(Value):
    """How long to wait: `wall` time always runs, `business` time only while people work (X9)."""

    hours: float
    time: Literal["wall", "business"] = "wall"


class SopStep(Value):
    """What an AM does, so long after the contact before it, and to what end (L15)."""

    after: Wait
    channel: Contacted
    content: Line


class CaseMaterial(Value):
    """What a lead in nurture gets, piece by piece and from the start again, and how many days lie between (L12)."""

    material: tuple[Line, ...]
    every_days: float


class SopsPublished(EventData):
    """A version of the SOPs was published: steps that are planned from `effective_from` on follow it (L12, L14, X8).

    `follow_up` has the steps of each grade, of which the last is repeated.
    """

    type: ClassVar[str] = "sops.published.v1"

    version: int
    effective_from: AwareDatetime
    follow_up: dict[Grade, tuple[SopStep, ...]]
    nurture: CaseMaterial
    note: Text | None = None
