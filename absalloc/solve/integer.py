"""Programs with integers on HiGHS: branch and bound, then the continuous part once more with the integers fixed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.errors import InternalError
from absalloc.solve import highs
from absalloc.solve.csr import Floats
from absalloc.solve.linear import falls_for_ever, solve_lp
from absalloc.solve.outcome import Outcome, SolveSettings, without_point
from absalloc.solve.problem import INTEGER, Problem
from absalloc.solve.proof import relative_gap
from absalloc.solve.semicontinuous import as_binaries, bounded, semi_columns, without_trivial


def solve_integer(problem: Problem, settings: SolveSettings) -> Outcome:
    """Return the answer of a program with integers: the point checked by ourselves, the bound the word of branch and bound.

    Raises BadInput where a semi-continuous column has no upper bound and none can be proven.
    """
    plain = without_trivial(problem)
    if not plain.has_integers:
        return solve_lp(plain, settings)
    if len(semi_columns(plain)):
        plain = bounded(plain, lambda other: _dispatch(other, settings))
        plain = as_binaries(plain)
    answer = _branch_and_bound(plain, settings)
    if answer.x is None:
        return answer
    x = answer.x[: problem.n]
    return replace(answer, x=x, row_activity=problem.A.times(x))


def _dispatch(problem: Problem, settings: SolveSettings) -> Outcome:
    return solve_integer(problem, settings) if problem.has_integers else solve_lp(problem, settings)


def _branch_and_bound(problem: Problem, settings: SolveSettings) -> Outcome:
    found = highs.run(problem, settings)
    if found.status in ("infeasible", "unbounded", "unbounded_or_infeasible"):
        return _resolve_no(problem, found.status, settings)
    if found.x is None:
        return without_point("stopped", highs.NAME, "solve.limit", found.bound)
    polished = fixed_integers(problem, found.x, settings)
    if polished is None or polished.x is None or polished.objective is None:
        # The integers, made whole, admit no point: what was found lived on the solver's tolerance.
        return without_point("stopped", highs.NAME, "solve.not_feasible", found.bound)
    bound = found.bound if found.bound is not None else -np.inf
    gap = relative_gap(problem, polished.x, polished.objective, bound)
    answer = replace(polished, status="optimal", bound=bound, gap=gap, row_dual=None, reduced_cost=None, reason=None)
    if found.status == "limit":
        return replace(answer, status="stopped", reason="solve.limit")
    if not gap <= settings.mip_gap:
        return replace(answer, status="stopped", reason="solve.not_proven")
    return answer


def fixed_integers(problem: Problem, x: Floats, settings: SolveSettings) -> Outcome | None:
    """Return the LP that is left when the integers are fixed at their values in ``x``, rounded; None without a proven answer."""
    whole = problem.integrality == INTEGER
    at = np.round(x)
    lp = replace(
        problem,
        integrality=None,
        col_lower=np.where(whole, at, problem.col_lower),
        col_upper=np.where(whole, at, problem.col_upper),
    )
    answer = solve_lp(lp, replace(settings, time_limit=None, node_limit=None))
    return answer if answer.status == "optimal" else None


def _resolve_no(problem: Problem, said: str, settings: SolveSettings) -> Outcome:
    """Infeasible by the relaxation where that is so (proven), else by the word of branch and bound; unbounded by a ray."""
    relaxed = solve_lp(replace(problem.relaxed(), c=np.zeros(problem.n), offset=0.0), settings)
    if relaxed.status == "infeasible":
        return relaxed
    if said != "infeasible":
        point = highs.run(replace(problem, c=np.zeros(problem.n)), settings)
        if point.status == "limit":
            return without_point("stopped", highs.NAME, "solve.limit")
        if point.status == "optimal" and falls_for_ever(problem.relaxed(), settings):
            return without_point("unbounded", highs.NAME, bound=-np.inf)
        if point.status != "infeasible":
            raise InternalError("solve.status_unknown", value=f"{said}, then {point.status}", solver=highs.NAME)
    return replace(without_point("infeasible", highs.NAME), notes=("solve.infeasible_claimed",))
