"""A book after a shock: its lines revalued and weighed again, its amounts moved, a redemption paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from absalloc.capital import weigh
from absalloc.mandate import LoadedMandate
from absalloc.mandate.models import Amount
from absalloc.rows import BookState
from absalloc.stress import Stressed
from absalloc.terms import LIABILITY_PRODUCTS, UNIT_PRICE_PRODUCTS
from absalloc.units import exact
from absalloc.universe import Universe
from absalloc.universe.model import as_series

SALE_ORDER = (
    "cash", "deposit", "reverse_repo", "central_bank_bill", "government", "policy_bank", "local_government",
    "credit_bond",
)  # fmt: skip
"""What pays a redemption, in this order; ABS are never sold for it, and what is still missing is said."""
MOVING_AMOUNTS = ("nav", "total_assets")


@dataclass(frozen=True)
class Redeemed:
    """A redemption: yuan asked, what each line sold brought (market value), and what could not be paid."""

    asked: Fraction
    sold: Mapping[str, Fraction]
    unpaid: Fraction


def worth(state: BookState, universe: Universe, face: Mapping[str, Fraction]) -> dict[str, Fraction | None]:
    """Return the market value of each line in yuan, liabilities negative; None where it is not known."""
    book = replace(state, universe=universe)
    found: dict[str, Fraction | None] = {}
    for name, amount in face.items():
        row = book.index.get(name)
        low, high = book.unit("market_value", row)
        sign = -1 if row is not None and book.product[row] in LIABILITY_PRODUCTS else 1
        found[name] = sign * low * amount if low == high else None
    return found


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


def with_amounts(mandate: LoadedMandate, change: Fraction) -> LoadedMandate:
    """Return the mandate with net and total assets moved by ``change`` yuan, never below 0; other amounts stay."""
    amounts = dict(mandate.model.amounts)
    for name in MOVING_AMOUNTS:
        if name in amounts:
            value = max(Fraction(0), Fraction(amounts[name].value) + change)
            amounts[name] = Amount(value=value, as_of=amounts[name].as_of)
    return replace(mandate, model=mandate.model.model_copy(update={"amounts": amounts}))


def after_shock(state: BookState, stressed: Stressed) -> tuple[BookState, Fraction, Redeemed]:
    """Return the book under the scenario, its gain or loss in yuan, and what its redemption took.

    What is held is not bought by a shock: every breach it finds is passive. The redemption is a share of the net
    assets after the gains.
    """
    universe = weighed_again(state, stressed.universe)
    before, after = (worth(state, u, state.held) for u in (state.universe, universe))
    pairs = [(before[name], after[name]) for name in state.held]
    gain = sum((new - old for old, new in pairs if old is not None and new is not None), Fraction(0))
    mandate = with_amounts(state.mandate, gain)
    moved = replace(state, universe=universe, mandate=mandate, before=dict(state.held))
    nav = mandate.amount("nav")
    asked = stressed.scenario.redemption * (nav or Fraction(0))
    if not asked:
        return moved, gain, Redeemed(Fraction(0), {}, Fraction(0))
    held, sold, unpaid = _paid_out(moved, asked)
    paid = replace(moved, held=held, mandate=with_amounts(mandate, -asked))
    return paid, gain, Redeemed(asked, sold, unpaid)


def _paid_out(state: BookState, asked: Fraction) -> tuple[dict[str, Fraction], dict[str, Fraction], Fraction]:
    held, sold, left = dict(state.held), {}, asked
    for product in SALE_ORDER:
        for name in sorted(held):
            row = state.index.get(name)
            if left <= 0 or row is None or state.product[row] != product:
                continue
            low, high = state.unit("market_value", row)
            if low != high or low <= 0:
                continue
            face = min(held[name], left / low)
            sold[name] = face * low
            held[name] -= face
            left -= sold[name]
    return {name: face for name, face in held.items() if face > 0}, sold, max(left, Fraction(0))


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
