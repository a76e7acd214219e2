"""Use cases of the rules that are data: sales operations publishes them, everybody may ask what they would do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dealwire.calendar import BusinessCalendar
from dealwire.catalogue.common import Grade
from dealwire.catalogue.lead_rules import CaseMaterial, RoutingRule, ScoringModel, Use
from dealwire.errors import NotFound
from dealwire.kit.cause import Cause
from dealwire.kit.store import Record
from lead_service.domain import models, routing_rules, sops
from lead_service.domain.lead import Lead
from lead_service.domain.models import ModelVersion, PublishedModel
from lead_service.domain.policy import Policy, Sop
from lead_service.domain.routing import Explanation, Prospect, Roster, explain
from lead_service.domain.routing_rules import BUILT_IN, PublishedRouting, RoutingVersion
from lead_service.domain.sops import Foreseen, PublishedSops, SopVersion
from lead_service.domain.versions import all_versions, numbered
from lead_service.domain.what_if import Changes, Regraded, Replay, replay, rescore
from lead_service.store import ROUTING, SOPS, Between, LeadStore

_PIECE = 200  # leads looked at between two breaths of the event loop


@dataclass(frozen=True, slots=True)
class Past:
    """Leads to look at: captured in a period, at most so many, newest first, from a cursor on."""

    captured: Between = (None, None)
    at_most: int = 10_000
    cursor: str | None = None


class Rules:
    """Scoring models, the routing and the SOPs."""

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

    async def model_version(self, name: str, version: int) -> ModelVersion:
        """A version of a scoring model, the one built in too. Raises NotFound."""
        there = await self._store.models.find_one({"_id": name})
        for each in (models.built_in(self._policy), *(there.state.versions if there else ())):
            if (each.name, each.version) == (name, version):
                return each
        raise NotFound("not-found", f"There is no version {version} of a scoring model {name!r}.")

    async def what_if_scored(self, model: ModelVersion, over: Past, most_examples: int) -> tuple[Regraded, str | None]:
        """How past leads would be graded by another model, and where to go on; nothing is changed (L21)."""
        so_far: Regraded = Changes(most_examples)
        after = await self._over(over, lambda lead: rescore(lead, model, so_far))
        return so_far, after

    async def what_if_routed(
        self, routing: RoutingVersion | int, over: Past, most_examples: int, now: datetime
    ) -> tuple[Replay, str | None]:
        """Who would have got past leads by other rules, and where to go on; nothing is changed (L21)."""
        other = await self._routing_version(routing) if isinstance(routing, int) else routing
        twice = replay(await self._roster(None, now), other, most_examples)
        after = await self._over(over, twice.add, routed=True)
        return twice, after

    async def _over(self, past: Past, look: Callable[[Lead], None], *, routed: bool = False) -> str | None:
        """Looks at past leads piece by piece, so that memory does not grow with them."""
        left, cursor = past.at_most, past.cursor
        while left:
            page = await self._store.qualified(past.captured, cursor, min(left, _PIECE), routed=routed)
            for record in page.items:
                look(record.state)
            left, cursor = left - len(page.items), page.next_cursor
            if cursor is None:
                break
        return cursor

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
        return numbered(BUILT_IN, await self._store.published_routing(), version)

    async def publish_sops(
        self,
        follow_up: Mapping[Grade, Sop],
        nurture: CaseMaterial,
        effective_from: datetime | None,
        note: str | None,
        cause: Cause,
    ) -> Record[PublishedSops]:
        """A new version of the SOPs, in force from a date on (L14, X8)."""
        return await self._store.sops.put(
            SOPS, lambda known: sops.publish(known, follow_up, nurture, effective_from, note, cause.now), cause
        )

    def sop_versions(self, published: PublishedSops | None) -> tuple[SopVersion, ...]:
        """All versions of the SOPs, the one built in first."""
        return all_versions(sops.built_in(self._policy), published)

    def sops_in_force(self, published: PublishedSops | None, now: datetime) -> SopVersion:
        """The version of the SOPs that plans follow now."""
        return sops.sops_in_force(published, self._policy, now)

    async def what_would_follow(
        self, grade: Grade, version: int | None, steps: Sop | None, nurture: CaseMaterial | None, now: datetime
    ) -> Foreseen:
        """What SOPs would ask for, those in force if no version is named, with other steps or material; a question
        (L15).
        """
        published = await self._store.published_sops()
        known = self.sops_in_force(published, now)
        if version is not None:
            known = numbered(sops.built_in(self._policy), published, version)
        drafted = {**({"follow_up": {grade: steps}} if steps else {}), **({"nurture": nurture} if nurture else {})}
        if drafted:
            known = known.model_copy(update={"version": 0, **drafted})
        return sops.foresee(known, grade, now, self._calendar)
