"""Sifting gives the answer of the whole LP, or leaves it to the whole LP."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from absalloc.solve import Outcome, Problem, SolveSettings, solve_problem
from absalloc.solve import sift as sifting

INF = np.inf


def book(seed: int, n: int = 800) -> Problem:
    """A budget, two ratios of the whole book, and caps on groups; some columns held at a floor, some owed."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 40, n)
    caps = (group == np.arange(40)[:, None]).astype(float)
    A = np.vstack((np.ones(n), rng.gamma(2, 1, n), rng.choice([0.2, 0.5, 1.0], n), caps))
    low = np.where(rng.random(n) < 0.1, 0.2, 0.0)
    high = low + np.exp(rng.normal(0, 1, n))
    owed = rng.random(n) < 0.02
    low, high = np.where(owed, -3.0, low), np.where(owed, 0.0, high)
    lower = np.concatenate(([100.0, -INF, 20.0], np.full(40, -INF)))
    upper = np.concatenate(([100.0, 190.0, 45.0], np.full(40, 8.0)))
    return Problem(-(0.02 + 0.01 * rng.beta(2, 4, n)), A, lower, upper, low, high)


def whole(monkeypatch: pytest.MonkeyPatch, problem: Problem) -> Outcome:
    monkeypatch.setattr(sifting, "WORTHWHILE", 10**9)
    return solve_problem(problem)


@pytest.mark.parametrize("seed", range(25))
def test_the_answer_is_that_of_the_whole_lp(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(sifting, "WORTHWHILE", 100)
    monkeypatch.setattr(sifting, "SAMPLE", 60)
    problem = book(seed)
    assert sifting.sift(problem, SolveSettings()) is not None
    ours = solve_problem(problem)
    full = whole(monkeypatch, problem)
    assert ours.status == full.status == "optimal"
    assert ours.objective == pytest.approx(full.objective, rel=1e-9)
    assert ours.gap is not None
    assert ours.gap <= 1e-9


def test_poor_first_prices_only_cost_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sifting, "WORTHWHILE", 100)
    monkeypatch.setattr(sifting, "SAMPLE", 60)
    sifted, good = 0, sifting._sample_prices
    for seed in range(5):
        problem = book(seed)
        off = np.random.default_rng(seed).uniform(0.8, 1.2)
        monkeypatch.setattr(sifting, "_sample_prices", lambda *given, k=off: k * good(*given))
        sifted += sifting.sift(problem, SolveSettings()) is not None
        ours = solve_problem(problem)
        with pytest.MonkeyPatch.context() as patch:
            full = whole(patch, problem)
        assert ours.objective == pytest.approx(full.objective, rel=1e-9)
    assert sifted > 0


def test_roads_that_are_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sifting, "WORTHWHILE", 100)
    problem, settings = book(1), SolveSettings()
    free = problem.col_lower.copy(), problem.col_upper.copy()
    free[0][3], free[1][3] = -INF, INF
    # A column without any bound rests nowhere; an infeasible LP is for the whole LP to prove.
    assert sifting.sift(replace(problem, col_lower=free[0], col_upper=free[1]), settings) is None
    assert sifting.sift(book(1, n=90), settings) is None
    short = replace(
        problem, row_lower=np.append(5000.0, problem.row_lower[1:]), row_upper=np.append(INF, problem.row_upper[1:])
    )
    assert sifting.sift(short, settings) is None
    assert solve_problem(short).status == "infeasible"
