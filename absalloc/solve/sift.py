"""Sifting: an LP with many columns from the few that can matter, priced out over all of them.

1. The rows that span much of the program (budget, ratios of the whole book) with a sample of columns, each standing
   for many, give prices. 2. Columns that look good or nearly so at these prices make a small LP, with every row that
   these can bring to its end. 3. Its duals price every column left out; those that would improve enter, until none
   does. The last pricing is the proof (weak duality over all columns), so nothing is taken on trust. Any trouble ends
   in the whole LP.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.solve import highs
from absalloc.solve.csr import Floats, Mask
from absalloc.solve.kept import binding_rows, only_rows, spread
from absalloc.solve.outcome import SolveSettings
from absalloc.solve.problem import Problem
from absalloc.solve.raw import Raw

WORTHWHILE = 2000
"""Columns below which the whole LP is solved at once."""
SAMPLE = 600
SPREAD = 0.3
"""Columns kept beside the good ones, as a share of these."""
ROUNDS = 6


def sift(problem: Problem, settings: SolveSettings) -> Raw | None:
    """Return what HiGHS says of the LP by way of few columns; None where that road is not open or does not end."""
    rest = resting(problem)
    if problem.n < WORTHWHILE or 4 * problem.m > problem.n or rest is None:
        return None
    prices = _sample_prices(problem, rest, settings)
    if prices is None:
        return None
    chosen = _candidates(problem, prices, rest)
    for _ in range(ROUNDS):
        if 2 * int(chosen.sum()) > problem.n:
            return None
        few = restricted(problem, chosen, rest)
        keep = binding_rows(few)
        found = highs.run(only_rows(few, keep), settings)
        if found.status != "optimal" or found.x is None or found.y is None:
            return None
        y = spread(found.y, keep)
        reduced = problem.c - problem.A.transposed_times(y)
        enter = _improving(problem, reduced, rest) & ~chosen
        if not enter.any():
            x = rest.copy()
            x[chosen] = found.x
            return Raw("optimal", x, y, None)
        chosen |= enter
    return None


def resting(problem: Problem) -> Floats | None:
    """Return where each column stays when left out: its bound nearest to nil; None where a column has none."""
    low, high = problem.col_lower, problem.col_upper
    rest: Floats = np.where(np.abs(low) <= np.abs(high), low, high)
    return rest if np.isfinite(rest).all() else None


def restricted(problem: Problem, chosen: Mask, rest: Floats) -> Problem:
    """Return the LP of the chosen columns, the others resting."""
    away = np.where(chosen, 0.0, rest)
    moved = problem.A.times(away) if away.any() else np.zeros(problem.m)
    return replace(
        problem,
        c=problem.c[chosen],
        A=problem.A.columns(chosen),
        row_lower=problem.row_lower - moved,
        row_upper=problem.row_upper - moved,
        col_lower=problem.col_lower[chosen],
        col_upper=problem.col_upper[chosen],
        integrality=None,
        col_names=None,
        row_names=None,
    )


def _sample_prices(problem: Problem, rest: Floats, settings: SolveSettings) -> Floats | None:
    """Return row duals of a small LP: wide rows, and every k-th column with k times its room to move."""
    wide = np.diff(problem.A.indptr) * 20 >= problem.n
    step = max(1, problem.n // SAMPLE)
    chosen = np.zeros(problem.n, dtype=bool)
    chosen[::step] = True
    if not wide.any():
        return None
    rows = replace(
        problem,
        A=problem.A.rows(wide),
        row_lower=problem.row_lower[wide],
        row_upper=problem.row_upper[wide],
        row_names=None,
    )
    few = restricted(rows, chosen, rest)
    middle = rest[chosen]
    sample = replace(
        few,
        col_lower=middle + (few.col_lower - middle) * step,
        col_upper=middle + (few.col_upper - middle) * step,
    )
    found = highs.run(sample, settings)
    if found.status != "optimal" or found.y is None:
        return None
    prices = np.zeros(problem.m)
    prices[wide] = found.y
    return prices


def _candidates(problem: Problem, prices: Floats, rest: Floats) -> Mask:
    """Return the columns that improve at these prices, and the next best of the others."""
    reduced = problem.c - problem.A.transposed_times(prices)
    # Cost of leaving the resting place, by the unit moved: small or negative is good.
    price = np.where(rest <= problem.col_lower, reduced, -reduced)
    good = int((price < 0).sum())
    many = min(problem.n, int(good * (1 + SPREAD)) + SAMPLE)
    chosen: Mask = price <= np.partition(price, many - 1)[many - 1]
    return chosen


def _improving(problem: Problem, reduced: Floats, rest: Floats) -> Mask:
    tiny = 1e-12 * float(np.abs(problem.c).max(initial=0.0))
    up = (reduced < -tiny) & (rest < problem.col_upper)
    down = (reduced > tiny) & (rest > problem.col_lower)
    improving: Mask = up | down
    return improving
