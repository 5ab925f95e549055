"""``solve_problem``: one Problem in, one Outcome out, whichever back end is asked."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from absalloc.errors import AbsallocError, BadInput, InternalError
from absalloc.solve.highs import HIGHS
from absalloc.solve.integer import solve_integer
from absalloc.solve.linear import solve_lp
from absalloc.solve.outcome import Outcome, SolveSettings, without_point
from absalloc.solve.problem import INTEGER, SEMICONTINUOUS, Problem
from absalloc.solve.proof import FEASIBLE, NIL
from absalloc.solve.raw import Runner
from absalloc.solve.scaling import typical_amount

BACKENDS = ("highs", "cvxpy", "pyomo")


def solve_problem(problem: Problem, backend: str = "highs", settings: SolveSettings | None = None) -> Outcome:
    """Return the Outcome of ``problem`` by ``backend``: highs, cvxpy or pyomo.

    A problem with Q goes to Clarabel, whichever is named.
    ``optimal`` is the only answer: its point is feasible and its gap within the promise, both computed here.
    Raises BadInput for an unknown back end or limits that make no sense, InternalError (naming solver and
    status) for a status outside the solver's documentation.
    """
    if backend not in BACKENDS:
        raise BadInput("solve.backend", value=backend, expected=", ".join(BACKENDS), choices=BACKENDS)
    settings = _checked(settings or SolveSettings())
    start = time.perf_counter()
    try:
        answer = _trivial(problem) or _solve(_settled(problem), backend, settings)
    except AbsallocError:
        raise
    except Exception as error:
        raise InternalError("solve.raised", value=f"{type(error).__name__}: {error}", solver=backend) from error
    return replace(answer, seconds=time.perf_counter() - start)


def _checked(settings: SolveSettings) -> SolveSettings:
    limits = {"time_limit": settings.time_limit, "node_limit": settings.node_limit, "mip_gap": settings.mip_gap}
    for name, value in limits.items():
        if value is not None and not 0 <= value < float("inf"):
            raise BadInput("solve.setting", value=value, name=name)
    return settings


def _solve(problem: Problem, backend: str, settings: SolveSettings) -> Outcome:
    if problem.Q is not None:
        from absalloc.solve.clarabel_ import solve_quadratic

        return solve_quadratic(problem, settings)
    runner = _runner(backend)
    return (solve_integer if problem.has_integers else solve_lp)(problem, settings, runner)


def _runner(backend: str) -> Runner:
    """Return the back end; cvxpy and pyomo are imported only where they are asked for."""
    if backend == "cvxpy":
        from absalloc.solve.cvxpy_ import CVXPY

        return CVXPY
    if backend == "pyomo":
        from absalloc.solve.pyomo_ import PYOMO

        return PYOMO
    return HIGHS


def _trivial(problem: Problem) -> Outcome | None:
    """Return the answers that need no solver: crossing bounds, no columns, no rows (without Q)."""
    crossed = (problem.col_lower > problem.col_upper) & (problem.integrality != SEMICONTINUOUS)
    if crossed.any() or (problem.row_lower > problem.row_upper).any():
        return without_point("infeasible", "absalloc")
    empty = np.diff(problem.A.indptr) == 0
    if empty.any():
        # What rounding left of a sum whose terms are all gone is no breach, by the measure of every other row.
        dust = FEASIBLE * NIL * typical_amount(problem)
        if ((problem.row_lower > dust) | (problem.row_upper < -dust))[empty].any():
            return without_point("infeasible", "absalloc")
    if problem.n == 0:
        return _point(problem, np.zeros(0))
    if problem.m == 0 and problem.Q is None:
        return _columns_alone(problem)
    return None


def _settled(problem: Problem) -> Problem:
    """Return the program whose rows without entries, judged already, have no ends."""
    empty = np.diff(problem.A.indptr) == 0
    if not empty.any():
        return problem
    low, high = np.where(empty, -np.inf, problem.row_lower), np.where(empty, np.inf, problem.row_upper)
    return replace(problem, row_lower=low, row_upper=high)


def _columns_alone(problem: Problem) -> Outcome:
    """Put each column at the end its cost points to; without cost at the admissible value nearest to 0."""
    low, high = problem.col_lower, problem.col_upper
    whole = problem.integrality == INTEGER
    low, high = np.where(whole, np.ceil(low), low), np.where(whole, np.floor(high), high)
    semi = problem.integrality == SEMICONTINUOUS
    if ((low > high) & ~semi).any():
        return without_point("infeasible", "absalloc")
    x = np.where(problem.c > 0, low, np.where(problem.c < 0, high, np.clip(0.0, low, high)))
    # A semi-continuous column takes 0 unless its bounds offer something cheaper.
    x = np.where(semi & ((low > high) | (problem.c * np.where(problem.c == 0, 1.0, x) >= 0)), 0.0, x)
    if np.isinf(x).any():
        return without_point("unbounded", "absalloc")
    return _point(problem, x)


def _point(problem: Problem, x: np.ndarray) -> Outcome:
    value = problem.value(x)
    y, reduced = (None, None) if problem.has_integers else (np.zeros(problem.m), problem.c.copy())
    return Outcome("optimal", x, value, value, 0.0, problem.A.times(x), y, reduced, "absalloc")
