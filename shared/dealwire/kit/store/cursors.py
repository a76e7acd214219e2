"""Cursors: where a list goes on, opaque to whoever holds one."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from dealwire.errors import Rejected


def make_cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def a_time(value: str) -> datetime:
    """Reads a time that may be looked for in the database."""
    return datetime.fromisoformat(value).astimezone(UTC)


def read_cursor(cursor: str, kinds: tuple[Callable[[Any], Any], ...]) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [kind(value) for kind, value in zip(kinds, values, strict=True)]
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Rejected("bad-cursor", "This is no cursor that a list gave.", pointer="cursor") from error
