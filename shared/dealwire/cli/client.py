"""Calling the services, as the command line does it: patiently, because every call may be made again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Annotated, Any, Self

import httpx
import typer

from dealwire.cli.console import Failure
from dealwire.stack.infra import running_state
from dealwire.stack.keys import Keys
from dealwire.stack.stack import FOLDER

Url = Annotated[
    str,
    typer.Option(
        metavar="URL",
        envvar="DEALWIRE_URL",
        show_default=False,
        help="The gateway. Left out: the stack that runs here.",
    ),
]
Token = Annotated[
    str,
    typer.Option(
        metavar="TOKEN",
        envvar="DEALWIRE_TOKEN",
        show_default=False,
        help="A bearer token. Left out: one of the stack that runs here.",
    ),
]

_ATTEMPTS = 8
_UPLOAD_SECONDS = 300
_AWAY = (502, 503, 504)


class Refused(Failure):
    """A service said no; `pointers` name what in the request it was about."""

    def __init__(self, detail: str, pointers: tuple[str, ...]) -> None:
        super().__init__(detail)
        self.pointers = pointers


class Api:
    """The services behind a gateway, called with one token. A "no" becomes Refused, with the problem's sentence."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self._token = token

    @classmethod
    def at(cls, url: str, token: str = "") -> Self:
        """The services at a gateway."""
        return cls(httpx.AsyncClient(base_url=url, timeout=60, trust_env=False), token)

    def as_(self, token: str) -> Api:
        """The same services over the same connections, called by somebody else."""
        return Api(self._client, token)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def get(self, path: str, **query: str | int) -> Any:
        return await self._call("GET", path, None, params=query)

    async def put(self, path: str, body: Mapping[str, Any], *, key: str | None = None) -> Any:
        return await self._call("PUT", path, key, json=body)

    async def post(self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> Any:
        """`key` is the Idempotency-Key; a call without one must be safe to make again by itself."""
        return await self._call("POST", path, key, json=body)

    async def put_bytes(self, path: str, body: Callable[[], AsyncIterator[bytes]]) -> Any:
        """Sends a file as it is read; `body` begins anew for every attempt."""
        return await self._call("PUT", path, None, body=body, timeout=_UPLOAD_SECONDS)

    async def lines(self, path: str, **query: str) -> AsyncIterator[str]:
        """A text as it comes, line by line; not tried again once it has begun."""
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._client.stream("GET", path, headers=headers, params=query) as answer:
            if not answer.is_success:
                raise Refused(f"GET {path}: {answer.status_code}", ())
            async for line in answer.aiter_lines():
                yield line.removeprefix("\ufeff")

    async def _call(
        self,
        method: str,
        path: str,
        key: str | None,
        body: Callable[[], AsyncIterator[bytes]] | None = None,
        **more: Any,
    ) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", **({"Idempotency-Key": key} if key else {})}
        trouble = ""
        for attempt in range(_ATTEMPTS):
            if body is not None:
                more["content"] = body()
            try:
                answer = await self._client.request(method, path, headers=headers, **more)
            except httpx.TransportError as error:
                trouble = f"{type(error).__name__}: {error}"
            else:
                if answer.is_success:
                    return answer.json()
                trouble, pointers = _said(answer)
                if answer.status_code not in _AWAY:
                    raise Refused(f"{method} {path}: {trouble}", pointers)
            await asyncio.sleep(min(2**attempt, 10) * random.uniform(0.1, 0.3))
        raise Failure(f"{method} {path} did not work in {_ATTEMPTS} attempts. The last one: {trouble}")


def api(url: str, token: str, *, subject: str, roles: Iterable[str] = (), scopes: Iterable[str] = ()) -> Api:
    """The API at `url`; without one that of the stack running here, with a token of that stack's own key."""
    state = running_state(FOLDER)
    if url and not token:
        raise Failure("Calling another gateway needs a token: --token or DEALWIRE_TOKEN.")
    if not url and not (state and "url" in state):
        raise Failure("No gateway: no stack runs here. Start one with `dealwire up`, or name one with --url.")
    at = url or str((state or {})["url"])
    return Api.at(at, token or Keys.of(FOLDER / "keys").mint(subject, roles, scopes))


def _said(answer: httpx.Response) -> tuple[str, tuple[str, ...]]:
    """The sentence of a problem, and what in the request it points to."""
    try:
        problem = answer.json()
        faults = {
            fault.get("pointer") or fault.get("parameter"): fault["detail"] for fault in problem.get("errors", ())
        }
        where = "".join(f" {pointer}: {detail}." for pointer, detail in faults.items())
        return f"{answer.status_code} {problem['detail']}{where}", tuple(faults)
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{answer.status_code} {answer.reason_phrase}", ()
