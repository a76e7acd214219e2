"""The one way in which every service makes its web application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

from dealwire.kit.settings import ServiceSettings
from dealwire.kit.tokens import Verifier
from dealwire.kit.web import problems
from dealwire.kit.web.bodies import Bodies
from dealwire.kit.web.edge import Edge
from dealwire.kit.web.health import Probes, Readiness, operations
from dealwire.kit.web.openapi import DocumentedAPI


class Part(Protocol):
    """Something that lives as long as the process: a database, a consumer, a clock."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


def create_app(
    settings: ServiceSettings,
    *,
    title: str,
    description: str,
    routers: Sequence[APIRouter],
    parts: Sequence[Part] = (),
    probes: Probes | None = None,
    version: str = "1.0.0",
) -> FastAPI:
    """A service's application: its routes, and what is the same in every service.

    `parts` start in their order and stop in the reverse one; `probes` make up `/readyz`.
    """
    readiness = Readiness(probes or {})

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as running:
            for part in parts:
                await part.start()
                running.push_async_callback(part.stop)
            yield

    app = DocumentedAPI(
        title=title,
        description=description,
        version=version,
        lifespan=lifespan,
        middleware=[
            Middleware(Edge),
            Middleware(Bodies, limit=settings.max_body_bytes),
        ],
        telemetry={"tracing": False, "metrics": False, "logs": False},  # Edge does it, without asking each time
        redirect_slashes=False,  # a redirect would be an answer that no operation documents
    )
    problems.install(app)
    app.state.parts = parts
    app.state.readiness = readiness
    app.state.verifier = Verifier(
        public_key=settings.jwt_public_key,
        jwks_url=settings.jwks_url,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
    )
    # Not include_router, which matches every route twice, and before FastAPI's own routes: routes are tried in their
    # order, and together that costs more than all of our own layers.
    app.router.routes[:0] = [route for router in (*routers, operations(readiness)) for route in router.routes]
    return app
