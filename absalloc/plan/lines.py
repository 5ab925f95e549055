"""What may be bought and sold of each line, what it costs and what it earns: one array entry a position."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from absalloc.mandate import LoadedMandate
from absalloc.plan.note import Note
from absalloc.rows.lines import Positions, evaluate
from absalloc.rows.measures import unit_values
from absalloc.rulebook.targets import allocation_rule
from absalloc.terms import ABS_PRODUCTS, LIABILITY_PRODUCTS, UNIT_PRICE_PRODUCTS

LIQUID_PRODUCTS = ("government", "central_bank_bill", "policy_bank")
DEFAULT_LOT = 1.0
"""Yuan of face; a line without a trading unit is bought in whole yuan."""


@dataclass(frozen=True)
class PlanLines:
    """Positions of one book with what the allocation needs; all arrays have shape (n,).

    ``worth``: market value per yuan of face. ``rate``: annual yield, NaN where unknown. ``most``: the most face
    that may be held. ``lot``, ``ticket``: yuan of face. ``cost``: cost of a trade per yuan of market value.
    """

    positions: Positions
    held: np.ndarray
    worth: np.ndarray
    rate: np.ndarray
    allocated: np.ndarray
    liability: np.ndarray
    cash: np.ndarray
    security: np.ndarray
    most: np.ndarray
    lot: np.ndarray
    ticket: np.ndarray
    cost: np.ndarray
    notes: tuple[Note, ...]

    @property
    def n(self) -> int:
        """How many positions."""
        return len(self.held)


def allocated_lines(positions: Positions) -> np.ndarray:
    """Return True for the lines that the mandate lets the allocation decide; shape (n,)."""
    mandate = positions.state.mandate
    where = mandate.portfolio.allocate
    everything = np.ones(positions.n, dtype=bool)
    return everything if where is None else evaluate(where, allocation_rule(mandate), positions).sure


def plan_lines(positions: Positions, budget: Fraction) -> PlanLines:
    """Return the lines of a book.

    ``budget`` in yuan bounds what can be bought of a line whose supply has no other bound.
    """
    state = positions.state
    mandate = state.mandate
    codes, words = positions.text("product", {})

    def among(products: tuple[str, ...]) -> np.ndarray:
        return np.asarray(np.array([word in products for word in words] + [False])[codes])

    liability, flat = among(LIABILITY_PRODUCTS), among(UNIT_PRICE_PRODUCTS)
    cash = among(("cash",))
    allocated = allocated_lines(positions)
    if mandate.portfolio.invest is None:
        # The budget is the whole of NAV: cash takes up what trades leave, repo what they lack.
        allocated = allocated | cash | liability
    held = np.array([float(state.held.get(name, 0)) for name in positions.ids])
    worth = unit_values(positions, "market_value")
    kinds = _Kinds(among(ABS_PRODUCTS), flat, among(LIQUID_PRODUCTS))
    most, notes = _supply(positions, kinds, float(budget), worth.low)
    if mandate.repo is None:
        most = np.where(liability, 0.0, most)
    elif mandate.repo.max is not None:
        cap = mandate.repo.max
        yuan = float(cap.value) * (float(mandate.amount("nav") or 0) if cap.unit == "ratio" else 1.0)
        most = np.where(liability, np.minimum(most, yuan), most)
    # A line without a price cannot be valued, so it is not bought; held, it is kept at its lowest value.
    most = np.where(worth.known, most, 0.0)
    rate = positions.number("yield", {}).copy()
    if mandate.repo is not None:
        rate = np.where(liability, float(mandate.repo.rate.value), rate)
    rate = np.where(cash & np.isnan(rate), 0.0, rate)
    lot, ticket = _trading(positions, mandate, flat)
    bp = float(mandate.trading.cost_bp or 0) / 10_000
    return PlanLines(
        positions, held, worth.low, rate, allocated & ~(positions_outside(positions)), liability, cash,
        ~flat, most, lot, ticket, np.where(flat, 0.0, bp), tuple(notes),
    )  # fmt: skip


def positions_outside(positions: Positions) -> np.ndarray:
    """Return True for lines held that are not in the universe."""
    return np.arange(positions.n) >= positions.rows


@dataclass(frozen=True)
class _Kinds:
    abs_line: np.ndarray
    flat: np.ndarray
    liquid: np.ndarray


def _supply(positions: Positions, kinds: _Kinds, budget: float, worth: np.ndarray) -> tuple[np.ndarray, list[Note]]:
    """Return the most face of each line that can be had: what is offered, or what is outstanding."""
    mandate = positions.state.mandate
    abs_line, flat = kinds.abs_line, kinds.flat
    held = np.array([float(positions.state.held.get(name, 0)) for name in positions.ids])
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = np.where(worth > 0, 10 * budget / worth, 0.0)
    if mandate.mode == "offered":
        offered, bids = _offered(positions, kinds.liquid)
        most = held + np.where(bids, 0.0, offered)
        return np.where(flat, whole, most), [
            Note("mode_offered", lines=int(np.sum((offered > 0) & ~bids & ~flat & ~kinds.liquid)))
        ]
    share = mandate.trading.position_of_outstanding
    size = positions.number("issue_size", {})
    top = size * (float(share.value) if share is not None else 1.0)
    unknown = int(np.sum(np.isnan(top) & abs_line))
    top = np.where(np.isnan(top), np.where(abs_line, 0.0, whole), top)
    notes = [Note("mode_strategic", lines=int(np.sum(abs_line & (top > 0))))]
    if unknown:
        notes.append(Note("supply_unknown", lines=unknown))
    return np.maximum(held, np.where(flat, whole, np.minimum(top, whole))), notes


def _offered(positions: Positions, liquid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (yuan of face quoted, whether the quote is a bid): shapes (n,)."""
    offered = np.nan_to_num(positions.number("available_face", {}), nan=0.0)
    # Sovereign and policy paper trades without a quote sheet: what is outstanding can be had.
    size = np.nan_to_num(positions.number("issue_size", {}), nan=0.0)
    offered = np.where(liquid & (offered == 0), size, offered)
    codes, words = positions.text("quote_side", {})
    return offered, np.array([word == "bid" for word in words] + [False])[codes]


def market_supply(positions: Positions) -> np.ndarray:
    """Return the yuan of face of each line that all buyers together can have: (n,), infinite where nothing bounds it.

    Offered: what is quoted for sale; strategic: what is outstanding.
    """
    codes, words = positions.text("product", {})

    def among(products: tuple[str, ...]) -> np.ndarray:
        return np.asarray(np.array([word in products for word in words] + [False])[codes])

    if positions.state.mandate.mode == "offered":
        offered, bids = _offered(positions, among(LIQUID_PRODUCTS))
        there = np.where(bids, 0.0, offered)
    else:
        size = positions.number("issue_size", {})
        there = np.where(np.isnan(size), np.where(among(ABS_PRODUCTS), 0.0, np.inf), size)
    return np.where(among(UNIT_PRICE_PRODUCTS), np.inf, there)


def _trading(positions: Positions, mandate: LoadedMandate, flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lots = positions.number("lot", {})
    tickets = positions.number("min_ticket", {})
    lot = np.full(positions.n, float(mandate.trading.lot)) if mandate.trading.lot is not None else lots
    ticket = (
        np.full(positions.n, float(mandate.trading.min_ticket)) if mandate.trading.min_ticket is not None else tickets
    )
    lot = np.where(flat | np.isnan(lot) | (lot <= 0), DEFAULT_LOT, lot)
    return lot, np.where(flat | np.isnan(ticket), 0.0, ticket)
