"""``absalloc market``: spreads by rating, and whether the ratings tell them apart."""

from __future__ import annotations

import math
from typing import Any

from absalloc.cli.inputs import Files
from absalloc.cli.shell import Shell

SCHEMA = "absalloc.market/1"


def run_market(shell: Shell, files: Files) -> int:
    """Print levels and rank tests of spreads by rating."""
    from absalloc.study.market import spread_tests

    with shell.step("step_read"):
        universe = files.load()
        found = spread_tests(universe)
    levels, pairs = (_records(frame) for frame in (found.levels, found.pairs))
    shell.document(
        {
            "schema": SCHEMA, "universe_sha256": universe.sha256, "used": found.used, "left_out": found.left_out,
            "levels": levels, "pairs": pairs,
        }
    )  # fmt: skip
    if not shell.as_json:
        _show(shell, levels, pairs)
        shell.answer(shell.text("market_used", used=found.used, left_out=found.left_out))
    return 0


def _records(frame: Any) -> list[dict[str, Any]]:
    """Return the rows as plain data, NaN as null."""
    return [
        {str(k): None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}
        for row in frame.to_dict("records")
    ]


def _show(shell: Shell, levels: list[dict[str, Any]], pairs: list[dict[str, Any]]) -> None:
    from absalloc.cli.tables import simple_table

    def bp(value: float | None) -> str:
        return "–" if value is None else f"{value * 1e4:.1f}"

    rows = [
        (r["rating"], r["count"], *(bp(r[k]) for k in ("mean", "median", "stdev", "level_difference"))) for r in levels
    ]
    heads = [shell.text(f"head_{k}") for k in ("rating", "count", "mean_bp", "median_bp", "stdev_bp", "step_bp")]
    shell.show(simple_table(heads, rows, (1, 2, 3, 4, 5)))
    tests = [
        (f"{r['better']} / {r['worse']}", r["n_better"], r["n_worse"], f"{r['u']:,.1f}", f"{r['p']:.4g}") for r in pairs
    ]
    heads = [shell.text(f"head_{k}") for k in ("pair", "n_better", "n_worse", "u", "p")]
    shell.show("", simple_table(heads, tests, (1, 2, 3, 4)), "")
