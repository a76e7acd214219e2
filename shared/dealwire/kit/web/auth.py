"""Who calls, whether they may, and what that makes the cause of a change."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from fastapi import Depends
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import Request

from dealwire.errors import Forbidden, Unauthenticated
from dealwire.event import utc_now
from dealwire.kit.cause import Cause
from dealwire.kit.tokens import Verifier
from dealwire.kit.web.bodies import STREAMED
from dealwire.kit.web.context import context_of
from dealwire.kit.web.problems import Malformed

IDEMPOTENCY_KEY = "[!-~]{1,200}"
ETAG = '"([1-9][0-9]{0,17})"'
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_IDEMPOTENCY_KEY = re.compile(IDEMPOTENCY_KEY)
_ETAG = re.compile(ETAG)


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller; `cause` is this request as the cause of a change."""

    id: str
    roles: frozenset[str]
    scopes: frozenset[str]
    cause: Cause


class Allow(SecurityBase):
    """The dependency that `allow` makes; OpenAPI reads from it what an operation needs."""

    model = HTTPBearer(bearerFormat="JWT", description="A JWT with `sub`, `exp`, `roles` and optionally `scope`.")
    scheme_name = "bearerAuth"

    def __init__(self, roles: frozenset[str], scope: str | None) -> None:
        self.roles = roles
        self.scope = scope

    def __str__(self) -> str:
        """What a caller needs, for people."""
        if not self.roles and not self.scope:
            return "any valid token"
        roles = " or ".join(f"`{role}`" for role in sorted(self.roles))
        scope = f"the scope `{self.scope}`" if self.scope else ""
        return " or ".join(part for part in (f"the role {roles}" if roles else "", scope) if part)

    async def __call__(self, request: Request) -> Caller:
        """Raises Unauthenticated, Forbidden, and Malformed for headers that cannot be read."""
        verifier: Verifier = request.app.state.verifier
        identity = await verifier.identify(_bearer_token(request))
        context_of(request.scope).caller = identity.id
        if (self.roles or self.scope) and not (self.roles & identity.roles or self.scope in identity.scopes):
            raise Forbidden("not-allowed", f"This needs {self}.")
        return Caller(identity.id, identity.roles, identity.scopes, await cause_of(request, identity.id))


def allow(*roles: str, scope: str | None = None) -> Any:
    """A dependency that lets callers pass who have one of the roles, or hold the scope; none given: any valid token.

    `caller: Annotated[Caller, allow("am", "team_lead", scope="leads:write")]`
    """
    return Depends(Allow(frozenset(map(str, roles)), scope))


def _bearer_token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("no-token", "This needs an Authorization header with a bearer token.")
    return token.strip()


async def cause_of(request: Request, caller: str) -> Cause:
    """A request of this caller as the cause of a change. Raises Malformed for headers that cannot be read."""
    context = context_of(request.scope)
    key = fingerprint = expected_version = None
    expects_record = False
    if request.method not in SAFE_METHODS:
        key = _idempotency_key(request)
        expects_record = "if-match" in request.headers
        expected_version = _expected_version(request)
    if key is not None:
        fingerprint = await _fingerprint(request)
    return Cause(
        actor=caller,
        now=utc_now(),
        correlation_id=context.correlation_id,
        causation_id=context.request_id,
        traceparent=context.traceparent,
        key=f"{caller} {key}" if key is not None else None,  # a key has no blank, so no two callers' keys are alike
        fingerprint=fingerprint,
        expects_record=expects_record,
        expected_version=expected_version,
        client=request.client.host if request.client else None,
    )


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise Malformed(
            "malformed-idempotency-key",
            "An Idempotency-Key is 1 to 200 printable ASCII characters without spaces.",
            pointer="Idempotency-Key",
        )
    return key


def _expected_version(request: Request) -> int | None:
    tag = request.headers.get("if-match")
    if tag is None or tag.strip() == "*":
        return None
    match = _ETAG.fullmatch(tag.strip())
    if match is None:
        raise Malformed(
            "malformed-if-match",
            'If-Match takes the one ETag that a record came with, such as "5".',
            pointer="If-Match",
        )
    return int(match[1])


async def _fingerprint(request: Request) -> str:
    what = f"{request.method}\n{request.scope['path']}\n".encode() + request.scope["query_string"] + b"\n"
    extra = getattr(request.scope.get("route"), "openapi_extra", None) or {}
    body = b"" if extra.get(STREAMED) else await request.body()
    return hashlib.sha256(what + body).hexdigest()
