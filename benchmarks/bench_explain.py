"""Explanations at market size: headroom of every line, conflict with repairs; the price list has bench_prices.py.

    python benchmarks/bench_explain.py [--tranches 9295] [--book bond-fund-open] [--json FILE]

Seconds of this process beside seconds on the clock: the machine may be shared.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench_rows import market
from market_lp import TRANCHES
from table import Figure, finish

INFEASIBLE = {"security-share.limit": "0.2%", "fixed-income-share.limit": "100%", "leverage.limit": "95%"}


def timed(name: str, target: float | None, call: Callable[[], Any]) -> tuple[Figure, Any]:
    """Return (figure, result) of one call; the figure is process time."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = call()
    took = time.process_time() - cpu
    return Figure(name, took, "s", target, f"{time.perf_counter() - wall:.2f} s on the clock"), found


def noted(figure: Figure, note: str) -> Figure:
    """Return a figure that says more."""
    return replace(figure, note=f"{note}; {figure.note}")


def figures(folder: Path, book: str) -> Iterator[Figure]:
    """Yield the figures of one book."""
    import absalloc as aa
    from absalloc.desk import Book, planning
    from absalloc.explain import conflicts, headroom
    from absalloc.explain.headroom import headroom_in
    from absalloc.explain.model import Model

    universe = aa.load_universe([folder / "market.csv"])
    mandate = aa.load_mandate(str(folder / f"{book}.yaml"))
    case = planning(Book(universe, mandate))
    args = (case.state, case.settings)
    model = Model(*args)
    yield timed(f"{book}: the plan that headroom starts from", None, lambda: model.base)[0]
    figure, plain = timed(f"{book}: headroom of all, nothing else moving", 0.2, lambda: headroom_in(model))
    yield noted(figure, f"{len(plain.lines)} lines, from a plan at hand")
    yield timed(f"{book}: headroom of all, re-balanced", 30.0, lambda: headroom(*args, rebalanced=True))[0]
    other = aa.load_mandate(str(folder / "wealth-closed-18m.yaml"))
    broken = planning(Book(universe, other), overrides=INFEASIBLE)
    yield timed(
        "wealth-closed-18m: conflict, sets alone, verified", 0.1,
        lambda: conflicts(broken.state, broken.settings, repairs=False),
    )[0]  # fmt: skip
    figure, found = timed(
        "wealth-closed-18m: conflict, repairs, verified", 2.0, lambda: conflicts(broken.state, broken.settings)
    )
    if found.status != "infeasible" or not all(item.verified for item in found.sets):
        raise SystemExit(f"no verified conflict: {found.status}")
    yield noted(figure, f"{[item.rules for item in found.sets]}")


def main() -> int:
    """Print the figures, write JSON if asked, return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tranches", type=int, default=TRANCHES)
    parser.add_argument("--book", default="bond-fund-open")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        market(Path(name), options.tranches)
        found = list(figures(Path(name), options.book))
    return finish(found, options.json)


if __name__ == "__main__":
    sys.exit(main())
