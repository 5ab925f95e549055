"""Explanations at market size: headroom of every line, conflict with repairs; the price list has bench_prices.py.

    python benchmarks/bench_explain.py [--tranches 9295] [--book bond-fund-open] [--json FILE]

Seconds of this process beside seconds on the clock: the machine may be shared.
"""

from __future__ import annotations

import argparse
import csv
import gc
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

from absalloc.cli.entry import COLLECT

ORIGINATORS = 1600
"""Groups of the worst case: as many caps, of which the sum does not reach what must be held."""
CAPS = """
rulebook: caps
title: {en: "Caps by originator", zh: "发起机构限额"}
modelled: {from: 2020-01-01, verified_until: 2026-11-22}
sources: {minutes: {title: 投资决策委员会纪要, note: "an invented document"}}
sets: {abs: {product: [credit_abs, enterprise_abs, abn, insurance_plan]}}
names: {abs: {en: "asset-backed securities", zh: "资产支持证券"}}
rules:
  - id: originator-cap
    kind: share
    title: {en: "ABS of one originator, share of NAV", zh: "单一发起机构资产支持证券占净值"}
    source: {document: minutes, article: "1", ref: minutes, confidence: text_seen}
    where: {in_set: abs}
    measure: market_value
    by: originator
    of: nav
    max: 0.04%
    level: hard
  - id: abs-floor
    kind: share
    title: {en: "ABS, share of NAV", zh: "资产支持证券占净值"}
    source: {document: minutes, article: "2", ref: minutes, confidence: text_seen}
    where: {in_set: abs}
    measure: market_value
    of: nav
    min: 80%
    level: hard
"""
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
    from absalloc.explain import headroom
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
    yield from of_conflicts("wealth-closed-18m", broken, 0.1)
    wide = planning(Book(aa.load_universe([folder / "wide.csv"]), aa.load_mandate(str(folder / "wide.yaml"))))
    yield from of_conflicts(f"{ORIGINATORS} originators", wide, 2.0)


def of_conflicts(name: str, case: Any, target: float) -> Iterator[Figure]:
    """Yield the figures of a book without a plan: from nothing, and from the plan that fails at hand."""
    from absalloc.explain.conflicts import conflicts, conflicts_in
    from absalloc.explain.model import Model

    model = Model(case.state, case.settings)
    yield timed(f"{name}: the plan that fails", None, lambda: model.base)[0]
    rows = model.base.program.problem.m
    figure, _ = timed(f"{name}: conflict, sets alone, verified", target, lambda: conflicts_in(model, repairs=False))
    yield noted(figure, f"{rows} rows, from the plan that fails")
    figure, found = timed(f"{name}: conflict, repairs and carry after them", 2.0, lambda: conflicts_in(model))
    if found.status != "infeasible" or not found.sets or not all(item.verified for item in found.sets):
        raise SystemExit(f"no verified conflict: {found.status}")
    yield noted(figure, f"{[item.rules for item in found.sets]}, from the plan that fails")
    yield timed(f"{name}: the same from nothing", None, lambda: conflicts(case.state, case.settings))[0]


def widened(folder: Path) -> None:
    """Write the market with ``ORIGINATORS`` originators of ABS, and a closed product that must hold much of each."""
    with (folder / "market.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    abs_lines = [row for row in rows if row["product"] in ("credit_abs", "enterprise_abs", "abn", "insurance_plan")]
    for number, row in enumerate(abs_lines):
        row["originator"] = f"SYN发起机构{number % ORIGINATORS:04d}"
    with (folder / "wide.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (folder / "caps.yaml").write_text(CAPS, encoding="utf-8")
    text = (folder / "wealth-closed-18m.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("rulebooks: [wealth-closed]", "rulebooks: [wealth-closed, caps.yaml]"),
        ("mode: offered", "mode: strategic"),
        ("nav: {value: 3000000000", "nav: {value: 10000000000"),
    ):
        if old not in text:
            raise SystemExit(f"the example mandate has no {old!r} any more")
        text = text.replace(old, new)
    (folder / "wide.yaml").write_text(text, encoding="utf-8")


def main() -> int:
    """Print the figures, write JSON if asked, return the exit code."""
    gc.set_threshold(*COLLECT)  # as the command line does
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tranches", type=int, default=TRANCHES)
    parser.add_argument("--book", default="bond-fund-open")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        market(Path(name), options.tranches)
        widened(Path(name))
        found = list(figures(Path(name), options.book))
    return finish(found, options.json)


if __name__ == "__main__":
    sys.exit(main())
