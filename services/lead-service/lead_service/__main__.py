"""`python -m lead_service` runs the service."""

from dealwire.kit.serve import serve
from lead_service.main import build
from lead_service.settings import LeadSettings

serve(build, LeadSettings)
