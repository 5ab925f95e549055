"""Speed of the engine of many deals: compiled against plain vectorised numpy, in one process.

    python benchmarks/bench_engine.py [--deals 4028] [--scenarios 1000] [--repeats 3] [--json FILE]

Flows, average life, price, yield and effective duration of 3 tranches over 120 months. The numpy engine does a share of
the deals (its rate does not depend on their number) and must agree to 1e-12 (durations 1e-10). Targets: 200 million
tranche-month-scenarios a second, 8 times numpy, 7 s and 1 GB for the whole; one scenario of the market in 0.1 s.
Exit code 1 where one is missed.
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
from typing import Any

import numpy as np

from absalloc.cashflow.engine import DealBatch, EngineResult, run_engine

TRANCHES, MONTHS, SAMPLE = 3, 120, 96
FIGURES = ("wal", "price", "yield_", "short", "duration")


def deals(count: int, seed: int = 1) -> DealBatch:
    rng = np.random.default_rng(seed)
    balance, shape = rng.uniform(5e8, 5e9, count), (count, TRANCHES)
    return DealBatch(
        balance, rng.uniform(0.03, 0.08, count), np.full(count, MONTHS), balance[:, None] * np.array([0.8, 0.1, 0.08]),
        rng.uniform(0.015, 0.04, shape), rng.uniform(0.015, 0.04, shape),
    )  # fmt: skip


def first(batch: DealBatch, count: int) -> DealBatch:
    parts = (batch.balance, batch.wac, batch.term, batch.sizes, batch.coupons, batch.yields)
    return DealBatch(*(part[:count] for part in parts))


def timed(batch: DealBatch, speeds: tuple[Any, Any], engine: Any) -> tuple[float, EngineResult]:
    prices = np.full(batch.sizes.shape, 1.0)
    start = time.perf_counter()
    found = run_engine(batch, *speeds, severity=0.6, lag=6, prices=prices, engine=engine)
    return time.perf_counter() - start, found


def difference(one: EngineResult, two: EngineResult, count: int) -> float:
    """Return the greatest relative difference; durations count a hundredth."""
    worst = 0.0
    for name in FIGURES:
        left, right = getattr(one, name)[:count], getattr(two, name)
        gap = float(np.nanmax(np.abs(left - right) / np.maximum(np.abs(right), 1.0)))
        worst = max(worst, gap / 100 if name == "duration" else gap)
    return worst


def measure(count: int, scenarios: int, repeats: int) -> dict[str, Any]:
    batch, rng = deals(count), np.random.default_rng(2)
    speeds = rng.uniform(0, 0.02, (scenarios, MONTHS)), rng.uniform(0, 0.004, (scenarios, MONTHS))
    few = first(batch, min(count, SAMPLE))
    cells = TRANCHES * MONTHS * scenarios / 1e6
    begin = time.perf_counter()
    timed(first(batch, 1), speeds, "numba")  # compiles, or loads what was compiled before
    warm = time.perf_counter() - begin
    fast, slow, gap = [], [], 0.0
    for _ in range(repeats):
        took, found = timed(batch, speeds, "numba")
        base, other = timed(few, speeds, "numpy")
        fast.append(took)
        slow.append(base)
        gap = max(gap, difference(found, other, few.balance.size))
        del found, other
    one = [timed(batch, (speeds[0][:1], speeds[1][:1]), "numba")[0] for _ in range(5)]
    took = statistics.median(fast)
    rates = count * cells / took, few.balance.size * cells / statistics.median(slow)
    return {
        "deals": count, "scenarios": scenarios, "seconds": round(took, 3), "million_a_second": round(rates[0], 1),
        "numpy_million_a_second": round(rates[1], 1), "ratio": round(rates[0] / rates[1], 2), "difference": gap,
        "one_scenario_seconds": round(statistics.median(one), 4), "first_call_seconds": round(warm, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deals", type=int, default=4028)
    parser.add_argument("--scenarios", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = measure(options.deals, options.scenarios, options.repeats)
    for name, value in found.items():
        print(f"{name:24} {value:.2e}" if name == "difference" else f"{name:24} {value}")
    targets = {
        "seconds": found["seconds"] <= 7.0, "million_a_second": found["million_a_second"] >= 200,
        "ratio": found["ratio"] >= 8.0, "difference": found["difference"] <= 1e-12,
        "one_scenario_seconds": found["one_scenario_seconds"] <= 0.1, "peak_mb": found["peak_mb"] <= 1000,
    }  # fmt: skip
    missed = [name for name, good in targets.items() if not good]
    print("targets reached" if not missed else f"MISSED: {', '.join(missed)}")
    if options.json:
        versions = {name: version(name) for name in ("numba", "numpy")}
        document = {"benchmark": "engine", "reached": not missed, **found, "versions": versions}
        text = json.dumps({**document, "python": platform.python_version()}, indent=2)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
