"""What a book's carry is after the costs that a table or a key of the mandate gives; others are named, not guessed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from absalloc.plan.holdings import carry_of, held_lines
from absalloc.rows import BookState
from absalloc.terms import LIABILITY_PRODUCTS, UNIT_PRICE_PRODUCTS

CAPITAL = ("bank_own_book", "insurer")
"""Institutions that hold capital against what they buy; the others have no such cost."""
COSTS = ("entry", "exit", "tax", "capital", "expected_loss")


@dataclass(frozen=True)
class NetCarry:
    """Carry of a book and what it costs, yuan a year.

    ``gross``: after funding and repo. ``costs``: ``entry`` and ``exit`` trading costs, each charged once, to the year;
    ``tax`` VAT; ``capital`` charge (banks); ``expected_loss``; None where neither table nor key gives it.
    """

    gross: Fraction
    costs: Mapping[str, Fraction | None]

    def after(self, counted: Collection[str]) -> Fraction | None:
        """Return carry less the costs named in ``counted``; None where one of them is not known."""
        found = [self.costs[name] for name in counted]
        known = [value for value in found if value is not None]
        return self.gross - sum(known, Fraction(0)) if len(known) == len(found) else None


def counted_in_all(books: Sequence[NetCarry]) -> tuple[str, ...]:
    """Return the costs that are known in every book: what carry after costs is net of, so that it is like for like."""
    return tuple(name for name in COSTS if books and all(book.costs[name] is not None for book in books))


def net_carry(state: BookState) -> NetCarry:
    """Return the carry of a book after its costs; what is held is read against ``state.before``.

    ``gross`` is before the capital charge whatever the objective, so that it is never counted twice; for those who hold
    no capital it is 0. Expected loss has no cited table in this project and is always missing.
    """
    parts = tuple(dict.fromkeys((*state.mandate.objective.parts, "tax", "capital_charge")))
    model = state.mandate.model
    objective = model.objective.model_copy(update={"parts": parts})
    asked = replace(state, mandate=replace(state.mandate, model=model.model_copy(update={"objective": objective})))
    found = carry_of(asked, held_lines(asked))
    costs = {
        "entry": None if state.mandate.trading.cost_bp is None else found.parts["trading_cost"],
        "exit": exit_cost(state),
        "tax": found.parts["tax"],
        "capital": found.parts["capital_charge"] if state.mandate.institution in CAPITAL else Fraction(0),
        "expected_loss": None,
    }
    return NetCarry(found.yuan, costs)


def exit_cost(state: BookState) -> Fraction | None:
    """Return what selling every security held costs at ``trading.cost_bp``; None without that key, or a value."""
    bp = state.mandate.trading.cost_bp
    if bp is None:
        return None
    total = Fraction(0)
    for name, face in state.held.items():
        row = state.index.get(name)
        if row is not None and state.product[row] in (*UNIT_PRICE_PRODUCTS, *LIABILITY_PRODUCTS):
            continue
        low, high = state.unit("market_value", row)
        if low != high:
            return None
        total += low * face
    return total * Fraction(bp) / 10_000
