"""Use cases of the rules that are data: sales operations publishes them, everybody may ask what they would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.lead_rules import RoutingRule, ScoringModel, Use
from dealwire.errors import NotFound
from dealwire.kit.cause import Cause
from dealwire.kit.store import Record
from lead_service.domain import models, routing_rules
from lead_service.domain.models import ModelVersion, PublishedModel
from lead_service.domain.policy import Policy
from lead_service.domain.routing import Explanation, Prospect, Roster, explain
from lead_service.domain.routing_rules import BUILT_IN, PublishedRouting, RoutingVersion
from lead_service.store import ROUTING, LeadStore


class Rules:
    """Scoring models and the routing."""

    def __init__(self, store: LeadStore, calendar: BusinessCalendar, policy: Policy) -> None:
        self._store = store
        self._calendar = calendar
        self._policy = policy

    async def publish_model(
        self,
        name: str,
        model: ScoringModel,
        use: Use,
        effective_from: datetime | None,
        note: str | None,
        cause: Cause,
    ) -> Record[PublishedModel]:
        """A new version of a scoring model, in force from a date on (L7, X8)."""
        return await self._store.models.put(
            name, lambda known: models.publish(name, known, model, use, effective_from, note, cause.now), cause
        )

    async def panel(self, now: datetime) -> tuple[ModelVersion, ...]:
        """The scoring models in force; the first decides."""
        return models.panel(await self._store.scoring_models(), self._policy, now)

    async def publish_routing(
        self, rules: Sequence[RoutingRule], effective_from: datetime | None, note: str | None, cause: Cause
    ) -> Record[PublishedRouting]:
        """A new version of the routing, in force from a date on (L9, X8)."""
        return await self._store.routing.put(
            ROUTING, lambda known: routing_rules.publish(known, rules, effective_from, note, cause.now), cause
        )

    async def who_would_get(self, lead: Prospect, routing: RoutingVersion | int | None, now: datetime) -> Explanation:
        """Whom a routing would find for a lead now, the one in force if none is named; nothing is changed (L9)."""
        return explain(lead, await self._roster(routing, now))

    async def who_would_get_lead(self, lead_id: str, version: int | None, now: datetime) -> Explanation:
        """The same for a lead that is there. Raises NotFound."""
        there = await self._store.leads.get(lead_id)
        return await self.who_would_get(Prospect.of(there.state), version, now)

    async def _roster(self, routing: RoutingVersion | int | None, now: datetime) -> Roster:
        roster = await self._store.roster(now, self._calendar)
        if routing is None:
            return roster
        if isinstance(routing, int):
            routing = await self._routing_version(routing)
        return replace(roster, routing=routing)

    async def _routing_version(self, version: int) -> RoutingVersion:
        published = await self._store.published_routing()
        for each in (BUILT_IN, *(published.versions if published else ())):
            if each.version == version:
                return each
        raise NotFound("not-found", f"There is no version {version} of the routing.")
