"""What a request's body may be: no larger than agreed, sound JSON if it is JSON, and of fields that the route knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dealwire.kit.web.problems import MOST_FAULTS, Refused, escape_pointer, fault

_LIMIT = "x-max-body-bytes"
STREAMED = "x-streamed-body"
_MOST_LEVELS = 50  # MongoDB stores a hundred, the record around it included
_MOST_NUMBER = 2**63  # a database integer has 64 bits
# What a sound body hardly ever has: only then is it worth walking through. Beginning with a class makes a search quick.
_SUSPICIOUS = re.compile(rb"[0-9.](?:[0-9]{18}|[eE]\+?[0-9])")
_NUL = rb"\u0000"


class Body(BaseModel):
    """The body of a request: no fields but those it names."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def body_limit(size: int, *, streamed: bool = False) -> dict[str, Any]:
    """Another limit for one route, in bytes, shown in its documentation too: `openapi_extra=body_limit(50 * MIB)`.

    A body that is `streamed` is not held in memory: it is left out when two requests under one key are told apart.
    """
    return {_LIMIT: size, **({STREAMED: True} if streamed else {})}


class Bodies:
    """Refuses bodies above `limit` bytes (413), and JSON that cannot be stored as it stands (400, 422).

    It does so when the application begins to read: the route is known by then, and whatever it raises is answered like
    any other error.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length, json = _announced(scope) if scope["type"] == "http" else (0, False)
        if length != 0:
            receive = self._checked(scope, receive, length, json)
        await self._app(scope, receive, send)

    def _checked(self, scope: Scope, receive: Receive, length: int | None, json: bool) -> Receive:
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            limit = (getattr(scope.get("route"), "openapi_extra", None) or {}).get(_LIMIT, self._limit)
            if max(size, length or 0) > limit:
                raise Refused(413)
            return message

        return _sound(counted) if json else counted


def _announced(scope: Scope) -> tuple[int | None, bool]:
    """How long the body is going to be (0: there is none, None: nobody knows), and whether it is to be JSON."""
    length: int | None = 0
    json = False
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = int(value) if value.isdigit() else None
        elif name == b"transfer-encoding":
            length = None
        elif name == b"content-type":
            media_type = value.split(b";", 1)[0].strip().lower()
            json = media_type == b"application/json" or media_type.endswith(b"+json")
    return length, json


def _sound(receive: Receive) -> Receive:
    """The same body in one piece, once it has been looked through."""
    done = False

    async def sound() -> Message:
        nonlocal done
        if done:
            return await receive()
        done = True
        body = await _read(receive)
        if body:
            _look_through(body)
        return {"type": "http.request", "body": body, "more_body": False}

    return sound


async def _read(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def _look_through(body: bytes) -> None:
    """Raises Refused."""
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Refused(400, "malformed-json", f"The body is no JSON: {error}.") from error
    if _NUL not in body and not _SUSPICIOUS.search(body) and body.count(b"{") + body.count(b"[") <= _MOST_LEVELS:
        return
    if faults := list(islice(_faults(value), MOST_FAULTS)):
        raise Refused(422, "unstorable-value", "The body holds what cannot be stored; `errors` says where.", faults)


def _faults(body: Any) -> Iterator[dict[str, str]]:
    """Everything in a parsed body that a database could not hold, or only as something else."""
    todo = [("", 1, body)]
    while todo:
        pointer, level, value = todo.pop()
        if isinstance(value, dict):
            children = [(escape_pointer(key), child) for key, child in value.items()]
            if any("\0" in key for key in value):
                yield fault(pointer, "A name holds a NUL character.")
        elif isinstance(value, list):
            children = [(str(index), child) for index, child in enumerate(value)]
        else:
            if isinstance(value, str) and "\0" in value:
                yield fault(pointer, "The text holds a NUL character.")
            if isinstance(value, (int, float)) and not -_MOST_NUMBER <= value < _MOST_NUMBER:
                yield fault(pointer, "The number is beyond 64 bits.")
            continue
        if level > _MOST_LEVELS:
            yield fault(pointer, f"More than {_MOST_LEVELS} levels are nested here.")
            continue
        todo.extend((f"{pointer}/{name}", level + 1, child) for name, child in children)
