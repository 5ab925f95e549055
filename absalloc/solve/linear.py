"""LPs on HiGHS: the rows that can bind, the proof of the answer, and what stands behind a "no"."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.errors import InternalError
from absalloc.solve import highs
from absalloc.solve.csr import Csr, Floats, Mask
from absalloc.solve.kept import binding_rows, only_rows, spread
from absalloc.solve.outcome import Outcome, SolveSettings, without_point
from absalloc.solve.problem import Problem
from absalloc.solve.proof import farkas, prove
from absalloc.solve.raw import Raw, Runner
from absalloc.solve.sift import sift

DOUBT = 1e-9
"""Least total violation, in scaled units, that counts as a proof that no point exists."""


def solve_lp(problem: Problem, settings: SolveSettings, runner: Runner = highs.HIGHS) -> Outcome:
    """Return the proven answer of an LP (no Q, no integers; crossing bounds and empty programs dealt with before)."""
    keep = binding_rows(problem)
    kept = only_rows(problem, keep)
    if runner is highs.HIGHS:
        sifted = sift(kept, settings)
        if sifted is not None:
            short = _answer(problem, keep, sifted, runner.name)
            if short is not None and short.status == "optimal":
                return short
    found = runner.run(kept, settings)
    answer = _answer(problem, keep, found, runner.name)
    if answer is None:
        none = resolve_no(kept, found.status, settings, runner.name, found.y)
        return none if none.row_dual is None else replace(none, row_dual=spread(none.row_dual, keep))
    if answer.reason in ("solve.not_feasible", "solve.not_proven") and runner is highs.HIGHS:
        # The same solver again, tighter: an answer that cannot be proven is not given.
        again = _answer(problem, keep, highs.run(kept, settings, tolerance=1e-10), runner.name)
        answer = again if again is not None and again.status == "optimal" else answer
    return answer


def _answer(problem: Problem, keep: Mask, found: Raw, name: str) -> Outcome | None:
    if found.status == "optimal":
        if found.x is None or found.y is None:
            # Called optimal in the solver's own scale, and not feasible out of it.
            return without_point("stopped", name, "solve.not_feasible")
        return prove(problem, found.x, spread(found.y, keep), name)
    if found.status != "limit":
        return None
    if found.x is None:
        return without_point("stopped", name, "solve.limit")
    y = np.zeros(problem.m) if found.y is None else spread(found.y, keep)
    return replace(prove(problem, found.x, y, name), status="stopped", reason="solve.limit")


def resolve_no(problem: Problem, said: str, settings: SolveSettings, name: str, ray: Floats | None = None) -> Outcome:
    """Return what stands behind "infeasible", "unbounded" or either, proven by LPs that have an answer.

    Infeasible: the solver's ``ray`` proves it, by our own sums, or the least total violation is proven to be above nil.
    Unbounded: there is a point, and a direction that keeps every bound improves for ever. Raises InternalError where
    neither holds.
    """
    proof = None if ray is None or said != "infeasible" else farkas(problem, ray)[0]
    if proof is not None:
        return replace(without_point("infeasible", name), row_dual=proof)
    worst = least_violation(problem, settings)
    if worst.status != "optimal" or worst.bound is None:
        return without_point("stopped", name, "solve.no_unproven")
    if worst.bound > DOUBT:
        # The price of violations is a combination of rows that no point meets.
        return replace(without_point("infeasible", name), row_dual=worst.row_dual)
    # cvxpy hands on "unbounded or infeasible" as "infeasible", so the word alone decides nothing.
    if recession(problem, settings):
        return without_point("unbounded", name)
    if said == "infeasible":
        return without_point("stopped", name, "solve.no_unproven")
    raise InternalError("solve.status_unknown", value=f"{said}, without a direction that improves", solver=name)


def least_violation(problem: Problem, settings: SolveSettings) -> Outcome:
    """Return the least total violation of rows, each relative to its greatest coefficient or bound."""
    n, m, A = problem.n, problem.m, problem.A
    size = A.greatest()
    for bound in (problem.row_lower, problem.row_upper):
        size = np.maximum(size, np.where(np.isfinite(bound), np.abs(bound), 0.0))
    weight = 1.0 / np.where(size > 0, size, 1.0)
    row = np.arange(m)
    eye = Csr(
        np.arange(m + 1, dtype=np.int32) * 2,
        np.stack((row, row + m), axis=1).ravel().astype(np.int32),
        np.tile([1.0, -1.0], m),
        (m, 2 * m),
    )
    elastic = Problem(
        np.concatenate((np.zeros(n), weight, weight)),
        beside(A, eye),
        problem.row_lower,
        problem.row_upper,
        np.concatenate((problem.col_lower, np.zeros(2 * m))),
        np.concatenate((problem.col_upper, np.full(2 * m, np.inf))),
    )
    found = highs.run(elastic, settings)
    if found.status != "optimal" or found.x is None or found.y is None:
        return without_point("stopped", highs.NAME, "solve.no_unproven")
    answer = prove(elastic, found.x, found.y, highs.NAME)
    # Near nil the relative gap means nothing; the sign of the bound is what is asked for.
    return replace(answer, status="optimal") if answer.reason == "solve.not_proven" else answer


def beside(left: Csr, right: Csr) -> Csr:
    """Return the two matrices of equal height side by side."""
    row = np.concatenate((left.row_of, right.row_of))
    column = np.concatenate((left.indices, right.indices + left.shape[1]))
    data = np.concatenate((left.data, right.data))
    order = np.lexsort((column, row))
    return Csr(
        (left.indptr + right.indptr).astype(np.int32),
        column[order].astype(np.int32),
        data[order],
        (left.shape[0], left.shape[1] + right.shape[1]),
    )


def recession(problem: Problem, settings: SolveSettings) -> bool:
    """Return whether some direction keeps every bound for ever and lowers the cost."""

    def cone(lower: Floats, upper: Floats, wide: float) -> tuple[Floats, Floats]:
        return np.where(np.isfinite(lower), 0.0, -wide), np.where(np.isfinite(upper), 0.0, wide)

    row_lower, row_upper = cone(problem.row_lower, problem.row_upper, np.inf)
    col_lower, col_upper = cone(problem.col_lower, problem.col_upper, 1.0)
    ray = Problem(problem.c, problem.A, row_lower, row_upper, col_lower, col_upper)
    found = highs.run(ray, settings)
    if found.status != "optimal" or found.x is None:
        return False
    return bool(problem.c @ found.x < -DOUBT * float(np.abs(problem.c).max(initial=0.0)))
