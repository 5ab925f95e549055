"""Measures per yuan of original face, made of primitives: factor, prices, book value, attributes; each a range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from absalloc.rows.lines import Positions, column_kind
from absalloc.rows.state import PRICE_RANGE
from absalloc.rulebook.active import ActiveRule
from absalloc.terms import COLUMNS, IMPLIED_GRADES, RATING_GRADES, UNIT_PRICE_PRODUCTS

NO_BOUND = 1e15
BOOK = "book"
COST = "cost_price"
"""The dirty price a purchase was paid at, where a scenario has moved the price since."""
_PRIMITIVES: dict[str, tuple[str, ...]] = {
    "face": (),
    "principal": ("factor",),
    "clean_value": ("factor", "clean_price"),
    "market_value": ("factor", "dirty_price"),
}


@dataclass(frozen=True)
class Spread:
    """``low`` and ``high`` per position, shape (n,)."""

    low: np.ndarray
    high: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Where the two ends meet."""
        return np.asarray(self.low == self.high)


Primitives = Mapping[str, Spread]


def needs(measure: Sequence[str], *, kept: bool, cost: bool = False) -> tuple[str, ...]:
    """Return the primitives a measure multiplies; what is kept stands at its book value, what is bought at market.

    ``cost``: a scenario has moved the prices since, and what is bought keeps what it cost.
    """
    base, *rest = measure
    market = _PRIMITIVES.get(base, ("factor", COST) if cost else _PRIMITIVES["market_value"])
    first = (BOOK,) if kept and base == "book_value" else market
    return (*first, *(f"column {name}" for name in rest))


def read_primitives(positions: Positions, names: Sequence[str], rule: ActiveRule) -> dict[str, Spread]:
    """Return the primitives by name over all positions."""
    return {name: _primitive(positions, name, rule) for name in dict.fromkeys(names)}


def multiplied(names: Sequence[str], point: Mapping[str, np.ndarray], size: int) -> np.ndarray:
    """Return the product of primitives at a point, shape (size,); prices are per 100."""
    result = np.ones(size)
    for name in names:
        result = result * point[name] / 100 if name.endswith("_price") else result * point[name]
    return result


def corners(primitives: Primitives, names: Sequence[str], at: np.ndarray) -> list[dict[str, np.ndarray]]:
    """Return every combination of low and high of the primitives at some positions."""
    names = list(dict.fromkeys(names))
    found = []
    for choice in product((False, True), repeat=len(names)):
        pairs = zip(names, choice, strict=True)
        found.append({n: (primitives[n].high if up else primitives[n].low)[at] for n, up in pairs})
    return found


def unit_values(positions: Positions, measure: str) -> Spread:
    """Return ``face principal clean_value market_value`` per yuan of original face of a purchase."""
    names = _PRIMITIVES[measure]
    found = {name: _plain(positions, name) for name in names}
    ends = [multiplied(names, {n: getattr(found[n], side) for n in names}, positions.n) for side in ("low", "high")]
    return Spread(ends[0], ends[1])


def _primitive(positions: Positions, name: str, rule: ActiveRule) -> Spread:
    if name == BOOK:
        return _book(positions)
    if name == COST:
        return _cost(positions)
    if name.startswith("column "):
        return attribute(positions, name.removeprefix("column "), rule)
    return _plain(positions, name)


def _plain(positions: Positions, name: str) -> Spread:
    codes, words = positions.text("product", {})
    flat = np.array([word in UNIT_PRICE_PRODUCTS for word in words] + [False])[codes]
    if name == "factor":
        low, high = _ends(positions.number("factor", {}), 0.0, 1.0)
        return Spread(np.where(flat, 1.0, low), np.where(flat, 1.0, high))
    low, high = _ends(positions.number(name, {}), float(PRICE_RANGE[0]), float(PRICE_RANGE[1]))
    return Spread(np.where(flat, 100.0, low), np.where(flat, 100.0, high))


def _cost(positions: Positions) -> Spread:
    state = positions.state
    return _plain(positions if state.cost is None else Positions(replace(state, universe=state.cost)), "dirty_price")


def _book(positions: Positions) -> Spread:
    """Return the book value per yuan of face of what is held; 0 elsewhere."""
    state = positions.state
    low, high = np.zeros(positions.n), np.zeros(positions.n)
    for p in positions.held:
        name = positions.ids[p]
        row = positions.row(p)
        flat = row is not None and state.product[row] in UNIT_PRICE_PRODUCTS
        if name in state.book_value and state.held.get(name) and not flat:
            low[p] = high[p] = float(state.book_value[name] / state.held[name])
        else:
            least, most = state.book_unit_range(row)
            low[p], high[p] = float(least), float(most)
    return Spread(low, high)


def attribute(positions: Positions, name: str, rule: ActiveRule) -> Spread:
    """Return a number column, or a rating as its grade, with the vocabulary's range where it is missing."""
    values = positions.number(name, rule.columns)
    kind = column_kind(name, rule.columns)
    if kind == "rating":
        return Spread(*_ends(values, 1.0, float(len(RATING_GRADES))))
    if kind == "implied":
        return Spread(*_ends(values, 1.0, float(max(IMPLIED_GRADES.values()))))
    if kind == "bool":
        return Spread(*_ends(values, 0.0, 1.0))
    if name in rule.columns:
        ranges = [positions.state.attribute(each, None) for each in positions.inputs(rule.columns[name])]
        low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
        return Spread(*_ends(values, float(low), min(float(high), NO_BOUND)))
    if name not in COLUMNS:
        return Spread(*_ends(values, 0.0, NO_BOUND))
    found = COLUMNS[name]
    return Spread(*_ends(values, found.low, min(found.high, NO_BOUND)))


def _ends(values: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    gone = np.isnan(values)
    return np.where(gone, low, values), np.where(gone, high, values)
