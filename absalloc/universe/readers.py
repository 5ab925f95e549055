"""Files to cells: CSV, XLSX and Parquet become one form, columns of text with their source lines."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from absalloc.errors import BadInput
from absalloc.files import decode, read_bytes, sha256
from absalloc.where import Where

MAX_ROWS = 1_000_000
MOST_UNPACKED = 200_000_000
"""Bytes that the parts of a workbook may unpack to."""
MOST_CELLS = 50_000_000
"""Cells of a sheet up to its farthest row and column: the reader lays them all out, empty ones too."""
_FAR_COLUMN, _FAR_ROW = re.compile(rb' r="([A-Z]{2,3})[0-9]'), re.compile(rb' r="[A-Z]{1,3}([0-9]{4,7})"')
_FOOTERS = ("数据来源", "资料来源", "data source", "source:")


@dataclass(frozen=True)
class Raw:
    """A file as cells: ``columns[header][row]`` is text, ``""`` where the cell is empty.

    ``numeric`` holds (header, row) of cells that the file keeps as numbers (XLSX and Parquet only).
    ``bad_rows`` are (line, cells found) of rows that do not fit the header.
    """

    file: str
    sha256: str
    encoding: str
    columns: dict[str, list[str]]
    lines: list[int]
    numeric: dict[str, frozenset[int]] = field(default_factory=dict)
    bad_rows: tuple[tuple[int, int], ...] = ()


def read_raw(path: str | Path, sheet: str | None = None) -> Raw:
    """Read a CSV, XLSX or Parquet file; the format is told from its first bytes.

    ``sheet`` names the sheet of an XLSX file (default: the first that holds a table). Raises BadInput for a
    file that is missing, empty, too large, not readable, without header or rows, or with a header twice.
    """
    data = read_bytes(path, expected="CSV, XLSX, Parquet")
    name = str(path)
    if data[:4] == b"PK\x03\x04" or data[:4] == b"\xd0\xcf\x11\xe0":
        return _tabular(name, data, "xlsx", _xlsx_rows(name, data, sheet))
    if data[:4] == b"PAR1":
        return _tabular(name, data, "parquet", _parquet_rows(name, data))
    return _csv(name, data)


def is_text(data: bytes) -> bool:
    """Return whether a file is read as text, not as a workbook or Parquet."""
    return data[:4] not in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1")


def cell_text(value: Any) -> str:
    """Return the text of a typed cell: numbers as their shortest decimal, dates in ISO form, None as ``""``."""
    if isinstance(value, str):
        return value.strip()
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if not (value.hour or value.minute) else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _csv(name: str, data: bytes) -> Raw:
    text, encoding = decode(data, name)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    start = 1
    try:
        for row in reader:
            rows.append(row)
            lines.append(start)
            start = reader.line_num + 1
            if len(rows) > MAX_ROWS:
                raise BadInput("universe.too_many_rows", where=Where(name, start), limit=MAX_ROWS)
    except csv.Error as error:
        raise BadInput("universe.csv_syntax", where=Where(name, start), problem=str(error)) from None
    return _assemble(name, data, encoding, rows, lines)


def _delimiter(text: str) -> str:
    head = text[:20_000].split("\n", 1)[0]
    counts = {mark: head.count(mark) for mark in (",", "\t", ";")}
    return max(counts, key=lambda mark: counts[mark])


def _xlsx_rows(name: str, data: bytes, sheet: str | None) -> list[list[Any]]:
    import python_calamine as calamine

    _unpacks_small(name, data)
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = list(book.sheet_names)
        if sheet is not None:
            if sheet not in names:
                raise BadInput(
                    "universe.sheet_unknown",
                    where=Where(name),
                    value=sheet,
                    expected=", ".join(names),
                    choices=names,
                )
            return _sheet(book, sheet)
        for candidate in names:
            rows = _sheet(book, candidate)
            if len(rows) > 1:
                return rows
    except BadInput:
        raise
    except Exception as error:  # calamine raises its own, undocumented kinds for every damaged file
        raise BadInput("universe.xlsx_damaged", where=Where(name), problem=str(error)) from None
    return []


def _unpacks_small(name: str, data: bytes) -> None:
    """Raise BadInput for a workbook that would unpack to more than it may, whatever sizes it claims for its parts.

    And for a sheet with a cell so far out that no memory holds what lies before it.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile:
        return  # not a workbook at all: the reader says so
    room = MOST_UNPACKED
    with archive:
        for part in archive.infolist():
            part.file_size = 1 << 62  # read as long as there is something, not as long as it claims
            span = _Span()
            try:
                with archive.open(part) as stream:
                    while chunk := stream.read(1 << 20):
                        room -= len(chunk)
                        far = "worksheets/" in part.filename and span.cells(chunk) > MOST_CELLS
                        if room < 0 or far:
                            raise BadInput("universe.xlsx_bomb", where=Where(name), limit=MOST_UNPACKED // 1_000_000)
            except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
                return  # damaged or encrypted: the reader says so


@dataclass
class _Span:
    """How far a sheet reaches, read in pieces: what stands within column Z and row 999 is near."""

    columns: int = 26
    rows: int = 999
    rest: bytes = b""

    def cells(self, piece: bytes) -> int:
        """Return the rows times the columns up to the farthest cell so far."""
        text = self.rest + piece
        self.rest = text[-20:]
        self.columns = max(self.columns, *map(_column, {b"Z", *_FAR_COLUMN.findall(text)}))
        self.rows = max(self.rows, *map(int, {b"1", *_FAR_ROW.findall(text)}))
        return self.columns * self.rows


def _column(letters: bytes) -> int:
    """Return the number of a column: A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _sheet(book: Any, name: str) -> list[list[Any]]:
    return [list(row) for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)]


def _parquet_rows(name: str, data: bytes) -> list[list[Any]]:
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(data))
        columns = [column.to_pylist() for column in table.columns]
    except Exception as error:  # pyarrow raises several kinds, none of them ours
        raise BadInput("universe.parquet_damaged", where=Where(name), problem=str(error)) from None
    return [list(table.column_names), *map(list, zip(*columns, strict=True))]


def _tabular(name: str, data: bytes, kind: str, rows: list[list[Any]]) -> Raw:
    texts = [[cell_text(cell) for cell in row] for row in rows]
    raw = _assemble(name, data, kind, texts, list(range(1, len(rows) + 1)))
    header = next(i for i, row in enumerate(texts) if any(row))
    numeric: dict[str, frozenset[int]] = {}
    for place, title in enumerate(_titles(texts[header])):
        if title in raw.columns:
            cells = ((at, rows[line - 1]) for at, line in enumerate(raw.lines))
            numeric[title] = frozenset(at for at, row in cells if place < len(row) and _is_number(row[place]))
    return Raw(raw.file, raw.sha256, raw.encoding, raw.columns, raw.lines, numeric, raw.bad_rows)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _titles(cells: Iterable[str]) -> list[str]:
    return [unicodedata.normalize("NFC", cell).strip().lstrip("\ufeff") for cell in cells]


def _assemble(name: str, data: bytes, encoding: str, rows: list[list[str]], lines: list[int]) -> Raw:
    """Split header from rows, drop blank rows and vendors' footers, set aside rows of another width."""
    header = next((i for i, row in enumerate(rows) if any(cell.strip() for cell in row)), None)
    if header is None:
        raise BadInput("universe.no_header", where=Where(name))
    titles = _titles(rows[header])
    while titles and not titles[-1]:
        titles.pop()
    _no_twice(name, titles, lines[header])
    good: list[Sequence[str]] = []
    good_lines: list[int] = []
    bad: list[tuple[int, int]] = []
    for row, line in zip(rows[header + 1 :], lines[header + 1 :], strict=True):
        cells = [cell.strip() for cell in row]
        if not any(cells) or _is_footer(cells):
            continue
        while len(cells) > len(titles) and not cells[-1]:
            cells.pop()
        if len(cells) != len(titles):
            bad.append((line, len(cells)))
            continue
        good.append(cells)
        good_lines.append(line)
    if not good and not bad:
        raise BadInput("universe.no_rows", where=Where(name))
    transposed = [list(cells) for cells in zip(*good, strict=True)] or [[] for _ in titles]
    columns = {title: cells for title, cells in zip(titles, transposed, strict=True) if title}
    return Raw(name, sha256(data), encoding, columns, good_lines, bad_rows=tuple(bad))


def _no_twice(name: str, titles: list[str], line: int) -> None:
    seen: set[str] = set()
    for place, title in enumerate(titles, start=1):
        if title and title in seen:
            raise BadInput("universe.header_twice", where=Where(name, line, place), value=title)
        seen.add(title)


def _is_footer(cells: list[str]) -> bool:
    """Wind and CNABS end a sheet with one cell that names the vendor."""
    return cells[0].casefold().startswith(_FOOTERS) and not any(cells[1:])
