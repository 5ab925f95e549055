"""Measures per yuan of original face as float arrays: a low and a high end, equal where the facts are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from absalloc.rows.lines import Positions, column_kind
from absalloc.rows.state import PRICE_RANGE
from absalloc.rulebook.active import ActiveRule
from absalloc.terms import COLUMNS, IMPLIED_GRADES, RATING_GRADES, UNIT_PRICE_PRODUCTS


@dataclass(frozen=True)
class Spread:
    """``low`` and ``high`` per position, shape (n,)."""

    low: np.ndarray
    high: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Where the two ends meet."""
        return np.asarray(self.low == self.high)


def unit_values(positions: Positions, measure: str) -> Spread:
    """Return ``face principal clean_value market_value`` per yuan of original face of a purchase."""
    one = np.ones(positions.n)
    if measure == "face":
        return Spread(one, one)
    codes, words = positions.text("product", {})
    flat = np.array([word in UNIT_PRICE_PRODUCTS for word in words] + [False])[codes]
    low, high = _ends(positions.number("factor", {}), 0.0, 1.0)
    if measure != "principal":
        name = "clean_price" if measure == "clean_value" else "dirty_price"
        price = _ends(positions.number(name, {}), float(PRICE_RANGE[0]), float(PRICE_RANGE[1]))
        low, high = low * price[0] / 100, high * price[1] / 100
    return Spread(np.where(flat, 1.0, low), np.where(flat, 1.0, high))


def attribute(positions: Positions, name: str, rule: ActiveRule) -> Spread:
    """Return a number column, or a rating as its grade, with the vocabulary's range where it is missing."""
    values = positions.number(name, rule.columns)
    kind = column_kind(name, rule.columns)
    if kind == "rating":
        return Spread(*_ends(values, 1.0, float(len(RATING_GRADES))))
    if kind == "implied":
        return Spread(*_ends(values, 1.0, float(len(IMPLIED_GRADES))))
    found = COLUMNS[name]
    return Spread(*_ends(values, found.low, min(found.high, 1e15)))


def _ends(values: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    gone = np.isnan(values)
    return np.where(gone, low, values), np.where(gone, high, values)
