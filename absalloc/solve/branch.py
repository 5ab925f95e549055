"""Branch and bound by a back end, then the continuous part once more with the integers fixed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.errors import InternalError
from absalloc.solve import highs
from absalloc.solve.csr import Floats, Mask
from absalloc.solve.linear import recession, solve_lp
from absalloc.solve.outcome import Outcome, SolveSettings, without_point
from absalloc.solve.problem import INTEGER, Problem
from absalloc.solve.proof import FEASIBLE, relative_excess, relative_gap
from absalloc.solve.raw import Runner
from absalloc.solve.sift import restricted

WHOLE = 1e-9
"""How far the bounds of a whole column may be from a whole number and still count as one."""
TINY = 1e-300


def branch_and_bound(problem: Problem, settings: SolveSettings, runner: Runner) -> Outcome:
    """Return the answer of a program with integers and without semi-continuous columns."""
    found = runner.run(problem, settings)
    if found.status in ("infeasible", "unbounded", "unbounded_or_infeasible"):
        return _resolve_no(problem, found.status, settings, runner.name)
    if found.x is None:
        return without_point("stopped", runner.name, "solve.limit", found.bound)
    polished = fixed_integers(problem, found.x, settings, runner)
    if polished is None or polished.x is None or polished.objective is None:
        # The integers, made whole, admit no point: what was found lived on the solver's tolerance.
        return without_point("stopped", runner.name, "solve.not_feasible", found.bound)
    # The polished point may be better than the bound by the tolerance of branch and bound.
    bound = None if found.bound is None else min(found.bound, polished.objective)
    gap = None if bound is None else relative_gap(problem, polished.x, polished.objective, bound)
    answer = replace(polished, status="optimal", bound=bound, gap=gap, row_dual=None, reduced_cost=None, reason=None)
    if found.status == "limit":
        return replace(answer, status="stopped", reason="solve.limit")
    if gap is None or not gap <= settings.mip_gap:
        return replace(answer, status="stopped", reason="solve.not_proven")
    return answer


def fixed_integers(problem: Problem, x: Floats, settings: SolveSettings, runner: Runner) -> Outcome | None:
    """Return the answer left when the integers are fixed at ``x`` rounded; None where it has no proven one.

    The fixed columns leave the program: beside a switch's great coefficient, what it holds at nil would be dust.
    """
    whole = problem.integrality == INTEGER
    at = np.where(whole, np.round(x), 0.0)
    if ((at < problem.col_lower - WHOLE) | (at > problem.col_upper + WHOLE))[whole].any():
        return None
    rest = restricted(problem, ~whole, at)
    alone = np.diff(rest.A.indptr) == 0
    if not _sums_hold(problem, at, alone):
        return None
    if not whole.all():
        # Such rows say nothing of the rest, but in floats their sums may miss nil.
        low, high = np.where(alone, -np.inf, rest.row_lower), np.where(alone, np.inf, rest.row_upper)
        rest = replace(rest, row_lower=low, row_upper=high)
        answer = solve_lp(rest, replace(settings, time_limit=None, node_limit=None), runner)
        if answer.status != "optimal" or answer.x is None:
            return None
        at[~whole] = answer.x
    return Outcome("optimal", at, problem.value(at), None, None, problem.A.times(at), None, None, runner.name)


def _sums_hold(problem: Problem, at: Floats, rows: Mask) -> bool:
    """Return whether rows of whole columns alone hold at ``at``, relative to the terms that make them up."""
    size = np.maximum(problem.A.abs_times(at), np.maximum(problem.A.greatest(), TINY))
    ends = problem.row_lower[rows], problem.row_upper[rows]
    return relative_excess(problem.A.times(at)[rows], *ends, size[rows]) <= FEASIBLE


def _resolve_no(problem: Problem, said: str, settings: SolveSettings, name: str) -> Outcome:
    """Prove "infeasible" by the relaxation, else leave it the word of branch and bound; "unbounded" needs a ray."""
    relaxed = solve_lp(replace(problem.relaxed(), c=np.zeros(problem.n), offset=0.0), settings)
    if relaxed.status == "infeasible":
        return relaxed
    if said != "infeasible":
        point = highs.run(replace(problem, c=np.zeros(problem.n)), settings)
        if point.status == "limit":
            return without_point("stopped", name, "solve.limit")
        if point.status == "optimal" and recession(problem.relaxed(), settings):
            return without_point("unbounded", name)
        if point.status != "infeasible":
            raise InternalError("solve.status_unknown", value=f"{said}, then {point.status}", solver=name)
    return replace(without_point("infeasible", name), notes=("solve.infeasible_claimed",))
