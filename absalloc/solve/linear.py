"""LPs on HiGHS: the rows that can bind, the proof of the answer, and what stands behind a "no"."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from absalloc.errors import InternalError
from absalloc.solve import highs
from absalloc.solve.csr import Csr, Floats
from absalloc.solve.outcome import Outcome, SolveSettings, without_point
from absalloc.solve.problem import Problem
from absalloc.solve.proof import prove

DOUBT = 1e-9
"""Least total violation, in scaled units, that counts as a proof that no point exists."""


def solve_lp(problem: Problem, settings: SolveSettings) -> Outcome:
    """Return the proven answer of an LP (no Q, no integers; crossing bounds and empty programs dealt with before)."""
    keep = binding_rows(problem)
    kept = only_rows(problem, keep)
    found = highs.run(kept, settings, presolve=4 * kept.m > kept.n)
    answer = _answer(problem, keep, found)
    if answer is not None and answer.status != "optimal" and found.status == "optimal":
        # The same solver again, tighter: an answer that cannot be proven is not given.
        again = _answer(problem, keep, highs.run(kept, settings, presolve=False, tolerance=1e-10))
        answer = again if again is not None and again.status == "optimal" else answer
    return answer if answer is not None else resolve_no(problem, found.status, settings)


def _answer(problem: Problem, keep: np.ndarray, found: highs.Raw) -> Outcome | None:
    if found.status == "optimal" and found.x is not None and found.y is not None:
        return prove(problem, found.x, spread(found.y, keep), highs.NAME)
    if found.status != "limit":
        return None
    if found.x is None:
        return without_point("stopped", highs.NAME, "solve.limit")
    y = np.zeros(problem.m) if found.y is None else spread(found.y, keep)
    return replace(prove(problem, found.x, y, highs.NAME), status="stopped", reason="solve.limit")


def binding_rows(problem: Problem) -> np.ndarray:
    """Return which rows can bind: the others hold at every point within the column bounds."""
    least, most = problem.A.activity_range(problem.col_lower, problem.col_upper)
    keep = (least < problem.row_lower) | (most > problem.row_upper)
    if not keep.any() and problem.m:
        keep[0] = True  # HiGHS treats a program without rows on a road of its own
    return keep


def only_rows(problem: Problem, keep: np.ndarray) -> Problem:
    """Return the program of the rows where ``keep`` holds."""
    if keep.all():
        return problem
    return replace(
        problem,
        A=problem.A.rows(keep),
        row_lower=problem.row_lower[keep],
        row_upper=problem.row_upper[keep],
        row_names=None,
    )


def spread(y: Floats, keep: np.ndarray) -> Floats:
    """Return the duals of all rows, nil where a row was left out."""
    full = np.zeros(len(keep))
    full[keep] = y
    return full


def resolve_no(problem: Problem, said: str, settings: SolveSettings) -> Outcome:
    """Return what stands behind "infeasible", "unbounded" or "unbounded or infeasible", each proven by an LP that has an answer.

    Infeasible: the least total violation is proven to be above nil. Unbounded: there is a point, and a direction of
    recession that improves for ever. Raises InternalError where neither holds.
    """
    worst = least_violation(problem, settings)
    if worst.status != "optimal" or worst.bound is None or worst.x is None:
        return without_point("stopped", highs.NAME, "solve.no_unproven")
    if worst.bound > DOUBT:
        return without_point("infeasible", highs.NAME)
    if said == "infeasible":
        return without_point("stopped", highs.NAME, "solve.no_unproven")
    if falls_for_ever(problem, settings):
        return without_point("unbounded", highs.NAME, bound=-np.inf)
    raise InternalError(
        "solve.status_unknown",
        value=f"{said}, though there is a point and no direction improves for ever",
        solver=highs.NAME,
    )


def least_violation(problem: Problem, settings: SolveSettings) -> Outcome:
    """Return the LP that minimises the total violation of rows, each row relative to its greatest coefficient or bound."""
    n, m, A = problem.n, problem.m, problem.A
    size = np.zeros(m)
    np.maximum.at(size, A.row_of, np.abs(A.data))
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


def falls_for_ever(problem: Problem, settings: SolveSettings) -> bool:
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
