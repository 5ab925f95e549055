"""A market-size LP with a cap on CVaR: ours against HiGHS on the program of all draws, in one process.

    python benchmarks/bench_cvar.py [--tranches 9295] [--draws 1000] [--json FILE]

Ours is TailCap + solve_cvar, the proof included; theirs is highspy's default on the extensive form (Rockafellar and
Uryasev), its building not counted. Level 95 %, cap at 70 % of the tail without one. Exit code 1 where objectives or
caps differ by more than 1e-7, or a ratio is above its target: 0.3 with hard tails, 0.05 with easy ones.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench_solve import theirs
from cvar_lp import losses
from market_lp import NAV, TRANCHES, market_lp

from absalloc.solve import Problem, TailCap, cvar, extensive, solve_cvar, solve_problem

LEVEL, REPEATS = 0.95, 5
TARGETS = {"easy": 0.05, "hard": 0.3}


def market(tranches: int) -> Problem:
    """The market of bench_solve.py, in units of NAV."""
    c, A, row_lower, row_upper, low, high = market_lp(tranches)
    return Problem(c, A, row_lower / NAV, row_upper / NAV, low, high / NAV)


def all_draws(problem: Problem, cap: TailCap) -> tuple[float, float]:
    """Return (seconds without building, objective) of highspy on the program of all draws."""
    whole = extensive(problem, cap)
    matrix = SimpleNamespace(indptr=whole.A.indptr, indices=whole.A.indices, data=whole.A.data)
    arrays = (whole.c, matrix, whole.row_lower, whole.row_upper, whole.col_lower, whole.col_upper)
    start = time.perf_counter()
    value = theirs(*arrays)
    return time.perf_counter() - start, value


def measure(tails: str, tranches: int, draws: int) -> dict[str, Any]:
    problem, table = market(tranches), losses(tranches, draws, tails == "hard")
    free = solve_problem(problem).x
    limit = 0.7 * cvar(table @ free, LEVEL)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        found = solve_cvar(problem, TailCap(table, LEVEL, limit))
        times.append(time.perf_counter() - start)
    if found.outcome.status != "optimal" or found.cvar is None or found.outcome.objective is None:
        raise SystemExit(f"absalloc: {found.outcome.status} {found.outcome.reason}")
    base, value = all_draws(problem, TailCap(table, LEVEL, limit))
    mine = statistics.median(times)
    gap = abs(found.outcome.objective - value) / abs(value)
    over = max(0.0, found.cvar - limit) / limit
    return {
        "tails": tails, "columns": tranches, "draws": draws, "highs_s": round(base, 2), "absalloc_s": round(mine, 3),
        "ratio": round(mine / base, 4), "objective_differs": gap, "cap_exceeded": over, "solves": found.rounds,
        "draws_used": found.draws, "columns_used": found.columns, "carry_given_up": value - found.free.objective,
        "reached": bool(mine <= TARGETS[tails] * base and gap <= 1e-7 and over <= 1e-7),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tranches", type=int, default=TRANCHES)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = [measure(tails, options.tranches, options.draws) for tails in TARGETS]
    print("tails  highs s  absalloc s   ratio  objective differs  solves  draws  columns")
    for r in results:
        print(
            f"{r['tails']:5} {r['highs_s']:8.2f} {r['absalloc_s']:11.3f} {r['ratio']:7.4f} "
            f"{r['objective_differs']:18.1e} {r['solves']:7} {r['draws_used']:6} {r['columns_used']:8}"
        )
    memory = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    good = all(r["reached"] for r in results)
    print(f"peak memory with the program of all draws {memory} MB; {'reached' if good else 'MISSED'}")
    if options.json:
        versions = {name: version(name) for name in ("highspy", "numpy")}
        document = {"benchmark": "cvar", "reached": good, "instances": results, "versions": versions}
        text = json.dumps({**document, "python": platform.python_version()}, indent=2)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
