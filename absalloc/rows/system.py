"""Rows: a rule as numbers, its numerator, denominator and limit kept apart so that each can move alone.

Columns are (book, position) in yuan of original face, ``positions`` of them, and behind these the same again
for what is held and kept (only book values differ between the two). A block holds all rows of one rule and sense:

    excess = (n0 + Σ n·x) − limit × (d0 + Σ d·x)

What is not known for sure stands apart as alternatives ``(n, d)`` per line; the worst and the best are
chosen when the limit is known. ``docs/semantics.md`` is the meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Literal

import numpy as np

from absalloc.rulebook.active import ActiveRule


@dataclass(frozen=True)
class Alternatives:
    """Lines that may count in several ways: ``n`` and ``d`` have shape (k, A); ``row`` is -1 for a line of all rows."""

    row: np.ndarray
    col: np.ndarray
    n: np.ndarray
    d: np.ndarray

    def worst(self, limit: np.ndarray, sign: float) -> np.ndarray:
        """Return the excess per unit of face that is worst: largest for ``sign`` 1, least for -1; shape (k,)."""
        excess = self.n - limit[:, None] * self.d
        return np.asarray(excess.max(axis=1) if sign > 0 else excess.min(axis=1))


@dataclass(frozen=True)
class Block:
    """The rows of one rule and sense (or of its ``unless`` alternative); arrays as in the module's formula.

    ``row, col, n, d`` are the certain entries, sorted by row; ``own`` the uncertain ones of one row, ``shared``
    those of lines whose group is missing, which count in any row.
    """

    rule: ActiveRule
    books: tuple[int, ...]
    sense: Literal["max", "min"]
    unit: str
    strict: bool
    form: Literal["linear", "count", "threshold", "if_held"]
    branch: Literal["main", "alternative"]
    scenario: str | None
    groups: tuple[str | None, ...]
    limit: np.ndarray
    row: np.ndarray
    col: np.ndarray
    n: np.ndarray
    d: np.ndarray
    own: Alternatives
    shared: Alternatives
    n0: tuple[np.ndarray, np.ndarray]
    d0: tuple[np.ndarray, np.ndarray]
    over: float | None = None
    up_to: float | None = None
    limit_exact: Fraction | None = None

    @property
    def rows(self) -> int:
        """How many rows."""
        return len(self.groups)

    def excess(self, x: np.ndarray, limit: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (least, greatest, scale) of the excess per row at faces ``x`` (columns,).

        ``scale`` bounds the sum of the magnitudes added up, for judging ties.
        """
        bound = self.limit if limit is None else limit
        size = self.rows
        take = x[self.col] != 0
        row, n, d, xs = self.row[take], self.n[take], self.d[take], x[self.col[take]]
        certain = np.bincount(row, weights=(n - bound[row] * d) * xs, minlength=size)
        scale = np.bincount(row, weights=(np.abs(n) + np.abs(bound[row] * d)) * np.abs(xs), minlength=size)
        low = certain + self.constant(bound, 0) + self._unsure(x, bound, -1.0)
        high = certain + self.constant(bound, 1) + self._unsure(x, bound, 1.0)
        finite = [np.where(np.isfinite(v), np.abs(v), 0.0) for v in (*self.n0, *self.d0)]
        return low, high, scale + finite[0] + finite[1] + np.abs(bound) * (finite[2] + finite[3])

    def constant(self, bound: np.ndarray, high: int) -> np.ndarray:
        """Return n0 − limit·d0 at its least (0) or greatest (1), without 0 × ∞."""
        n0 = self.n0[high]
        d0 = np.where(bound >= 0, self.d0[1 - high], self.d0[high])
        with np.errstate(invalid="ignore"):
            return np.asarray(n0 - np.where(bound == 0, 0.0, bound * d0))

    def _unsure(self, x: np.ndarray, bound: np.ndarray, sign: float) -> np.ndarray:
        total = np.zeros(self.rows)
        held = x[self.shared.col]
        live = held != 0
        if np.any(live):
            lines = Alternatives(self.shared.row[live], self.shared.col[live], self.shared.n[live], self.shared.d[live])
            for limit in np.unique(bound[~np.isnan(bound)]):
                worst = lines.worst(np.full(len(lines.col), limit), sign)
                total[bound == limit] += float(worst @ held[live])
        held = x[self.own.col]
        live = held != 0
        if np.any(live):
            own = Alternatives(self.own.row[live], self.own.col[live], self.own.n[live], self.own.d[live])
            worst = own.worst(bound[own.row], sign)
            total += np.bincount(own.row, weights=worst * held[live], minlength=self.rows)
        return total

    def with_limit(self, limit: Fraction) -> Block:
        """Return the block with another limit for all its rows; nothing else is recomputed."""
        return replace(self, limit=np.full(self.rows, float(limit)), limit_exact=limit)


@dataclass(frozen=True)
class RowSystem:
    """All rows of some books; ``offsets[b]`` is the first column of book b, ``sizes[b]`` its number of positions."""

    blocks: tuple[Block, ...]
    offsets: tuple[int, ...]
    sizes: tuple[int, ...]
    ids: tuple[tuple[str, ...], ...] = field(repr=False)

    @property
    def positions(self) -> int:
        """The number of (book, position) columns; the held columns follow them."""
        return sum(self.sizes)

    @cached_property
    def index(self) -> tuple[Mapping[str, int], ...]:
        """Per book: tranche id -> column."""
        return tuple(
            {name: offset + i for i, name in enumerate(ids)} for offset, ids in zip(self.offsets, self.ids, strict=True)
        )

    def faces(
        self, held: tuple[Mapping[str, Fraction], ...], kept: tuple[Mapping[str, Fraction], ...] | None = None
    ) -> np.ndarray:
        """Return x (2 × positions,) of faces per book; ``kept`` is the part that was held before, all of it by default."""
        x = np.zeros(2 * self.positions)
        for book, faces in enumerate(held):
            for name, face in faces.items():
                x[self.index[book][name]] = float(face)
        for book, faces in enumerate(kept if kept is not None else held):
            for name, face in faces.items():
                x[self.positions + self.index[book][name]] = float(face)
        return x

    @cached_property
    def n_rows(self) -> int:
        """How many rows there are."""
        return sum(block.rows for block in self.blocks)
