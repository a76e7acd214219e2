"""Reading tables of text out of files as people have them: CSV, XLSX and NDJSON, row by row in constant memory."""

from __future__ import annotations

import codecs
import csv
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import chain, islice
from typing import IO, Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from dealwire.errors import Rejected

_BLOCK = 1 << 16
_ENCODINGS = ("utf-8", "gb18030")
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DELIMITERS = ",;\t|"
_MOST_COLUMNS = 200
_MOST_LETTERS = 4001
_MOST_UNPACKED = 1 << 30


@dataclass
class Table:
    """Rows of cells below their columns. NDJSON finds more columns while its rows are read."""

    columns: list[str]
    rows: Iterator[list[str]]


def open_table(file: IO[bytes]) -> Table:
    """What kind of file it is, is seen from its first bytes. Raises Rejected, also later while the rows are read."""
    file.seek(0)
    head = file.read(_BLOCK)
    file.seek(0)
    if not head.strip():
        raise Rejected("empty-file", "The file is empty.")
    if head.startswith(b"PK\x03\x04"):
        return _table(_xlsx(file))
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), None) or _encoding(file)
    text = _lines(file, encoding)
    if head.lstrip(codecs.BOM_UTF8 + b" \t\r\n").startswith(b"{"):
        columns: list[str] = []
        return Table(columns, _ndjson(text, columns))
    return _table(_csv(text))


def _encoding(file: IO[bytes]) -> str:
    """The first encoding in which the whole file can be read: text that is valid UTF-8 by chance hardly exists."""
    for encoding in _ENCODINGS:
        file.seek(0)
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise Rejected("unknown-encoding", f"The file is text in neither of {', '.join(_ENCODINGS)}.")


def _table(lines: Iterator[list[str]]) -> Table:
    columns = next(lines, [])
    while columns and not columns[-1]:
        columns.pop()
    names: dict[str, int] = {}
    for place, column in enumerate(columns):
        name = column or f"column {place + 1}"
        names[name if name not in names else f"{name} ({place + 1})"] = place
    if not names:
        raise Rejected("no-header", "The first row has to name the columns.")
    if len(names) > _MOST_COLUMNS:
        raise Rejected("too-many-columns", f"A file has at most {_MOST_COLUMNS} columns.")
    return Table(list(names), (line[: len(names)] for line in lines))


def _lines(file: IO[bytes], encoding: str) -> Iterator[str]:
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        yield from text
    finally:
        with suppress(ValueError):  # the file is closed already
            text.detach()


def _csv(text: Iterator[str]) -> Iterator[list[str]]:
    header = next(text, "")
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.reader(chain([header], text), delimiter=delimiter)
    try:
        for line in reader:
            yield [_cell(cell) for cell in line]
    except csv.Error as error:
        raise Rejected("broken-csv", f"Line {reader.line_num} cannot be read: {error}.") from error


def _xlsx(file: IO[bytes]) -> Iterator[list[str]]:
    """The first sheet, formulas as the values they had when the file was saved."""
    try:
        with zipfile.ZipFile(file) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_UNPACKED:
                raise Rejected("file-too-large", "The workbook is too large when unpacked.")
        workbook = load_workbook(file, read_only=True, data_only=True)
        for line in workbook.worksheets[0].iter_rows(values_only=True):
            yield [_cell(cell) for cell in line[: _MOST_COLUMNS + 1]]
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, SyntaxError) as error:
        raise Rejected("broken-xlsx", "The file is no workbook that can be read.") from error


def _ndjson(text: Iterator[str], columns: list[str]) -> Iterator[list[str]]:
    places: dict[str, int] = {}
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise Rejected("broken-ndjson", f"Line {number} is no JSON: {error}.") from error
        if not isinstance(told, dict):
            raise Rejected("broken-ndjson", f"Line {number} is no JSON object.")
        cells: list[str] = []
        for name, value in _flat(told):
            place = places.get(name)
            if place is None:
                if len(columns) == _MOST_COLUMNS:
                    raise Rejected("too-many-columns", f"A file has at most {_MOST_COLUMNS} columns.")
                place = places[name] = len(columns)
                columns.append(name)
            cells.extend("" for _ in range(place + 1 - len(cells)))
            cells[place] = _cell(value)
        yield cells


def _flat(told: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Objects one level down as `contact.name`."""
    for name, value in told.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}"[:200], each) for inner, each in value.items())
        else:
            yield name[:200], value


def _cell(value: object) -> str:
    """A value as text: a number without the decimals that a spreadsheet adds, nothing a database could not hold."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, datetime | date | time):
        value = value.isoformat()
    return str(value).replace("\0", "").strip()[:_MOST_LETTERS]


def chunked(rows: Iterator[list[str]], size: int) -> Iterator[list[list[str]]]:
    """Rows in chunks; those that are blank stay in place, so that rows keep their numbers."""
    while chunk := list(islice(rows, size)):
        yield chunk
