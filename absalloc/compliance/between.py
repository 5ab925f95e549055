"""Two dated books and the trades between them: what was traded, what was repaid, what cash did, what is unexplained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np

from absalloc.rows.state import BookState
from absalloc.terms import LIABILITY_PRODUCTS, UNIT_PRICE_PRODUCTS
from absalloc.units import exact

ZERO = Fraction(0)
Faces = dict[str, Fraction]


@dataclass(frozen=True)
class Between:
    """The way from ``before`` to ``after``, in yuan of face per line.

    ``traded`` is net of buys and sells; ``repaid`` the lines that ended, with the face they had; ``cash`` the line
    that pays (None where the book has none), ``settled`` what the trades brought it and ``amortised`` what each line
    held at first repaid. ``known``: the trades were given; else they are the difference of the books. ``unpriced``:
    lines traded at a price nobody knows, which settle at nothing: their cash is among the flows.
    """

    before: BookState
    after: BookState
    traded: Mapping[str, Fraction]
    repaid: Mapping[str, Fraction]
    cash: str | None
    settled: Fraction
    amortised: Mapping[str, Fraction]
    known: bool
    unpriced: tuple[str, ...] = ()

    @property
    def flows(self) -> Fraction:
        """What came into cash from outside: subscriptions less redemptions, coupons, fees."""
        if self.cash is None:
            return ZERO
        change = self.after.held.get(self.cash, ZERO) - self.before.held.get(self.cash, ZERO)
        return change - self.settled - sum(self.amortised.values(), ZERO)

    def faces(self, *, flows: bool = False, repaid: frozenset[str] | None = None, traded: bool = False) -> Faces:
        """Return the faces held after some of the steps; ``repaid``: the lines that have amortised, None for none."""
        held = dict(self.before.held)
        cash = self.flows if flows else ZERO
        for name in repaid or ():
            if name in self.repaid:
                held[name] = held.get(name, ZERO) - self.repaid[name]
            cash += self.amortised.get(name, ZERO)
        if traded:
            for name, face in self.traded.items():
                held[name] = held.get(name, ZERO) + face
            cash += self.settled
        if self.cash is not None:
            held[self.cash] = held.get(self.cash, ZERO) + cash
        return {name: face for name, face in held.items() if face}

    @property
    def all_lines(self) -> frozenset[str]:
        """The lines that may have repaid: those held at first."""
        return frozenset(self.before.held)

    @property
    def untraded(self) -> Faces:
        """What would be held today had nothing been traded."""
        return self.faces(flows=True, repaid=self.all_lines)

    @property
    def unexplained(self) -> Faces:
        """What is held beyond what all steps explain (negative: less); empty where the books reconcile."""
        reached = self.faces(flows=True, repaid=self.all_lines, traded=True)
        found = {n: self.after.held.get(n, ZERO) - reached.get(n, ZERO) for n in {**reached, **self.after.held}}
        return {name: face for name, face in sorted(found.items()) if face}


def between(before: BookState, after: BookState, trades: Any = None) -> Between:
    """Return the way from one book to the other; ``trades`` is a table with tranche_id, side, face and price.

    Without trades every change of face is one, but that of the cash line and of lines that ended. A trade settles at
    its price (clean, per 100) with the accrued interest of the line; one without a price at its market value, and at
    nothing where that is not known (``unpriced``).
    """
    cash = _cash_line(before, after)
    left = [name for name in before.held if name not in after.held]
    repaid = {name: before.held[name] for name in left if _ended(name, before, after)}
    net, paid = _net(trades, after, before) if trades is not None else _difference(before, after, cash, repaid)
    settled = sum((amount for _, amount in paid if amount is not None), ZERO)
    unpriced = tuple(sorted({name for name, amount in paid if amount is None}))
    if cash is not None and cash in net:
        settled += net.pop(cash)
    # A line of which part was sold before it ended: what the trades took is not repaid.
    repaid = {name: max(face + net.get(name, ZERO), ZERO) for name, face in repaid.items()}
    amortised = {name: _amortised(name, repaid.get(name, face), before, after, ended=name in repaid)
                 for name, face in before.held.items()}  # fmt: skip
    amortised = {name: amount for name, amount in amortised.items() if amount}
    return Between(before, after, net, repaid, cash, settled, amortised, trades is not None, unpriced)


def _row(state: BookState, name: str) -> int | None:
    return state.index.get(name)


def _product(name: str, *states: BookState) -> str | None:
    for state in states:
        row = _row(state, name)
        if row is not None and state.product[row] is not None:
            return str(state.product[row])
    return None


def _cash_line(before: BookState, after: BookState) -> str | None:
    """Return the cash line, the largest where there are several."""
    names = [name for name in {**after.held, **before.held} if _product(name, after, before) == "cash"]
    return min(names, key=lambda name: (-after.held.get(name, ZERO), name)) if names else None


def _ended(name: str, before: BookState, after: BookState) -> bool:
    """Return whether a line no longer held had nothing left to pay on the later day."""
    row = _row(after, name)
    if row is not None and after.attribute("factor", row) == (ZERO, ZERO):
        return True
    for state in (after, before):
        row = _row(state, name)
        due = None if row is None else state.universe.column("expected_maturity")[row]
        if due is not None and not np.isnat(due):
            day: date = due.astype("datetime64[D]").astype(object)
            return day <= after.as_of
    return False


def _amortised(name: str, face: Fraction, before: BookState, after: BookState, *, ended: bool) -> Fraction:
    """Return the principal a line repaid, at par; nothing where a factor is not known."""
    if _product(name, after, before) in UNIT_PRICE_PRODUCTS:
        return ZERO
    first = before.attribute("factor", _row(before, name))
    last = (ZERO, ZERO) if ended else after.attribute("factor", _row(after, name))
    return face * (first[0] - last[0]) if first[0] == first[1] and last[0] == last[1] else ZERO


Paid = list[tuple[str, Fraction | None]]
"""What each trade brought into cash, None where that is not known."""


def _difference(before: BookState, after: BookState, cash: str | None, repaid: Faces) -> tuple[Faces, Paid]:
    names = [name for name in {**before.held, **after.held} if name != cash and name not in repaid]
    net = {name: after.held.get(name, ZERO) - before.held.get(name, ZERO) for name in names}
    net = {name: face for name, face in net.items() if face}
    return net, [(name, _paid(name, face, None, after, before)) for name, face in net.items()]


def _net(trades: Any, after: BookState, before: BookState) -> tuple[Faces, Paid]:
    net: Faces = {}
    paid: Paid = []
    prices = trades["price"] if "price" in trades else [float("nan")] * len(trades)
    for name, side, amount, price in zip(trades["tranche_id"], trades["side"], trades["face"], prices, strict=True):
        face = exact(float(amount)) * (1 if side == "buy" else -1)
        net[name] = net.get(name, ZERO) + face
        if _product(name, after, before) != "cash":
            at = None if price != price else exact(float(price))
            paid.append((name, _paid(name, face, at, after, before)))
    return {name: face for name, face in net.items() if face}, paid


def _paid(name: str, face: Fraction, price: Fraction | None, after: BookState, before: BookState) -> Fraction | None:
    """Return what a trade brought into cash: minus what was bought costs; borrowing brings money. None: not known."""
    state = after if _row(after, name) is not None else before
    row = _row(state, name)
    low, high = state.unit("market_value", row)
    unit = low if low == high else None
    factor, clean, dirty = (state.attribute(name_, row) for name_ in ("factor", "clean_price", "dirty_price"))
    if price is not None and factor[0] == factor[1] and _product(name, state) not in UNIT_PRICE_PRODUCTS:
        accrued = dirty[0] - clean[0] if clean[0] == clean[1] and dirty[0] == dirty[1] else ZERO
        unit = factor[0] * (price + accrued) / 100
    sign = 1 if _product(name, state) in LIABILITY_PRODUCTS else -1
    return None if unit is None else sign * face * unit
