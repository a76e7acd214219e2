"""What the headers of a response say about the record in it."""

from __future__ import annotations

from typing import Protocol

from starlette.responses import Response


class _Record(Protocol):
    @property
    def version(self) -> int: ...

    @property
    def replayed(self) -> bool: ...


def record_headers(response: Response, record: _Record) -> None:
    """Sets `ETag`, for `If-Match`, and `Idempotent-Replayed` when the request had already done its work before."""
    response.headers["ETag"] = f'"{record.version}"'
    if record.replayed:
        response.headers["Idempotent-Replayed"] = "true"
