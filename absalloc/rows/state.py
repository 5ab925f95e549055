"""A book on a day: whose money, which rules, what it holds, at which exact values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from absalloc.mandate import LoadedMandate
from absalloc.rulebook.active import Rules
from absalloc.terms import COLUMNS, UNIT_PRICE_PRODUCTS
from absalloc.units import exact
from absalloc.universe import Source, Universe

Range = tuple[Fraction, Fraction]
NOTHING = Fraction(0)
PRICE_RANGE: Range = (Fraction(0), Fraction(1000))
"""Admissible dirty prices per 100, where a line has none."""


@dataclass(frozen=True)
class BookState:
    """One book. ``universe`` is valued and weighed; faces are yuan of original face, exact, keyed by tranche id.

    ``held`` is what the book holds now; ``before`` what it held before the trades, None where that is not known;
    ``book_value`` the amortised cost of lines held, where given; ``lists`` the tables the mandate names.
    A line in ``held`` may be absent from the universe: then only its code is known.
    """

    mandate: LoadedMandate
    rules: Rules
    universe: Universe
    as_of: date
    held: Mapping[str, Fraction]
    before: Mapping[str, Fraction] | None = None
    book_value: Mapping[str, Fraction] = field(default_factory=dict)
    breach_since: Mapping[str, date] = field(default_factory=dict)
    lists: Mapping[str, Any] = field(default_factory=dict, repr=False)  # name -> DataFrame of text
    assumed: frozenset[str] = frozenset()
    """Lines whose only rating is assumed."""
    untraded: Mapping[str, Fraction] | None = None
    """What would be held today had nothing been traded, where that is known: ``before``, with cash and repayments."""
    cost: Universe | None = field(default=None, repr=False)
    """Under a scenario: the universe at whose prices purchases were paid, before the shock."""
    unmoved: LoadedMandate | None = field(default=None, repr=False)
    """Under a scenario: the mandate with its amounts before the shock, which moved net assets by ``moved`` yuan."""
    moved: Fraction = Fraction(0)
    files: tuple[Source, ...] = ()
    """The files that ``held``, ``before`` and the trades between were read from; what was no file is not there."""

    @property
    def name(self) -> str:
        """The mandate's name."""
        return str(self.mandate.name)

    @cached_property
    def index(self) -> dict[str, int]:
        """Tranche id -> row of the universe."""
        return self.universe.index()

    @cached_property
    def product(self) -> np.ndarray:
        """The product of each row, None where unknown; shape (rows,)."""
        return self.universe.column("product")

    def bought(self, tranche_id: str) -> Fraction | None:
        """Return the face bought since ``before`` (0 where sold), None where ``before`` is not known."""
        return None if self.before is None else self._bought.get(tranche_id, NOTHING)

    @cached_property
    def _bought(self) -> dict[str, Fraction]:
        before = self.before or {}
        return {name: max(NOTHING, face - before.get(name, NOTHING)) for name, face in self.held.items()}

    @property
    def kept(self) -> dict[str, Fraction]:
        """The part of each face that stands at its book value rather than at the market value of a purchase."""
        if self.before is None:
            return dict(self.held)
        return {n: f if n in self.book_value else f - (self.bought(n) or 0) for n, f in self.held.items()}

    def unit(self, measure: str, row: int | None) -> Range:
        """Return the lowest and highest admissible ``measure`` per yuan of original face of a universe row.

        ``row`` is None for a line that is not in the universe. ``book_value`` is that of a purchase; what is
        held is the business of the caller, who knows ``book_value``.
        """
        cache: dict[tuple[str, int | None], Range] = self.__dict__.setdefault("_units", {})
        if (measure, row) not in cache:
            cache[measure, row] = self._unit(measure, row)
        return cache[measure, row]

    def _unit(self, measure: str, row: int | None) -> Range:
        if measure == "face":
            return Fraction(1), Fraction(1)
        if row is not None and self.product[row] in UNIT_PRICE_PRODUCTS:
            return Fraction(1), Fraction(1)
        factor = self._range("factor", row)
        if measure == "principal":
            return factor
        price = self._range("clean_price" if measure == "clean_value" else "dirty_price", row)
        return factor[0] * price[0] / 100, factor[1] * price[1] / 100

    def book_unit_range(self, row: int | None) -> Range:
        """Return the admissible book value per yuan of face of a line held whose book value is not given."""
        if row is not None and self.product[row] in UNIT_PRICE_PRODUCTS:
            return Fraction(1), Fraction(1)
        factor = self._range("factor", row)
        return factor[0] * PRICE_RANGE[0] / 100, factor[1] * PRICE_RANGE[1] / 100

    def attribute(self, name: str, row: int | None) -> Range:
        """Return the admissible range of a number column of a row: one point where the file has it."""
        return self._range(name, row)

    def _range(self, name: str, row: int | None) -> Range:
        known = COLUMNS.get(name)
        low, high = PRICE_RANGE if known is None else (Fraction(str(known.low)), _finite(known.high))
        if row is None or name not in self.universe.table.columns:
            return low, high
        value = self._numbers(name)[row]
        if np.isnan(value):
            return low, high
        known_value = exact(value)
        return known_value, known_value

    def _numbers(self, name: str) -> np.ndarray:
        cache: dict[str, np.ndarray] = self.__dict__.setdefault("_cache", {})
        if name not in cache:
            cache[name] = np.asarray(self.universe.table[name], dtype=float)
        return cache[name]


def _finite(high: float) -> Fraction:
    return Fraction(10**15) if np.isinf(high) else exact(high)
