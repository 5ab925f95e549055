"""Speed of the stress stage: many deals under many scenarios, and the whole shipped market under one scenario.

    python benchmarks/bench_stress.py [deals] [scenarios]

Prints million tranche-month-scenarios a second (flows, life, price, effective duration; then with a solved yield),
peak memory, and the seconds that ``stress_universe`` takes per scenario. Pure numpy on whatever threads its BLAS has.
"""

from __future__ import annotations

import resource
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np

from absalloc.cashflow import load_curves, value_universe
from absalloc.cashflow.engine import DealBatch, run_engine
from absalloc.stress import find_scenario, shipped_scenarios, stress_universe
from absalloc.universe import derive, load_universe

MARKET = Path(__file__).resolve().parent.parent / "examples" / "market"
TRANCHES, MONTHS = 3, 120


def deals(count: int, seed: int = 1) -> DealBatch:
    rng = np.random.default_rng(seed)
    balance = rng.uniform(5e8, 5e9, count)
    shape = (count, TRANCHES)
    return DealBatch(
        balance, rng.uniform(0.03, 0.08, count), np.full(count, MONTHS), balance[:, None] * np.array([0.8, 0.1, 0.08]),
        rng.uniform(0.015, 0.04, shape), rng.uniform(0.015, 0.04, shape),
    )  # fmt: skip


def engine(count: int, scenarios: int) -> None:
    batch = deals(count)
    rng = np.random.default_rng(2)
    smm, mdr = rng.uniform(0, 0.02, (scenarios, MONTHS)), rng.uniform(0, 0.004, (scenarios, MONTHS))
    cells = count * TRANCHES * MONTHS * scenarios
    for label, prices in (("flows, life, price, duration", None), ("and yield", np.full((count, TRANCHES), 1.0))):
        start = time.perf_counter()
        run_engine(batch, smm, mdr, severity=0.6, prices=prices)
        took = time.perf_counter() - start
        print(
            f"{label}: {count} deals x {TRANCHES} x {MONTHS} x {scenarios}: {took:.2f} s, {cells / took / 1e6:.1f} M/s"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def market() -> None:
    day = date(2025, 6, 30)
    curves = load_curves(MARKET / "curves.csv", as_of=day)
    universe = value_universe(derive(load_universe(MARKET / "market.csv"), day), day, curves=curves).universe
    names = shipped_scenarios()
    took = []
    for name in names:
        scenario = find_scenario(name)
        start = time.perf_counter()
        stress_universe(universe, scenario, day, curves=curves)
        took.append(time.perf_counter() - start)
    print(f"stress_universe, {len(universe.table)} lines: median {np.median(took):.3f} s, worst {max(took):.3f} s")


if __name__ == "__main__":
    arguments = [int(text) for text in sys.argv[1:]]
    engine(arguments[0] if arguments else 4028, arguments[1] if len(arguments) > 1 else 100)
    market()
