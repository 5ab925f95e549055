"""Lots, tickets and a cap on names over a whole market, and rebalancing: ours against HiGHS on the same arrays.

    python benchmarks/bench_integer.py [--tranches 9295] [--limit 120] [--json FILE]

Integers: both to a gap of 0.01 %, within which the answers must agree. Rebalancing: trades of a held book with costs
and a cap on turnover. ``--limit``: seconds after which a solve ends without an answer; a ratio is then a bound.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import highspy
import numpy as np
from bench_solve import theirs
from market_lp import NAV, TRANCHES, market_lp
from scipy import sparse
from table import Figure, finish, medians

from absalloc.solve import Problem, SolveSettings, solve_problem

GAP, LOT, TICKET = 1e-4, 1.0, 10.0


def integer_problem(tranches: int, names: int) -> Problem:
    """Return the market's LP in lots of a million, tickets of ten, at most so many names; million yuan."""
    c, A, row_lower, row_upper, _, col_upper = market_lp(tranches, 1)
    top = np.floor(np.minimum(2.5 * col_upper / 1e6, 50.0))
    live = top >= TICKET
    n = int(live.sum())
    eye = sparse.eye_array(n)
    rows = sparse.vstack(
        [
            sparse.hstack([A.tocsc()[:, live], sparse.csr_array((A.shape[0], n))]),
            sparse.hstack([eye, -sparse.diags_array(top[live])]),
            sparse.hstack([eye, -TICKET * eye]),
            sparse.hstack([sparse.csr_array((1, n)), sparse.csr_array(np.ones((1, n)))]),
        ]
    ).tocsr()
    free, half = np.full(n, np.inf), NAV / 2e6
    scale = half / (NAV / 1e6)
    return Problem(
        np.concatenate([c[live], np.zeros(n)]), rows,
        np.concatenate([row_lower / 1e6 * scale, -free, np.zeros(n), [-np.inf]]),
        np.concatenate([row_upper / 1e6 * scale, np.zeros(n), free, [float(names)]]),
        0.0, np.concatenate([top[live], np.ones(n)]), np.ones(2 * n),
    )  # fmt: skip


def plain(problem: Problem, limit: float) -> tuple[str, float]:
    """Return (status, objective) of HiGHS on the program as it stands."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = problem.n, problem.m
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = problem.c, problem.col_lower, problem.col_upper
    lp.row_lower_, lp.row_upper_ = problem.row_lower, problem.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = problem.A.indptr, problem.A.indices
    lp.a_matrix_.value_ = problem.A.data
    lp.integrality_ = [highspy.HighsVarType.kInteger] * problem.n
    highs = highspy.Highs()
    for name, value in (("output_flag", False), ("mip_rel_gap", GAP), ("time_limit", limit), ("threads", 1)):
        highs.setOptionValue(name, value)
    highs.passModel(lp)
    highs.run()
    return highs.modelStatusToString(highs.getModelStatus()), float(highs.getInfo().objective_function_value)


def integers(tranches: int, limit: float) -> Iterator[Figure]:
    """Yield the figures of a loose and a tight cap on names."""
    for names, target in ((60, 0.25), (25, 1.0)):
        problem = integer_problem(tranches, names)
        start = time.perf_counter()
        found = solve_problem(problem, "highs", SolveSettings(time_limit=limit, mip_gap=GAP))
        middle = time.perf_counter()
        status, value = plain(problem, limit)
        took, other = middle - start, time.perf_counter() - middle
        note = f"ours {found.status} {took:.1f} s, HiGHS {status} {other:.1f} s"
        if found.status == "optimal" and status == "Optimal":
            assert found.objective is not None
            apart = abs(found.objective - value) / abs(value)
            if apart > 2 * GAP:
                raise SystemExit(f"integer answers differ by {apart}")
            note += f", answers differ by {apart:.0e}"
        yield Figure(f"lots, tickets, {names} names / HiGHS", took / other, "ratio", target, note)


def rebalancing(tranches: int) -> Any:
    """Return the arrays of trades from a book of 150 lines: buys of all, sales of what is held, 20 % turnover."""
    c, A, row_lower, row_upper, _, col_upper = market_lp(tranches, 2)
    rng = np.random.default_rng(3)
    at = rng.choice(tranches, 150, replace=False)
    held = np.zeros(tranches)
    held[at] = np.minimum(col_upper[at], NAV / 150)
    held *= NAV / held.sum()
    fee = 3e-4
    costs = np.concatenate([c + fee, -c[at] + fee])
    turnover = sparse.csr_array(np.ones((1, tranches + len(at))))
    rows = sparse.vstack([sparse.hstack([A, -A.tocsc()[:, at]]), turnover]).tocsr()
    moved = A @ held
    # What is held may break a row already: it may stay, no worse.
    low = np.append(np.minimum(row_lower - moved, 0.0), -np.inf)
    high = np.append(np.maximum(row_upper - moved, 0.0), 0.2 * NAV)
    low[0] = high[0] = 0.0
    room = np.concatenate([np.maximum(col_upper - held, 0.0), held[at]])
    return costs, rows, low, high, np.zeros(len(costs)), room


def ours(*arrays: Any) -> float:
    """Return the proven objective by absalloc."""
    found = solve_problem(Problem(*arrays))
    if found.status != "optimal" or found.objective is None:
        raise SystemExit(f"absalloc: {found.status} {found.reason}")
    return found.objective


def main() -> int:
    """Print the figures, write JSON if asked, return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tranches", type=int, default=TRANCHES)
    parser.add_argument("--limit", type=float, default=120.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    arrays = rebalancing(options.tranches)
    found = medians({"ours": lambda: ours(*arrays), "highspy": lambda: theirs(*arrays)}, 5)
    apart = abs(found["ours"][1] - found["highspy"][1]) / abs(found["highspy"][1])
    if apart > 1e-7:
        raise SystemExit(f"rebalancing: objectives differ by {apart}")
    ratio = found["ours"][0] / found["highspy"][0]
    note = f"{1e3 * found['ours'][0]:.0f} ms; objectives differ by {apart:.0e}"
    figures = [Figure("rebalancing / highspy", ratio, "ratio", 1.0, note)]
    return finish([*figures, *integers(options.tranches, options.limit)], options.json)


if __name__ == "__main__":
    sys.exit(main())
