"""What is known of a request before anybody looks at it: its place in a trace and in a chain of causes."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from starlette.types import Scope

from dealwire.kit.trace import child_traceparent, new_traceparent, trace_id_of

_KEY = "dealwire.request"
_CORRELATION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")


@dataclass(slots=True)
class RequestContext:
    """`traceparent` names this service's span; `caller` is known once the token has been verified."""

    correlation_id: str
    traceparent: str
    caller: str | None = None

    @property
    def trace_id(self) -> str:
        """Shared by everything done for the same outside request, across services."""
        return trace_id_of(self.traceparent)

    @property
    def request_id(self) -> str:
        """Of this one request: its span."""
        return self.traceparent[36:52]

    def response_headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"x-correlation-id", self.correlation_id.encode()), (b"traceparent", self.traceparent.encode())]


def context_of(scope: Scope) -> RequestContext:
    """The context of a request, begun from its headers when it is asked for the first time."""
    known: RequestContext | None = scope.get(_KEY)
    if known is None:
        correlation_id = parent = ""
        for name, value in scope["headers"]:
            if name == b"x-correlation-id":
                correlation_id = value.decode("latin-1")
            elif name == b"traceparent":
                parent = value.decode("latin-1")
        known = RequestContext(
            correlation_id if _CORRELATION_ID.fullmatch(correlation_id) else str(uuid.uuid4()),
            child_traceparent(parent) if parent else new_traceparent(),
        )
        scope[_KEY] = known
    return known
