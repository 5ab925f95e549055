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

from absalloc.rows.shock import Shock
from absalloc.rulebook.active import ActiveRule


@dataclass(frozen=True)
class Alternatives:
    """Lines that may count in several ways: ``n`` and ``d`` have shape (k, A); ``row`` is -1 for a line of all rows.

    ``member``: the line may stand in the numerator, not only in the denominator.
    """

    row: np.ndarray
    col: np.ndarray
    n: np.ndarray
    d: np.ndarray
    member: np.ndarray

    def worst(self, limit: np.ndarray, sign: float) -> np.ndarray:
        """Return the excess per unit of face that is worst: largest for ``sign`` 1, least for -1; shape (k,)."""
        excess = self.n - limit[:, None] * self.d
        return np.asarray(excess.max(axis=1) if sign > 0 else excess.min(axis=1))

    def take(self, live: np.ndarray) -> Alternatives:
        """Return some of the lines."""
        return Alternatives(self.row[live], self.col[live], self.n[live], self.d[live], self.member[live])

    @cached_property
    def open(self) -> np.ndarray:
        """Lines that count in more than one way: shape (k,)."""
        return np.asarray(np.any(self.n != self.n[:, :1], axis=1) | np.any(self.d != self.d[:, :1], axis=1))

    @cached_property
    def counts(self) -> np.ndarray:
        """Lines that may add anything at all: shape (k,)."""
        return np.asarray(np.any(self.n != 0, axis=1) | np.any(self.d != 0, axis=1))


@dataclass(frozen=True)
class Block:
    """The rows of one rule and sense (or of its ``unless`` alternative); arrays as in the module's formula.

    ``row, col, n, d`` are the certain entries, sorted by row; ``own`` the uncertain ones of one row, ``shared``
    those of lines that count in any row: their group is missing, or they stand in a denominator of all rows.
    ``limit`` is the least limit of a row, ``limit_most`` the greatest (0 and infinity where nobody says).
    ``legs``: book values count, so that a position's column is what is bought of it and the one behind what is
    kept; else it is all of it. ``shocks``: of each book, under a scenario, whose faces are those before it; ``moving``:
    how often the amounts it moves stand in numerators and in denominators. ``loose``: lines held elsewhere, or trades,
    that rows do not carry decide as well.
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
    limit_most: np.ndarray = field(default_factory=lambda: np.zeros(0))
    legs: bool = False
    loose: bool = False
    shocks: tuple[Shock, ...] = ()
    moving: tuple[float, float] = (0.0, 0.0)

    @property
    def rows(self) -> int:
        """How many rows."""
        return len(self.groups)

    @property
    def limit_known(self) -> np.ndarray:
        """Rows whose limit is one number: shape (rows,)."""
        return np.asarray(self.limit == self.limit_most)

    def amounts(self, x: np.ndarray) -> np.ndarray:
        """Return the faces ``x`` (2 × positions,) on the block's columns: bought and kept where these differ.

        Under a scenario ``x`` is what is held before it, the result what a redemption leaves.
        """
        for shock in self.shocks:
            x = shock.after(x)
        if not self.legs:
            return x
        half = len(x) // 2
        return np.concatenate([x[:half] - x[half:], x[half:]])

    def moved(self, x: np.ndarray) -> tuple[float, float]:
        """Return by how many yuan the scenario moves each numerator and each denominator at faces ``x``.

        The amount that several books share moves by what all of them gain and pay out; it never falls below 0.
        """
        if not self.shocks or self.moving == (0.0, 0.0):
            return 0.0, 0.0
        change = sum(shock.change(x[shock.offset : shock.offset + len(shock.gain)]) for shock in self.shocks)
        change = max(change, -max(shock.base for shock in self.shocks))
        return self.moving[0] * change, self.moving[1] * change

    def excess(self, x: np.ndarray, limit: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (least, greatest, scale) of the excess per row at faces ``x`` (columns,).

        ``scale`` bounds the sum of the magnitudes added up, for judging ties.
        """
        y, moved = self.amounts(x), self.moved(x)
        if limit is not None:
            return self._at(y, limit, moved)
        low, high, scale = self._at(y, self.limit, moved)
        if np.all(self.limit_known):
            return low, high, scale
        far = np.isinf(self.limit_most)
        other = self._at(y, np.where(far, self.limit, self.limit_most), moved)
        return np.where(far, -np.inf, np.minimum(low, other[0])), np.maximum(high, other[1]), scale + other[2]

    def _at(
        self, y: np.ndarray, bound: np.ndarray, moved: tuple[float, float]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        size = self.rows
        xs = y[self.col]
        row, n, limited = self.row, self.n * xs, bound[self.row] * self.d * xs
        certain = np.bincount(row, weights=n - limited, minlength=size) + moved[0] - bound * moved[1]
        scale = np.bincount(row, weights=np.abs(n) + np.abs(limited), minlength=size)
        low, high = certain + self.constant(bound, 0), certain + self.constant(bound, 1)
        if len(self.own.col) or len(self.shared.col):
            low = low + self._unsure(y, bound, -1.0)
            more = self._unsure(y, bound, 1.0)
            high, scale = high + more, scale + self._weight(y, bound)
        return low, high, scale + self.fixed_scale(bound) + abs(moved[0]) + np.abs(bound) * abs(moved[1])

    def fixed_scale(self, bound: np.ndarray) -> np.ndarray:
        """Return the magnitudes of the constants of each row."""
        finite = [np.where(np.isfinite(v), np.abs(v), 0.0) for v in (*self.n0, *self.d0)]
        return np.asarray(finite[0] + finite[1] + np.abs(bound) * (finite[2] + finite[3]))

    def constant(self, bound: np.ndarray, high: int) -> np.ndarray:
        """Return n0 − limit·d0 at its least (0) or greatest (1), without 0 × ∞."""
        n0 = self.n0[high]
        d0 = np.where(bound >= 0, self.d0[1 - high], self.d0[high])
        with np.errstate(invalid="ignore"):
            return np.asarray(n0 - np.where(bound == 0, 0.0, bound * d0))

    def _unsure(self, y: np.ndarray, bound: np.ndarray, sign: float) -> np.ndarray:
        total = np.zeros(self.rows)
        live = y[self.shared.col] != 0
        if np.any(live):
            lines, held = self.shared.take(live), y[self.shared.col[live]]
            for limit in np.unique(bound):
                worst = lines.worst(np.full(len(lines.col), limit), sign)
                total[bound == limit] += float(worst @ held)
        live = y[self.own.col] != 0
        if np.any(live):
            own, held = self.own.take(live), y[self.own.col[live]]
            total += np.bincount(own.row, weights=own.worst(bound[own.row], sign) * held, minlength=self.rows)
        return total

    def _weight(self, y: np.ndarray, bound: np.ndarray) -> np.ndarray:
        """Return a bound per row on the magnitudes of what is not certain."""
        own, shared = self.own, self.shared
        size = np.abs(own.n).max(axis=1) + np.abs(bound[own.row]) * np.abs(own.d).max(axis=1)
        total = np.bincount(own.row, weights=size * np.abs(y[own.col]), minlength=self.rows)
        faces = np.abs(y[shared.col])
        below = float(np.abs(shared.d).max(axis=1, initial=0.0) @ faces)
        return np.asarray(total + float(np.abs(shared.n).max(axis=1, initial=0.0) @ faces) + np.abs(bound) * below)

    def touched(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return per row: a certain line of the row is held; a line that counts in more ways than one may be."""
        y = self.amounts(x)
        sure = np.bincount(self.row, weights=y[self.col] != 0, minlength=self.rows) > 0
        own = np.bincount(self.own.row, weights=y[self.own.col] != 0, minlength=self.rows) > 0
        return np.asarray(sure), np.asarray(own | bool(np.any((y[self.shared.col] != 0) & self.shared.open)))

    def spoken_of(self, x: np.ndarray) -> np.ndarray:
        """Return the rows a finding is given for, shape (rows,): groups that hold something; for ``min`` all."""
        if self.groups == (None,):
            return np.ones(self.rows, dtype=bool)
        y = self.amounts(x)
        own = self.own.row[self.own.member & (y[self.own.col] != 0)]
        found = np.bincount(self.row, weights=y[self.col] != 0, minlength=self.rows) > 0
        found[own] = True
        if self.form == "linear" and any(limit.sense == "min" for limit in self.rule.limits):
            found[:] = True
        if self.groups and self.groups[-1] == "?":
            last = self.own.member & (self.own.row == self.rows - 1)
            unnamed = (self.shared.member & (y[self.shared.col] != 0)).any() or (last & (y[self.own.col] != 0)).any()
            found[-1] = bool(unnamed)
        return np.asarray(found)

    def empty(self, x: np.ndarray) -> np.ndarray:
        """Return the rows that are nothing over nothing for certain: shape (rows,)."""
        y = self.amounts(x)
        some = ((self.n != 0) | (self.d != 0)) & (y[self.col] != 0)
        full = np.bincount(self.row, weights=some, minlength=self.rows) > 0
        if len(self.own.col):
            some = self.own.counts & (y[self.own.col] != 0)
            full |= np.bincount(self.own.row, weights=some, minlength=self.rows) > 0
        if len(self.shared.col):
            full |= bool(np.any(self.shared.counts & (y[self.shared.col] != 0)))
        fixed = np.logical_or.reduce([v != 0 for v in (*self.n0, *self.d0)])
        return ~np.asarray(full | fixed)

    def part(self, rows: np.ndarray, live: np.ndarray) -> Block:
        """Return some rows (rising numbers) of a linear block, with the entries of the columns where ``live`` holds.

        At amounts (2 × positions,) that are nil elsewhere these rows come to the same as in the whole.
        """
        number = np.full(self.rows, -1)
        number[rows] = np.arange(len(rows))
        keep = live[self.col] & (number[self.row] >= 0)
        own = self.own.take(live[self.own.col] & (number[self.own.row] >= 0))
        few = (self.n0[0][rows], self.n0[1][rows]), (self.d0[0][rows], self.d0[1][rows])
        return replace(
            self, groups=tuple(self.groups[r] for r in rows.tolist()), limit=self.limit[rows],
            limit_most=self.limit_most[rows], row=number[self.row[keep]], col=self.col[keep], n=self.n[keep],
            d=self.d[keep], own=replace(own, row=number[own.row]), shared=self.shared.take(live[self.shared.col]),
            n0=few[0], d0=few[1],
        )  # fmt: skip

    def with_limit(self, limit: Fraction) -> Block:
        """Return the block with another limit for all its rows; nothing else is recomputed."""
        values = np.full(self.rows, float(limit))
        return replace(self, limit=values, limit_most=values, limit_exact=limit)


@dataclass(frozen=True)
class RowSystem:
    """All rows of some books; ``offsets[b]`` is the first column of book b, ``sizes[b]`` its number of positions.

    ``shocks``: of each scenario, one a book.
    """

    blocks: tuple[Block, ...]
    offsets: tuple[int, ...]
    sizes: tuple[int, ...]
    ids: tuple[tuple[str, ...], ...] = field(repr=False)
    shocks: tuple[tuple[str, tuple[Shock, ...]], ...] = field(default=(), repr=False)

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
        """Return x (2 × positions,) of faces per book; ``kept`` is the part held before, all of it by default."""
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
