"""What pipeline-service is told from outside."""

from __future__ import annotations

from dealwire.kit.settings import ServiceSettings
from pipeline_service.domain.policy import Policy
from pipeline_service.store import SERVICE


class PipelineSettings(ServiceSettings):
    """The numbers of the rules are set as `DEALWIRE_POLICY='{"quotes_per_deal": 20}'`."""

    service: str = SERVICE
    policy: Policy = Policy()
