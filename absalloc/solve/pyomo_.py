"""The same Problem in pyomo: a witness of our translation, and the door to any solver pyomo knows."""

from __future__ import annotations

from typing import Any

import numpy as np

from absalloc.errors import InternalError
from absalloc.solve.csr import Floats
from absalloc.solve.outcome import SolveSettings
from absalloc.solve.problem import INTEGER, Problem
from absalloc.solve.raw import Raw, Runner
from absalloc.solve.scaling import scale
from absalloc.solve.semicontinuous import finite_binaries

NAME = "pyomo+highs"
_WORDS = {
    "convergenceCriteriaSatisfied": "optimal",
    "provenInfeasible": "infeasible",
    "unbounded": "unbounded",
    "infeasibleOrUnbounded": "unbounded_or_infeasible",
    "maxTimeLimit": "limit",
    "iterationLimit": "limit",
}


def to_pyomo(problem: Problem) -> Any:
    """Return the program as a ``pyomo.ConcreteModel``: ``x[j]`` (binaries of tickets after n), ``rows[i]``, ``cost``.

    A row without any bound, or without any column, has no constraint.
    """
    import pyomo.environ as pyo
    from pyomo.core.expr.numeric_expr import LinearExpression

    plain = finite_binaries(problem)
    model = pyo.ConcreteModel(name="absalloc")
    model.x = pyo.Var(range(plain.n))
    for j in range(plain.n):
        model.x[j].setlb(_end(plain.col_lower[j]))
        model.x[j].setub(_end(plain.col_upper[j]))
        if plain.integrality[j] == INTEGER:
            model.x[j].domain = pyo.Integers
    columns = [model.x[j] for j in range(plain.n)]
    cost = LinearExpression(constant=plain.offset, linear_coefs=plain.c.tolist(), linear_vars=columns)
    model.cost = pyo.Objective(expr=cost if plain.Q is None else cost + _quadratic(plain, columns))
    model.rows = pyo.Constraint(pyo.Any)
    A = plain.A
    for i in range(plain.m):
        here = slice(A.indptr[i], A.indptr[i + 1])
        lower, upper = _end(plain.row_lower[i]), _end(plain.row_upper[i])
        if (lower is None and upper is None) or here.start == here.stop:
            continue
        row = LinearExpression(
            constant=0.0, linear_coefs=A.data[here].tolist(), linear_vars=[columns[j] for j in A.indices[here]]
        )
        model.rows[i] = row == upper if lower == upper else (lower, row, upper)
    return model


def _end(bound: float) -> float | None:
    return float(bound) if np.isfinite(bound) else None


def _quadratic(problem: Problem, columns: list[Any]) -> Any:
    Q = problem.Q
    entries = zip(Q.row_of, Q.indices, Q.data, strict=True)
    return sum(0.5 * float(value) * columns[i] * columns[j] for i, j, value in entries)


def run(problem: Problem, settings: SolveSettings) -> Raw:
    """Solve ``problem`` (no Q, no semi-continuous column) through pyomo's own interface to HiGHS.

    Raises InternalError, naming the status, for one that is no answer.
    """
    from pyomo.contrib.solver.common.factory import SolverFactory

    scaled = scale(problem)
    model = to_pyomo(scaled.problem)
    solver = SolverFactory("highs")
    results = solver.solve(
        model,
        load_solutions=False,
        raise_exception_on_nonoptimal_result=False,
        threads=1,
        time_limit=settings.time_limit,
        solver_options=_options(settings),
    )
    status = results.termination_condition.name
    if status not in _WORDS:
        raise InternalError("solve.status_unknown", value=status, solver=NAME)
    x = _point(problem, model, results)
    y = None if problem.has_integers or x is None else _duals(problem, model, results)
    bound = results.objective_bound if problem.has_integers else None
    return Raw(
        _WORDS[status],
        None if x is None else scaled.x(x),
        None if y is None else scaled.y(y),
        None if bound is None or abs(bound) >= 1e20 else float(bound) / scaled.cost,
    )


def _options(settings: SolveSettings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "random_seed": settings.seed,
        "primal_feasibility_tolerance": 1e-9,
        "dual_feasibility_tolerance": 1e-9,
        "mip_feasibility_tolerance": 1e-9,
        "mip_rel_gap": settings.mip_gap / 2,
        "mip_abs_gap": 0.0,
    }
    if settings.node_limit is not None:
        options["mip_max_nodes"] = settings.node_limit
    return options


def _point(problem: Problem, model: Any, results: Any) -> Floats | None:
    if results.solution_status.name not in ("optimal", "feasible"):
        return None
    found = results.solution_loader.get_vars()
    # A column in no row and without cost never reaches the solver: its admissible value nearest to 0.
    x: Floats = np.clip(0.0, problem.col_lower, problem.col_upper)
    for j, column in model.x.items():
        if column in found and found[column] is not None:
            x[j] = found[column]
    return x


def _duals(problem: Problem, model: Any, results: Any) -> Floats:
    found = results.solution_loader.get_duals()
    y = np.zeros(problem.m)
    for i, row in model.rows.items():
        y[i] = found[row]
    return y


PYOMO = Runner(NAME, run)
