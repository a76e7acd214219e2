"""One port for all services: a small reverse proxy for the embedded stack, where production has a real one.

`python -m dealwire.stack.gateway PORT '{"/lead": ["http://127.0.0.1:20001"], …}'` runs it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from html import escape
from itertools import cycle

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from dealwire.kit.web.problems import problem, problem_of_status
from dealwire.stack.plain_http import plain_client

_HOP_BY_HOP = {
    *(b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    *(b"expect", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"),
}
_OURS = {b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-prefix", b"x-forwarded-proto"}
_LINKS = ("docs", "openapi.json", "readyz", "livez", "metrics")
_LIMITS = httpx.Limits(
    max_connections=None, keepalive_expiry=3
)  # less than uvicorn's 5 s, so that it never closes first


class Upstream:
    """A service behind the gateway: requests go to its replicas in turn, past those that are not there."""

    def __init__(self, path: str, urls: Sequence[str], client: httpx.AsyncClient, patience: float) -> None:
        self._path = path
        self._urls = [httpx.URL(url) for url in urls]
        self._turn = cycle(range(len(urls)))
        self._client = client
        self._timeout = httpx.Timeout(patience, connect=2).as_dict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._ask(Request(scope, receive))
        except httpx.ConnectError:
            await problem(scope, 502, "bad-gateway", f"Nothing answers behind {self._path}.")(scope, receive, send)
        except httpx.TimeoutException:
            detail = f"{self._path} did not answer in time; whether it acted is not known."
            await problem(scope, 504, "gateway-timeout", detail)(scope, receive, send)
        except httpx.TransportError:
            detail = f"{self._path} broke off; whether it acted is not known."
            await problem(scope, 502, "bad-gateway", detail)(scope, receive, send)
        else:
            async with aclosing(answer):
                response = StreamingResponse(answer.aiter_raw(), answer.status_code)
                response.raw_headers = [(n.lower(), v) for n, v in answer.headers.raw if n.lower() not in _HOP_BY_HOP]
                await response(scope, receive, send)

    async def _ask(self, request: Request) -> httpx.Response:
        """The answer of the replica whose turn it is, or of the next one that takes the connection at all."""
        first = next(self._turn)
        order = self._urls[first:] + self._urls[:first]
        for url in order[:-1]:
            with suppress(httpx.ConnectError):
                return await self._client.send(self._request(request, url), stream=True)
        return await self._client.send(self._request(request, order[-1]), stream=True)

    def _request(self, request: Request, url: httpx.URL) -> httpx.Request:
        raw_path = request.scope["raw_path"].removeprefix(self._path.encode()) or b"/"
        query = request.scope["query_string"]
        dropped = _HOP_BY_HOP | _OURS
        forwarded = {
            b"x-forwarded-for": request.client.host if request.client else "",
            b"x-forwarded-host": request.headers.get("host", ""),
            b"x-forwarded-prefix": self._path,
            b"x-forwarded-proto": request.url.scheme,
        }
        headers = [(name, value) for name, value in request.headers.raw if name not in dropped]
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        return httpx.Request(
            request.method,
            url.copy_with(raw_path=raw_path + b"?" + query if query else raw_path),
            headers=[*headers, *((name, value.encode("latin-1")) for name, value in forwarded.items())],
            content=request.stream() if has_body else None,
            extensions={"timeout": self._timeout},
        )


def create_app(routes: Mapping[str, Sequence[str]], patience: float = 60) -> Starlette:
    """The gateway, from the path of each service to the addresses of its replicas.

    `patience` is how many seconds a service may take to begin its answer, and between two parts of it.
    """
    client = plain_client(limits=_LIMITS)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    async def index(_: Request) -> Response:
        return HTMLResponse(_index(routes))

    async def livez(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def not_found(request: Request, _: Exception) -> Response:
        return problem_of_status(request.scope, 404)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/livez", livez),
            *(Mount(path, Upstream(path, urls, client, patience)) for path, urls in routes.items()),
        ],
        exception_handlers={404: not_found},
        lifespan=lifespan,
    )


def _index(routes: Mapping[str, Sequence[str]]) -> str:
    rows = "".join(
        f"<tr><th>{escape(path)}</th>"
        + "".join(f'<td><a href="{escape(path)}/{link}">{link}</a></td>' for link in _LINKS)
        + f"<td>{len(urls)} running at {escape(', '.join(urls))}</td></tr>"
        for path, urls in routes.items()
    )
    style = "body{font:16px system-ui;margin:3em}th,td{padding:.3em 1em .3em 0;text-align:left}"
    return f"<!doctype html><title>Dealwire</title><style>{style}</style><h1>Dealwire</h1><table>{rows}</table>"


if __name__ == "__main__":
    port, routes_json = sys.argv[1:]
    uvicorn.run(
        create_app(json.loads(routes_json)),
        host="127.0.0.1",
        port=int(port),
        log_level="warning",
        server_header=False,  # the services' own Server and Date are passed on
        date_header=False,
        timeout_graceful_shutdown=5,
    )
