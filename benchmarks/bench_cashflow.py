"""Value a whole market in one call, against the single-line functions called line by line, in one process.

    python benchmarks/bench_cashflow.py [--lines 9295] [--repeats 5] [--json FILE]

Ours is ``value_universe``: schedules, both lives, yields from quotes, a fitted model, prices, durations, labels,
columns. The other only solves each quoted line with ``yield_to_maturity`` on the same flows; yields must agree to 1e-9.
Exit code 1 where they do not, or where the median of ours is above 1.0 of the other.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import absalloc.cashflow as cf
from absalloc.terms import COLUMNS
from absalloc.universe.model import Universe, empty_column

DAY = date(2025, 6, 30)
TARGET = 1.0


def market(lines: int, seed: int = 1) -> Universe:
    """Return a synthetic universe: half pass-through or scheduled, terms to 15 years, nine lines in ten quoted."""
    rng = np.random.default_rng(seed)
    today, term = np.datetime64(DAY, "s"), rng.integers(60, 5500, lines)
    columns: dict[str, Any] = {
        "tranche_id": [f"T{number}" for number in range(lines)],
        "product": rng.choice(["credit_abs", "enterprise_abs", "abn", "government"], lines, p=[0.3, 0.4, 0.25, 0.05]),
        "repayment": rng.choice(["bullet", "scheduled", "pass_through"], lines),
        "seniority": rng.choice(["senior", "mezzanine"], lines),
        "asset_type": rng.choice(["个人住房抵押贷款", "汽车贷款", "应收账款"], lines),
        "expected_maturity": today + term.astype("timedelta64[D]"),
        "next_put": np.where(
            rng.random(lines) < 0.2, today + (term // 2).astype("timedelta64[D]"), np.datetime64("NaT")
        ),
        "issue_date": today - rng.integers(5, 1500, lines).astype("timedelta64[D]"),
        "factor": np.round(rng.uniform(0.2, 1.0, lines), 6),
        "coupon": np.round(rng.uniform(0.015, 0.05, lines), 4),
        "quote_price": np.where(rng.random(lines) < 0.9, np.round(rng.uniform(98, 102, lines), 4), np.nan),
        "quote_basis": ["remaining"] * lines,
    }
    table = {name: empty_column(spec.kind, lines) for name, spec in COLUMNS.items() if not spec.derived}
    for name, values in columns.items():
        table[name] = np.asarray(values, table[name].dtype)
    frame = pd.DataFrame({name: pd.Series(values, dtype=values.dtype) for name, values in table.items()})
    return Universe(frame, (), (), dict.fromkeys(columns, "file"), DAY, np.arange(lines))


def one_by_one(valued: cf.Valued) -> np.ndarray:
    """Return the yield of each quoted line, solved alone."""
    flows, found = valued.flows, np.full(valued.yield_.size, np.nan)
    edges = np.concatenate(([0], np.cumsum(flows.payments())))
    for row in np.flatnonzero(valued.yield_source == "quote"):
        part = slice(edges[row], edges[row + 1])
        freq = float(flows.frequency[row])
        times, cash = flows.times[part], flows.cash[part]
        found[row] = cf.yield_to_maturity(times, cash, valued.dirty[row], freq, simple_last=True)
    return found


def main() -> int:
    """Run, print the table, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--lines", type=int, default=9295)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    universe, tenors = market(options.lines), np.array([1.0, 10.0])
    curves = cf.CurveSet(DAY, {"notes.AAA": cf.Curve("notes.AAA", DAY, tenors, np.array([0.018, 0.022]))})
    ours, theirs, worst = [], [], 0.0
    for _ in range(options.repeats):
        start = time.perf_counter()
        valued = cf.value_universe(universe, DAY, curves=curves)
        middle = time.perf_counter()
        alone = one_by_one(valued)
        ours.append(middle - start)
        theirs.append(time.perf_counter() - middle)
        worst = max(worst, float(np.nanmax(np.abs(alone - valued.yield_))))
    ratio = statistics.median(ours) / statistics.median(theirs)
    result = {
        "lines": options.lines, "payments": int(valued.flows.line.size), "ours_s": statistics.median(ours),
        "one_by_one_s": statistics.median(theirs), "ratio": ratio, "worst_difference": worst,
    }  # fmt: skip
    print(" ".join(f"{name}={value:.4g}" for name, value in result.items()))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1), encoding="utf-8")
    return 0 if ratio <= TARGET and worst <= 1e-9 else 1


if __name__ == "__main__":
    sys.exit(main())
