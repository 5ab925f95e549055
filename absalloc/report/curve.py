"""Carry against stressed loss as a drawing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from absalloc.report.charts import Curve, curves
from absalloc.report.words import name, say


def curve_chart(item: Mapping[str, Any], at: int, lang: str) -> str:
    """Return the curves of one mandate as SVG: carry in bp over stressed loss in bp."""
    data = [
        Curve(
            name("sector", curve["book"], lang),
            tuple(sorted((-point["stressed_loss_bp"], point["carry_bp"]) for point in curve["points"])),
        )
        for curve in item["curves"]
    ]
    titles = (say("head_curve", lang), say("axis_loss", lang), say("axis_carry", lang))
    return curves(f"curve{at}", titles, data)
