"""The same Problem in cvxpy, in matrix form: a witness of our translation, and the door for a convex term."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from absalloc.errors import InternalError
from absalloc.solve.outcome import SolveSettings
from absalloc.solve.problem import INTEGER, Problem
from absalloc.solve.raw import Raw, Runner
from absalloc.solve.scaling import scale
from absalloc.solve.semicontinuous import finite_binaries

NAME = "cvxpy+highs"
_WORDS = {
    "optimal": "optimal",
    "infeasible": "infeasible",
    "unbounded": "unbounded",
    "infeasible_or_unbounded": "unbounded_or_infeasible",
    "user_limit": "limit",
    # "Inaccurate" is cvxpy's word for a limit that was reached; what the point is worth is computed here.
    "optimal_inaccurate": "limit",
}


def to_cvxpy(problem: Problem) -> Any:
    """Return the program as a ``cvxpy.Problem`` with one variable ``x`` of length n (binaries of tickets after it).

    Constraints, where there are such: ``equal``, ``upper``, ``lower`` rows by ``label``; then the columns.
    """
    import cvxpy as cp

    plain = finite_binaries(problem)
    x = cp.Variable(plain.n, name="x")
    whole = np.flatnonzero(plain.integrality == INTEGER)
    objective = plain.c @ x + plain.offset
    if plain.Q is not None:
        objective = objective + 0.5 * cp.quad_form(x, plain.Q.to_scipy(), assume_PSD=True)
    constraints = _rows(plain, x) + _columns(plain, x)
    if len(whole):
        constraints.append(x[whole] == cp.Variable(len(whole), name="integers", integer=True))
    return cp.Problem(cp.Minimize(objective), constraints)


def _rows(problem: Problem, x: Any) -> list[Any]:
    A = problem.A.to_scipy()
    parts = {
        "equal": (_same(problem), problem.row_upper),
        "upper": (np.isfinite(problem.row_upper) & ~_same(problem), problem.row_upper),
        "lower": (np.isfinite(problem.row_lower) & ~_same(problem), problem.row_lower),
    }
    rows = []
    for label, (here, bound) in parts.items():
        if here.any():
            left, right = A[here] @ x, bound[here]
            row = left == right if label == "equal" else left <= right if label == "upper" else left >= right
            rows.append(row.set_label(label))
    return rows


def _same(problem: Problem) -> Any:
    return problem.row_lower == problem.row_upper


def _columns(problem: Problem, x: Any) -> list[Any]:
    columns = []
    low, high = np.flatnonzero(np.isfinite(problem.col_lower)), np.flatnonzero(np.isfinite(problem.col_upper))
    if len(low):
        columns.append(x[low] >= problem.col_lower[low])
    if len(high):
        columns.append(x[high] <= problem.col_upper[high])
    return columns


def run(problem: Problem, settings: SolveSettings) -> Raw:
    """Solve ``problem`` (no Q, no semi-continuous column) through cvxpy's interface to HiGHS.

    Raises InternalError, naming the status, for one that is no answer.
    """
    import cvxpy as cp

    scaled = scale(problem)
    model = to_cvxpy(scaled.problem)
    try:
        with warnings.catch_warnings():
            # What cvxpy warns of is in its status, which is looked at.
            warnings.simplefilter("ignore")
            model.solve(solver=cp.HIGHS, verbose=False, **_options(settings))
    except cp.SolverError as error:
        raise InternalError("solve.status_unknown", value=str(error), solver=NAME) from error
    if model.status not in _WORDS:
        raise InternalError("solve.status_unknown", value=model.status, solver=NAME)
    x = model.var_dict["x"].value
    y = None if problem.has_integers or x is None else _duals(problem, model)
    return Raw(
        _WORDS[model.status],
        None if x is None else scaled.x(np.asarray(x)),
        None if y is None else scaled.y(y),
        _bound(problem, model, scaled),
    )


def _options(settings: SolveSettings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "threads": 1,
        "random_seed": settings.seed,
        "primal_feasibility_tolerance": 1e-9,
        "dual_feasibility_tolerance": 1e-9,
        "mip_feasibility_tolerance": 1e-9,
        "mip_rel_gap": settings.mip_gap / 2,
        "mip_abs_gap": 0.0,
    }
    if settings.time_limit is not None:
        options["time_limit"] = settings.time_limit
    if settings.node_limit is not None:
        options["mip_max_nodes"] = settings.node_limit
    return options


def _duals(problem: Problem, model: Any) -> Any:
    """Return row duals in our sign: cvxpy's are the multipliers of ``left − right``, and not below nil for ``≥``."""
    y = np.zeros(problem.m)
    same = _same(problem)
    here = {
        "equal": same,
        "upper": np.isfinite(problem.row_upper) & ~same,
        "lower": np.isfinite(problem.row_lower) & ~same,
    }
    for constraint in model.constraints:
        if constraint.label in here and constraint.dual_value is not None:
            sign = 1.0 if constraint.label == "lower" else -1.0
            y[here[constraint.label]] += sign * np.asarray(constraint.dual_value).ravel()
    return y


def _bound(problem: Problem, model: Any, scaled: Any) -> float | None:
    """Return the bound of branch and bound, which cvxpy hands on in its ``extra_stats``."""
    if not problem.has_integers:
        return None
    bound: float | None = getattr(model.solver_stats.extra_stats, "mip_dual_bound", None)
    if bound is None or abs(bound) >= 1e20:
        return None
    return float(bound / scaled.cost) + problem.offset


CVXPY = Runner(NAME, run)
