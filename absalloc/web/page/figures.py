"""The charts of the page, drawn by plotly from plain numbers; colours are of Okabe and Ito, as in the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from absalloc.report.charts import COLOURS, FONTS, INK
from absalloc.report.model import ladder_bars, sector_bars

GREEN, ORANGE, GREY = "#009E73", "#E69F00", "#999999"


def sectors(lines: Sequence[Mapping[str, Any]], lang: str) -> Any:
    """Return the shares of sectors and kinds of instrument as bars."""
    return _bars(sector_bars(lines, lang))


def ladder(lines: Sequence[Mapping[str, Any]], lang: str) -> Any:
    """Return the shares of the steps of weighted average life as bars."""
    return _bars(ladder_bars(lines, lang))


def _bars(bars: Sequence[Any]) -> Any:
    import plotly.graph_objects as go

    shown = [bar for bar in bars if bar.value]
    figure = go.Figure(
        go.Bar(
            x=[bar.value for bar in shown],
            y=[bar.label for bar in shown],
            orientation="h",
            text=[bar.text for bar in shown],
            textposition=["outside" if bar.value >= 0 else "none" for bar in shown],
            cliponaxis=False,
            marker_color=[COLOURS[bar.kind] for bar in shown],
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    for bar in shown:
        if bar.value < 0:  # beside its own name there is no room
            figure.add_annotation(x=0, y=bar.label, text=bar.text, xanchor="left", showarrow=False, xshift=4)
    top = max((abs(bar.value) for bar in shown), default=1.0)
    figure.update_xaxes(visible=False, range=[min(0.0, *(b.value for b in shown), 0.0), top * 1.9])
    figure.update_yaxes(autorange="reversed")
    return _plain(figure, 40 + 26 * max(len(shown), 1))


def grouped(names: Sequence[str], series: Mapping[str, Sequence[float | None]], title: str) -> Any:
    """Return columns side by side: one group a name, one colour a series."""
    import plotly.graph_objects as go

    colours = [COLOURS["sleeve"], ORANGE, GREEN, COLOURS["owed"], GREY]
    figure = go.Figure(
        [
            go.Bar(name=label, x=list(names), y=list(values), marker_color=colours[place % len(colours)])
            for place, (label, values) in enumerate(series.items())
        ]
    )
    figure.update_layout(barmode="group", yaxis_title=title, legend={"orientation": "h", "y": 1.12})
    return _plain(figure, 320)


def _plain(figure: Any, height: int) -> Any:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="white",
        plot_bgcolor="white",
        font={"family": FONTS, "size": 12, "color": INK},
    )
    figure.update_yaxes(automargin=True)
    figure.update_xaxes(automargin=True)
    return figure
