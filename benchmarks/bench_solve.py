"""Solve a market-size LP from arrays: ours against highspy's default on the same rows, in one process.

    python benchmarks/bench_solve.py [--tranches 9295] [--repeats 7] [--seeds 3] [--json FILE]

Ours is Problem + solve_problem, the proof of the answer included; theirs is HighsLp + passModel + run + solution
with the options as they come. The runs alternate and medians are compared; the machine may be shared: read the ratio.
Exit code 1 where the objectives differ by more than 1e-7 or the median ratio is above 0.15 (0.05 from 50,000 tranches).
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import highspy
import numpy as np
from market_lp import TRANCHES, market_lp

from absalloc.solve import Problem, solve_problem

TARGET, LARGE_TARGET, LARGE = 0.15, 0.05, 50_000


def theirs(c: Any, A: Any, row_lower: Any, row_upper: Any, col_lower: Any, col_upper: Any) -> float:
    """Return the objective by highspy with its defaults."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(c), len(row_lower)
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = c, col_lower, col_upper
    lp.row_lower_, lp.row_upper_ = row_lower, row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = A.indptr, A.indices, A.data
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.passModel(lp)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise SystemExit(f"highspy: {highs.modelStatusToString(highs.getModelStatus())}")
    x = np.asarray(highs.getSolution().col_value)
    return float(c @ x)


def ours(*arrays: Any) -> float:
    """Return the proven objective by absalloc."""
    outcome = solve_problem(Problem(*arrays))
    if outcome.status != "optimal" or outcome.objective is None:
        raise SystemExit(f"absalloc: {outcome.status} {outcome.reason}")
    return outcome.objective


def timed(function: Any, arrays: tuple[Any, ...]) -> tuple[float, float]:
    """Return (seconds, objective)."""
    start = time.perf_counter()
    value = function(*arrays)
    return time.perf_counter() - start, value


def measure(tranches: int, seed: int, repeats: int) -> dict[str, Any]:
    """Return the medians of one instance."""
    arrays = market_lp(tranches, seed)
    timed(ours, arrays)  # imports and caches
    pairs = [(timed(theirs, arrays), timed(ours, arrays)) for _ in range(repeats)]
    base = statistics.median(pair[0][0] for pair in pairs)
    mine = statistics.median(pair[1][0] for pair in pairs)
    difference = max(abs(a[1] - b[1]) / max(1.0, abs(a[1])) for a, b in pairs)
    return {
        "seed": seed,
        "columns": tranches,
        "rows": int(arrays[1].shape[0]),
        "nonzeros": int(arrays[1].nnz),
        "highspy_ms": round(1e3 * base, 1),
        "absalloc_ms": round(1e3 * mine, 1),
        "ratio": round(mine / base, 3),
        "relative_difference": difference,
    }


def main() -> int:
    """Print the table, write JSON if asked, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tranches", type=int, default=TRANCHES)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = [measure(options.tranches, seed, options.repeats) for seed in range(1, options.seeds + 1)]
    print("columns   rows  nonzeros  highspy ms  absalloc ms  ratio  objective differs by")
    for r in results:
        print(
            f"{r['columns']:7} {r['rows']:6} {r['nonzeros']:9} {r['highspy_ms']:11.1f} {r['absalloc_ms']:12.1f} "
            f"{r['ratio']:6.2f}  {r['relative_difference']:.1e}"
        )
    ratio = statistics.median(r["ratio"] for r in results)
    target = LARGE_TARGET if options.tranches >= LARGE else TARGET
    good = ratio <= target and all(r["relative_difference"] <= 1e-7 for r in results)
    print(f"median ratio {ratio:.2f}, target {target:.2f}: {'reached' if good else 'MISSED'}")
    if options.json:
        document = {
            "benchmark": "solve",
            "target": target,
            "ratio": ratio,
            "reached": good,
            "instances": results,
            "versions": {name: version(name) for name in ("highspy", "numpy")},
            "python": platform.python_version(),
        }
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
