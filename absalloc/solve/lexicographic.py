"""Ties broken by a stated second objective: among all optima of the first, the one cheapest by the second."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from absalloc.errors import BadInput
from absalloc.solve.csr import Floats
from absalloc.solve.integer import narrowed
from absalloc.solve.linear import solve_lp
from absalloc.solve.outcome import LP_GAP, Outcome, SolveSettings
from absalloc.solve.problem import INTEGER, Problem
from absalloc.solve.proof import relative_gap
from absalloc.solve.semicontinuous import with_ceiling
from absalloc.solve.solver import solve_problem

NIL_DUAL = 1e-9
"""A dual below this share of the greatest cost is rounding: its column or row is left free to move."""


def lexicographic(
    problem: Problem,
    secondary_c: Sequence[float] | Floats,
    settings: SolveSettings | None = None,
    backend: str = "highs",
) -> Outcome:
    """Return the optimum of ``problem`` that is cheapest by ``secondary_c`` (n,), with the proof of the first solve.

    LP: by complementary slackness every optimum has each column with a reduced cost at its bound and each row with a
    dual at its limit, so these are fixed and no objective row is needed. Integers: the row ``c·x ≤``
    optimum is added, eased by 1e-9 of its size; the answer may cost that much more, and its gap says so.
    Where the first solve is not optimal its Outcome is returned as it is; where the second is not, the
    first answer with the note ``solve.tie_open``. Raises BadInput as ``solve_problem`` does, and for Q.
    """
    if problem.Q is not None:
        raise BadInput("solve.tie_quadratic")
    settings = settings or SolveSettings()
    start = time.perf_counter()
    first = solve_problem(problem, backend, settings)
    if first.status != "optimal" or first.x is None or first.bound is None:
        return first
    pinned = _ceiling(problem, first, settings) if problem.has_integers else _face(problem, first)
    second = solve_problem(replace(pinned, c=secondary_c, offset=0.0), backend, settings)
    answer = replace(first, notes=(*first.notes, "solve.tie_open"))
    if second.status == "optimal" and second.x is not None:
        answer = _moved(problem, first, second.x, settings) or answer
    return replace(answer, seconds=time.perf_counter() - start)


def _face(problem: Problem, first: Outcome) -> Problem:
    """Return the program of all optima of an LP."""
    x, d, y = first.x, first.reduced_cost, first.row_dual
    assert x is not None
    assert d is not None
    assert y is not None
    top = float(np.abs(problem.c).max(initial=0.0))
    steep = problem.A.greatest()
    down, up = d > NIL_DUAL * top, d < -NIL_DUAL * top
    low, high = y * steep > NIL_DUAL * top, y * steep < -NIL_DUAL * top
    return replace(
        problem,
        col_lower=np.where(up & np.isfinite(problem.col_upper), problem.col_upper, problem.col_lower),
        col_upper=np.where(down & np.isfinite(problem.col_lower), problem.col_lower, problem.col_upper),
        row_lower=np.where(high, problem.row_upper, problem.row_lower),
        row_upper=np.where(low, problem.row_lower, problem.row_upper),
    )


def _ceiling(problem: Problem, first: Outcome, settings: SolveSettings) -> Problem:
    """Return the program of all points as good as the first, without what the relaxation shows to be dearer."""
    assert first.objective is not None
    capped = with_ceiling(problem, first.objective)
    lp = solve_lp(problem.relaxed(), settings)
    if lp.status != "optimal" or lp.bound is None:
        return capped
    size = max(abs(first.objective), float(np.abs(problem.c).max(initial=0.0)))
    return narrowed(capped, lp, max(0.0, first.objective - lp.bound) + 1e-8 * size)


def _moved(problem: Problem, first: Outcome, x: Floats, settings: SolveSettings) -> Outcome | None:
    """Return the first Outcome at the point of the second, or None where that point is not within the promise."""
    assert first.bound is not None
    x = np.where(problem.integrality == INTEGER, np.round(x), x)
    value = problem.value(x)
    gap = relative_gap(problem, x, value, first.bound)
    if gap > (settings.mip_gap if problem.has_integers else LP_GAP):
        return None
    return replace(first, x=x, objective=value, gap=gap, row_activity=problem.A.times(x))
