"""Lists in pages: their order, and the cursors at which they go on, opaque to whoever holds one."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from dealwire.errors import Rejected
from dealwire.kit.store.database import Document

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A piece of a list, and the cursor of the next one."""

    items: list[T]
    next_cursor: str | None


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


@dataclass(frozen=True, slots=True)
class Order:
    """By which field a list is ordered, `read` from a cursor; every record that is listed has it. The id decides a tie."""

    field: str
    read: Callable[[Any], Any]
    descending: bool = True

    @property
    def fields(self) -> list[tuple[str, int]]:
        """As the database sorts."""
        return [(self.field, way := -1 if self.descending else 1), ("_id", way)]

    def after(self, cursor: str) -> Document:
        """What comes after the record with which a page ended. Raises Rejected for a cursor that is none."""
        value, last = read_cursor(cursor, (self.read, str))
        way = "$lt" if self.descending else "$gt"
        return {"$or": [{self.field: {way: value}}, {self.field: value, "_id": {way: last}}]}

    def cursor(self, document: Document) -> str:
        """Where a page that ends with this record ends."""
        value: Any = document
        for name in self.field.split("."):
            value = value[name]
        return make_cursor(value.isoformat() if isinstance(value, datetime) else value, document["_id"])


NEWEST = Order("created_at", a_time)
OLDEST = Order("created_at", a_time, descending=False)
