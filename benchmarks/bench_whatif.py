"""A slider on a whole market: the warm program against cvxpy's compiled parameters (DPP) and highspy; and desks.

    python benchmarks/bench_whatif.py [--tranches 9295] [--changes 200] [--json FILE]

The same LP and the same changes for all; objectives must agree to 1e-7. Then ``WhatIf`` of two example books over the
example market at that size, readings of the changed rule included. Wall time is what a user waits, ``cpu`` beside it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from bench_rows import market
from bench_solve import theirs
from market_lp import NAV, TRANCHES, market_lp
from table import Figure, finish

from absalloc.solve import Problem
from absalloc.solve.warm import WarmLP

MILLION = 1e6


def warm(arrays: tuple[Any, ...]) -> WarmLP:
    """Return the market's LP, kept warm."""
    c, A, row_lower, row_upper, col_lower, col_upper = arrays
    return WarmLP(Problem(c, A, row_lower / MILLION, row_upper / MILLION, col_lower / MILLION, col_upper / MILLION))


def with_cvxpy(arrays: tuple[Any, ...]) -> Callable[[Any, Any], float]:
    """Return a solve of (cost, upper ends of the rows) with both as parameters of one compiled problem."""
    import cvxpy as cp

    c, A, row_lower, row_upper, _, col_upper = arrays
    low, high = np.isfinite(row_lower), np.isfinite(row_upper)
    x = cp.Variable(len(c))
    cost, upper = cp.Parameter(len(c)), cp.Parameter(int(high.sum()))
    rows = [A[high] @ x <= upper, A[low] @ x >= row_lower[low] / MILLION, x >= 0, x <= col_upper / MILLION]
    problem = cp.Problem(cp.Minimize(cost @ x), rows)

    def solve(costs: Any, ends: Any) -> float:
        cost.value, upper.value = costs, ends[high]
        problem.solve(solver=cp.HIGHS)
        return float(problem.value)

    return solve


def sliders(tranches: int, changes: int) -> Iterator[Figure]:
    """Yield the figures of one LP whose row ends, then whose costs, move."""
    arrays = market_lp(tranches, 1)
    lp, solve, rng = warm(arrays), with_cvxpy(arrays), np.random.default_rng(0)
    ends, costs = arrays[3] / MILLION, arrays[0]
    lp.solve()
    solve(costs, ends)
    low = arrays[2] / MILLION
    every = np.arange(len(costs))
    for name in ("limit", "costs"):
        mine, other, raw, apart = [], [], [], 0.0
        for step in range(changes):
            new_ends, new_costs = ends.copy(), costs
            if name == "limit":
                # The cap on the mean risk weight: it binds below 0.23, so that about half of the moves change the plan.
                new_ends[1] = NAV / MILLION * rng.uniform(0.15, 0.3)
            else:
                new_costs = costs * (1 + 0.02 * rng.standard_normal(len(costs)))
            start = time.perf_counter()
            if name == "limit":
                lp.change_rows(np.array([1]), low[1:2], new_ends[1:2])
            else:
                lp.change_cost(every, new_costs)
            found = lp.solve()
            mine.append(time.perf_counter() - start)
            if step < 5:
                start = time.perf_counter()
                value = solve(new_costs, new_ends)
                other.append(time.perf_counter() - start)
                start = time.perf_counter()
                theirs(new_costs, arrays[1], low, new_ends, arrays[4], arrays[5] / MILLION)
                raw.append(time.perf_counter() - start)
                apart = max(apart, abs(value - float(found.objective or 0.0)) / abs(value))
        lp.change_rows(np.array([1]), low[1:2], ends[1:2])
        lp.change_cost(every, costs)
        if apart > 1e-7:
            raise SystemExit(f"objectives differ by {apart}")
        took = statistics.median(mine)
        note = f"{1e3 * took:.2f} ms; cvxpy {1e3 * statistics.median(other):.0f} ms; objectives differ by {apart:.0e}"
        yield Figure(f"what-if {name} / cvxpy DPP", took / statistics.median(other), "ratio", 0.01, note)
        yield Figure(f"what-if {name} / highspy, cold", took / statistics.median(raw), "ratio", None)


def desks(folder: Path, changes: int) -> Iterator[Figure]:
    """Yield what a desk waits, the median over limits that move one after the other."""
    import absalloc as aa

    universe = aa.load_universe([folder / "market.csv"])
    rng = np.random.default_rng(0)
    for book in ("wealth-closed-18m", "bond-fund-open"):
        start = time.perf_counter()
        desk = aa.WhatIf(universe, aa.load_mandate(str(folder / f"{book}.yaml")))
        first = desk.ask(every=True)
        yield Figure(f"{book}: open and first answer", time.perf_counter() - start, "s", None)
        rules = [r for r in first.rules if r.limit is not None and r.value is not None and r.limit > 0]
        walls, cpus = [], []
        by_rule: dict[str, list[float]] = {}
        for step in range(changes):
            rule = rules[step * len(rules) // changes]  # one slider after the other
            name, value = f"{rule.rule}.{rule.sense}", float(rule.limit) * rng.uniform(0.85, 1.15)
            cpu = time.thread_time()
            live = desk.ask(aa.Changes(limits={name: value}))
            cpus.append(time.thread_time() - cpu)
            walls.append(live.seconds)
            by_rule.setdefault(name, []).append(cpus[-1])
        note = f"cpu {1e3 * statistics.median(cpus):.2f} ms over {len(rules)} limits"
        yield Figure(f"{book}: a limit moved, findings included", 1e3 * statistics.median(walls), "ms", 2.0, note)
        slow = max(by_rule, key=lambda name: statistics.median(by_rule[name]))
        worst = 1e3 * statistics.median(by_rule[slow])
        yield Figure(f"{book}: the same, the slowest of its limits, cpu", worst, "ms", 2.0, slow)
        names = list(first.holdings)
        walls, cpus = [], []
        for step in range(changes):
            cpu = time.thread_time()
            live = desk.ask(aa.Changes(yields={names[step % len(names)]: float(rng.uniform(0.015, 0.035))}))
            cpus.append(time.thread_time() - cpu)
            walls.append(live.seconds)
        note = f"cpu {1e3 * statistics.median(cpus):.2f} ms"
        yield Figure(f"{book}: a yield moved", 1e3 * statistics.median(walls), "ms", 2.0, note)


def main() -> int:
    """Print the figures, write JSON if asked, return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tranches", type=int, default=TRANCHES)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        market(Path(name), options.tranches)
        figures = [*sliders(options.tranches, options.changes), *desks(Path(name), options.changes)]
    return finish(figures, options.json)


if __name__ == "__main__":
    sys.exit(main())
