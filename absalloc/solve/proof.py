"""Our own proof that an answer is one: feasibility from x, the bound from the duals, never the solver's word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from absalloc.solve.csr import Floats
from absalloc.solve.outcome import LP_GAP, Outcome
from absalloc.solve.problem import SEMICONTINUOUS, Problem
from absalloc.solve.scaling import typical_amount

FEASIBLE = 1e-7
"""Greatest violation of a row, relative to the terms that make it up, or of a column, relative to its bound."""
NIL = 1e-2
"""Share of the typical amount below which a row is measured by that share and not by its own terms."""
INFEASIBLE = 1e-9
"""Share of its own terms by which a combination of rows must be broken to prove that no point exists."""
FREE_SLACK = 1e-7
"""Relative reduced cost that a column may have towards an infinite bound and still count as dual feasible."""


def violation(problem: Problem, x: Floats, typical: float | None = None, activity: Floats | None = None) -> float:
    """Return the greatest relative violation of any row or column bound at ``x``; integrality is not looked at.

    A violation counts relative to the terms that make up the row, to the bound, or to one hundredth of the typical
    amount of the problem times the row's greatest coefficient, whichever is most: where all terms are nil, rounding
    is not a breach. ``typical`` and ``activity`` (m,): that amount and ``A x``, where the caller knows them.
    """
    A, lower, upper = problem.A, problem.col_lower, problem.col_upper
    away = problem.integrality == SEMICONTINUOUS
    if away.any():
        lower = np.where(away & (x == 0), 0.0, lower)
        upper = np.where(away & (x == 0), 0.0, upper)
    activity = A.times(x) if activity is None else activity
    rows, columns = _past(activity, problem.row_lower, problem.row_upper), _past(x, lower, upper)
    if not len(rows) and not len(columns):
        return 0.0
    unit = NIL * (typical_amount(problem) if typical is None else typical)
    greatest = A.greatest()[rows]
    size = np.maximum(A.abs_times(x)[rows], np.where(greatest > 0, greatest, 1.0) * unit)
    worst = relative_excess(activity[rows], problem.row_lower[rows], problem.row_upper[rows], size)
    return float(
        np.maximum(
            worst, relative_excess(x[columns], lower[columns], upper[columns], np.maximum(np.abs(x[columns]), unit))
        )
    )


def _past(value: Floats, lower: Floats, upper: Floats) -> NDArray[np.intp]:
    """Return where a value is past a bound by anything at all, or is not finite: only there can a violation be."""
    return np.flatnonzero(~((value - lower >= 0) & (upper - value >= 0)))


def relative_excess(value: Floats, lower: Floats, upper: Floats, size: Floats) -> float:
    """Return by how much values leave their bounds at most, relative to ``size`` or the bound, whichever is more."""
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
    y, rows = _pushing(problem, y)
    cost, constant = problem.c, problem.offset
    if problem.Q is not None and x is not None:
        pull = problem.Q.times(x)
        cost, constant = cost + pull, constant - 0.5 * float(x @ pull)
    pushed = problem.A.transposed_times(y)
    reduced = cost - pushed
    col_bound = np.where(reduced > 0, problem.col_lower, problem.col_upper)
    open_end = np.isinf(col_bound)
    if not open_end.any():
        return constant + rows + float((reduced * col_bound).sum()), reduced
    size = float(np.abs(cost).max(initial=0.0)) or 1.0
    reach = max(1.0, float(np.abs(x).max(initial=0.0))) if x is not None else 1.0
    if (np.abs(reduced[open_end]) > FREE_SLACK * size).any():
        return -np.inf, reduced
    columns = np.where(open_end, -np.abs(reduced) * reach, reduced * np.where(open_end, 0.0, col_bound))
    return constant + rows + float(columns.sum()), reduced


def farkas(problem: Problem, ray: Floats) -> tuple[Floats | None, Floats]:
    """Return (``ray`` or its opposite, where that combination of rows proves that no point exists; reduced costs).

    It proves it where the combination is broken at every point within the column bounds, by a share of its own terms
    that rounding does not make up. The reduced costs are of whichever is nearer to a proof: the one that pushes less
    against rows without an end there. Source: Farkas' lemma.
    """
    blank = replace(problem, c=np.zeros(problem.n), offset=0.0)
    reach = np.maximum(np.abs(problem.col_lower), np.abs(problem.col_upper))
    found = []
    for y in (ray, -ray):
        bound, reduced = weak_duality(blank, None, y)
        ends = np.where(y > 0, problem.row_lower, np.where(y < 0, problem.row_upper, 0.0))
        idle = float(np.abs(y[np.isinf(ends)]).sum()) / (float(np.abs(y).sum()) or 1.0)
        found.append((-round(idle, 6), bound, reduced))
        if np.any(np.isinf(reach) & (reduced != 0)):
            # Towards an infinite bound nothing short of nil proves anything.
            continue
        size = float(np.abs(y * np.where(np.isfinite(ends), ends, 0.0)).sum())
        size += float(np.abs(reduced * np.where(reduced != 0, reach, 0.0)).sum())
        if np.isfinite(bound) and bound > INFEASIBLE * size:
            return y, reduced
    return None, max(found, key=lambda item: item[:2])[2]


def _pushing(problem: Problem, y: Floats) -> tuple[Floats, float]:
    """Return ``y`` with what pushes against no bound cut to nil, and Σ y·(row bound it pushes against)."""
    at = np.flatnonzero(y != 0)
    push = y[at]
    bound = np.where(push > 0, problem.row_lower[at], np.where(push < 0, problem.row_upper[at], 0.0))
    push, bound = np.where(np.isinf(bound), 0.0, push), np.where(np.isinf(bound), 0.0, bound)
    cut = y.copy()
    cut[at] = push
    # Not a dot product of BLAS: on long vectors that wakes threads, which cost milliseconds on a busy machine.
    return cut, float((push * bound).sum())


def relative_gap(problem: Problem, x: Floats, objective: float, bound: float) -> float:
    """Return (objective − bound), not below nil, over max(|objective|, Σ|c_j x_j|, greatest |c_j r_j| / 100).

    r_j is how far the column reaches, at most 1: where next to nothing is held there is still a size, and it is small
    where all amounts are.
    """
    if np.isinf(bound):
        return float("inf")
    # Where all is nil (no cost, no point) any difference is rounding and 1 serves.
    size = max(abs(objective), float(np.abs(problem.c * x).sum())) if np.isfinite(objective) else objective
    if size < NIL * float(np.abs(problem.c).max(initial=0.0)):
        size = max(size, NIL * float(np.abs(problem.c * _reach(problem)).max(initial=0.0)))
    # The order matters: of a NaN and nil, max returns the first, and a NaN must not pass for no gap.
    return max(objective - bound, 0.0) / (size or 1.0)


def _reach(problem: Problem) -> Floats:
    """Return how far each column may go from nil, at most 1."""
    far = np.maximum(np.abs(problem.col_lower), np.abs(problem.col_upper))
    return np.asarray(np.minimum(far, 1.0))


def prove(problem: Problem, x: Floats, y: Floats, solver: str, typical: float | None = None) -> Outcome:
    """Return the Outcome of an LP or QP called solved: ``optimal`` if x and y prove it, else ``stopped``.

    ``typical``: the program's typical amount, where the caller knows it.
    """
    x = np.minimum(np.maximum(x, problem.col_lower), problem.col_upper)
    objective, activity = problem.value(x), problem.A.times(x)
    bound, reduced = weak_duality(problem, x, y)
    gap = relative_gap(problem, x, objective, bound)
    known, near = (value if np.isfinite(value) else None for value in (bound, gap))
    out = Outcome("optimal", x, objective, known, near, activity, y, reduced, solver)
    # Written so that a NaN fails.
    if not violation(problem, x, typical, activity) <= FEASIBLE:
        return replace(out, status="stopped", reason="solve.not_feasible")
    if not gap <= LP_GAP:
        return replace(out, status="stopped", reason="solve.not_proven")
    return out
