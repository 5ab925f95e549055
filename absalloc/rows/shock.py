"""A shock: what a scenario does to a book's amounts and, by a redemption, to what it holds. Exact, and as floats.

Market values move, net and total assets move by the gains; face, principal and book value do not. A redemption is a
share of the net assets after the gains, paid in the order of ``SALE_ORDER``. ``shocked_book`` is the meaning, in
fractions; ``Shock`` the same for rows, whose denominators move with whatever the book holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from absalloc.mandate import LoadedMandate
from absalloc.mandate.models import Amount
from absalloc.rows.denominators import signed_parts
from absalloc.rows.lines import Positions
from absalloc.rows.measures import unit_values
from absalloc.rows.state import BookState
from absalloc.rulebook.active import ActiveRule
from absalloc.rulebook.models import AmountOf
from absalloc.terms import LIABILITY_PRODUCTS
from absalloc.universe import Universe

SALE_ORDER = (
    "cash", "deposit", "reverse_repo", "central_bank_bill", "government", "policy_bank", "local_government",
    "credit_bond",
)  # fmt: skip
"""What pays a redemption, in this order, by code within each; ABS are never sold for it, what is missing is said."""
MOVING_AMOUNTS = ("nav", "total_assets")
"""Amounts of the mandate that move by gains and redemptions; others (capital, audited assets) stay."""


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


def with_amounts(mandate: LoadedMandate, change: Fraction) -> LoadedMandate:
    """Return the mandate with net and total assets moved by ``change`` yuan, never below 0; other amounts stay."""
    amounts = dict(mandate.model.amounts)
    for name in MOVING_AMOUNTS:
        if name in amounts:
            value = max(Fraction(0), Fraction(amounts[name].value) + change)
            amounts[name] = Amount(value=value, as_of=amounts[name].as_of)
    return replace(mandate, model=mandate.model.model_copy(update={"amounts": amounts}))


def shocked_book(
    state: BookState, universe: Universe, redemption: Fraction = Fraction(0)
) -> tuple[BookState, Fraction, Redeemed]:
    """Return the book at the numbers of ``universe``, its gain or loss in yuan, and what its redemption took.

    What is held is not bought by a shock: every breach it finds is passive. What was bought before it keeps its cost
    as book value.
    """
    before, after = (worth(state, u, state.held) for u in (state.universe, universe))
    pairs = [(before[name], after[name]) for name in state.held]
    gain = sum((new - old for old, new in pairs if old is not None and new is not None), Fraction(0))
    mandate = with_amounts(state.mandate, gain)
    moved = replace(
        state,
        universe=universe,
        mandate=mandate,
        before=dict(state.held),
        book_value=_costs(state),
        cost=None,
        untraded=None,
        unmoved=state.mandate,
        moved=gain,
    )
    asked = redemption * (mandate.amount("nav") or Fraction(0))
    if not asked:
        return moved, gain, Redeemed(Fraction(0), {}, Fraction(0))
    held, sold, unpaid = _paid_out(moved, asked)
    rest = {n: v * held.get(n, Fraction(0)) / moved.held[n] for n, v in moved.book_value.items() if moved.held.get(n)}
    paid = replace(
        moved, held=held, before=dict(held), book_value=rest, mandate=with_amounts(mandate, -asked), moved=gain - asked
    )  # fmt: skip
    return paid, gain, Redeemed(asked, sold, unpaid)


def _costs(state: BookState) -> dict[str, Fraction]:
    """Return the book values, with those of lines bought since ``before`` alone at what they cost."""
    found = dict(state.book_value)
    for name, face in state.held.items():
        low, high = state.unit("market_value", state.index.get(name))
        if name not in found and state.before is not None and state.bought(name) == face and low == high:
            found[name] = low * face
    return found


def _paid_out(state: BookState, asked: Fraction) -> tuple[dict[str, Fraction], dict[str, Fraction], Fraction]:
    held, sold, left = dict(state.held), {}, asked
    for name in _sellable(state):
        low, high = state.unit("market_value", state.index[name])
        if name not in held or left <= 0 or low != high or low <= 0:
            continue
        face = min(held[name], left / low)
        sold[name] = face * low
        held[name] -= face
        left -= sold[name]
    return {name: face for name, face in held.items() if face > 0}, sold, max(left, Fraction(0))


def _sellable(state: BookState) -> Iterator[str]:
    """Yield the lines of the universe that pay a redemption, in order of sale."""
    for product in SALE_ORDER:
        yield from sorted(name for name, row in state.index.items() if state.product[row] == product)


# -- rows --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shock:
    """A scenario on one book as floats, for the rows of its scenario; arrays have shape (n,), a position each.

    ``gain``: yuan of net assets per yuan of face (0 where a value is not known); ``share`` of the net assets redeemed;
    ``base``: net assets before, or total assets where the mandate has no other, 0 without either; ``order``: positions
    that pay, in order of sale, each bringing ``worth`` yuan per yuan of face. ``offset``: the book's first column.
    """

    offset: int
    gain: np.ndarray
    share: float
    base: float
    order: np.ndarray
    worth: np.ndarray

    def change(self, face: np.ndarray) -> float:
        """Return by how many yuan gains and redemption move net assets at faces (n,)."""
        gain = float(self.gain @ face)
        return gain - self.share * max(self.base + gain, 0.0)

    def sold(self, face: np.ndarray) -> np.ndarray:
        """Return the face of each position (n,) that the redemption sells."""
        found = np.zeros(len(face))
        left = self.share * max(self.base + float(self.gain @ face), 0.0)
        for p in self.order:
            found[p] = min(face[p], left / self.worth[p])
            left = max(left - found[p] * self.worth[p], 0.0)
        return found

    def after(self, x: np.ndarray) -> np.ndarray:
        """Return the faces of a row system (2 × positions,) after the redemption; book values go in proportion."""
        if not self.share:
            return x
        here = slice(self.offset, self.offset + len(self.gain))
        face, half = x[here], len(x) // 2
        left = face - self.sold(face)
        ratio = np.divide(left, face, out=np.zeros(len(face)), where=face != 0)
        result = x.copy()
        result[here] = left
        result[here.start + half : here.stop + half] *= ratio
        return result


def shock_of(before: Positions, after: Positions, offset: int, redemption: Fraction) -> Shock:
    """Return the shock between two readings of one book."""
    state = after.state
    old, new = unit_values(before, "market_value"), unit_values(after, "market_value")
    codes, words = before.text("product", {})
    sign = np.where(np.array([word in LIABILITY_PRODUCTS for word in words] + [False])[codes], -1.0, 1.0)
    gain = np.where(old.known & new.known, sign * (new.low - old.low), 0.0)
    nav = state.mandate.amount("nav")
    share = 0.0 if nav is None else float(redemption)
    base = nav if nav is not None else state.mandate.amount("total_assets")
    paying = [state.index[name] for name in _sellable(state)] if share else []
    order = np.array([p for p in paying if new.known[p] and new.low[p] > 0], dtype=np.int64)
    return Shock(offset, gain, share, float(base or 0), order, new.low)


def moving_parts(rule: ActiveRule, books: tuple[Positions, ...]) -> tuple[float, float]:
    """Return how often net and total assets stand in a rule's numerator and in its denominator."""
    known = {name for name in MOVING_AMOUNTS for book in books if name in book.state.mandate.amounts}

    def counts(part: object) -> bool:
        return (part.amount if isinstance(part, AmountOf) else part) in known

    above = sum(1 for item in rule.plus if isinstance(item, AmountOf) and counts(item))
    below = sum(sign for sign, part in signed_parts(rule) if isinstance(part, str | AmountOf) and counts(part))
    return float(above), float(below)
