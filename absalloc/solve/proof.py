"""Our own proof that an answer is one: feasibility from x, the bound from the duals, never the solver's word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.solve.csr import Floats
from absalloc.solve.outcome import LP_GAP, Outcome
from absalloc.solve.problem import SEMICONTINUOUS, Problem
from absalloc.solve.scaling import typical_amount

FEASIBLE = 1e-7
"""Greatest violation of a row, relative to the terms that make it up, or of a column, relative to its bound."""
NIL = 1e-2
"""Share of the typical amount below which a row is measured by that share and not by its own terms."""
FREE_SLACK = 1e-7
"""Relative reduced cost that a column may have towards an infinite bound and still count as dual feasible."""


def violation(problem: Problem, x: Floats, typical: float | None = None) -> float:
    """Return the greatest relative violation of any row or column bound at ``x``; integrality is not looked at.

    A violation counts relative to the terms that make up the row, to the bound, or to one hundredth of the typical
    amount of the problem (``typical``, where the caller knows it) times the row's greatest coefficient, whichever is
    most: where all terms are nil, rounding is not a breach.
    """
    unit = NIL * (typical_amount(problem) if typical is None else typical)
    greatest = problem.A.greatest()
    rows = _excess(
        problem.A.times(x),
        problem.row_lower,
        problem.row_upper,
        np.maximum(problem.A.abs_times(x), np.where(greatest > 0, greatest, 1.0) * unit),
    )
    lower, upper = problem.col_lower, problem.col_upper
    away = problem.integrality == SEMICONTINUOUS
    if away.any():
        lower = np.where(away & (x == 0), 0.0, lower)
        upper = np.where(away & (x == 0), 0.0, upper)
    return max(rows, _excess(x, lower, upper, np.maximum(np.abs(x), unit)))


def _excess(value: Floats, lower: Floats, upper: Floats, size: Floats) -> float:
    if not len(value):
        return 0.0
    below, above = lower - value, value - upper
    bound = np.where(below > above, lower, upper)
    bound = np.where(np.isfinite(bound), np.abs(bound), 0.0)
    return float(np.max(np.maximum(below, above) / np.maximum(size, bound)).clip(min=0.0))


def weak_duality(problem: Problem, x: Floats | None, y: Floats) -> tuple[float, Floats]:
    """Return (lower bound of the minimum, reduced costs) that row duals ``y`` prove.

    With g = c + Qx and d = g − A'y, any feasible point costs at least offset − ½x'Qx + Σ y·(row bound it
    pushes against) + Σ d·(column bound it pushes against); a wrong-signed y is cut to nil first. Where
    a column has no bound in that direction, |d| up to 1e-7 of the greatest cost is charged for as if the column
    were at most as large as the greatest entry of ``x`` (or 1); a greater |d| proves nothing (−inf).
    Source: Lagrangian weak duality (Boyd and Vandenberghe, Convex Optimization, 5.2.2 and 5.5.3).
    """
    y = np.where((y > 0) & np.isinf(problem.row_lower), 0.0, y)
    y = np.where((y < 0) & np.isinf(problem.row_upper), 0.0, y)
    cost, constant = problem.c, problem.offset
    if problem.Q is not None and x is not None:
        pull = problem.Q.times(x)
        cost, constant = cost + pull, constant - 0.5 * float(x @ pull)
    pushed = problem.A.transposed_times(y)
    reduced = cost - pushed
    row_bound = np.where(y > 0, problem.row_lower, np.where(y < 0, problem.row_upper, 0.0))
    col_bound = np.where(reduced > 0, problem.col_lower, np.where(reduced < 0, problem.col_upper, 0.0))
    open_end = np.isinf(col_bound)
    size = float(np.abs(cost).max(initial=0.0)) or 1.0
    reach = max(1.0, float(np.abs(x).max(initial=0.0))) if x is not None else 1.0
    if (np.abs(reduced[open_end]) > FREE_SLACK * size).any():
        return -np.inf, reduced
    columns = np.where(open_end, -np.abs(reduced) * reach, reduced * np.where(open_end, 0.0, col_bound))
    # Not a dot product of BLAS: on long vectors that wakes threads, which cost milliseconds on a busy machine.
    return constant + float((y * row_bound).sum()) + float(columns.sum()), reduced


def relative_gap(problem: Problem, x: Floats, objective: float, bound: float) -> float:
    """Return (objective − bound), not below nil, over max(|objective|, Σ|c_j x_j|, greatest |c_j|)."""
    if np.isinf(bound):
        return float("inf")
    # Where all is nil (no cost, no point) any difference is rounding and 1 serves.
    size = max(abs(objective), float(np.abs(problem.c * x).sum()), float(np.abs(problem.c).max(initial=0.0)))
    return max(0.0, objective - bound) / (size or 1.0)


def prove(problem: Problem, x: Floats, y: Floats, solver: str, typical: float | None = None) -> Outcome:
    """Return the Outcome of an LP or QP called solved: ``optimal`` if x and y prove it, else ``stopped``.

    ``typical``: the program's typical amount, where the caller knows it.
    """
    x = np.clip(x, problem.col_lower, problem.col_upper)
    objective = problem.value(x)
    bound, reduced = weak_duality(problem, x, y)
    gap = relative_gap(problem, x, objective, bound)
    out = Outcome("optimal", x, objective, bound, gap, problem.A.times(x), y, reduced, solver)
    if np.isinf(bound):
        out = replace(out, bound=None, gap=None)
    # Written so that a NaN fails.
    if not violation(problem, x, typical) <= FEASIBLE:
        return replace(out, status="stopped", reason="solve.not_feasible")
    if not gap <= LP_GAP:
        return replace(out, status="stopped", reason="solve.not_proven")
    return out
