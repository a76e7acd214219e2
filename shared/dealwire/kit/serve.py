"""Running a service: settings, logs, server, and a stop that loses nothing."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from dealwire.kit.logs import configure_logs
from dealwire.kit.settings import InvalidSettings, ServiceSettings, load_settings
from dealwire.kit.web import Readiness

S = TypeVar("S", bound=ServiceSettings)

_log = structlog.get_logger("dealwire.serve")
_OBJECTS_BETWEEN_COLLECTIONS = 20_000
_PREFIX = re.compile(rb"(/[A-Za-z0-9._~-]+){1,5}")


def serve(build: Callable[[S], FastAPI], settings_type: type[S]) -> None:
    """Runs a service until SIGTERM or SIGINT; returns when it has stopped in good order.

    Settings that are missing or wrong end the process with status 78 and a sentence for each.
    """
    try:
        settings = load_settings(settings_type)
    except InvalidSettings as invalid:
        sys.stderr.write(f"{invalid}\n")
        sys.exit(os.EX_CONFIG)
    configure_logs(settings.service, level=settings.log_level, format=settings.log_format)
    app = build(settings)
    config = uvicorn.Config(
        TrustedProxy(app, settings.trusted_proxies),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # TrustedProxy believes them
        server_header=False,
        timeout_graceful_shutdown=settings.drain_seconds,
    )
    GracefulServer(config, app.state.readiness, settings.ready_delay_seconds).run()


class TrustedProxy:
    """Believes a trusted gateway who the client is and under which prefix it is mounted (`X-Forwarded-Prefix`)."""

    def __init__(self, app: ASGIApp, trusted: tuple[str, ...]) -> None:
        self._app = ProxyHeadersMiddleware(app, list(trusted))  # type: ignore[arg-type]  # uvicorn's ASGI types are narrower

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client and client[0] in self._app.trusted_hosts:
            for name, value in scope["headers"]:
                if name == b"x-forwarded-prefix" and _PREFIX.fullmatch(value):
                    scope["root_path"] = value.decode()
        await self._app(scope, receive, send)  # type: ignore[arg-type]  # same


class GracefulServer(uvicorn.Server):
    """Says first that it is going, goes on until gateways have noticed, and ends with status 0."""

    def __init__(self, config: uvicorn.Config, readiness: Readiness, ready_delay_seconds: float) -> None:
        super().__init__(config)
        self._readiness = readiness
        self._ready_delay_seconds = ready_delay_seconds

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts all parts. What is there by then stays, so that looking through it for garbage again and again is in
        vain.
        """
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  # as uvicorn calls it
        """The first signal asks for a good end, the second for a quick one.

        uvicorn's own would raise the signal again after the end, which makes that look like a crash.
        """
        self.force_exit = self._readiness.stopping
        self.should_exit = self._readiness.stopping = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Waits while readiness is red, then stops accepting, lets requests finish and stops the parts."""
        waited = 0.0
        while waited < self._ready_delay_seconds and not self.force_exit:
            await asyncio.sleep(0.1)
            waited += 0.1
        await super().shutdown(sockets)
