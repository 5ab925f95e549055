"""The tail cap against the program of all draws on other solvers, brute force, and the definition of CVaR."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from absalloc.errors import BadInput
from absalloc.solve import CvarOutcome, Problem, TailCap, cvar, extensive, solve_cvar, solve_problem

LEVELS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)


def world(seed: int, n: int, draws: int) -> tuple[Problem, TailCap]:
    """A book of weights with group caps, some short, some with a floor; a cap between the free tail and the least."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, max(2, n // 4), n)
    A = np.concatenate((np.ones((1, n)), (group == np.arange(group.max() + 1)[:, None]).astype(float)))
    upper = np.full(len(A), 0.45)
    upper[0] = 1.0
    low = np.where(rng.random(n) < 0.15, -0.05, np.where(rng.random(n) < 0.1, 0.01, 0.0))
    book = Problem(-rng.uniform(0.01, 0.06, n), A, np.append(1.0, np.full(len(A) - 1, -np.inf)), upper, low, 0.4)
    losses = rng.standard_t(3, (draws, n)) * rng.uniform(0.01, 0.1, n) + 0.02 * rng.standard_normal((draws, 1))
    level = float(rng.choice(LEVELS))
    fixed = rng.normal(0, 0.005, draws)
    free = solve_problem(book).x
    assert free is not None
    tail = cvar(losses @ free + fixed, level)
    return book, TailCap(losses, level, tail - rng.uniform(0.1, 0.9) * abs(tail), fixed)


def by_clarabel(book: Problem, cap: TailCap, least: bool = False) -> tuple[str, float]:
    """The definition as it stands, on an interior-point solver: z plus the mean excess over it."""
    import cvxpy as cp

    x, z = cp.Variable(book.n), cp.Variable()
    loss = cap.losses @ x + cap.fixed
    tail = z + cp.sum(cp.pos(loss - z)) / ((1 - cap.level) * len(cap.losses))
    dense = book.A.dense()
    rules = [x >= book.col_lower, x <= book.col_upper]
    for row, low, high in zip(dense, book.row_lower, book.row_upper, strict=True):
        rules += [row @ x <= high] + ([row @ x >= low] if np.isfinite(low) else [])
    question = cp.Problem(cp.Minimize(tail if least else book.c @ x), rules if least else [*rules, tail <= cap.limit])
    question.solve(solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
    return question.status, float(question.value)


@pytest.mark.parametrize("seed", range(25))
def test_an_interior_point_solver_of_the_whole_program_agrees(seed: int) -> None:
    book, cap = world(seed, 12 + seed, 20 + 4 * seed)
    found = solve_cvar(book, cap)
    status, value = by_clarabel(book, cap)
    if found.outcome.status == "infeasible":
        assert "infeasible" in status
        assert found.least == pytest.approx(by_clarabel(book, cap, least=True)[1], abs=1e-7)
        assert found.least > cap.limit
        return
    assert (found.outcome.status, status) == ("optimal", "optimal")
    assert found.outcome.objective == pytest.approx(value, abs=1e-7)
    assert found.cvar is not None
    assert found.cvar <= cap.limit + 1e-9
    assert found.outcome.bound == pytest.approx(found.outcome.objective, abs=1e-8)


def test_the_worlds_are_of_every_kind() -> None:
    kinds = {solve_cvar(*world(seed, 12 + seed, 20 + 4 * seed)).outcome.status for seed in range(25)}
    assert kinds == {"optimal", "infeasible"}


@pytest.mark.parametrize("hard", [True, False])
def test_a_wide_program_agrees_with_all_draws_on_highs(hard: bool) -> None:
    from scipy.optimize import linprog

    rng = np.random.default_rng(5)
    n, draws, level = 2600, 120, 0.9
    A = np.concatenate((np.ones((1, n)), rng.random((3, n))))
    upper = np.array([1.0, 0.5, 0.5, 0.55])
    book = Problem(-rng.uniform(0.01, 0.06, n), A, [1.0, -np.inf, -np.inf, -np.inf], upper, 0.0, 0.03)
    own = rng.standard_t(4, (draws, n)) if hard else 0.1 * rng.standard_normal((draws, n))
    losses = 0.02 * (own + rng.standard_normal((draws, 1)) * rng.uniform(0.5, 1.5, n))
    free = solve_problem(book).x
    assert free is not None
    cap = TailCap(losses, level, 0.6 * cvar(losses @ free, level))
    found = solve_cvar(book, cap)
    below = np.hstack((losses, -np.ones((draws, 1)), -np.eye(draws)))
    last = np.concatenate((np.zeros(n), [1.0], np.full(draws, 1 / ((1 - level) * draws))))
    rows = np.vstack((np.hstack((A, np.zeros((4, 1 + draws)))), below, last))
    limits = np.concatenate((upper, np.zeros(draws), [cap.limit]))
    bounds = [(0.0, 0.03)] * n + [(None, None)] + [(0.0, None)] * draws
    equal = np.concatenate((np.ones(n), np.zeros(1 + draws)))[None]
    whole = linprog(np.concatenate((book.c, np.zeros(1 + draws))), rows, limits, equal, [1.0], bounds=bounds)
    assert found.outcome.status == "optimal"
    assert found.outcome.objective == pytest.approx(whole.fun, rel=1e-7)
    assert found.outcome.x is not None
    assert cvar(losses @ found.outcome.x, level) <= cap.limit * (1 + 1e-7)
    assert found.columns < n
    assert found.price > 0


def test_the_price_is_what_a_looser_cap_is_worth() -> None:
    book, cap = world(3, 20, 60)
    found = solve_cvar(book, cap)
    step = 1e-6
    looser = solve_cvar(book, TailCap(cap.losses, cap.level, cap.limit + step, cap.fixed))
    assert found.outcome.objective is not None
    assert looser.outcome.objective is not None
    assert found.price == pytest.approx((found.outcome.objective - looser.outcome.objective) / step, rel=1e-3)


def test_the_weights_average_no_more_than_a_tail() -> None:
    book, cap = world(3, 20, 60)
    found = solve_cvar(book, cap)
    assert found.weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert (found.weights >= 0).all()
    assert (found.weights <= cap.share * (1 + 1e-12)).all()
    for x in np.random.default_rng(0).uniform(-0.05, 0.4, (50, book.n)):
        assert found.weights @ cap.of(x) <= cvar(cap.of(x), cap.level) + 1e-12


def test_a_cap_that_does_not_bind_changes_nothing() -> None:
    book, cap = world(3, 20, 60)
    found = solve_cvar(book, TailCap(cap.losses, cap.level, 1e3, cap.fixed))
    assert found.outcome is found.free
    assert found.price == 0.0


def whole_lots(seed: int) -> tuple[Problem, TailCap]:
    """Seven names in or out: 128 books in all."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(0.1, 0.4, 7)
    book = Problem(-rng.uniform(0.01, 0.05, 7), size[None], 0.5, 1.2, 0.0, 1.0, np.ones(7))
    losses = rng.standard_t(3, (30, 7)) * 0.05
    free = solve_problem(book).x
    assert free is not None
    tail = cvar(losses @ free, 0.8)
    return book, TailCap(losses, 0.8, tail - rng.uniform(0.2, 0.8) * abs(tail))


@pytest.mark.parametrize("seed", range(6))
def test_whole_lots_agree_with_every_book_there_is(seed: int) -> None:
    book, cap = whole_lots(seed)
    found = solve_cvar(book, cap)
    best = np.inf
    for choice in product((0.0, 1.0), repeat=7):
        x = np.array(choice)
        size = float(book.A.times(x)[0])
        worst = np.sort(cap.losses @ x)[::-1][:6].mean()  # a fifth of thirty draws
        if 0.5 <= size <= 1.2 and worst <= cap.limit:
            best = min(best, float(book.c @ x))
    assert found.outcome.status == ("optimal" if np.isfinite(best) else "infeasible")
    if np.isfinite(best):
        assert found.outcome.objective == pytest.approx(best, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40), st.sampled_from(LEVELS))
def test_the_tail_average_is_the_least_over_all_thresholds(values: list[float], level: float) -> None:
    losses = np.array(values)
    # The function of z is convex and breaks at the losses only, so its least value is at one of them.
    least = min(z + np.maximum(losses - z, 0).sum() / ((1 - level) * losses.size) for z in losses)
    assert cvar(losses, level) == pytest.approx(least, rel=1e-9, abs=1e-9)


def test_the_tail_of_a_normal_loss_is_that_of_the_formula() -> None:
    from scipy.stats import norm

    losses = norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    assert cvar(losses, 0.95) == pytest.approx(norm.pdf(norm.ppf(0.95)) / 0.05, rel=1e-4)


def test_the_program_of_all_draws_is_the_same_program() -> None:
    book, cap = world(3, 20, 60)
    whole = solve_problem(extensive(book, cap))
    assert whole.objective == pytest.approx(solve_cvar(book, cap).outcome.objective, abs=1e-9)


def test_an_infeasible_book_is_so_without_the_cap() -> None:
    book = Problem([1.0, 1.0], [[1.0, 1.0]], 3.0, 4.0, 0.0, 1.0)
    found: CvarOutcome = solve_cvar(book, TailCap(np.ones((4, 2)), 0.5, 1.0))
    assert (found.outcome.status, found.least) == ("infeasible", None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"level": 1.0}, "no level of a tail"),
        ({"level": 95.0}, "no level of a tail"),
        ({"losses": np.full((3, 2), np.nan)}, "finite"),
        ({"losses": np.zeros(3)}, "shape"),
        ({"limit": np.inf}, "finite"),
        ({"fixed": np.zeros(2)}, "shape"),
    ],
)
def test_a_cap_that_is_none_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        TailCap(**{"losses": np.zeros((3, 2)), "level": 0.9, "limit": 1.0, **change})


def test_losses_of_other_columns_and_a_curved_objective_are_refused() -> None:
    book = Problem([1.0, 1.0], [[1.0, 1.0]], 1.0, 4.0, 0.0, 3.0)
    with pytest.raises(BadInput, match="shape"):
        solve_cvar(book, TailCap(np.ones((4, 3)), 0.5, 1.0))
    curved = Problem([1.0, 1.0], [[1.0, 1.0]], 1.0, 4.0, 0.0, 3.0, Q=np.eye(2))
    with pytest.raises(BadInput, match="linear objective"):
        solve_cvar(curved, TailCap(np.ones((4, 2)), 0.5, 1.0))


def tail_world(seed: int) -> tuple[Problem, TailCap]:
    """Small programs of every scale, some without bounds, some whose gains and losses cancel, often a cap of nil."""
    rng = np.random.default_rng(seed)
    n, m, draws = int(rng.integers(1, 12)), int(rng.integers(1, 6)), int(rng.choice([1, 1, 2, 3, 10, 40]))
    size, unit = 10.0 ** rng.integers(-3, 7), 10.0 ** rng.integers(-4, 5)
    A = rng.integers(-2, 4, (m, n)).astype(float)
    high = rng.uniform(0.1, 2, n) * size
    low = np.where(rng.random(n) < 0.2, -high, 0.0)
    point = rng.uniform(0, 1, n) * high
    if rng.random() < 0.2:
        high = np.where(rng.random(n) < 0.3, np.inf, high)
    activity = A @ point
    lower = np.where(rng.random(m) < 0.4, activity - rng.random(m) * size * rng.choice([0, 1]), -np.inf)
    upper = np.where(rng.random(m) < 0.6, activity + rng.random(m) * size * rng.choice([0, 1]), np.inf)
    losses = rng.standard_t(3, (draws, n)) * unit
    fixed = rng.normal(0, 0.2, draws) * unit * size if rng.random() < 0.5 else np.zeros(draws)
    level = float(rng.choice(LEVELS))
    tail = cvar(losses @ point + fixed, level)
    limit = tail + abs(tail) * float(rng.choice([0, 0.1, -0.1, -0.5])) if rng.random() < 0.5 else 0.0
    return Problem(-rng.uniform(0, 0.06, n), A, lower, upper, low, high), TailCap(losses, level, limit, fixed)


def test_programs_of_every_scale_agree_with_that_of_all_draws() -> None:
    seen: dict[str, int] = {}
    for seed in range(300):
        book, cap = tail_world(seed)
        found, whole = solve_cvar(book, cap), solve_problem(extensive(book, cap))
        assert found.outcome.status == whole.status, seed
        seen[whole.status] = seen.get(whole.status, 0) + 1
        if whole.status == "optimal":
            size = max(abs(whole.objective), float(np.abs(book.c * found.outcome.x).sum()))
            assert abs(found.outcome.objective - whole.objective) <= 1e-6 * size, seed
            assert found.cvar <= cap.limit + 1e-7 * cap.size(found.outcome.x), seed
    assert min(seen.get(status, 0) for status in ("optimal", "infeasible", "unbounded")) > 3


@pytest.mark.parametrize("draws", [1, 2])
def test_a_cap_of_nil_is_met_where_gains_pay_for_losses(draws: int) -> None:
    # What is lost of the first is won by the second, to the last digit the solver has: nothing is left to measure by.
    book = Problem([-0.05, -0.01], [[1.0, 1.0]], 0.0, 1.0, 0.0, 1.0)
    found = solve_cvar(book, TailCap(np.tile([[0.3, -0.1]], (draws, 1)), 0.5, 0.0))
    assert found.outcome.status == "optimal"
    assert found.outcome.x == pytest.approx([0.25, 0.75], abs=1e-9)
    assert found.outcome.objective == pytest.approx(-0.02)


def test_a_program_that_only_the_cap_bounds_is_answered() -> None:
    book = Problem([-0.05, -0.01], [[1.0, -1.0]], 0.0, np.inf, 0.0, np.inf)
    assert solve_problem(book).status == "unbounded"
    found = solve_cvar(book, TailCap([[0.2, 0.0], [0.1, 0.3]], 0.0, 3.0))
    # Half of 0.3 a unit of the first and half of 0.3 of the second: both to 10, or the first alone to 20.
    assert found.outcome.objective == pytest.approx(-1.0)
    assert found.price == pytest.approx(1 / 3)
    assert found.weights == pytest.approx([0.5, 0.5])
