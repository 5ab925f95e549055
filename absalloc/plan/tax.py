"""The objective's part ``tax``: VAT on the interest of the lines held, a year, in yuan."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from absalloc.plan.note import Note
from absalloc.rows import BookState
from absalloc.rows.lines import Positions, evaluate
from absalloc.rulebook.targets import allocation_rule
from absalloc.rulebook.tax import TaxTerms, tax_terms
from absalloc.terms import LIABILITY_PRODUCTS
from absalloc.units import exact

TAXED_COLUMN = "interest_taxed"
MOST_NAMED = 5


@dataclass(frozen=True)
class Tax:
    """``yuan`` a year, None where unknown; ``unknown`` are the lines whose tax is not known."""

    yuan: Fraction | None
    terms: TaxTerms | str
    unknown: tuple[str, ...] = ()

    def note(self) -> Note:
        """Return what a reader must know: the rate and reading used, or why there is no figure."""
        if isinstance(self.terms, str):
            return Note(f"tax_{self.terms}")
        if self.unknown:
            named = ", ".join(self.unknown[:MOST_NAMED])
            return Note("tax_unknown", lines=len(self.unknown), names=named)
        rate = self.terms.rate
        words = {"rate": rate.rate.text, "confidence": rate.source.confidence}
        return Note("tax", readings=", ".join(self.terms.readings), **words)


def tax_of(state: BookState) -> Tax:
    """Return the VAT of a book: Σ principal × coupon × burden over the lines whose interest is taxed.

    ``interest_taxed`` of the file decides where it says so, else the first row of the table that holds. A line
    that may or may not be taxed, or is and has no coupon or no principal, makes the figure unknown.
    """
    mandate = state.mandate
    surcharges = mandate.tax.surcharges
    share = None if surcharges is None else Fraction(surcharges.value)
    terms = tax_terms(mandate.institution, state.as_of, mandate.readings, share)
    if isinstance(terms, str):
        return Tax(None, terms)
    taxed, exempt = _taxed(state, terms)
    total, unknown = Fraction(0), []
    for name, face in state.held.items():
        row = state.index.get(name)
        if row is not None and (state.product[row] in LIABILITY_PRODUCTS or state.product[row] == "cash"):
            continue
        if row is not None and exempt[row]:
            continue
        interest = None if row is None or not taxed[row] else _interest(state, row, face)
        if interest is None:
            unknown.append(name)
        else:
            total += interest * terms.burden
    return Tax(None if unknown else total, terms, tuple(unknown))


def _taxed(state: BookState, terms: TaxTerms) -> tuple[np.ndarray, np.ndarray]:
    """Return (surely taxed, surely not) for the rows of the universe; a row that is neither is unknown."""
    positions = Positions(state)
    context = allocation_rule(state.mandate)
    taxed, exempt = np.zeros(positions.n, dtype=bool), np.zeros(positions.n, dtype=bool)
    open_ = np.ones(positions.n, dtype=bool)
    for row, answer in terms.rows:
        mask = evaluate(row.where, context, positions)
        (taxed if answer else exempt)[open_ & mask.sure] = True
        open_ &= ~mask.maybe  # what may fall under a row is not decided by a later one
    said = state.universe.column(TAXED_COLUMN)
    rows = positions.rows
    for flag, here, there in ((True, taxed, exempt), (False, exempt, taxed)):
        given = np.zeros(positions.n, dtype=bool)
        given[:rows] = [value is flag for value in said]
        here[given], there[given] = True, False
    return taxed, exempt


def _interest(state: BookState, row: int, face: Fraction) -> Fraction | None:
    """Return a year's interest on a line's principal at its coupon, None where one is not known."""
    low, high = state.unit("principal", row)
    coupon = float(state.universe.column("coupon")[row])
    return None if low != high or np.isnan(coupon) else face * low * exact(coupon)
