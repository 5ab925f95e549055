"""A mathematical program under construction: columns with a meaning, rows with a label, in million yuan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from absalloc.solve import Problem

MILLION = 1e6
Leg = Literal["buy", "sell", "odd", "on", "after"]


LINKS = ("| held", "| above", "| counted", "| past")
"""Rows that tie a switch to an amount: at their bound wherever nothing is held, so that they say nothing."""


def speaks(name: str) -> bool:
    """Say whether a row of that name is a rule's own, and none that only ties a switch to an amount."""
    return not name.endswith(LINKS) and not name.startswith(("buys ", "holds "))


@dataclass(frozen=True, slots=True)
class ColumnOf:
    """What a column means: a leg of a position (``size`` yuan of face a unit), or a switch (``on``).

    ``after`` columns say what a scenario makes of the plan: they follow from the others. ``book``: whose it is, where
    a program is that of several books.
    """

    leg: Leg
    position: int
    size: float
    name: str
    book: str = ""

    @property
    def full(self) -> str:
        """The name in the program, unlike any other: with the book."""
        return of_book(self.book, self.name)


@dataclass(frozen=True, slots=True)
class RowOf:
    """What a row means: a rule and group, or a structural row (``budget``, ``turnover``, ``switch``)."""

    rule: str | None
    group: str | None
    name: str
    book: str = ""

    @property
    def full(self) -> str:
        """The name in the program, unlike any other: with the book, or the books."""
        return of_book(self.book, self.name)


def of_book(book: str, name: str) -> str:
    """Return the name of a column or row of a book in a program of several: ``[1] buy X``, ``[1+2] rule | X | max``."""
    return f"[{book}] {name}" if book else name


@dataclass
class Builder:
    """Collects columns and rows; ``problem()`` freezes them. Minimises; row values are in million yuan."""

    columns: list[ColumnOf] = field(default_factory=list)
    rows: list[RowOf] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    row_low: list[float] = field(default_factory=list)
    row_high: list[float] = field(default_factory=list)
    _cols: list[np.ndarray] = field(default_factory=list)
    _data: list[np.ndarray] = field(default_factory=list)
    offset: float = 0.0
    open: list[tuple[str, str, str]] = field(default_factory=list)
    """Rows (rule, group, sense) that a switch leaves open between two branches."""

    def column(self, meaning: ColumnOf, low: float, high: float, cost: float = 0.0, *, whole: bool = False) -> int:
        """Add a column and return its index."""
        self.columns.append(meaning)
        self.low.append(low)
        self.high.append(high)
        self.cost.append(cost)
        self.whole.append(int(whole))
        return len(self.columns) - 1

    def switch(self, name: str) -> int:
        """Add a yes-or-no column."""
        return self.column(ColumnOf("on", -1, 0.0, name), 0.0, 1.0, whole=True)

    def row(
        self, meaning: RowOf, cols: np.ndarray | list[int], data: np.ndarray | list[float], low: float, high: float
    ) -> None:
        """Add a row ``low ≤ data·x ≤ high``."""
        self._cols.append(np.asarray(cols, dtype=np.int64))
        self._data.append(np.asarray(data, dtype=float))
        self.rows.append(meaning)
        self.row_low.append(low)
        self.row_high.append(high)

    def rows_below(
        self, meanings: Sequence[RowOf], counts: np.ndarray, entries: tuple[np.ndarray, np.ndarray], high: np.ndarray
    ) -> None:
        """Add rows ``data·x ≤ high`` at once; ``entries``: (columns, data), ``counts`` (rows,) of them a row."""
        cols, data = entries
        ends = np.cumsum(counts).tolist()
        for start, end in zip([0, *ends], ends, strict=False):
            self._cols.append(cols[start:end])
            self._data.append(data[start:end])
        self.rows.extend(meanings)
        self.row_low.extend([-np.inf] * len(meanings))
        self.row_high.extend(high.tolist())

    def append(self, part: Builder, book: str, at: int) -> int:
        """Put the program of a book beside what is there, its positions ``at`` further on; return its first column."""
        start = len(self.columns)
        self.columns += [
            replace(c, book=book, position=c.position + at if c.position >= 0 else -1) for c in part.columns
        ]
        self.rows += [replace(row, book=book) for row in part.rows]
        self._cols += [cols + start for cols in part._cols]
        for name in ("cost", "low", "high", "whole", "row_low", "row_high", "_data"):
            getattr(self, name).extend(getattr(part, name))
        self.offset += part.offset
        return start

    def problem(self) -> Problem:
        """Return the program; names of columns and rows ride on it."""
        m, n = len(self.rows), len(self.columns)
        row = np.repeat(np.arange(m), [len(cols) for cols in self._cols]) if m else np.zeros(0, dtype=np.int64)
        col = np.concatenate(self._cols) if m else np.zeros(0, dtype=np.int64)
        data = np.concatenate(self._data) if m else np.zeros(0)
        order = np.lexsort((col, row))
        row, col, data = row[order], col[order], data[order]
        # One entry a place: lines that count twice in a row are added up.
        first = np.ones(len(row), dtype=bool)
        first[1:] = (row[1:] != row[:-1]) | (col[1:] != col[:-1])
        starts = np.flatnonzero(first)
        data = np.add.reduceat(data, starts) if len(starts) else data
        row, col = row[first], col[first]
        keep = data != 0
        row, col, data = row[keep], col[keep], data[keep]
        indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=m))]).astype(np.int64)
        return Problem(
            np.array(self.cost), (indptr, col, data, (m, n)), np.array(self.row_low), np.array(self.row_high),
            np.array(self.low), np.array(self.high), np.array(self.whole, dtype=np.int8) if any(self.whole) else None,
            row_names=[r.full for r in self.rows], col_names=[c.full for c in self.columns], offset=self.offset,
        )  # fmt: skip
