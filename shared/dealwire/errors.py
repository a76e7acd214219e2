"""Everything that can be answered with "no", as one small tree.

DealwireError
├── NotFound            there is no such record
├── Conflict            the record is not in a state that allows this
│   └── StaleVersion    the caller looked at an older version (If-Match)
├── Rejected            the input contradicts a rule
├── Unauthenticated     nobody, or a token that does not hold
├── Forbidden           somebody who may not do this
├── TooMany             that was too often
└── Unavailable         a dependency is away; trying again later is right

Each carries a slug (stable, for programs) and a sentence (for people). `dealwire.kit.web.problems` holds the one table
that turns them into HTTP statuses.
"""

from __future__ import annotations


class DealwireError(Exception):
    """Base of the tree.

    `slug` names the reason for programs, `detail` says it to a person, `pointer` is the JSON pointer of the field at
    fault, when one field is.
    """

    def __init__(self, slug: str, detail: str, *, pointer: str | None = None) -> None:
        super().__init__(f"{slug}: {detail}")
        self.slug = slug
        self.detail = detail
        self.pointer = pointer


class NotFound(DealwireError):
    """There is no such record."""


class Conflict(DealwireError):
    """The record is not in a state that allows this."""


class StaleVersion(Conflict):
    """The caller looked at an older version of the record."""


class Rejected(DealwireError):
    """The input contradicts a rule."""


class Unauthenticated(DealwireError):
    """No token, or one that does not hold."""


class Forbidden(DealwireError):
    """The caller may not do this."""


class TooMany(DealwireError):
    """That was too often within a while."""


class Unavailable(DealwireError):
    """A dependency is away. Nothing was changed; trying again later is right."""
