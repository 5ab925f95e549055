"""Books that people bring: pasted or uploaded holdings, read in a folder of their own that is gone afterwards."""

from __future__ import annotations

import base64
import binascii
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from absalloc.errors import BadInput
from absalloc.web.folder import RESERVED
from absalloc.web.page.desks import holdings_of

MOST_BYTES = 5_000_000
ENDINGS = (".csv", ".xlsx", ".txt")
MOST_LINES = 5_000
HELD, BEFORE = "-holdings.csv", "-holdings-before.csv"
"""How the files of what a book holds, and held before its trades, are named beside its mandate."""


def shipped_rows(book: str, ending: str = HELD) -> list[dict[str, Any]]:
    """Return the holdings that lie beside a book's mandate, as rows of the grid.

    None of them where there is no such file; an earlier book that is not there is BadInput, not an empty one.
    """
    path = holdings_of(book, ending)
    if path is None and ending == BEFORE:
        raise BadInput("page.no_earlier", value=f"{book}{BEFORE}")
    return [] if path is None else rows_of(_read(path.read_bytes(), path.name))


def pasted_rows(text: str) -> list[dict[str, Any]]:
    """Return rows of a table pasted from a sheet or a file, with its header.

    Raises BadInput, at the line, where it cannot be read.
    """
    if not text.strip():
        raise BadInput("page.nothing_pasted")
    return rows_of(_read(text.encode("utf-8", "replace"), "pasted.csv"))


def uploaded_rows(content: str, name: str) -> list[dict[str, Any]]:
    """Return rows of a file that a browser sent (a data address and the file's name).

    Raises BadInput for another kind of file, one too large, and one that cannot be read.
    """
    ending = Path(name).suffix.lower()
    if ending not in ENDINGS:
        raise BadInput("page.upload_kind", value=name[:80], expected=", ".join(ENDINGS))
    try:
        data = base64.b64decode(content.partition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("page.upload_broken", value=name[:80]) from None
    if len(data) > MOST_BYTES:
        raise BadInput("page.upload_large", value=name[:80], limit=MOST_BYTES // 1_000_000)
    stem = "".join(c for c in Path(name.replace("\\", "/")).stem if c.isalnum() or c in "-_ ")[:60] or "holdings"
    safe = f"{stem}{'.csv' if ending == '.txt' else ending}"
    return rows_of(_read(data, f"_{safe}" if RESERVED.match(safe) else safe))


def _read(data: bytes, name: str) -> pd.DataFrame:
    from absalloc.universe import load_holdings
    from absalloc.universe.apart import holdings_apart
    from absalloc.universe.readers import is_text

    with tempfile.TemporaryDirectory(prefix="absalloc-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            table = load_holdings(path).table if is_text(data) else holdings_apart(path)
        except BadInput as error:
            # The person knows the file by its name; where it lay here is nobody's business.
            error.where = type(error.where)(name, error.where.line, error.where.column)
            if error.value == str(path):
                error.value = name
            raise
    if len(table) > MOST_LINES:
        raise BadInput("page.too_many_lines", value=len(table), limit=MOST_LINES)
    return table


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return holdings as rows of the grid: code, face and market value, empty where not given."""
    found = []
    for record in table.to_dict("records"):
        row: dict[str, Any] = {"tranche_id": str(record["tranche_id"])}
        for key in ("face", "market_value"):
            value = record.get(key)
            row[key] = None if value is None or pd.isna(value) else float(value)
        found.append(row)
    return found


def table_of(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows of the grid as holdings. Raises BadInput, naming the row, where one is no holding."""
    found, seen = [], set()
    for place, row in enumerate(rows, start=1):
        code = str(row.get("tranche_id") or "").strip()
        amounts = [_amount(row.get(key), place, code) for key in ("face", "market_value")]
        if not code and amounts == [None, None]:
            continue
        if not code or amounts == [None, None]:
            raise BadInput("page.row_incomplete", value=code or place, row=place)
        if code in seen:
            raise BadInput("page.row_twice", value=code, row=place)
        seen.add(code)
        found.append((code, *amounts))
    return pd.DataFrame(
        {
            "tranche_id": pd.Series([item[0] for item in found], dtype=object),
            "face": pd.Series([item[1] for item in found], dtype=float),
            "market_value": pd.Series([item[2] for item in found], dtype=float),
        }
    )


def _amount(value: Any, place: int, code: str) -> float | None:
    if value is None or value == "":
        return None
    try:
        number = float(str(value).replace(",", ""))
    except ValueError:
        raise BadInput("page.row_number", value=value, row=place, line=code) from None
    if not 0 <= number < 1e15:
        raise BadInput("page.row_number", value=value, row=place, line=code)
    return number
