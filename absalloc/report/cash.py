"""The cash of a book before and after a shock, as columns of a chart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from absalloc.report.charts import Stack
from absalloc.report.words import say, shown


def payment_charts(item: Mapping[str, Any], lang: str) -> tuple[tuple[Stack, ...], tuple[Stack, ...]]:
    """Return columns of cash a quarter, before and after the shock; the last column is all that comes later."""
    found: tuple[dict[str, list[float]], dict[str, list[float]]] = ({}, {})
    for month in item["payments"]:
        label = say("later", lang) if month["month"] is None else _quarter(month["month"])
        for place, suffix in enumerate(("", "_after")):
            total = found[place].setdefault(label, [0.0, 0.0])
            total[0] += month[f"principal{suffix}"]
            total[1] += month[f"interest{suffix}"]
    before, after = (
        tuple(Stack(label, p, i, shown(p + i, "yuan", lang)) for label, (p, i) in part.items()) for part in found
    )
    return before, after


def _quarter(month: str) -> str:
    return f"{month[:4]} Q{(int(month[5:]) - 1) // 3 + 1}"
