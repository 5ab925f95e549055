"""Curves as drawings: carry against stressed loss, and carry against the limit of one rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from absalloc.report.charts import COLOURS, GRID, INK, Curve, curves, drawing, standalone
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


def frontier_svg(document: Mapping[str, Any], book: str, lang: str) -> str:
    """Return a frontier document as an SVG file; limits without a portfolio leave the curve out."""
    title = say("curve_of", lang, book=book, rule=document["title"])
    return standalone(
        drawing("frontier", title, (8.4, 4.4), (0.12, 0.13, 0.86, 0.77), _frontier(document, title, lang))
    )


def _frontier(document: Mapping[str, Any], title: str, lang: str) -> Callable[[Any], None]:
    scale = 100.0 if document["unit"] == "ratio" else 1.0
    unit = "%" if document["unit"] == "ratio" else name("unit", document["unit"], lang)
    field = "carry_yuan" if any(p["carry_yuan"] is not None for p in document["points"]) else "carry_bp"
    known = [(p["limit"] * scale, p[field]) for p in document["points"] if p[field] is not None]
    ends = [turn["high"] * scale for turn in document["turns"]]

    def draw(axes: Any) -> None:
        if known:
            axes.plot(*zip(*known, strict=True), color=COLOURS["sleeve"], marker="o", markersize=4, linewidth=1.6)
        for place, end in enumerate(ends):
            said = say("curve_turns", lang) if not place else None
            axes.axvline(end, color=COLOURS["added"], linewidth=1.0, linestyle=":", label=said)
        if document["limit"] is not None:
            said = say("curve_written", lang, limit=document["limit_text"])
            axes.axvline(document["limit"] * scale, color=INK, linewidth=1.0, linestyle="--", label=said)
        axes.set_title(title, color=INK, fontsize=10)
        axes.set_xlabel(say("curve_limit", lang, unit=unit), color=INK)
        axes.set_ylabel(say("curve_carry_bp" if field == "carry_bp" else "curve_carry", lang), color=INK)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if abs(value) >= 1 else f"{value:g}")
        axes.grid(color=GRID, linewidth=0.6)
        axes.legend(frameon=False, labelcolor=INK, loc="lower right")
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)

    return draw
