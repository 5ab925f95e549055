"""What stands behind "no", and points where the best one is not waited for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_programs import program
from scipy.optimize import Bounds, LinearConstraint, milp

from absalloc.solve import Problem, SolveSettings, solve_problem
from absalloc.solve.integer import solve_briefly
from absalloc.solve.proof import violation
from absalloc.solve.warm import WarmLP


def broken_by(problem: Problem, y: np.ndarray) -> float:
    """Return by how much the combination ``y`` of the rows is missed at the best point of the box, by plain sums."""
    A = problem.A.to_scipy().toarray()
    ends = np.where(y > 0, problem.row_lower, problem.row_upper)
    wanted = float(np.sum(y[y != 0] * ends[y != 0]))
    weights = A.T @ y
    best = np.where(weights > 0, problem.col_upper, problem.col_lower)
    return wanted - float(np.sum(weights[weights != 0] * best[weights != 0]))


@pytest.mark.parametrize("seed", range(30))
def test_a_no_comes_with_rows_that_no_point_meets_together(seed: int) -> None:
    problem = program(seed, "infeasible")
    warm = WarmLP(problem)
    for found in (solve_problem(problem), warm.solve(), _moved_there(program(seed, "infeasible"))):
        assert found.status == "infeasible"
        assert found.row_dual is not None
        y = np.asarray(found.row_dual)
        pushes = np.where(y > 0, problem.row_lower, problem.row_upper)
        y = np.where(np.isfinite(pushes), y, 0.0)
        assert broken_by(problem, y) > 0
        # The rows named are enough: without the others there is still no point.
        some = replace(
            problem, row_lower=np.where(y != 0, problem.row_lower, -np.inf),
            row_upper=np.where(y != 0, problem.row_upper, np.inf),
        )  # fmt: skip
        assert milp(
            np.zeros(problem.n), bounds=Bounds(problem.col_lower, problem.col_upper),
            constraints=LinearConstraint(problem.A.to_scipy(), some.row_lower, some.row_upper),
        ).status == 2  # fmt: skip


def _moved_there(problem: Problem):  # type: ignore[no-untyped-def]
    """Return the answer of a warm program that had a point before its last two rows moved."""
    warm = WarmLP(replace(problem, row_lower=np.append(problem.row_lower[:-2], [-np.inf, -np.inf])))
    assert warm.solve().status == "optimal"
    last = np.arange(len(problem.row_lower) - 2, len(problem.row_lower))
    warm.change_rows(last, problem.row_lower[-2:], problem.row_upper[-2:])
    return warm.solve()


@pytest.mark.parametrize("seed", range(40))
def test_a_brief_answer_is_a_point_between_the_bound_and_what_it_says(seed: int) -> None:
    problem = program(seed, "integer")
    best = solve_problem(problem)
    found = solve_briefly(problem, SolveSettings(), most=-1)
    if best.status == "infeasible":
        assert found.x is None
        assert found.status in ("infeasible", "stopped")
        return
    assert best.objective is not None
    assert found.bound is not None
    assert found.status in ("stopped", "optimal")
    assert found.bound <= best.objective + 1e-6
    if found.x is None:
        return
    assert found.objective is not None
    assert found.objective >= best.objective - 1e-6
    assert violation(problem, found.x) <= 1e-7
    whole = found.x[problem.integrality == 1]
    assert np.allclose(whole, np.round(whole), atol=1e-9)
    terms = max(abs(found.objective), np.abs(problem.c * found.x).sum())
    if terms > 0.01 * np.abs(problem.c).max():
        assert found.gap == pytest.approx((found.objective - found.bound) / terms, abs=1e-9)


def test_few_open_integers_are_solved_as_ever() -> None:
    for seed in range(20):
        problem = program(seed, "integer")
        found, best = solve_briefly(problem, SolveSettings(), most=50), solve_problem(problem)
        assert found.status == best.status
        assert found.objective == best.objective
