"""Integers near the relaxation: good enough to be proven by its own bound, or a point at all where many are open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.solve.branch import branch_and_bound, fixed_integers
from absalloc.solve.csr import Floats, Mask
from absalloc.solve.linear import solve_lp
from absalloc.solve.outcome import Outcome, SolveSettings, without_point
from absalloc.solve.problem import INTEGER, Problem
from absalloc.solve.proof import relative_gap
from absalloc.solve.raw import Runner

REACH = 5.0
"""How many units an integer column may move from its value in the relaxation."""
WHOLE = 1e-6
REACHES = (5.0, 20.0)
NODES = 20


def near_relaxation(problem: Problem, settings: SolveSettings, runner: Runner) -> Outcome | None:
    """Return the best answer near the relaxation's, where the gap to the relaxation's bound is within the promise.

    Integer columns that the relaxation leaves whole stay; the others may move by ``REACH`` units. The bound
    is that of the relaxation, computed by ourselves (weak duality), so the answer is proven and not
    branch and bound's word. None where the relaxation has no proven answer or nothing near it is good enough.
    """
    lp = solve_lp(problem.relaxed(), settings)
    if lp.status != "optimal" or lp.x is None or lp.bound is None:
        return None
    integer = problem.integrality == INTEGER
    at = np.round(lp.x)
    fixed = integer & ~open_integers(problem, lp.x)
    loose = integer & ~fixed
    low = np.where(fixed, at, np.where(loose, np.floor(lp.x) - REACH, problem.col_lower))
    high = np.where(fixed, at, np.where(loose, np.ceil(lp.x) + REACH, problem.col_upper))
    small = replace(
        problem, col_lower=np.maximum(problem.col_lower, low), col_upper=np.minimum(problem.col_upper, high)
    )
    found = branch_and_bound(small, settings, runner)
    if found.status != "optimal" or found.x is None or found.objective is None:
        return None
    gap = relative_gap(problem, found.x, found.objective, lp.bound)
    return replace(found, bound=lp.bound, gap=gap) if gap <= settings.mip_gap else None


def open_integers(problem: Problem, x: Floats) -> Mask:
    """Return which integer columns a point leaves between two whole numbers: shape (n,)."""
    return np.asarray((problem.integrality == INTEGER) & (np.abs(x - np.round(x)) > WHOLE))


def some_point(problem: Problem, lp: Outcome, settings: SolveSettings, runner: Runner) -> Outcome:
    """Return a point near the relaxation's answer ``lp``: ``stopped``, with the gap to its bound.

    Without a point where none is found in ``NODES`` branches. Integers may move by ever more units from where the
    relaxation has them, and any point will do: its cost is near that of the relaxation because it is itself.
    """
    assert lp.x is not None
    integer, brief = problem.integrality == INTEGER, replace(settings, node_limit=NODES)
    for reach in REACHES:
        low = np.where(integer, np.maximum(problem.col_lower, np.floor(lp.x) - reach), problem.col_lower)
        high = np.where(integer, np.minimum(problem.col_upper, np.ceil(lp.x) + reach), problem.col_upper)
        near = replace(problem, c=np.zeros(problem.n), col_lower=low, col_upper=high, offset=0.0)
        found = runner.run(near, brief)
        made = None if found.x is None else fixed_integers(problem, found.x, settings, runner)
        if made is not None and made.x is not None and made.objective is not None and lp.bound is not None:
            gap = relative_gap(problem, made.x, made.objective, lp.bound)
            return replace(
                made, status="stopped", bound=lp.bound, gap=gap, row_dual=None, reduced_cost=None, reason="solve.limit"
            )
    return without_point("stopped", runner.name, "solve.limit", lp.bound)
