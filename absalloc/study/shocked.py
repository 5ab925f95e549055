"""A book after a shock: its lines revalued and weighed again; what its sleeve is like."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from absalloc.capital import weigh
from absalloc.rows import BookState
from absalloc.rows.shock import Redeemed, shocked_book, with_amounts, worth
from absalloc.stress import Stressed
from absalloc.terms import LIABILITY_PRODUCTS, UNIT_PRICE_PRODUCTS
from absalloc.units import exact
from absalloc.universe import Universe
from absalloc.universe.model import as_series

__all__ = ["Redeemed", "after_shock", "mean", "per_hundred", "weighed_again", "with_amounts", "worth"]


def per_hundred(state: BookState, name: str) -> Fraction | None:
    """Return yuan per 1 of an amount per 100 of remaining face of a line held, signed; None where not known."""
    row = state.index.get(name)
    if row is None:
        return None
    product = state.product[row]
    sign = -1 if product in LIABILITY_PRODUCTS else 1
    if product in UNIT_PRICE_PRODUCTS:
        return sign * state.held[name] / 100
    low, high = state.attribute("factor", row)
    return sign * state.held[name] * low / 100 if low == high else None


def weighed_again(state: BookState, stressed: Universe) -> Universe:
    """Return the universe with the risk weights that the moved ratings give; weights of the file stay.

    Exchange days to maturity are counted again where a maturity moved.
    """
    labels = state.universe.label("risk_weight")
    ours = np.array([not str(label).startswith(("file", "join", "declared")) for label in labels], bool)
    weights = np.where(ours, np.nan, stressed.column("risk_weight"))
    cleared = stressed.replace(table=stressed.table.assign(risk_weight=as_series(weights)))
    capital = state.mandate.capital
    found = weigh(cleared, state.as_of, regime=capital.regime, choices=capital.choices)
    if "trading_days_to_maturity" in found.table.columns:
        same = found.column("expected_maturity") == state.universe.column("expected_maturity")
        both = np.isnat(found.column("expected_maturity")) & np.isnat(state.universe.column("expected_maturity"))
        if not (same | both).all() and np.isfinite(found.column("trading_days_to_maturity")).any():
            from absalloc.universe.calendar import with_trading_days

            found = with_trading_days(found, state.as_of)
    return found


def after_shock(state: BookState, stressed: Stressed) -> tuple[BookState, Fraction, Redeemed]:
    """Return the book under the scenario, its gain or loss in yuan, and what its redemption took.

    What is held is not bought by a shock: every breach it finds is passive. The redemption is a share of the net
    assets after the gains.
    """
    return shocked_book(state, weighed_again(state, stressed.universe), stressed.scenario.redemption)


def mean(state: BookState, column: str, products: tuple[str, ...] | None = None) -> float | None:
    """Return the market-value weighted mean of a column over the assets held; None where a value is not known."""
    total, weight = Fraction(0), Fraction(0)
    numbers = np.asarray(state.universe.column(column), float)
    for name, value in worth(state, state.universe, state.held).items():
        row = state.index.get(name)
        if row is None or (products is not None and state.product[row] not in products):
            continue
        if state.product[row] in LIABILITY_PRODUCTS:
            continue
        number = 0.0 if np.isnan(numbers[row]) and state.product[row] in UNIT_PRICE_PRODUCTS else numbers[row]
        if value is None or np.isnan(number):
            return None
        total, weight = total + value * exact(number), weight + value
    return float(total / weight) if weight else None
