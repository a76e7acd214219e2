"""Rules of lead-service that are data: what sales operations publishes, and the events that say so (X8).

A version, once published, is never changed; the next one replaces it from its `effective_from` on.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from dealwire.catalogue.common import Channel, Grade, Id, Line, Text, Value
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
    """How leads are scored: points for each criterion at 100, the rules of the grades, and the ideal customer (L6–L8, L18).

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
