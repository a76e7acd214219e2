"""Tables as files that people open in a spreadsheet, written row by row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi.responses import StreamingResponse

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_PART = 1 << 16


def safe(cell: object) -> str:
    """A cell that no spreadsheet takes for a formula, whoever wrote it; numbers, and so phone numbers, stay as they are."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


async def csv_parts(rows: AsyncIterator[Sequence[object]]) -> AsyncIterator[bytes]:
    """CSV in UTF-8, with the byte order mark by which Excel knows it."""
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.writer(text)
    async for row in rows:
        writer.writerow([safe(cell) for cell in row])
        if text.tell() > _PART:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def csv_response(name: str, rows: AsyncIterator[Sequence[object]]) -> StreamingResponse:
    """A CSV file that is sent while it is made."""
    return StreamingResponse(
        csv_parts(rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The file."}
}
"""What OpenAPI says of such a route."""
