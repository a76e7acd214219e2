"""`python -m contract_service` runs the service."""

from contract_service.main import build
from contract_service.settings import ContractSettings
from dealwire.kit.serve import serve

serve(build, ContractSettings)
