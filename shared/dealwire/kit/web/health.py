"""Whether the process lives, and whether it can take requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import structlog
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from dealwire.kit.web.problems import Problem, problem

_log = structlog.get_logger("dealwire.health")
_PROBE_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Probe:
    """What a look at one dependency found. Without a critical one no request can be served; without another one
    (the broker) requests are still accepted, and what they mean is delivered later.
    """

    ok: bool
    detail: str | dict[str, Any] = ""
    critical: bool = True


Probes = Mapping[str, Callable[[], Awaitable[Probe]]]


class Readiness:
    """Red until everything was fine once, then as long as a critical probe fails, and for good from `stopping` on."""

    def __init__(self, probes: Probes) -> None:
        self._probes = probes
        self._was_ready = False
        self.stopping = False

    async def check(self) -> tuple[bool, str, dict[str, Probe]]:
        """Whether to send requests here, why in a word or a sentence, and what each probe found."""
        found = dict(zip(self._probes, await asyncio.gather(*map(self._look, self._probes)), strict=True))
        failing = [name for name, probe in found.items() if not probe.ok]
        self._was_ready = self._was_ready or not failing
        if self.stopping:
            return False, "The service is stopping.", found
        if not self._was_ready:
            return False, f"The service is starting; not there yet: {', '.join(failing)}.", found
        if any(found[name].critical for name in failing):
            return False, f"The service cannot work without: {', '.join(failing)}.", found
        return True, "degraded" if failing else "ready", found

    async def _look(self, name: str) -> Probe:
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                return await self._probes[name]()
        except TimeoutError:
            return Probe(ok=False, detail=f"no answer within {_PROBE_SECONDS} s")
        except Exception:  # noqa: BLE001  # whatever is wrong with it, /readyz must answer
            _log.exception("probe failed", probe=name)
            return Probe(ok=False, detail="the probe itself failed; the log says why")


def operations(readiness: Readiness) -> APIRouter:
    """The routes for whoever runs the service. They need no token: keep them from the outside at the gateway."""
    router = APIRouter(tags=["operations"])

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        """Whether the process answers at all; it asks nobody else. Needs no token."""
        return {"status": "alive"}

    @router.get("/readyz", responses={503: {"model": Problem}})
    async def readyz(request: Request) -> Response:
        """Whether to send requests here: `ready`, `degraded` (accepts requests, delivers later) or a 503.

        Needs no token.
        """
        ready, why, found = await readiness.check()
        checks = {name: asdict(probe) for name, probe in found.items()}
        if ready:
            return JSONResponse({"status": why, "checks": checks})
        return problem(request.scope, 503, "not-ready", why, headers={"Retry-After": "1"}, checks=checks)

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Metrics in the Prometheus text format. Needs no token."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
