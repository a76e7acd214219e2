"""Routing rules as they are published: versions that never change, and which of them routes a lead (L9, X8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from dealwire.catalogue.lead_rules import Expertise, RoutingCondition, RoutingPublished, RoutingRule, RoutingTarget
from dealwire.errors import Rejected
from dealwire.event import Decision
from lead_service.domain.versions import BEGINNING, Published, RuleVersion, current, stamp, with_room


class RoutingVersion(RuleVersion):
    """A version of the routing: rules in the order in which they are tried."""

    kind: ClassVar[str] = "routing"

    rules: tuple[RoutingRule, ...]


class PublishedRouting(Published[RoutingVersion]):
    """All published versions of the routing, the oldest first."""


BUILT_IN = RoutingVersion(
    version=1,
    effective_from=BEGINNING,
    published_at=BEGINNING,
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
    version = RoutingVersion(rules=tuple(rules), **stamp(known, effective_from, note, now))
    event = RoutingPublished.model_validate(version.model_dump())
    return PublishedRouting(versions=(*with_room(known.versions if known else (), now), version)), (event,)


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
    return current(BUILT_IN, published, now)
