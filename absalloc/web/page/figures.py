"""The charts of the page, as plotly draws them, from plain numbers; colours are of Okabe and Ito, as in the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from absalloc.report.charts import COLOURS, FONTS, INK
from absalloc.report.model import ladder_bars, sector_bars

GREEN, ORANGE, GREY = "#009E73", "#E69F00", "#999999"


def sectors(lines: Sequence[Mapping[str, Any]], lang: str) -> dict[str, Any]:
    """Return the shares of sectors and kinds of instrument as bars."""
    return _bars(sector_bars(lines, lang))


def ladder(lines: Sequence[Mapping[str, Any]], lang: str) -> dict[str, Any]:
    """Return the shares of the steps of weighted average life as bars."""
    return _bars(ladder_bars(lines, lang))


def empty() -> dict[str, Any]:
    """Return the room of a chart before there is anything to draw."""
    return plain([], 60, xaxis={"visible": False}, yaxis={"visible": False})


def _bars(bars: Sequence[Any]) -> dict[str, Any]:
    shown = [bar for bar in bars if bar.value]
    if not shown:
        return empty()
    drawn = {
        "type": "bar",
        "x": [bar.value for bar in shown],
        "y": [bar.label for bar in shown],
        "orientation": "h",
        "text": [bar.text for bar in shown],
        "textposition": ["outside" if bar.value >= 0 else "none" for bar in shown],
        "cliponaxis": False,
        "marker": {"color": [COLOURS[bar.kind] for bar in shown]},
        "hovertemplate": "%{y}: %{text}<extra></extra>",
    }
    beside = [  # beside its own name there is no room for the number of a debt
        {"x": 0, "y": bar.label, "text": bar.text, "xanchor": "left", "showarrow": False, "xshift": 4}
        for bar in shown
        if bar.value < 0
    ]
    top = max(abs(bar.value) for bar in shown)
    along = {"visible": False, "range": [min(0.0, *(bar.value for bar in shown)), top * 1.9]}
    down = {"autorange": "reversed", "ticklabelstandoff": 6, "showgrid": False, "zeroline": False}
    return plain([drawn], 40 + 26 * len(shown), xaxis=along, yaxis=down, annotations=beside)


def grouped(names: Sequence[str], series: Mapping[str, Sequence[float | None]], title: str) -> dict[str, Any]:
    """Return columns side by side: one group a name, one colour a series."""
    colours = [COLOURS["sleeve"], ORANGE, GREEN, COLOURS["owed"], GREY]
    drawn = [
        {
            "type": "bar", "name": label, "x": list(names), "y": list(values),
            "marker": {"color": colours[place % len(colours)]},
        }
        for place, (label, values) in enumerate(series.items())
    ]  # fmt: skip
    legend = {"orientation": "h", "y": 1.12}
    return plain(drawn, 320, barmode="group", legend=legend, yaxis={"title": {"text": title}})


def plain(data: list[dict[str, Any]], height: int, **layout: Any) -> dict[str, Any]:
    """Return a figure as plain data: nothing is checked or filled in here, for a slider waits for it."""
    axes = {name: {"automargin": True, **layout.pop(name, {})} for name in ("xaxis", "yaxis")}
    return {
        "data": data,
        "layout": {
            "height": height,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "paper_bgcolor": "white",
            "plot_bgcolor": "white",
            "font": {"family": FONTS, "size": 12, "color": INK},
            **axes,
            **layout,
        },
    }
