"""`python -m kpi_service` runs the service."""

from dealwire.kit.serve import serve
from kpi_service.main import build
from kpi_service.settings import KpiSettings

serve(build, KpiSettings)
