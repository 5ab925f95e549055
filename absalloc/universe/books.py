"""Files that go with a universe: what a book holds, what it traded, and lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from absalloc.errors import BadInput
from absalloc.terms import Column
from absalloc.universe.aliases import HEADERS
from absalloc.universe.build import missing, settle_unit
from absalloc.universe.headers import Header, resolve_in
from absalloc.universe.model import Holdings, Source, Trades, as_series, empty_column
from absalloc.universe.readers import Raw, read_raw
from absalloc.universe.values import read_column
from absalloc.where import Where

_TEXT, _MONEY, _DATE = Column(kind="text"), Column(kind="money"), Column(kind="date")
TOTALS = ("合计", "总计", "小计", "总和", "total", "subtotal", "sum", "grand total")
"""What stands for a code in a row that counts the others once more."""
_HOLDINGS = {
    "tranche_id": _TEXT, "face": _MONEY, "market_value": _MONEY, "book_value": _MONEY, "breach_since": _DATE,
}  # fmt: skip
_TRADES = {
    "date": _DATE, "tranche_id": _TEXT, "side": Column(kind="enum", values=("buy", "sell")), "face": _MONEY,
    "price": Column(kind="price", high=1000.0),
}  # fmt: skip


def load_holdings(path: str | Path) -> Holdings:
    """Read what a book holds: ``tranche_id`` and ``face`` or ``market_value`` per line, in yuan.

    ``book_value`` and ``breach_since`` are optional; money under a Chinese header needs its unit there; other
    columns are listed in ``source.ignored``. Raises BadInput at the line for a code given twice or kept as a
    number, a negative or unreadable amount and a line without one, and for weights in place of amounts.
    """
    raw, columns, ignored = _read(path, "holdings", _HOLDINGS)
    _require(raw, columns, "tranche_id", "holdings")
    if "face" not in columns and "market_value" not in columns:
        weights = [header for header in raw.columns if _column_of(header, "holdings") == "weight"]
        if weights:
            raise BadInput("universe.holdings_weight", where=Where(raw.file, 1, weights[0]), value=weights[0])
        _require(raw, columns, "face", "holdings")
    table = _complete(raw, columns, _HOLDINGS)
    _whole_lines(raw, table["tranche_id"], "holdings_no_code")
    _no_code_twice(raw, table["tranche_id"])
    for row, code in enumerate(table["tranche_id"]):
        if code.strip().casefold() in TOTALS:
            raise BadInput("universe.holdings_total", where=Where(raw.file, raw.lines[row]), value=code)
    empty = np.flatnonzero(missing(table["face"]) & missing(table["market_value"]))
    if len(empty):
        row = int(empty[0])
        raise BadInput(
            "universe.holdings_no_amount", where=Where(raw.file, raw.lines[row]), value=table["tranche_id"][row]
        )
    return Holdings(_frame(raw, table), _source(raw, ignored))


def load_trades(path: str | Path) -> Trades:
    """Read trades done: ``date tranche_id side face``, and ``price`` (clean, per 100) where known.

    Raises BadInput at the line for a value that is missing or cannot be read, and for a face of zero.
    """
    raw, columns, ignored = _read(path, "trades", _TRADES)
    for name in ("date", "tranche_id", "side", "face"):
        _require(raw, columns, name, "trades")
    table = _complete(raw, columns, _TRADES)
    for name in ("date", "tranche_id", "side", "face"):
        gone = missing(table[name])
        if name == "face":
            gone |= table[name] == 0
        if gone.any():
            row = int(np.flatnonzero(gone)[0])
            raise BadInput("universe.trade_incomplete", where=Where(raw.file, raw.lines[row], name), value=name)
    return Trades(_frame(raw, table), _source(raw, ignored))


def load_list(path: str | Path) -> pd.DataFrame:
    """Read a list (approved names, reference totals, 城投 lists) as texts, None where a cell is empty.

    The index, called ``line``, is the line of the file; headers are as written, without blanks around them.
    Raises BadInput as ``read_raw`` does, and for a row that does not fit the header.
    """
    raw = _whole(read_raw(path))
    cells = {}
    for header, texts in raw.columns.items():
        values = empty_column("text", len(texts))
        values[:] = [text or None for text in texts]
        cells[header] = as_series(values)
    table = pd.DataFrame(cells)
    table.index = pd.Index(raw.lines, name="line")
    table.attrs.update(file=raw.file, sha256=raw.sha256)
    return table


def _whole(raw: Raw) -> Raw:
    if raw.bad_rows:
        line, cells = raw.bad_rows[0]
        raise BadInput("universe.row_width", where=Where(raw.file, line), value=str(cells), expected=len(raw.columns))
    return raw


def _column_of(header: str, kind: str) -> str | None:
    found = resolve_in(header, kind)
    return found.column if found else None


def _read(path: str | Path, kind: str, specs: dict[str, Column]) -> tuple[Raw, dict[str, np.ndarray], tuple[str, ...]]:
    """Return the cells, typed columns and unused headers of a strict file: the first bad cell raises."""
    raw = read_raw(path)
    if all(resolve_in(header, kind) is None for header in raw.columns):
        raise _no_column(raw, "tranche_id", kind)  # a title above the header explains more than a row of another width
    raw = _whole(raw)
    best: dict[str, tuple[Header, str]] = {}
    for header in raw.columns:
        found = resolve_in(header, kind)
        if found is None or found.column not in specs:
            continue
        known = best.get(found.column)
        if known is not None and known[0].rank == found.rank:
            raise BadInput(
                "universe.headers_clash", where=Where(raw.file), value=header, first=known[1], column=found.column
            )
        if known is None or found.rank < known[0].rank:
            best[found.column] = (found, header)
    columns = {name: _strict_column(raw, name, specs[name], found, header) for name, (found, header) in best.items()}
    used = {header for _, header in best.values()}
    return raw, columns, tuple(header for header in raw.columns if header not in used)


def _strict_column(raw: Raw, name: str, spec: Column, found: Header, header: str) -> np.ndarray:
    if name == "tranche_id" and raw.numeric.get(header):
        row = min(raw.numeric[header])
        raise BadInput(
            "universe.code_number", where=Where(raw.file, raw.lines[row], header), value=raw.columns[header][row]
        )
    own = found.unit or ("yuan" if found.canonical and spec.kind == "money" else None)
    where = Where(raw.file, raw.lines[0] - 1 if raw.lines else None, header)
    unit = settle_unit(name, spec, header, raw.columns[header], declared=None, own=own, where=where)
    cells = raw.columns[header]
    for row, text in enumerate(cells):
        # Elsewhere NaN is an empty cell; an amount that says NaN is a calculation that failed.
        if spec.kind == "money" and text.casefold() == "nan":
            raise BadInput(
                "universe.bad_number", where=Where(raw.file, raw.lines[row], header), value=text, header=header
            )
    values, problems = read_column(cells, spec, name=name, unit=unit)
    if problems:
        first = problems[0]
        raise BadInput(
            f"universe.{first.key}", where=Where(raw.file, raw.lines[first.row], header), value=first.value,
            expected=first.expected, choices=spec.values or None, header=header,
        )  # fmt: skip
    return values


def _require(raw: Raw, columns: dict[str, np.ndarray], name: str, kind: str) -> None:
    if name in columns:
        return
    raise _no_column(raw, name, kind)


def _no_column(raw: Raw, name: str, kind: str) -> BadInput:
    """Return that a file has no such column, with what its first line reads instead."""
    names = [name, *HEADERS[kind].get(name, [])]
    if name == "face":
        names += ["market_value", *HEADERS[kind]["market_value"]]
    there = " | ".join(str(header)[:40] for header in list(raw.columns)[:8])
    return BadInput(
        "universe.book_column_missing", where=Where(raw.file, 1), value=name, expected=", ".join(names[:8]), found=there
    )


def _complete(raw: Raw, columns: dict[str, np.ndarray], specs: dict[str, Column]) -> dict[str, np.ndarray]:
    rows = len(raw.lines)
    return {name: columns.get(name, empty_column(spec.kind, rows)) for name, spec in specs.items()}


def _whole_lines(raw: Raw, codes: np.ndarray, key: str) -> None:
    gone = np.flatnonzero(missing(codes))
    if len(gone):
        raise BadInput(f"universe.{key}", where=Where(raw.file, raw.lines[int(gone[0])]))


def _no_code_twice(raw: Raw, codes: np.ndarray) -> None:
    first: dict[str, int] = {}
    for row, code in enumerate(codes):
        if first.setdefault(code, row) != row:
            where = Where(raw.file, raw.lines[row])
            raise BadInput("universe.holdings_twice", where=where, value=code, first=raw.lines[first[code]])


def _frame(raw: Raw, table: dict[str, np.ndarray]) -> pd.DataFrame:
    frame = pd.DataFrame({name: as_series(values) for name, values in table.items()})
    frame["line"] = np.array(raw.lines, dtype=np.int64)
    return frame


def _source(raw: Raw, ignored: tuple[str, ...]) -> Source:
    return Source(raw.file, raw.sha256, raw.encoding, len(raw.lines), None, ignored)
