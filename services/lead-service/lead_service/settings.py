"""What lead-service is told from outside."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dealwire.kit.settings import ServiceSettings
from lead_service.domain.policy import Policy
from lead_service.store import SERVICE


class LeadSettings(ServiceSettings):
    """The numbers of the rules are set as `DEALWIRE_POLICY='{"acceptance_hours": 4}'`."""

    service: str = SERVICE
    policy: Annotated[Policy, Field(description='the numbers of the rules, such as {"acceptance_hours": 4}')] = Policy()
