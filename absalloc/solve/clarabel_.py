"""Convex quadratic programs on Clarabel, and LPs for a witness that is not HiGHS."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from absalloc.errors import InternalError
from absalloc.solve.csr import Csr, Floats
from absalloc.solve.linear import DOUBT, least_violation, recession
from absalloc.solve.outcome import Outcome, SolveSettings, without_point
from absalloc.solve.problem import Problem
from absalloc.solve.proof import prove
from absalloc.solve.scaling import scale

NAME = "clarabel"
_WITH_POINT = ("Solved", "AlmostSolved", "InsufficientProgress", "MaxIterations", "MaxTime")
_LIMITS = ("MaxIterations", "MaxTime")


def solve_quadratic(problem: Problem, settings: SolveSettings) -> Outcome:
    """Return the answer of a program without integers, with or without Q, by an interior-point method.

    The point and its duals are proven like any other; a point that is not within 1e-7 is ``stopped``.
    Raises InternalError, naming the status, where Clarabel fails.
    """
    scaled = scale(problem)
    matrix, right, cones, put = _cone_form(scaled)
    solution = _run(_hessian(problem, scaled), scaled.c, matrix, right, cones, settings)
    status = str(solution.status)
    if status in _WITH_POINT:
        answer = prove(problem, scaled.x(np.asarray(solution.x)), scaled.y(put(np.asarray(solution.z))), NAME)
        if answer.status != "optimal" and status in _LIMITS:
            return replace(answer, reason="solve.limit")
        return answer
    if "Infeasible" in status:
        return _resolve_no(problem, status, settings)
    raise InternalError("solve.status_unknown", value=status, solver=NAME)


def _run(P: Any, q: Floats, A: Any, b: Floats, cones: list[Any], settings: SolveSettings) -> Any:
    import clarabel

    options = clarabel.DefaultSettings()
    options.verbose = False
    # Clarabel's defaults stop short of the published answers of the quadratic oracles.
    options.tol_gap_abs = 1e-13
    options.tol_gap_rel = 1e-12
    options.tol_feas = 1e-12
    options.max_threads = 1
    if settings.time_limit is not None:
        options.time_limit = settings.time_limit
    return clarabel.DefaultSolver(P, q, A, b, cones, options).solve()


def _hessian(problem: Problem, scaled: Any) -> Any:
    from scipy import sparse

    n = problem.n
    if problem.Q is None:
        return sparse.csc_matrix((n, n))
    Q = problem.Q
    data = Q.data * scaled.col[Q.row_of] * scaled.col[Q.indices] * scaled.cost
    return sparse.triu(sparse.csc_matrix(Csr(Q.indptr, Q.indices, data, Q.shape).to_scipy()), format="csc")


def _cone_form(scaled: Any) -> tuple[Any, Floats, list[Any], Any]:
    """Return (A, b, cones, put) of ``A x + s = b``; ``put`` turns the duals of the cones into duals of the rows."""
    import clarabel
    from scipy import sparse

    rows = scaled.A.to_scipy()
    eye = sparse.eye_array(rows.shape[1], format="csr")
    same = scaled.row_lower == scaled.row_upper
    fixed = scaled.col_lower == scaled.col_upper
    upper, lower = np.isfinite(scaled.row_upper) & ~same, np.isfinite(scaled.row_lower) & ~same
    col_upper, col_lower = np.isfinite(scaled.col_upper) & ~fixed, np.isfinite(scaled.col_lower) & ~fixed
    parts = [rows[same], eye[fixed], rows[upper], -rows[lower], eye[col_upper], -eye[col_lower]]
    ends = (
        scaled.row_upper[same],
        scaled.col_upper[fixed],
        scaled.row_upper[upper],
        -scaled.row_lower[lower],
        scaled.col_upper[col_upper],
        -scaled.col_lower[col_lower],
    )
    sizes = np.cumsum([len(end) for end in ends])
    cones = [clarabel.ZeroConeT(int(sizes[1])), clarabel.NonnegativeConeT(int(sizes[-1] - sizes[1]))]

    def put(z: Floats) -> Floats:
        y = np.zeros(rows.shape[0])
        y[same] = -z[: sizes[0]]
        y[upper] -= z[sizes[1] : sizes[2]]
        y[lower] += z[sizes[2] : sizes[3]]
        return y

    return sparse.csc_matrix(sparse.vstack(parts)), np.concatenate(ends), cones, put


def _resolve_no(problem: Problem, said: str, settings: SolveSettings) -> Outcome:
    """Prove "infeasible" by the least violation, "unbounded" by a direction that Q does not bend."""
    linear = replace(problem, Q=None)
    worst = least_violation(linear, settings)
    if worst.status != "optimal" or worst.bound is None:
        return without_point("stopped", NAME, "solve.no_unproven")
    if worst.bound > DOUBT:
        return without_point("infeasible", NAME)
    flat = linear
    if problem.Q is not None:
        nil = np.zeros(problem.n)
        flat = replace(
            linear,
            A=linear.A.stacked(problem.Q),
            row_lower=np.append(linear.row_lower, nil),
            row_upper=np.append(linear.row_upper, nil),
            row_names=None,
        )
    if recession(flat, settings):
        return without_point("unbounded", NAME)
    raise InternalError("solve.status_unknown", value=said, solver=NAME)
