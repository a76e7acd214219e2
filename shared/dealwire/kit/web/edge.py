"""The outermost layer of the application: trace, log line and measurement of a request, and what nobody caught.

It also lets pages of other sites read what a route answers, where that route says so, whoever makes the answer.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import structlog
from prometheus_client import Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, reset_contextvars

from dealwire.kit.metrics import http_request_duration
from dealwire.kit.traffic import traffic
from dealwire.kit.web.context import RequestContext, context_of
from dealwire.kit.web.problems import problem_of_status

_log = structlog.get_logger("dealwire.http")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})
_CROSS_ORIGIN = "x-cross-origin"
_READABLE = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Retry-After, X-Correlation-Id"),
]
_CLIENT_LEFT = 499  # nginx's number for it; no response is sent
_series: dict[tuple[str, str, int], Histogram] = {}  # looking a series up by its labels costs more than observing


def cross_origin() -> dict[str, Any]:
    """Lets the pages of any site read all answers of one route, problems too: for routes without cookie or token only."""
    return {_CROSS_ORIGIN: True}


class Edge:
    """Pure ASGI, and the only layer that wraps `send`: every request passes through it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        context = context_of(scope)
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *context.response_headers(), *_readable(scope)]
            await send(message)

        bound = bind_contextvars(trace_id=context.trace_id, correlation_id=context.correlation_id)
        traffic.requests += 1
        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            status = _CLIENT_LEFT
        except Exception:
            _log.exception("request failed", method=scope["method"], route=_route(scope))
            if status:  # half an answer is out: the server must break the connection
                raise
            await problem_of_status(scope, 500)(scope, receive, answer)
        finally:
            traffic.requests -= 1
            _account(scope, context, status or 500, perf_counter() - began)
            reset_contextvars(**bound)


def _readable(scope: Scope) -> list[tuple[bytes, bytes]]:
    extra = getattr(scope.get("route"), "openapi_extra", None)
    return _READABLE if extra and _CROSS_ORIGIN in extra else []


def _route(scope: Scope) -> str:
    route = scope.get("route")
    return getattr(route, "path", "unmatched")


def _account(scope: Scope, context: RequestContext, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    route = _route(scope)
    series = _series.get((method, route, status))
    if series is None:
        series = _series[method, route, status] = http_request_duration.labels(method, route, status)
    series.observe(seconds)
    say = _log.debug if route in _QUIET else _log.info
    client = scope.get("client")
    say(
        "request",
        method=method,
        path=scope["path"],
        route=route,
        status=status,
        ms=round(seconds * 1000, 2),
        request_id=context.request_id,
        caller=context.caller,
        client=client[0] if client else None,
    )
