"""Programs with integers: tickets as binaries, columns that cannot matter out of the way, then branch and bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.solve import highs
from absalloc.solve.branch import branch_and_bound
from absalloc.solve.csr import Floats
from absalloc.solve.linear import solve_lp
from absalloc.solve.near import near_relaxation, open_integers, some_point
from absalloc.solve.outcome import Outcome, SolveSettings, without_point
from absalloc.solve.problem import INTEGER, SEMICONTINUOUS, Problem
from absalloc.solve.proof import relative_gap
from absalloc.solve.raw import Runner
from absalloc.solve.semicontinuous import as_binaries, bounded, semi_columns, without_trivial

WORTHWHILE = 2000
"""Columns below which branch and bound sees the whole program at once."""
TRIAL_GAPS = (1e-4, 1e-3, 1e-2)
"""How far above the relaxation, relative to the objective, the optimum is first supposed to lie; then it is proven."""


def solve_integer(problem: Problem, settings: SolveSettings, runner: Runner = highs.HIGHS) -> Outcome:
    """Return the answer of a program with integers: the point is checked by us, the bound is branch and bound's word.

    Raises BadInput where a semi-continuous column has no bound and none can be proven.
    """
    plain = whole_ends(without_trivial(problem))
    if not plain.has_integers:
        return solve_lp(plain, settings, runner)
    if (plain.col_lower > plain.col_upper)[plain.integrality == INTEGER].any():
        return without_point("infeasible", "absalloc")
    if len(semi_columns(plain)):
        plain = bounded(plain, lambda other: _dispatch(other, settings))
        plain = as_binaries(plain)
    answer = near_relaxation(plain, settings, runner)
    if answer is None and runner is highs.HIGHS and plain.n >= WORTHWHILE:
        answer = by_narrowing(plain, settings)
    if answer is None:
        answer = branch_and_bound(plain, settings, runner)
    if answer.x is None:
        return answer
    x = answer.x[: problem.n]
    return replace(answer, x=x, row_activity=problem.A.times(x))


def solve_briefly(problem: Problem, settings: SolveSettings, most: int) -> Outcome:
    """Return the answer of a program of which the relaxation leaves at most ``most`` integers open; of more, a point.

    Such a program takes branch and bound long before it has a bound or a point; one near the relaxation is soon
    found and ``stopped``, its gap that to the bound of the relaxation. No semi-continuous columns.
    """
    lp = solve_lp(problem.relaxed(), settings)
    if lp.status == "optimal" and lp.x is not None and np.count_nonzero(open_integers(problem, lp.x)) > most:
        return some_point(problem, lp, settings, highs.HIGHS)
    return solve_integer(problem, settings)


def _dispatch(problem: Problem, settings: SolveSettings) -> Outcome:
    return solve_integer(problem, settings) if problem.has_integers else solve_lp(problem, settings)


def whole_ends(problem: Problem) -> Problem:
    """Return the program with the bounds of integer columns moved inwards to whole numbers.

    HiGHS may leave the bound of its search open, and readers of model files drop a bound, where one is not whole.
    """
    whole = problem.integrality == INTEGER
    low, high = np.ceil(problem.col_lower), np.floor(problem.col_upper)
    if not ((low != problem.col_lower) | (high != problem.col_upper))[whole].any():
        return problem
    low, high = np.where(whole, low, problem.col_lower), np.where(whole, high, problem.col_upper)
    return replace(problem, col_lower=low, col_upper=high)


def by_narrowing(problem: Problem, settings: SolveSettings) -> Outcome | None:
    """Return the answer by way of the columns that reduced costs leave room to move; None where that road does not end.

    For a feasible x, c·x ≥ b + Σ |d_j|·(distance of x_j from the bound that d_j pushes against), with b and d of the
    relaxation (weak duality, computed by ourselves). So whatever moves further than g/|d_j| costs more than b + g.
    Solve within these distances for a supposed g: an optimum of at most b + g is the optimum of all. A dearer one
    gives the g that holds for certain.
    """
    lp = solve_lp(problem.relaxed(), settings)
    if lp.status != "optimal" or lp.objective is None or lp.bound is None:
        return lp if lp.status == "infeasible" else None
    size = max(abs(lp.objective), float(np.abs(problem.c).max(initial=0.0)))
    for share in TRIAL_GAPS:
        room = share * size
        answer = _within(problem, lp, room, settings)
        if answer.objective is not None and answer.status == "optimal" and answer.objective > lp.bound + room:
            answer = _within(problem, lp, (answer.objective - lp.bound) * (1 + 1e-6) + 1e-9 * size, settings)
        if answer.status != "infeasible":
            return answer if answer.x is not None or answer.reason == "solve.limit" else None
    return None


def _within(problem: Problem, lp: Outcome, room: float, settings: SolveSettings) -> Outcome:
    """Return the answer within the distances of ``room``, its bound that of the whole program."""
    assert lp.bound is not None
    answer = branch_and_bound(narrowed(problem, lp, room), settings, highs.HIGHS)
    if answer.objective is None or answer.x is None or answer.bound is None:
        return answer
    bound = max(lp.bound, min(answer.bound, lp.bound + room))
    gap = relative_gap(problem, answer.x, answer.objective, bound)
    return replace(answer, bound=bound, gap=gap, row_activity=problem.A.times(answer.x))


def narrowed(problem: Problem, lp: Outcome, room: float) -> Problem:
    """Return the program where no column leaves the bound its reduced cost pushes against further than ``room``."""
    assert lp.reduced_cost is not None
    # A semi-continuous column is left alone: its relaxation reaches to nil.
    d = np.where(problem.integrality == SEMICONTINUOUS, 0.0, lp.reduced_cost)
    reach: Floats = np.full(problem.n, np.inf)
    np.divide(room, np.abs(d), out=reach, where=d != 0)
    whole = problem.integrality == INTEGER
    # A hair wider than the quotient, so that rounding never takes away a point.
    reach = np.where(whole, np.floor(reach * (1 + 1e-9) + 1e-9), reach * (1 + 1e-9))
    low, high = problem.col_lower, problem.col_upper
    low = np.where(whole, np.ceil(low), low)
    high = np.where(whole, np.floor(high), high)
    at_low, at_high = (d > 0) & np.isfinite(low), (d < 0) & np.isfinite(high)
    return replace(
        problem,
        col_lower=np.where(at_high, np.maximum(low, high - np.where(at_high, reach, 0.0)), low),
        col_upper=np.where(at_low, np.minimum(high, low + np.where(at_low, reach, 0.0)), high),
    )
