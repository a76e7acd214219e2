"""Routing rules as they are published: versions that never change, and which of them routes a lead (L9, X8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from dealwire.catalogue.lead_rules import Expertise, RoutingCondition, RoutingPublished, RoutingRule, RoutingTarget
from dealwire.errors import Rejected
from dealwire.event import Decision
from lead_service.domain.versions import effective, in_force, next_version

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class RoutingVersion(BaseModel):
    """A version of the routing: rules in the order in which they are tried."""

    model_config = ConfigDict(frozen=True)

    version: int
    effective_from: datetime
    published_at: datetime
    rules: tuple[RoutingRule, ...]
    note: str | None = None

    @property
    def label(self) -> str:
        """What a lead remembers of it."""
        return f"routing.v{self.version}"


class PublishedRouting(BaseModel):
    """All published versions of the routing, the oldest first."""

    model_config = ConfigDict(frozen=True)

    versions: tuple[RoutingVersion, ...]


BUILT_IN = RoutingVersion(
    version=1,
    effective_from=_BEGINNING,
    published_at=_BEGINNING,
    rules=(
        RoutingRule(
            name="the customer's own AM", when=RoutingCondition(customer=True), to=RoutingTarget(customers_am=True)
        ),
        RoutingRule(name="industry", to=RoutingTarget(experts=(Expertise.INDUSTRY,))),
        RoutingRule(name="generalists", to=RoutingTarget(generalists=(Expertise.INDUSTRY,))),
    ),
)
"""What routes until something else is published (L9, L10)."""


def publish(
    known: PublishedRouting | None,
    rules: Sequence[RoutingRule],
    effective_from: datetime | None,
    note: str | None,
    now: datetime,
) -> Decision[PublishedRouting]:
    """A published version of the routing is never changed; the next one replaces it from a date on (L9, X8)."""
    must_make_sense(rules)
    before = known.versions if known else ()
    version = RoutingVersion(
        version=next_version(before, first=BUILT_IN.version + 1),
        effective_from=effective(effective_from, now),
        published_at=now,
        rules=tuple(rules),
        note=note,
    )
    event = RoutingPublished.model_validate(version.model_dump())
    return PublishedRouting(versions=(*before, version)), (event,)


def must_make_sense(rules: Sequence[RoutingRule]) -> None:
    """A rule can be told from the others, and can find somebody. Raises Rejected."""
    names = Counter(rule.name for rule in rules)
    for number, rule in enumerate(rules):
        pointer = f"/rules/{number}"
        if names[rule.name] > 1:
            raise Rejected("same-name", f"Several rules are called {rule.name!r}.", pointer=f"{pointer}/name")
        if (rule.when.size_from or 0) > (rule.when.size_to or 10**9):
            raise Rejected("sizes-reversed", "`size_from` is above `size_to`.", pointer=f"{pointer}/when/size_from")
        if both := set(rule.to.experts) & set(rule.to.generalists):
            raise Rejected(
                "expert-and-generalist", f"Nobody is both in {min(both)}.", pointer=f"{pointer}/to/generalists"
            )


def routing_in_force(published: PublishedRouting | None, now: datetime) -> RoutingVersion:
    """The version that routes now, which is the one built in until another has begun."""
    return in_force((BUILT_IN, *(published.versions if published else ())), now) or BUILT_IN
