"""The least service that `serve` runs: one slow request, one part that says when it stops."""

import asyncio
import sys

from fastapi import APIRouter, FastAPI

from dealwire.kit.serve import serve
from dealwire.kit.settings import ServiceSettings
from dealwire.kit.web import Probe, create_app


class Settings(ServiceSettings):
    service: str = "notes-service"


class Witness:
    async def start(self) -> None:
        sys.stdout.write("started\n")

    async def stop(self) -> None:
        sys.stdout.write("stopped\n")


async def fine() -> Probe:
    return Probe(ok=True)


def build(settings: Settings) -> FastAPI:
    router = APIRouter()

    @router.get("/v1/slow")
    async def slow(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "done"

    return create_app(
        settings,
        title="notes-service",
        description="Notes.",
        routers=[router],
        parts=[Witness()],
        probes={"everything": fine},
    )


if __name__ == "__main__":
    serve(build, Settings)
