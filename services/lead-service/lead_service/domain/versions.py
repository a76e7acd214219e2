"""Rules that are data have versions, each in force from a moment on until the next one is (X8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from dealwire.errors import Conflict, NotFound, Rejected

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""From when on there has been what is built in."""

_MOST_VERSIONS = 100  # a record holds them all, and has to stay well below the 16 MiB of a document
_FARTHEST = timedelta(days=3660)


class Version(Protocol):
    """A version of something."""

    @property
    def version(self) -> int: ...

    @property
    def effective_from(self) -> datetime: ...


class RuleVersion(BaseModel):
    """A version of rules of which there is one set, such as the routing."""

    model_config = ConfigDict(frozen=True)

    kind: ClassVar[str]

    version: int
    effective_from: datetime
    published_at: datetime
    note: str | None = None

    @property
    def label(self) -> str:
        """What a lead remembers of it."""
        return f"{self.kind}.v{self.version}"


V = TypeVar("V", bound=Version)
R = TypeVar("R", bound=RuleVersion)


class Published(BaseModel, Generic[R]):
    """The published versions of such rules, the oldest first; before them all is the one built in, version 1."""

    model_config = ConfigDict(frozen=True)

    versions: tuple[R, ...]


def in_force(versions: Sequence[V], now: datetime) -> V | None:
    """A version is in force from its date until the next one is, the newest of several at one moment (X8).

    None before the first.
    """
    begun = [version for version in versions if version.effective_from <= now]
    return max(begun, key=lambda each: (each.effective_from, each.version), default=None)


def next_version(versions: Sequence[Version], *, first: int = 1) -> int:
    """Versions are counted without gaps."""
    return versions[-1].version + 1 if versions else first


def with_room(versions: Sequence[V], now: datetime) -> tuple[V, ...]:
    """Of a hundred versions one that is over makes room for the next; the timeline has it still (X8).

    Raises Conflict when all of them are in force or wait for their date.
    """
    if len(versions) < _MOST_VERSIONS:
        return tuple(versions)
    current = in_force(versions, now)
    over = next((each for each in versions if each.effective_from <= now and each is not current), None)
    if over is None:
        detail = f"{_MOST_VERSIONS} versions wait for their date. Publish this one when the first of them has begun."
        raise Conflict("too-many-versions", detail)
    return tuple(each for each in versions if each is not over)


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


def stamp(known: Published[R] | None, wanted: datetime | None, note: str | None, now: datetime) -> dict[str, Any]:
    """What a version that is published now has besides its rules."""
    return {
        "version": next_version(known.versions if known else (), first=2),
        "effective_from": effective(wanted, now),
        "published_at": now,
        "note": note,
    }


def all_versions(built_in: R, published: Published[R] | None) -> tuple[R, ...]:
    """The version built in, and those that were published."""
    return (built_in, *(published.versions if published else ()))


def current(built_in: R, published: Published[R] | None, now: datetime) -> R:
    """The version in force now, which is the one built in until another has begun."""
    return in_force(all_versions(built_in, published), now) or built_in


def numbered(built_in: R, published: Published[R] | None, number: int) -> R:
    """The version of this number. Raises NotFound."""
    for version in all_versions(built_in, published):
        if version.version == number:
            return version
    raise NotFound("not-found", f"There is no version {number} of the {built_in.kind}.")
