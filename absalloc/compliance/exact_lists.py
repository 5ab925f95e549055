"""The tables a mandate names: lists of names with limits and expiries, reference totals, look-through links."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cached_property, wraps
from typing import Any, TypeVar

from absalloc.errors import BadInput
from absalloc.rows.state import BookState
from absalloc.rulebook.models import FromList, Link
from absalloc.units import INPUT_UNITS, quantity
from absalloc.where import Where

MISSING = "?"
"""The group of lines whose group is not known."""
EXPIRY = "expiry"
Found = TypeVar("Found")


@dataclass(frozen=True)
class NamedTable:
    """One table of text, read by column; blank cells are None."""

    name: str
    frame: Any

    @cached_property
    def key(self) -> str:
        """The column called ``key``, or the first."""
        names = [str(name) for name in self.frame.columns]
        return "key" if "key" in names else names[0]

    def texts(self, column: str) -> list[str | None]:
        """Return a column as stripped texts, None where blank. Raises BadInput for a column it does not have."""
        if column not in self.frame.columns:
            names = [str(name) for name in self.frame.columns]
            raise BadInput("compliance.list_column", value=column, list=self.name, expected=", ".join(names))
        return [_text(cell) for cell in self.frame[column].tolist()]

    def numbers(self, column: str) -> list[Fraction | None]:
        """Return a column of numbers: plain ones in the header's unit (yuan without), or each with its own unit."""
        header, factor = self._header(column)
        return [
            None if cell is None else self._number(cell, factor, row) for row, cell in enumerate(self.texts(header))
        ]

    def live(self, expires: str | None, as_of: date) -> list[bool]:
        """Return for each row whether it has not expired: it still holds on the day of its expiry."""
        if expires is None or (expires == EXPIRY and expires not in self.frame.columns):
            return [True] * len(self.frame)
        return [cell is None or self._day(cell, row) >= as_of for row, cell in enumerate(self.texts(expires))]

    def _header(self, column: str) -> tuple[str, Fraction]:
        for name in map(str, self.frame.columns):
            bare, bracket, unit = name.replace("（", "(").replace("）", ")").partition("(")
            unit = unit.rstrip(") ").strip()
            if bare.strip() == column and bracket and unit in INPUT_UNITS:
                return name, Fraction(INPUT_UNITS[unit][1])
        return column, Fraction(1)

    def _where(self, row: int) -> Where:
        line = self.frame.index[row] if self.frame.index.name == "line" else row + 2
        return Where(str(self.frame.attrs.get("file", self.name)), int(line))

    def _number(self, cell: str, factor: Fraction, row: int) -> Fraction:
        try:
            return Fraction(Decimal(cell.replace(",", "").replace("_", ""))) * factor
        except InvalidOperation:
            return quantity(cell, self._where(row)).value

    def _day(self, cell: str, row: int) -> date:
        try:
            return date.fromisoformat(cell[:10])
        except ValueError:
            raise BadInput("compliance.list_date", where=self._where(row), value=cell, list=self.name) from None


def _text(cell: Any) -> str | None:
    if cell is None or cell != cell:
        return None
    return str(cell).strip() or None


def table_named(state: BookState, name: str) -> NamedTable | None:
    """Return the table the mandate calls ``name``, None where it names none."""
    frame = state.lists.get(name)
    return None if frame is None or not len(frame.columns) else NamedTable(name, frame)


def _kept(read: Callable[..., Found]) -> Callable[..., Found]:
    """Read a table of a book once: its lists do not change while the book lives."""

    @wraps(read)
    def once(state: BookState, *what: Any) -> Found:
        known: dict[Any, Found] = state.__dict__.setdefault("_exact_lists", {})
        key = (read.__name__, *(str(item) for item in what))
        if key not in known:
            known[key] = read(state, *what)
        return known[key]

    return once


@_kept
def names_on(state: BookState, name: str) -> frozenset[str] | None:
    """Return the keys on a list that have not expired on the book's day; None where there is no such list."""
    table = table_named(state, name)
    if table is None:
        return None
    live = table.live(EXPIRY, state.as_of)
    return frozenset(key for key, alive in zip(table.texts(table.key), live, strict=True) if key and alive)


@_kept
def listed_limits(state: BookState, source: FromList) -> dict[str, Fraction | None] | None:
    """Return key -> limit of the entries that hold; a blank limit is None. None where there is no such list.

    Raises BadInput where two live entries of one key differ: neither is guessed.
    """
    table = table_named(state, source.list)
    if table is None:
        return None
    keys = table.texts(source.key or table.key)
    rows = zip(keys, table.numbers(source.column), table.live(source.expires, state.as_of), strict=True)
    found: dict[str, Fraction | None] = {}
    for key, value, alive in rows:
        if key is None or not alive:
            continue
        if key in found and found[key] != value:
            raise BadInput("compliance.list_twice", value=key, list=source.list)
        found[key] = value
    return found


@_kept
def totals(state: BookState, name: str) -> dict[str, Fraction]:
    """Return key -> total in yuan of a reference file; blank and absent ones are not in it."""
    table = table_named(state, name)
    if table is None:
        return {}
    found: dict[str, Fraction] = {}
    for key, value in zip(table.texts(table.key), table.numbers("total"), strict=True):
        if key is None or value is None:
            continue
        if found.setdefault(key, value) != value:
            raise BadInput("compliance.list_twice", value=key, list=name)
    return found


@_kept
def linked_groups(state: BookState, link: Link) -> dict[str, list[tuple[str, Fraction]]] | None:
    """Return tranche id -> its groups, each with the share that counts; None where there is no such table.

    Rows that name a line and a group again add to its share; what the shares leave below the whole has no known group.
    Raises BadInput for a share that is no part of the whole.
    """
    table = table_named(state, link.link)
    if table is None:
        return None
    lines = table.texts("tranche_id" if "tranche_id" in table.frame.columns else table.key)
    written = [None] * len(lines) if link.weight is None else table.texts(link.weight)
    shares = [_share(table, cell, row) for row, cell in enumerate(written)]
    found: dict[str, dict[str, Fraction]] = {}
    for line, group, share in zip(lines, table.texts(link.group), shares, strict=True):
        if line is not None:
            own, name = found.setdefault(line, {}), group or MISSING
            own[name] = own.get(name, Fraction(0)) + share
    for own in found.values():
        if (rest := 1 - sum(own.values())) > 0:
            own[MISSING] = own.get(MISSING, Fraction(0)) + rest
    return {line: list(own.items()) for line, own in found.items()}


def _share(table: NamedTable, cell: str | None, row: int) -> Fraction:
    """Return the share a row gives, the whole where it gives none."""
    share = Fraction(1) if cell is None else table._number(cell, Fraction(1), row)
    if not 0 <= share <= 1:
        raise BadInput("compliance.link_share", where=table._where(row), value=cell, list=table.name)
    return share
