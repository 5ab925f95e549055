"""HiGHS on arrays: the one place that talks to highspy, and every status it can return."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from absalloc.errors import InternalError
from absalloc.solve.outcome import SolveSettings
from absalloc.solve.problem import INTEGER, Problem
from absalloc.solve.raw import Raw, Runner
from absalloc.solve.scaling import scale

NAME = "highs"
ONE_AT_A_TIME = threading.Lock()
"""The scheduler of HiGHS is global, and resetting it under a running solve is not safe."""
RESETTING = threading.Lock()
"""Held while the scheduler is reset, and by warm solves while they run: these need not wait for the long ones."""


def run(problem: Problem, settings: SolveSettings, *, tolerance: float = 1e-9) -> Raw:
    """Solve ``problem`` (no Q, no semi-continuous column, at least one row and column) as it stands.

    Raises InternalError, naming the status, where HiGHS fails or answers outside its own documentation.
    """
    import highspy

    scaled = scale(problem)
    with ONE_AT_A_TIME:
        highs = _loaded(highspy, problem, scaled, settings, tolerance)
        said = highs.run()
        if highs.getModelStatus() == highspy.HighsModelStatus.kNotset:
            # Another user of HiGHS in this process has started the scheduler with other threads.
            with RESETTING:
                highspy.Highs.resetGlobalScheduler(True)
            said = highs.run()
        status = status_of(highspy, highs, said)
        return _raw(highspy, highs, problem, scaled, status)


def _loaded(highspy: Any, problem: Problem, scaled: Any, settings: SolveSettings, tolerance: float) -> Any:
    highs = highspy.Highs()
    options: dict[str, Any] = {
        "output_flag": False,
        "log_to_console": False,
        "threads": 1,
        "random_seed": settings.seed,
        # Measured: presolve costs an LP of ours more than it saves, above all one that has no point: the ray that
        # proves it is then found by a second solve.
        "presolve": "on" if problem.has_integers else "off",
        "solver": "choose" if problem.has_integers else "simplex",
        "simplex_strategy": 1,
        "primal_feasibility_tolerance": tolerance,
        "dual_feasibility_tolerance": tolerance,
        "mip_rel_gap": settings.mip_gap / 2,
        "mip_abs_gap": 0.0,
        "mip_feasibility_tolerance": max(tolerance, 1e-9),
    }
    if settings.time_limit is not None:
        options["time_limit"] = settings.time_limit
    if settings.node_limit is not None:
        options["mip_max_nodes"] = settings.node_limit
    for name, value in options.items():
        if highs.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise InternalError("solve.option_refused", value=f"{name} = {value}", solver=NAME)
    if highs.passModel(model_of(highspy, problem, scaled)) == highspy.HighsStatus.kError:
        raise InternalError("solve.model_refused", solver=NAME)
    return highs


def model_of(highspy: Any, problem: Problem, scaled: Any) -> Any:
    """Return the HighsLp with the shape and kinds of ``problem`` and the numbers of ``scaled`` (or of itself)."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = problem.n, problem.m
    lp.col_cost_ = scaled.c
    lp.col_lower_, lp.col_upper_ = scaled.col_lower, scaled.col_upper
    lp.row_lower_, lp.row_upper_ = scaled.row_lower, scaled.row_upper
    matrix = lp.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.num_col_, matrix.num_row_ = problem.n, problem.m
    matrix.start_, matrix.index_, matrix.value_ = scaled.A.indptr, scaled.A.indices, scaled.A.data
    if problem.has_integers:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(kind == INTEGER)] for kind in problem.integrality]
    return lp


def status_of(highspy: Any, highs: Any, said: Any) -> str:
    """Return the status in the words of ``Raw``. Raises InternalError for one outside HiGHS's documentation."""
    found = highs.getModelStatus()
    known = highspy.HighsModelStatus
    words = {
        known.kOptimal: "optimal",
        known.kInfeasible: "infeasible",
        known.kUnbounded: "unbounded",
        known.kUnboundedOrInfeasible: "unbounded_or_infeasible",
        known.kTimeLimit: "limit",
        known.kIterationLimit: "limit",
        known.kSolutionLimit: "limit",
    }
    if said == highspy.HighsStatus.kError or found not in words:
        raise InternalError("solve.status_unknown", value=highs.modelStatusToString(found), solver=NAME)
    return words[found]


def _raw(highspy: Any, highs: Any, problem: Problem, scaled: Any, status: str) -> Raw:
    info = highs.getInfo()
    solution = highs.getSolution()
    x = y = None
    if solution.value_valid and info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible):
        x = scaled.x(np.asarray(solution.col_value))
    if solution.dual_valid and not problem.has_integers:
        y = scaled.y(np.asarray(solution.row_dual))
    if status == "infeasible" and not problem.has_integers:
        _, there, ray = highs.getDualRay()
        y = scaled.y(np.asarray(ray)) if there else None
    bound = None
    if problem.has_integers and abs(info.mip_dual_bound) < 1e20:
        bound = info.mip_dual_bound / scaled.cost + problem.offset
    return Raw(status, x, y, bound)


HIGHS = Runner(NAME, run)
