"""The price list at market size: 40 rules, of the LP relaxation and with lots, tickets and at most 60 names.

    python benchmarks/bench_prices.py [--tranches 9295] [--names 60] [--exact] [--json FILE]

The book is the example open fund under its law, the house rules and nine limits of ``desk-limits.yaml``, and a cap on
names. Seconds of this process beside seconds on the clock: the machine may be shared. Some prices are checked against
programs built and solved afresh; ``--exact`` measures break points, pairs and shares with integers too (minutes).
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench_explain import noted, timed
from bench_rows import market
from market_lp import TRANCHES
from table import Figure, finish

HERE = Path(__file__).resolve().parent
LIMITS = "desk-limits.yaml"
RULES = 40
CHECKED = 6
"""Rules whose price without them is checked against a program built afresh."""


def forty(folder: Path, names: int) -> Path:
    """Write the mandate of forty rules beside the market and return its file."""
    shutil.copy(HERE / LIMITS, folder)
    text = (folder / "bond-fund-open.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("rulebooks: [public-fund-open, house]", f"rulebooks: [public-fund-open, house, {LIMITS}]"),
        ("trading: {lot: 100000,", f"trading: {{max_names: {names}, lot: 100000,"),
    ):
        if text.count(old) != 1:
            raise SystemExit(f"bond-fund-open.yaml no longer says {old}")
        text = text.replace(old, new)
    path = folder / "forty.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def figures(folder: Path, names: int, exact: bool) -> Iterator[Figure]:
    """Yield the figures of the book of forty rules."""
    import absalloc as aa
    from absalloc.desk import Book, planning
    from absalloc.explain import attribution, prices

    case = planning(Book(aa.load_universe([folder / "market.csv"]), aa.load_mandate(str(forty(folder, names)))))
    args = (case.state, case.settings)
    figure, table = timed("40 rules: price list, LP", 1.0, lambda: prices(*args, lp=True, pairs=False))
    rules = len({item.rule.id for item in table.prices})
    if table.status != "optimal" or rules < RULES:
        raise SystemExit(f"{table.status}: {rules} rules priced, not {RULES}")
    yield noted(figure, f"{rules} rules, {len(table.prices)} limits; {checked(args, table)}")
    figure, table = timed("40 rules: the same with pairs, LP", None, lambda: prices(*args, lp=True))
    yield noted(figure, f"{len(table.pairs)} pairs")
    both = {"breakpoints": True, "pairs": False}
    yield timed("40 rules: price list with break points, LP", None, lambda: prices(*args, lp=True, **both))[0]
    figure, table = timed(
        f"40 rules: price list, lots and {names} names", 60.0, lambda: prices(*args, pairs=False)
    )  # fmt: skip
    held = sum(1 for item in table.prices if item.removed.worth == "gain")
    yield noted(figure, f"{table.status}, {held} limits cost something")
    yield timed("40 rules: shares by rulebook, LP", None, lambda: attribution(*args))[0]
    if exact:
        yield timed(
            "40 rules: all of it with integers", None, lambda: prices(*args, breakpoints=True, exact=True)
        )[0]  # fmt: skip
        yield timed("40 rules: shares by rulebook, integers", None, lambda: attribution(*args, exact=True))[0]


def checked(args: tuple[Any, Any], table: Any) -> str:
    """Return how far prices are from programs built afresh; stop where that is more than 1e-7 of the objective."""
    from absalloc.explain.model import Change, Model

    model = Model(*args)
    base = model.relaxed()[1].objective
    worst = 0.0
    for item in table.prices[:: max(len(table.prices) // CHECKED, 1)]:
        there = model.relaxed(Change.drop(item.rule.id))[1].objective
        if base is None or there is None or item.removed.gain is None:
            raise SystemExit(f"no optimum without {item.rule.id}")
        worst = max(worst, abs(float(item.removed.gain) / 1e6 - (base - there)) / abs(base))
    if worst > 1e-7:
        raise SystemExit(f"a price is {worst:.1e} of the objective away from a program built afresh")
    return f"within {worst:.0e} of programs built afresh"


def main() -> int:
    """Print the figures, write JSON if asked, return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tranches", type=int, default=TRANCHES)
    parser.add_argument("--names", type=int, default=60)
    parser.add_argument("--exact", action="store_true", help="break points, pairs and shares with integers, too")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        market(Path(name), options.tranches)
        found = list(figures(Path(name), options.names, options.exact))
    return finish(found, options.json)


if __name__ == "__main__":
    sys.exit(main())
