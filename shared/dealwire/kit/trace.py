"""W3C Trace Context: reading, starting and continuing a `traceparent`."""

from __future__ import annotations

import random
import re

_FORMAT = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?")
_SAMPLED = 0x01
_random = random.Random()  # its own, so that a library that seeds the shared one does not repeat ids


def new_traceparent() -> str:
    """Starts a trace, marked as sampled: every log line of a request carries its trace id."""
    return f"00-{_random.getrandbits(128) or 1:032x}-{_span_id()}-{_SAMPLED:02x}"


def child_traceparent(parent: str | None) -> str:
    """Continues the caller's trace under a new span id; a missing or malformed `parent` starts a new trace."""
    match = _FORMAT.fullmatch(parent) if parent else None
    if match is None:
        return new_traceparent()
    version, trace_id, flags, more = match.groups()
    if version == "00" and more is not None:  # only later versions of the format may carry more fields
        return new_traceparent()
    return f"00-{trace_id}-{_span_id()}-{int(flags, 16) & _SAMPLED:02x}"


def trace_id_of(traceparent: str) -> str:
    """The part that all spans of a trace share; `traceparent` is one that this module made."""
    return traceparent[3:35]


def _span_id() -> str:
    return f"{_random.getrandbits(64) or 1:016x}"
