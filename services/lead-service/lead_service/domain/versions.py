"""Rules that are data have versions, each in force from a moment on until the next one is (X8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from dealwire.errors import Conflict, Rejected

_MOST_VERSIONS = 100  # a record holds them all, and has to stay well below the 16 MiB of a document
_FARTHEST = timedelta(days=3660)


class Version(Protocol):
    """A version of something."""

    @property
    def version(self) -> int: ...

    @property
    def effective_from(self) -> datetime: ...


V = TypeVar("V", bound=Version)


def in_force(versions: Sequence[V], now: datetime) -> V | None:
    """A version is in force from its date until the next one is, the newest of several at one moment (X8).

    None before the first.
    """
    begun = [version for version in versions if version.effective_from <= now]
    return max(begun, key=lambda each: (each.effective_from, each.version), default=None)


def next_version(versions: Sequence[Version], *, first: int = 1) -> int:
    """Versions are counted without gaps. Raises Conflict when there are too many."""
    if len(versions) == _MOST_VERSIONS:
        raise Conflict("too-many-versions", f"There are {_MOST_VERSIONS} versions; go on under another name.")
    return first + len(versions)


def effective(wanted: datetime | None, now: datetime) -> datetime:
    """A version comes into effect now or later, never in the past: what was decided stays explained by its rules (X8)."""
    if wanted is None:
        return now
    if not now <= wanted <= now + _FARTHEST:
        raise Rejected(
            "bad-effective-date", "A version comes into effect now or within ten years.", pointer="/effective_from"
        )
    moment = wanted.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
