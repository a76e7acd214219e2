"""`python -m pipeline_service` runs the service."""

from dealwire.kit.serve import serve
from pipeline_service.main import build
from pipeline_service.settings import PipelineSettings

serve(build, PipelineSettings)
