"""What the tests of both ways to deploy need: the files, and what a service can be told."""

from __future__ import annotations

import re
from typing import Any

import yaml

from contract_service.settings import ContractSettings
from dealwire.kit.settings import PREFIX, ServiceSettings
from dealwire.stack.binaries import ROOT
from kpi_service.settings import KpiSettings
from lead_service.settings import LeadSettings
from pipeline_service.settings import PipelineSettings

DEPLOY = ROOT / "deploy"
SETTINGS: dict[str, type[ServiceSettings]] = {
    str(each.model_fields["service"].default): each
    for each in (LeadSettings, PipelineSettings, ContractSettings, KpiSettings)
}
SERVICES = sorted(SETTINGS)

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
GATEWAY = (DEPLOY / "gateway" / "nginx.conf").read_text()
IMAGE_ENVIRONMENT = dict(re.findall(r"(DEALWIRE_\w+)=(\S+)", (DEPLOY / "Dockerfile").read_text()))


def known(service: str) -> set[str]:
    """The variables that a service reads."""
    return {f"{PREFIX}{name.upper()}" for name in SETTINGS[service].model_fields} | {f"{PREFIX}SECRETS_DIR"}
