"""Integers near the relaxation: often good enough to be proven by the relaxation's own bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.solve.branch import branch_and_bound
from absalloc.solve.linear import solve_lp
from absalloc.solve.outcome import Outcome, SolveSettings
from absalloc.solve.problem import INTEGER, Problem
from absalloc.solve.proof import relative_gap
from absalloc.solve.raw import Runner

REACH = 5.0
"""How many units an integer column may move from its value in the relaxation."""
WHOLE = 1e-6


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
    fixed = integer & (np.abs(lp.x - at) <= WHOLE)
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
