"""What contract-service is told from outside."""

from __future__ import annotations

from contract_service.domain.policy import Policy
from contract_service.store import SERVICE
from dealwire.kit.settings import ServiceSettings


class ContractSettings(ServiceSettings):
    """The numbers of the rules are set as `DEALWIRE_POLICY='{"credit_days": 45}'`."""

    service: str = SERVICE
    policy: Policy = Policy()
