"""Tables as files that people open in a spreadsheet, written row by row."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import tempfile
from collections.abc import AsyncIterator, Sequence
from typing import IO, Any

from fastapi.responses import StreamingResponse
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_PART = 1 << 16
_BATCH = 500
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def safe(cell: object) -> str:
    """A cell that no spreadsheet takes for a formula, whoever wrote it; numbers, and so phone numbers, stay as they
    are.
    """
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
    200: {
        "content": {"text/csv": {"schema": {"type": "string"}}, _XLSX: {"schema": {"type": "string"}}},
        "description": "The file.",
    }
}
"""What OpenAPI says of such a route."""


async def xlsx_response(name: str, rows: AsyncIterator[Sequence[object]]) -> StreamingResponse:
    """A workbook; it is made in a file, since a workbook begins with what is known at its end."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(name)
    batch: list[Sequence[object]] = []

    def write() -> None:
        for row in batch:
            sheet.append([_text(sheet, cell) for cell in row])
        batch.clear()

    async for row in rows:
        batch.append(row)
        if len(batch) >= _BATCH:
            await asyncio.to_thread(write)
    write()
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed when the last part is sent
    await asyncio.to_thread(workbook.save, file)
    return StreamingResponse(
        _parts(file), media_type=_XLSX, headers={"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    )


async def _parts(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        file.seek(0)
        while part := file.read(_PART):
            yield part


def _text(sheet: WriteOnlyWorksheet, cell: object) -> object:
    """Numbers as numbers, all else as text that is no formula, whatever it begins with."""
    if cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool)):
        return cell
    text = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", str(cell)))
    text.data_type = "s"
    return text
