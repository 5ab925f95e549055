"""Other solvers, other translations and plain enumeration agree with ours on random programs."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pulp
import pytest
from random_programs import INF, program

from absalloc.solve import Outcome, Problem, SolveSettings, integer, lexicographic, solve_problem
from absalloc.solve.clarabel_ import solve_quadratic
from absalloc.solve.proof import violation, weak_duality
from absalloc.solve.semicontinuous import as_binaries, without_trivial

CONTINUOUS = ("lp", "degenerate", "infeasible", "open")


def agree(one: Outcome, other: Outcome) -> None:
    assert other.status == one.status
    if one.objective is not None:
        assert other.objective == pytest.approx(one.objective, rel=1e-7, abs=1e-7)


def checked(problem: Problem, outcome: Outcome) -> None:
    """What an optimal Outcome promises, recomputed with dense algebra."""
    if outcome.status != "optimal":
        assert outcome.status in ("infeasible", "unbounded")
        assert outcome.x is None
        return
    x, A = outcome.x, problem.A.dense()
    assert np.allclose(outcome.row_activity, A @ x)
    assert outcome.objective == pytest.approx(problem.c @ x + problem.offset, abs=1e-9)
    assert (A @ x <= problem.row_upper + 1e-6).all()
    assert (A @ x >= problem.row_lower - 1e-6).all()
    whole = problem.integrality == 1
    assert (x[whole] == np.round(x[whole])).all()
    inside = (x >= problem.col_lower - 1e-9) & (x <= problem.col_upper + 1e-9)
    assert (inside | ((problem.integrality == 2) & (np.abs(x) < 1e-9))).all()


@pytest.mark.parametrize("kind", CONTINUOUS)
@pytest.mark.parametrize("backend", ["cvxpy", "pyomo"])
def test_cvxpy_and_pyomo_agree_on_lps(kind: str, backend: str) -> None:
    for seed in range(25):
        problem = program(seed, kind)
        agree(solve_problem(problem), solve_problem(problem, backend))


@pytest.mark.parametrize("kind", CONTINUOUS)
def test_an_interior_point_method_agrees_on_lps(kind: str) -> None:
    for seed in range(100):
        problem = program(seed, kind)
        ours = solve_problem(problem)
        checked(problem, ours)
        agree(ours, solve_quadratic(problem, SolveSettings()))


@pytest.mark.parametrize("kind", ["integer", "semi"])
@pytest.mark.parametrize("backend", ["cvxpy", "pyomo"])
def test_cvxpy_and_pyomo_agree_on_integers(kind: str, backend: str) -> None:
    for seed in range(20):
        problem = program(seed, kind)
        ours, theirs = solve_problem(problem), solve_problem(problem, backend)
        agree(ours, theirs)
        if ours.bound is not None:
            assert theirs.bound == pytest.approx(ours.bound, rel=2e-6, abs=2e-6)


def by_cbc(problem: Problem) -> float | None:
    """The optimum by CBC, another branch and bound, from a model written by hand; None if infeasible."""
    model = pulp.LpProblem("witness", pulp.LpMinimize)
    columns = []
    for j in range(problem.n):
        low, high = problem.col_lower[j], problem.col_upper[j]
        semi = problem.integrality[j] == 2
        kind = pulp.LpInteger if problem.integrality[j] == 1 else pulp.LpContinuous
        column = pulp.LpVariable(f"x{j}", min(low, 0) if semi else low, high, kind)
        columns.append(column)
        if semi:
            held = pulp.LpVariable(f"z{j}", cat=pulp.LpBinary)
            model += column >= low * held
            model += column <= high * held
    model += pulp.lpDot(problem.c.tolist(), columns) + problem.offset
    for row, low, high in zip(problem.A.dense(), problem.row_lower, problem.row_upper, strict=True):
        if np.isfinite(low):
            model += pulp.lpDot(row.tolist(), columns) >= low
        if np.isfinite(high):
            model += pulp.lpDot(row.tolist(), columns) <= high
    status = model.solve(pulp.PULP_CBC_CMD(msg=False, gapRel=0, threads=1))
    return pulp.value(model.objective) if pulp.LpStatus[status] == "Optimal" else None


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pulp.*", "ignore:.*PuLP 4.0.*:DeprecationWarning")
@pytest.mark.parametrize("kind", ["integer", "semi"])
def test_cbc_agrees_on_integers(kind: str) -> None:
    for seed in range(40):
        problem = program(seed, kind)
        ours, theirs = solve_problem(problem), by_cbc(problem)
        checked(problem, ours)
        assert (ours.status == "optimal") == (theirs is not None)
        if theirs is not None:
            assert ours.objective == pytest.approx(theirs, rel=1e-6, abs=1e-6)


def enumerated(problem: Problem) -> float | None:
    """The optimum of a program of integer columns alone, by trying every point."""
    ranges = [range(int(low), int(high) + 1) for low, high in zip(problem.col_lower, problem.col_upper, strict=True)]
    points = np.array(list(itertools.product(*ranges)), dtype=float)
    activity = points @ problem.A.dense().T
    good = ((activity >= problem.row_lower - 1e-9) & (activity <= problem.row_upper + 1e-9)).all(axis=1)
    return float((points[good] @ problem.c).min() + problem.offset) if good.any() else None


def test_trying_every_point_agrees() -> None:
    tried = 0
    for seed in range(200):
        problem = program(seed, "integer")
        if problem.n > 5:
            continue
        tried += 1
        problem = replace(problem, integrality=np.ones(problem.n))
        ours, best = solve_problem(problem), enumerated(problem)
        assert (ours.status == "optimal") == (best is not None)
        if best is not None:
            assert ours.objective == pytest.approx(best, abs=1e-9)
    assert tried > 50


def branched(problem: Problem) -> float | None:
    """The optimum with tickets by solving one LP per subset of them."""
    semi = np.flatnonzero(problem.integrality == 2)
    best = None
    for held in itertools.product((False, True), repeat=len(semi)):
        low, high = problem.col_lower.copy(), problem.col_upper.copy()
        low[semi], high[semi] = np.where(held, low[semi], 0.0), np.where(held, high[semi], 0.0)
        answer = solve_quadratic(replace(problem, integrality=None, col_lower=low, col_upper=high), SolveSettings())
        if answer.status == "optimal" and (best is None or answer.objective < best):
            best = answer.objective
    return best


def test_one_lp_per_subset_of_tickets_agrees() -> None:
    for seed in range(30):
        problem = program(seed, "semi")
        ours, best = solve_problem(problem), branched(problem)
        assert (ours.status == "optimal") == (best is not None)
        if best is not None:
            assert ours.objective == pytest.approx(best, abs=1e-6)


def test_tickets_without_an_upper_bound() -> None:
    # The bound is proven from a feasible point; the answers are those of wide stated bounds.
    compared = 0
    for seed in range(60):
        problem = program(seed, "semi")
        semi = problem.integrality == 2
        cost = np.where(semi, np.abs(problem.c) + 1, problem.c)
        free = replace(problem, c=cost, col_upper=np.where(semi, INF, problem.col_upper))
        wide = replace(free, col_upper=np.where(semi, 1e4, problem.col_upper))
        ours, stated = solve_problem(free), solve_problem(wide)
        agree(stated, ours)
        compared += ours.status == "optimal"
    assert compared > 30


@pytest.mark.parametrize("gaps", [(1e-4, 1e-3, 1e-2), (10.0,), (0.05, 0.3)])
def test_narrowing_by_reduced_costs_takes_no_optimum_away(
    monkeypatch: pytest.MonkeyPatch, gaps: tuple[float, ...]
) -> None:
    narrowed = 0
    for seed in range(120):
        problem = program(seed, "integer" if seed % 2 else "semi")
        monkeypatch.setattr(integer, "WORTHWHILE", 10**9)
        whole = solve_problem(problem)
        monkeypatch.setattr(integer, "WORTHWHILE", 0)
        monkeypatch.setattr(integer, "TRIAL_GAPS", gaps)
        agree(whole, solve_problem(problem))
        plain = as_binaries(without_trivial(problem))
        narrowed += integer.by_narrowing(plain, SolveSettings()) is not None
    assert narrowed > 15


@pytest.mark.parametrize("size", [1e-4, 1.0, 1e4, 1e9])
def test_the_unit_of_money_does_not_matter(size: float) -> None:
    for seed in range(20):
        problem = program(seed, "lp")
        scaled = replace(
            problem,
            row_lower=problem.row_lower * size,
            row_upper=problem.row_upper * size,
            col_lower=problem.col_lower * size,
            col_upper=problem.col_upper * size,
            offset=problem.offset * size,
        )
        one, other = solve_problem(problem), solve_problem(scaled)
        assert other.status == one.status == "optimal"
        assert other.objective / size == pytest.approx(one.objective, rel=1e-7, abs=1e-7)


def test_duals_prove_the_bound_and_bear_the_sign_they_should() -> None:
    for seed in range(60):
        problem = program(seed, "lp")
        outcome = solve_problem(problem)
        y, d = outcome.row_dual, outcome.reduced_cost
        assert np.allclose(d, problem.c - problem.A.dense().T @ y)
        assert (y[np.isinf(problem.row_lower)] <= 1e-9).all()
        assert (y[np.isinf(problem.row_upper)] >= -1e-9).all()
        assert weak_duality(problem, outcome.x, y)[0] == pytest.approx(outcome.objective, abs=1e-6)
        assert weak_duality(problem, outcome.x, y + 0.1)[0] <= outcome.objective + 1e-9
        assert violation(problem, outcome.x) <= 1e-7


def test_ties_fall_to_the_second_objective() -> None:
    moved = 0
    for seed in range(60):
        problem = program(seed, "degenerate")
        second = np.arange(1.0, problem.n + 1)
        first, answer = solve_problem(problem), lexicographic(problem, second)
        assert answer.objective == pytest.approx(first.objective, abs=1e-7)
        # The same two steps, spelt out with an objective row.
        A = np.vstack((problem.A.dense(), problem.c))
        ceiling = np.append(problem.row_upper, first.objective - problem.offset + 1e-9)
        spelt = Problem(second, A, np.append(problem.row_lower, -INF), ceiling, problem.col_lower, problem.col_upper)
        assert second @ answer.x == pytest.approx(solve_problem(spelt).objective, abs=1e-6)
        moved += bool(np.abs(answer.x - first.x).max() > 1e-6)
    assert moved > 5


def test_ties_among_integers() -> None:
    # Three equal tranches, one may be bought: the last is the cheapest by the second objective.
    problem = Problem([-1, -1, -1], [[1, 1, 1]], [-INF], [1], 0, 1, [1, 1, 1])
    answer = lexicographic(problem, [3.0, 2.0, 1.0])
    assert answer.status == "optimal"
    assert answer.x.tolist() == [0, 0, 1]
    assert answer.notes == ()


def test_ties_among_tickets_and_lots_are_those_of_a_spelt_out_second_solve() -> None:
    compared = 0
    for seed in range(60):
        problem = program(seed, "integer" if seed % 2 else "semi")
        problem = replace(problem, c=np.round(problem.c / 4))
        second = np.arange(1.0, problem.n + 1)
        first, answer = solve_problem(problem), lexicographic(problem, second)
        assert answer.status == first.status
        if first.status != "optimal":
            continue
        A = np.vstack((problem.A.dense(), problem.c))
        ceiling = np.append(problem.row_upper, first.objective - problem.offset + 1e-7)
        spelt = replace(
            problem, c=second, A=A, row_lower=np.append(problem.row_lower, -INF), row_upper=ceiling, offset=0.0
        )
        assert answer.objective == pytest.approx(first.objective, abs=1e-6)
        assert second @ answer.x == pytest.approx(solve_problem(spelt).objective, rel=1e-5, abs=1e-5)
        compared += 1
    assert compared > 40
