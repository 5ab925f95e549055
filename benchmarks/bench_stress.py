"""Speed of the stress stage: the whole shipped market under each shipped scenario, and in a thousand draws.

    python benchmarks/bench_stress.py

Prints the seconds that ``stress_universe`` takes per scenario, and ``revalue_draws`` for a Monte-Carlo set.
"""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import numpy as np

from absalloc.cashflow import load_curves, value_universe
from absalloc.stress import find_scenario, find_set, revalue_draws, shipped_scenarios, stress_universe
from absalloc.universe import derive, load_universe

MARKET = Path(__file__).resolve().parent.parent / "examples" / "market"


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
    chosen = find_set("monte-carlo-2025")
    assert chosen is not None
    start = time.perf_counter()
    drawn = revalue_draws(universe, chosen, day, curves=curves)
    many = time.perf_counter() - start
    one = np.median(took) * drawn.returns.shape[0]
    print(f"revalue_draws, {drawn.returns.shape[0]} draws: {many:.2f} s, {many / one:.3f} of one scenario at a time")
    print(f"stress_universe, {len(universe.table)} lines: median {np.median(took):.3f} s, worst {max(took):.3f} s")


if __name__ == "__main__":
    market()
