"""What kpi-service is told from outside."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveFloat

from dealwire.kit.settings import ServiceSettings
from kpi_service.domain.policy import Policy
from kpi_service.store import SERVICE


class KpiSettings(ServiceSettings):
    """The numbers of the rules are set as `DEALWIRE_POLICY='{"pool_of_sales": 600}'`."""

    service: str = SERVICE
    policy: Policy = Policy()
    projector_batch: Annotated[
        int, Field(ge=1, le=10_000, description="how many events to project in one transaction, at most")
    ] = 500
    rating_interval_seconds: Annotated[PositiveFloat, Field(description="how often to rate how members perform")] = 60.0
