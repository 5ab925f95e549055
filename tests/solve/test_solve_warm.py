"""A warm LP answers as the same program solved whole, whatever moves in it, and proves its "no" over all columns."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from random_programs import program

from absalloc.errors import BadInput
from absalloc.solve import Problem, SolveSettings, solve_problem
from absalloc.solve.csr import Csr, as_csr
from absalloc.solve.fast_csr import FastCsr
from absalloc.solve.proof import violation
from absalloc.solve.warm import SMALL, WarmLP


def whole(lp: WarmLP) -> Problem:
    A = lp.A
    return replace(lp.problem, A=Csr(A.indptr, A.indices, A.data.copy(), A.shape))


def agree(lp: WarmLP) -> str:
    """Compare a warm answer with the program solved from nothing; return the status."""
    found, wanted = lp.solve(), solve_problem(whole(lp))
    assert found.status == wanted.status
    if found.status == "optimal":
        assert found.objective == pytest.approx(wanted.objective, rel=1e-7, abs=1e-7)
        assert violation(whole(lp), found.x) <= 1e-7
    return found.status


@pytest.mark.parametrize("kind", ["lp", "degenerate", "infeasible"])
@pytest.mark.parametrize("seed", range(25))
def test_small_programs_that_move(kind: str, seed: int) -> None:
    lp, rng = WarmLP(program(seed, kind)), np.random.default_rng(seed)
    for _ in range(4):
        agree(lp)
        every = np.arange(lp.problem.n)
        lp.change_cost(every, lp.c + rng.integers(-2, 3, len(every)))
        row = np.array([int(rng.integers(lp.problem.m))])
        moved = rng.integers(-2, 3)
        lp.change_rows(row, lp.row_lower[row] + moved, lp.row_upper[row] + moved)
        at = np.arange(lp.A.indptr[row[0]], lp.A.indptr[row[0] + 1])
        lp.change_entries(row, at, lp.A.data[at] + rng.integers(0, 2, len(at)))
        lp.change_columns(every, lp.col_lower, np.maximum(lp.col_lower, lp.col_upper + rng.integers(-1, 2, len(every))))


def market(seed: int) -> Problem:
    """Return an LP with far more columns and rows than a part holds: shares of a book, caps by group and by line."""
    rng, n, groups = np.random.default_rng(seed), 4 * SMALL, 2 * SMALL
    full = np.zeros((4 + groups, n))
    full[0] = 1.0
    full[1], full[2], full[3] = rng.uniform(0.1, 1.0, n), rng.gamma(2, 1.0, n), rng.random(n) < 0.4
    full[4 + rng.integers(0, groups, n), np.arange(n)] = 1.0
    low = np.concatenate(([1000.0, -np.inf, -np.inf, 300.0], np.full(groups, -np.inf)))
    high = np.concatenate(([1000.0, 500.0, 2000.0, np.inf], np.full(groups, 25.0)))
    return Problem(-rng.uniform(0.01, 0.04, n), full, low, high, 0.0, rng.uniform(1.0, 30.0, n))


@pytest.mark.parametrize("seed", range(3))
def test_a_part_of_a_market_answers_for_all_of_it(seed: int) -> None:
    lp, rng = WarmLP(market(seed)), np.random.default_rng(seed)
    statuses = {agree(lp)}
    for step in range(8):
        row = np.array([int(rng.integers(1, 4))])
        lp.change_rows(row, lp.row_lower[row] * rng.uniform(0.7, 1.3), lp.row_upper[row] * rng.uniform(0.7, 1.2))
        columns = rng.choice(lp.problem.n, 200, replace=False)
        lp.change_cost(columns, lp.c[columns] * rng.uniform(0.5, 1.5, 200))
        groups = 4 + rng.choice(2 * SMALL, 50, replace=False)
        lp.change_rows(groups, np.full(50, -np.inf), rng.uniform(5.0, 40.0, 50))
        if step == 4:
            lp.change_rows(np.array([1]), np.array([-np.inf]), np.array([20.0]))
        if step == 5:
            lp.change_rows(np.array([1]), np.array([-np.inf]), np.array([500.0]))
        statuses.add(agree(lp))
    assert statuses == {"optimal", "infeasible"}
    assert lp.part is not None
    assert len(lp.part.columns) < lp.problem.n / 2
    assert lp.warm > lp.cold


@pytest.mark.parametrize("share", [0.0, 0.05, 0.9])
def test_products_with_what_is_nil_left_out_are_the_products(share: float) -> None:
    rng = np.random.default_rng(int(100 * share))
    dense = np.where(rng.random((40, 200)) < 0.1, rng.normal(size=(40, 200)), 0.0)
    dense[7], dense[:, 11] = 0.0, 0.0
    plain = as_csr(dense, "A")
    A = FastCsr(plain.indptr, plain.indices, plain.data.copy(), plain.shape)
    for _ in range(3):
        x = np.where(rng.random(200) < share, rng.normal(size=200), 0.0)
        y = np.where(rng.random(40) < share, rng.normal(size=40), 0.0)
        assert A.times(x) == pytest.approx(dense @ x, rel=1e-13, abs=1e-13)
        assert A.abs_times(x) == pytest.approx(np.abs(dense) @ np.abs(x), rel=1e-13, abs=1e-13)
        assert A.transposed_times(y) == pytest.approx(dense.T @ y, rel=1e-13, abs=1e-13)
        assert A.greatest() == pytest.approx(np.abs(dense).max(axis=1))
        rows = np.array([3, 7, 20])
        at = np.concatenate([np.arange(A.indptr[r], A.indptr[r + 1]) for r in rows])
        data = rng.normal(size=len(at))
        A.set(rows, at, data)
        dense[np.repeat(rows, np.diff(A.indptr)[rows]), A.indices[at]] = data
        assert A.transposed_times(y) == pytest.approx(dense.T @ y, rel=1e-13, abs=1e-13)
    x[5] = np.nan
    assert np.array_equal(np.isnan(A.times(x)), dense[:, 5] != 0)


def test_what_is_no_number_is_refused_and_changes_nothing() -> None:
    lp = WarmLP(market(3))
    lp.solve()
    before = lp.solve().objective  # of the part, as the one after it
    one = np.array([1])
    for bad in (np.nan, np.inf):
        with pytest.raises(BadInput):
            lp.change_cost(one, np.array([bad]))
        with pytest.raises(BadInput):
            lp.change_columns(one, np.zeros(1), np.array([bad]))
        with pytest.raises(BadInput):
            lp.change_entries(one, np.arange(lp.A.indptr[1], lp.A.indptr[1] + 1), np.array([bad]))
        with pytest.raises(BadInput):
            lp.change_rows(one, np.array([bad]), np.array([500.0]))
    lp.change_rows(one, lp.row_lower[one], lp.row_upper[one])
    assert lp.solve().objective == before


def test_no_is_proven_warm() -> None:
    lp = WarmLP(market(7))
    assert lp.solve().status == "optimal"
    lp.change_rows(np.array([2]), np.array([-np.inf]), np.array([10.0]))
    assert lp.solve().status == "infeasible"
    assert lp.cold == 1


def test_a_no_of_the_part_lets_those_in_that_speak_against_it_and_solves_nothing_whole() -> None:
    made = market(3)
    most = float(np.minimum(25.0, made.A.rows(np.arange(made.m) >= 4).times(made.col_upper)).sum())
    low, high = made.row_lower.copy(), made.row_upper.copy()
    low[:4], high[:4] = (0.0, -np.inf, -np.inf, -np.inf), np.inf
    lp = WarmLP(replace(made, c=-made.c, row_lower=low, row_upper=high))  # the cheapest way to hold an amount
    agree(lp)
    for share, status in ((0.5, "optimal"), (1.2, "infeasible"), (1.01, "infeasible"), (0.4, "optimal")):
        lp.change_rows(np.array([0]), np.array([share * most]), np.array([np.inf]))
        assert agree(lp) == status
    assert lp.cold == 1


def test_programs_that_cannot_be_kept_warm_are_refused() -> None:
    with pytest.raises(BadInput):
        WarmLP(Problem([1.0], [[1.0]], 0.0, 1.0, 0.0, 1.0, [1]))
    with pytest.raises(BadInput):
        WarmLP(Problem([1.0], [[1.0]], 0.0, 1.0, -np.inf, np.inf))


def test_warm_solves_go_on_beside_long_ones_and_resets() -> None:
    import highspy

    long = threading.Thread(target=lambda: solve_problem(hard(), settings=SolveSettings(time_limit=3.0)))
    other = highspy.Highs()
    other.setOptionValue("output_flag", False)
    lp = WarmLP(market(1))
    long.start()
    for share in np.linspace(0.3, 0.6, 20):
        lp.change_rows(np.array([1]), np.array([-np.inf]), np.array([1000.0 * share]))
        agree(lp)
    other.setOptionValue("threads", 2)
    other.addVar(0.0, 1.0)
    other.run()
    agree(lp)
    long.join()


def hard() -> Problem:
    """Return a knapsack of many equal-looking things, which keeps branch and bound busy."""
    rng = np.random.default_rng(0)
    weight = rng.integers(1000, 1100, 60).astype(float)
    return Problem(-weight - rng.random(60), [weight], -np.inf, 30333.5, 0.0, 1.0, np.ones(60))
