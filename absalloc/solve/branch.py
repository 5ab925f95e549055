"""Branch and bound by a back end, then the continuous part once more with the integers fixed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.errors import InternalError
from absalloc.solve import highs
from absalloc.solve.csr import Floats
from absalloc.solve.linear import recession, solve_lp
from absalloc.solve.outcome import Outcome, SolveSettings, without_point
from absalloc.solve.problem import INTEGER, Problem
from absalloc.solve.proof import relative_gap
from absalloc.solve.raw import Runner


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
    """Return the LP answer left when the integers are fixed at ``x`` rounded; None where it has no proven one."""
    whole = problem.integrality == INTEGER
    at = np.round(x)
    lp = replace(
        problem,
        integrality=None,
        col_lower=np.where(whole, at, problem.col_lower),
        col_upper=np.where(whole, at, problem.col_upper),
    )
    answer = solve_lp(lp, replace(settings, time_limit=None, node_limit=None), runner)
    return answer if answer.status == "optimal" else None


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
