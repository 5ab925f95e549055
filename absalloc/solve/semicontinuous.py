"""Semi-continuous columns as binaries: ``lower·z ≤ x ≤ upper·z``, bounds proven where none are given.

HiGHS has a type of its own for them, but it refuses upper bounds above 1e5 and negative lower ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from absalloc.errors import BadInput
from absalloc.solve.csr import Csr
from absalloc.solve.outcome import Outcome
from absalloc.solve.problem import CONTINUOUS, INTEGER, SEMICONTINUOUS, Problem

Solve = Callable[[Problem], Outcome]


def semi_columns(problem: Problem) -> NDArray[np.intp]:
    """Return the numbers of the semi-continuous columns that are not simply within bounds that hold 0."""
    return np.flatnonzero(problem.integrality == SEMICONTINUOUS)


def without_trivial(problem: Problem) -> Problem:
    """Return the program where a semi-continuous column that may take 0 anyway, or only 0, is continuous."""
    semi = problem.integrality == SEMICONTINUOUS
    empty = semi & (problem.col_lower > problem.col_upper)
    around = semi & (problem.col_lower <= 0) & (problem.col_upper >= 0)
    if not (empty | around).any():
        return problem
    return replace(
        problem,
        integrality=np.where(empty | around, CONTINUOUS, problem.integrality),
        col_lower=np.where(empty, 0.0, problem.col_lower),
        col_upper=np.where(empty, 0.0, problem.col_upper),
    )


def as_binaries(problem: Problem) -> Problem:
    """Return the program with one binary per semi-continuous column, appended in their order.

    Every semi-continuous column must be bounded (``bounded`` sees to it).
    """
    semi = semi_columns(problem)
    k, n = len(semi), problem.n
    lower, upper = problem.col_lower[semi], problem.col_upper[semi]
    z = np.arange(n, n + k)
    # x − upper·z ≤ 0 and x − lower·z ≥ 0, row by row.
    pairs = np.stack((semi, z), axis=1)
    indices = np.concatenate((pairs, pairs)).ravel().astype(np.int32)
    data = np.stack((np.ones(2 * k), np.concatenate((-upper, -lower))), axis=1).ravel()
    links = Csr(np.arange(0, 4 * k + 1, 2, dtype=np.int32), indices, data, (2 * k, n + k))
    zero, free = np.zeros(k), np.full(k, np.inf)
    whole = problem.relaxed()
    return replace(
        whole,
        c=np.concatenate((problem.c, zero)),
        A=problem.A.widened(k).stacked(links),
        row_lower=np.concatenate((problem.row_lower, -free, zero)),
        row_upper=np.concatenate((problem.row_upper, zero, free)),
        col_lower=np.concatenate((whole.col_lower, zero)),
        col_upper=np.concatenate((whole.col_upper, zero + 1)),
        integrality=np.concatenate((np.where(problem.integrality == INTEGER, INTEGER, CONTINUOUS), zero + INTEGER)),
        row_names=None,
        col_names=None,
    )


def bounded(problem: Problem, solve: Solve) -> Problem:
    """Return the program with finite bounds on every semi-continuous column, none of which cuts off an optimum.

    A missing bound is the column's extreme over the relaxation; where that is unbounded, over the points of the
    relaxation that are no worse than a feasible point found under a provisional bound. ``solve`` answers
    a Problem. Raises BadInput where no bound can be proven: the modeller has to state one.
    """
    semi = semi_columns(problem)
    lower, upper = problem.col_lower.copy(), problem.col_upper.copy()
    missing = [(j, +1) for j in semi if np.isinf(upper[j])] + [(j, -1) for j in semi if np.isinf(lower[j])]
    if not missing:
        return problem
    cut: Problem | None = None
    for j, sign in missing:
        far = _extreme(problem.relaxed(), j, sign, solve)
        if far is None:
            cut = cut or _no_worse(problem, solve)
            far = _extreme(cut, j, sign, solve) if cut is not None else None
        if far is None:
            raise BadInput("solve.semi_unbounded", value=problem.col_names[j] if problem.col_names else int(j))
        near = lower[j] if sign > 0 else upper[j]
        # A margin covers the tolerance of the solver; a column that cannot even reach its near end can only be 0.
        margin = 1e-6 * max(1.0, abs(far))
        bound = max(far + margin, near) if sign > 0 else min(far - margin, near)
        (upper if sign > 0 else lower)[j] = bound
    return replace(problem, col_lower=lower, col_upper=upper)


def _extreme(relaxed: Problem, column: int, sign: int, solve: Solve) -> float | None:
    """Return the proven greatest (sign 1) or least (−1) value of a column; 0 without any point, None if unbounded."""
    cost = np.zeros(relaxed.n)
    cost[column] = -float(sign)
    answer = solve(replace(relaxed, c=cost, offset=0.0))
    if answer.status == "infeasible":
        return 0.0
    if answer.status != "optimal" or answer.bound is None:
        return None
    return -sign * answer.bound


def _no_worse(problem: Problem, solve: Solve) -> Problem | None:
    """Return the relaxation, cut to the points that cost no more than some feasible one; None where none is found."""
    semi = semi_columns(problem)
    finite = np.concatenate(
        [b[np.isfinite(b)] for b in (problem.row_lower, problem.row_upper, problem.col_lower, problem.col_upper)]
    )
    wide = 100.0 * max(1.0, float(np.abs(finite).max(initial=0.0)))
    lower, upper = problem.col_lower.copy(), problem.col_upper.copy()
    lower[semi], upper[semi] = np.maximum(lower[semi], -wide), np.minimum(upper[semi], wide)
    found = solve(replace(problem, col_lower=lower, col_upper=upper))
    if found.x is None or found.objective is None:
        return None
    return with_ceiling(problem.relaxed(), found.objective)


def with_ceiling(problem: Problem, objective: float, slack: float = 1e-9) -> Problem:
    """Return the program with the row ``c·x + offset ≤ objective``, eased by ``slack`` of its size."""
    used = np.flatnonzero(problem.c).astype(np.int32)
    row = Csr(np.array([0, len(used)], dtype=np.int32), used, problem.c[used], (1, problem.n))
    limit = objective - problem.offset
    eased = limit + slack * max(abs(limit), abs(objective), float(np.abs(problem.c).max(initial=0.0)))
    return replace(
        problem,
        A=problem.A.stacked(row),
        row_lower=np.append(problem.row_lower, -np.inf),
        row_upper=np.append(problem.row_upper, eased),
        row_names=None,
    )


def finite_binaries(problem: Problem) -> Problem:
    """Return ``problem`` with binaries for its semi-continuous columns; unchanged where it has none.

    Raises BadInput where one of them lacks a bound: a model handed on has to carry it.
    """
    plain = without_trivial(problem)
    semi = semi_columns(plain)
    for j in semi[np.isinf(plain.col_lower[semi]) | np.isinf(plain.col_upper[semi])]:
        raise BadInput("solve.semi_unbounded", value=plain.col_names[j] if plain.col_names else int(j))
    return as_binaries(plain) if len(semi) else plain
