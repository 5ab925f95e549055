"""Check 10,000 portfolios of 150 names against one rulebook over a whole market, and one portfolio exactly.

    python benchmarks/bench_check.py [--tranches 9295] [--portfolios 10000] [--json FILE]

Compiled once (``aa.many_checker``), then all portfolios in one call; against the exact checker one by one, timed on a
few and scaled. The verdicts of these few must be the same. Seconds are of the processor: the machine may be shared.
Exit code 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
from bench_rows import NAMES, Measure, market

SAMPLE = 5
CODES = {"pass": 0, "fail": 1, "unknown": 2}
WORST = ("pass", "unknown", "fail")


def seconds(function: Callable[[], Any], repeats: int) -> float:
    """Return the median processor seconds of a call, the first one not counted."""
    function()
    found = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        found.append(time.process_time() - start)
    return statistics.median(found)


def some_portfolios(checker: Any, count: int) -> scipy.sparse.csr_matrix:
    """Return portfolios of 150 names in lots."""
    rng = np.random.default_rng(0)
    size = checker.state.universe.table["issue_size"].to_numpy(dtype=float)
    pool = np.flatnonzero(size > 2e8)
    names = min(NAMES, len(pool))
    col = np.concatenate([np.sort(rng.choice(pool, names, replace=False)) for _ in range(count)])
    face = rng.integers(10, 200, len(col)) * 1e5
    shape = (count, len(checker.ids))
    return scipy.sparse.csr_matrix((face, col, np.arange(0, len(col) + 1, names)), shape=shape)


def same(checker: Any, faces: scipy.sparse.csr_matrix, many: Any, portfolio: int) -> bool:
    """Return whether the exact checker gives a portfolio the same verdicts."""
    exact = checker.exact(checker.held(faces, portfolio))
    for k, (rule, sense, _) in enumerate(many.rules):
        found = [f.verdict for f in exact if f.rule == rule and f.sense == sense]
        if CODES[max(found, key=WORST.index)] != many.verdicts[portfolio, k]:
            return False
    return True


def measures(folder: Path, portfolios: int, repeats: int) -> Iterator[Measure]:
    """Yield the figures."""
    import absalloc as aa

    universe = aa.load_universe([folder / "market.csv"])
    mandate = aa.load_mandate(folder / "bond-fund-open.yaml")
    checker = aa.many_checker(universe, mandate)
    faces = some_portfolios(checker, portfolios)
    taken = seconds(lambda: checker.check(faces), repeats)
    yield Measure(f"{portfolios} portfolios of {NAMES} names, compiled before", taken, "s", 0.3)
    many = checker.check(faces)
    few = np.random.default_rng(1).choice(portfolios, min(SAMPLE, portfolios), replace=False)
    one = seconds(lambda: checker.exact(checker.held(faces, int(few[0]))), 3)
    yield Measure("all at once / one by one, exactly", taken / (portfolios * one), "ratio", 0.01)
    wrong = sum(not same(checker, faces, many, int(p)) for p in few)
    yield Measure(f"of {len(few)} portfolios, those with another verdict", wrong, "", 0)
    yield Measure("exact findings of one portfolio, again", 1e3 * one, "ms", 50.0)


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tranches", type=int, default=9295)
    parser.add_argument("--portfolios", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        market(folder, given.tranches)
        found = []
        for figure in measures(folder, given.portfolios, given.repeats):
            print(figure.row(), flush=True)
            found.append(figure)
    if given.json:
        given.json.write_text(json.dumps([{**vars(f), "ok": f.ok} for f in found], indent=1) + "\n", encoding="utf-8")
    return 0 if all(f.ok for f in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
