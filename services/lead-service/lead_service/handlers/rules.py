"""Use cases of the rules that are data: sales operations publishes them, everybody may ask what they would do."""

from __future__ import annotations

from datetime import datetime

from dealwire.catalogue.lead_rules import ScoringModel, Use
from dealwire.kit.cause import Cause
from dealwire.kit.store import Record
from lead_service.domain import models
from lead_service.domain.models import ModelVersion, PublishedModel
from lead_service.domain.policy import Policy
from lead_service.store import LeadStore


class Rules:
    """Scoring models and the routing."""

    def __init__(self, store: LeadStore, policy: Policy) -> None:
        self._store = store
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
