"""The tables a mandate names, as the rows read them: names with limits and expiries, totals, look-through links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from absalloc.errors import BadInput
from absalloc.rows.state import BookState
from absalloc.rulebook.models import FromList
from absalloc.units import INPUT_UNITS, quantity


def texts(table: Any, column: str) -> list[str]:
    """Return a column as stripped texts, '' where blank."""
    return ["" if cell is None or cell != cell else str(cell).strip() for cell in table[column]]


def key_column(table: Any) -> str:
    """Return the column called ``key``, or the first."""
    return "key" if "key" in table.columns else str(table.columns[0])


def numbers(table: Any, column: str) -> list[Fraction | None]:
    """Return a column of numbers, None where blank: in the unit of its header (yuan without), or each with its own."""
    name, factor = column, Fraction(1)
    for header in map(str, table.columns):
        bare, bracket, unit = header.replace("（", "(").replace("）", ")").partition("(")
        unit = unit.rstrip(") ").strip()
        if bare.strip() == column and bracket and unit in INPUT_UNITS:
            name, factor = header, Fraction(INPUT_UNITS[unit][1])
    return [_number(cell, factor) for cell in texts(table, name)]


def _number(cell: str, factor: Fraction) -> Fraction | None:
    if not cell:
        return None
    try:
        return Fraction(Decimal(cell.replace(",", "").replace("_", ""))) * factor
    except InvalidOperation:
        return quantity(cell).value


def live(table: Any, expires: str | None, as_of: date) -> list[bool]:
    """Return for each row whether it has not expired: it still holds on the day of its expiry."""
    if expires is None or (expires == "expiry" and expires not in table.columns):
        return [True] * len(table)
    return [not cell or date.fromisoformat(cell[:10]) >= as_of for cell in texts(table, expires)]


def list_keys(state: BookState, name: str) -> set[str] | None:
    """Return the keys of a list of the mandate that have not expired; None where the mandate names no such list."""
    table = state.lists.get(name)
    if table is None:
        return None
    pairs = zip(texts(table, key_column(table)), live(table, "expiry", state.as_of), strict=True)
    return {key for key, alive in pairs if key and alive}


def list_limits(written: FromList, state: BookState) -> dict[str, Fraction | None] | None:
    """Return key -> limit of the entries that hold, None for a blank one; None where there is no such list.

    Raises BadInput where two entries of one key differ.
    """
    table = state.lists.get(written.list)
    if table is None:
        return None
    keys = texts(table, written.key or key_column(table))
    alive = live(table, written.expires, state.as_of)
    rows = [(k, v) for k, v, ok in zip(keys, numbers(table, written.column), alive, strict=True) if k and ok]
    return _agreed(rows, written.list)


def totals(state: BookState, name: str) -> dict[str, Fraction]:
    """Return key -> total in yuan of a reference table of the mandate; empty where it names none."""
    table = state.lists.get(name)
    if table is None:
        return {}
    rows = zip(texts(table, key_column(table)), numbers(table, "total"), strict=True)
    return {k: v for k, v in _agreed([(k, v) for k, v in rows if k and v is not None], name).items() if v is not None}


def _agreed(rows: Sequence[tuple[str, Fraction | None]], name: str) -> dict[str, Fraction | None]:
    found: dict[str, Fraction | None] = {}
    for key, value in rows:
        if key in found and found[key] != value:
            raise BadInput("compliance.list_twice", value=key, list=name)
        found[key] = value
    return found


def links(state: BookState, table_name: str, group: str, weight: str | None) -> list[tuple[str, str, Fraction]] | None:
    """Return (tranche, group or '', share) of a look-through table, each pair once; None where there is no table.

    What the shares of a tranche leave below the whole has no known group.
    """
    table = state.lists.get(table_name)
    if table is None:
        return None
    lines = texts(table, "tranche_id" if "tranche_id" in table.columns else key_column(table))
    shares = [""] * len(lines) if weight is None else texts(table, weight)
    rows = zip(lines, texts(table, group), shares, strict=True)
    found: dict[tuple[str, str], Fraction] = {}
    for line, name, share in rows:
        if line:
            part = _number(share, Fraction(1)) or Fraction(0 if share else 1)
            found[line, name] = found.get((line, name), Fraction(0)) + part
    named: dict[str, Fraction] = {}
    for (line, _), part in found.items():
        named[line] = named.get(line, Fraction(0)) + part
    for line, part in named.items():
        if part < 1:
            found[line, ""] = found.get((line, ""), Fraction(0)) + 1 - part
    return [(line, name, share) for (line, name), share in found.items()]
