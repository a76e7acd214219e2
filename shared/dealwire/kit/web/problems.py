"""Every error of the HTTP surface, as RFC 9457 problem details."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from dealwire.errors import (
    Conflict,
    DealwireError,
    Forbidden,
    NotFound,
    Rejected,
    StaleVersion,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from dealwire.kit.web.context import context_of

MEDIA_TYPE = "application/problem+json"
MOST_FAULTS = 100
_RETRY_AFTER_SECONDS = 5


class Malformed(Rejected):
    """A header or parameter that is not even of the right form; `pointer` is its name."""


class Refused(HTTPException):
    """A request that is refused before it is understood. FastAPI lets it pass while it reads a body."""

    def __init__(self, status: int, slug: str = "", detail: str = "", errors: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(status, detail or None)
        self.slug = slug
        self.errors = errors


STATUS: dict[type[DealwireError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    StaleVersion: HTTPStatus.PRECONDITION_FAILED,
    Rejected: HTTPStatus.UNPROCESSABLE_ENTITY,
    Malformed: HTTPStatus.BAD_REQUEST,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The one table from the error tree to HTTP."""

_HEADERS: dict[type[DealwireError], Mapping[str, str]] = {
    Unauthenticated: {"WWW-Authenticate": "Bearer"},
    TooMany: {"Retry-After": "60"},
    Unavailable: {"Retry-After": str(_RETRY_AFTER_SECONDS)},
}

_SENTENCES: dict[int, tuple[str, str]] = {
    400: ("malformed-request", "The request cannot be read."),
    404: ("no-such-path", "There is nothing at this path."),
    405: ("method-not-allowed", "This path does not take this method."),
    413: ("body-too-large", "The body is larger than this path takes."),
    415: ("unsupported-media-type", "This path takes application/json."),
    422: ("invalid-request", "The request does not have the form that this path takes; `errors` says where."),
    500: ("internal-error", "Something failed here that should not have; the trace id helps to find it."),
}


class Fault(BaseModel):
    """One thing that is wrong with a request, and where."""

    pointer: Annotated[str | None, Field(description="JSON pointer (RFC 6901) into the body.")] = None
    parameter: Annotated[str | None, Field(description="Name of the path, query or header parameter.")] = None
    detail: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: Annotated[str, Field(description="Names the kind of problem for programs: `urn:dealwire:problem:<slug>`.")]
    title: Annotated[str, Field(description="The kind of problem, for people.")]
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Annotated[str, Field(description="This problem, for people.")]
    trace_id: Annotated[str, Field(description="Finds the log lines of this request.")]
    errors: list[Fault] | None = None


def problem(
    scope: Scope,
    status: int,
    slug: str,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> Response:
    """A problem as a response; the slug is also its title, in words."""
    content: dict[str, Any] = {
        "type": f"urn:dealwire:problem:{slug}",
        "title": slug.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
        "trace_id": context_of(scope).trace_id,
        **({"errors": list(errors)} if errors else {}),
        **more,
    }
    # Answering an error must not fail on a string that is no Unicode text.
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    return Response(body, status, headers, media_type=MEDIA_TYPE)


def problem_of_status(scope: Scope, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """A problem that the status says all about."""
    phrase = HTTPStatus(status).phrase
    slug, detail = _SENTENCES.get(status, (phrase.lower().replace(" ", "-"), f"{phrase}."))
    return problem(scope, status, slug, detail, headers=headers)


def fault(pointer: str, detail: str) -> dict[str, str]:
    """One entry of `errors`: JSON pointers begin with a slash, what does not is the name of a parameter."""
    kind = "pointer" if pointer.startswith("/") or not pointer else "parameter"
    return {kind: pointer, "detail": detail}


def install(app: FastAPI) -> None:
    """Makes every error of the application a problem."""
    app.add_exception_handler(DealwireError, _dealwire_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


async def _dealwire_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DealwireError)  # noqa: S101  # Starlette's handlers are typed for any exception
    kind = next(kind for kind in type(error).__mro__ if kind in STATUS)
    errors = () if error.pointer is None else (fault(error.pointer, error.detail),)
    return problem(
        request.scope, STATUS[kind].value, error.slug, error.detail, errors=errors, headers=_HEADERS.get(kind)
    )


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # same
    if isinstance(error.body, bytes):  # FastAPI parses JSON only when the body says that it is JSON
        return problem_of_status(request.scope, 415)
    slug, detail = _SENTENCES[422]
    errors = [_validation_fault(each) for each in error.errors()[:MOST_FAULTS]]
    return problem(request.scope, 422, slug, detail, errors=errors)


def _validation_fault(error: Mapping[str, Any]) -> dict[str, str]:
    place, *path = error["loc"]
    message: str = error["msg"].removeprefix("Value error, ")
    if place != "body":
        return {"parameter": str(path[0]) if path else str(place), "detail": message}
    return {"pointer": "".join(f"/{escape_pointer(str(part))}" for part in path), "detail": message}


def escape_pointer(part: str) -> str:
    """A name as one step of a JSON pointer."""
    return part.replace("~", "~0").replace("/", "~1")


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # same
    if isinstance(error.__cause__, ClientDisconnect):  # to FastAPI a body that cannot be read is malformed
        raise error.__cause__
    if isinstance(error, Refused) and error.slug:
        return problem(request.scope, error.status_code, error.slug, error.detail, errors=error.errors)
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": ", ".join(_methods_of_path(request))}
    return problem_of_status(request.scope, error.status_code, headers)


def _methods_of_path(request: Request) -> list[str]:
    """All methods of all routes with this path; Starlette itself names those of the first only."""
    matching = (
        route.methods or ()
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
    )
    return sorted({method for methods in matching for method in methods})
