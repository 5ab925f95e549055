"""Published Mann-Whitney figures: R's wilcox.test as scipy's tests quote it, and the table of 1947."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from oracle_cases import compare_case, find

from absalloc.study.market import mann_whitney


def _small(inputs: dict[str, Any]) -> dict[str, tuple[float, float]]:
    return {
        f"alternative={alternative}|method={method}": mann_whitney(
            inputs["x"], inputs["y"], alternative=alternative, method=method
        )
        for alternative in ("two-sided", "less", "greater")
        for method in ("asymptotic", "exact")
    }


def _ties(inputs: dict[str, Any]) -> dict[str, list[float]]:
    found = [mann_whitney(inputs["x"], y) for y in inputs["y_variants"]]
    return {"U": [u for u, _ in found], "p": [p for _, p in found]}


def _thirty(inputs: dict[str, Any]) -> dict[str, float]:
    x, y = inputs["x"], inputs["y"]
    return {
        "U_xy": mann_whitney(x, y)[0],
        "U_yx": mann_whitney(y, x)[0],
        "less_xy": mann_whitney(x, y, alternative="less")[1],
        "less_yx": mann_whitney(y, x, alternative="less")[1],
        "greater_xy": mann_whitney(x, y, alternative="greater")[1],
        "two_sided": mann_whitney(x, y)[1],
    }


def _at_most(n: int, m: int, k: int) -> float:
    """P(U <= k): the exact one-sided p of any arrangement of m against n numbers with U = k."""
    wins = [min(n, max(0, k - n * step)) for step in range(m)]  # how many of 1..n each x exceeds
    x = [win + 0.5 + 0.001 * position for position, win in enumerate(wins)]
    u, p = mann_whitney(x, list(range(1, n + 1)), alternative="less", method="exact")
    assert u == k
    return p


def _table_1947(_: dict[str, Any]) -> dict[str, dict[str, list[float]]]:
    lengths = {3: (3, 4, 6), 4: (3, 5, 7, 9)}
    return {
        f"n={n}": {f"m={m}": [_at_most(n, m, k) for k in range(count)] for m, count in enumerate(counts, 1)}
        for n, counts in lengths.items()
    }


HANDLERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "MW-01": _small,
    "MW-03": _ties,
    "MW-05": lambda inputs: [mann_whitney(c["x"], c["y"], alternative=c["alternative"]) for c in inputs["cases"]],
    "MW-07": _thirty,
    "MW-08": _table_1947,
}
COVERED = frozenset(HANDLERS)


@pytest.mark.oracle
@pytest.mark.real
@pytest.mark.parametrize("case_id", sorted(HANDLERS))
def test_published_rank_test(shared: Path, case_id: str) -> None:
    case = find(shared, case_id)
    compare_case(case, HANDLERS[case_id](case["inputs"]))
