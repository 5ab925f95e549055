"""Cash as columns of a chart: what lines held still pay, and what a shock makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from absalloc.report.charts import Stack, Stacks
from absalloc.report.words import say, yuan_scale

if TYPE_CHECKING:
    from absalloc.report.view import Payment

Column = tuple[str, float, float]
"""Its label, principal and interest, yuan."""


def payment_stacks(payments: Sequence[Payment], lang: str) -> Stacks:
    """Return what is paid in each period: principal below, interest above it, the sum written over both."""
    return _stacks([[(item.period, item.principal, item.interest) for item in payments]], lang)[0]


def payment_charts(item: Mapping[str, Any], lang: str) -> tuple[Stacks, Stacks]:
    """Return cash a quarter before and after a shock, on one scale; the last column is all that comes later."""
    found: tuple[dict[str, list[float]], dict[str, list[float]]] = ({}, {})
    for month in item["payments"]:
        label = say("later", lang) if month["month"] is None else _quarter(month["month"])
        for place, suffix in enumerate(("", "_after")):
            total = found[place].setdefault(label, [0.0, 0.0])
            total[0] += month[f"principal{suffix}"]
            total[1] += month[f"interest{suffix}"]
    before, after = _stacks([[(label, p, i) for label, (p, i) in part.items()] for part in found], lang)
    return before, after


def _stacks(charts: Sequence[Sequence[Column]], lang: str) -> list[Stacks]:
    """Return charts that can be compared: one unit and one height for all of them."""
    most = max((principal + interest for chart in charts for _, principal, interest in chart), default=0.0)
    size, unit = yuan_scale(most, lang)
    axes = (say("axis_period", lang), say("axis_cash", lang, unit=unit))
    parts = (say("payments_principal", lang), say("payments_interest", lang))
    return [
        Stacks(
            tuple(Stack(label, p / size, i / size, f"{(p + i) / size:,.2f}") for label, p, i in chart), axes, parts,
            most / size,
        )
        for chart in charts
    ]  # fmt: skip


def _quarter(month: str) -> str:
    return f"{month[:4]} Q{(int(month[5:]) - 1) // 3 + 1}"
