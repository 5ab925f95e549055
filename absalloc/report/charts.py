"""Charts as small static SVG, drawn by matplotlib: no script, no network, sharp in print.

Text stays text, so the reader's browser draws Chinese in its own font. Colours are of Okabe and Ito (2008), which
readers with any colour vision tell apart, and every bar carries its number.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

FONTS = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC','WenQuanYi Micro Hei',sans-serif"
INK, GRID = "#222222", "#d8d8d8"
COLOURS = {"sleeve": "#0072B2", "other": "#999999", "owed": "#D55E00", "added": "#E69F00"}


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its length, the number beside it, and what it is: ``sleeve``, ``other`` or ``owed``."""

    label: str
    value: float
    text: str
    kind: str = "sleeve"


@dataclass(frozen=True)
class Stack:
    """One column of two parts, the lower and the upper, and the number written above it."""

    label: str
    lower: float
    upper: float
    text: str


@dataclass(frozen=True)
class Stacks:
    """Columns in one unit: what stands across and up, what the two parts are called, and how high the chart reaches."""

    columns: tuple[Stack, ...]
    axes: tuple[str, str]
    parts: tuple[str, str]
    top: float


def bars(name: str, title: str, data: Sequence[Bar], axis: str = "") -> str:
    """Return horizontal bars as an SVG element for a page; ``axis`` says what is drawn, and in what unit.

    ``name`` keeps its ids apart from other charts'.

    The same data give the same bytes.
    """
    height = 0.66 + 0.27 * len(data)
    place = (0.24, 0.3 / height, 0.46, 1 - 0.34 / height)
    return drawing(name, title, (6.4, height), place, lambda axes: _draw(axes, data, axis))


@dataclass(frozen=True)
class Curve:
    """One curve: its name and its points (across, up), from left to right."""

    label: str
    points: tuple[tuple[float, float], ...]


def curves(name: str, titles: tuple[str, str, str], data: Sequence[Curve]) -> str:
    """Return curves with a mark at every point, as an SVG element for a page; ``titles``: of all, across and up.

    Each curve has its own mark, so that it reads without colour. The same data give the same bytes.
    """
    return drawing(name, titles[0], (8.4, 4.2), (0.1, 0.14, 0.88, 0.83), lambda axes: _draw_curves(axes, titles, data))


def _draw_curves(axes: Any, titles: tuple[str, str, str], data: Sequence[Curve]) -> None:
    for item, colour, mark in zip(data, (*COLOURS.values(), INK), "osD^v", strict=False):
        across, up = zip(*item.points, strict=True)
        axes.plot(across, up, color=colour, marker=mark, markersize=5, linewidth=1.6, label=item.label)
    axes.set_xlabel(titles[1], color=INK)
    axes.set_ylabel(titles[2], color=INK)
    axes.grid(color=GRID, linewidth=0.6)
    axes.legend(frameon=False, labelcolor=INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def stacks(name: str, title: str, data: Stacks) -> str:
    """Return columns of two parts as an SVG element for a page. The same data give the same bytes."""
    return drawing(name, title, (9.2, 3.2), (0.08, 0.16, 0.91, 0.72), lambda axes: _draw_stacks(axes, data))


def drawing(
    name: str,
    title: str,
    size: tuple[float, float],
    place: tuple[float, float, float, float],
    draw: Callable[[Any], None],
) -> str:
    """Return what ``draw`` puts onto axes at ``place`` as an SVG element for a page; ``size`` in inches."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": f"absalloc-{name}", "font.size": 9.5}
    with mpl.rc_context(settings), warnings.catch_warnings():
        # Only the browser draws glyphs; what matplotlib's own font lacks does not matter.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=size)
        FigureCanvasSVG(figure)
        draw(figure.add_axes(place))
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return inline(stream.getvalue(), title)


def _draw_stacks(axes: Any, data: Stacks) -> None:
    places = list(range(len(data.columns)))
    lower, upper = [item.lower for item in data.columns], [item.upper for item in data.columns]
    axes.bar(places, lower, width=0.7, color=COLOURS["sleeve"], label=data.parts[0])
    axes.bar(places, upper, width=0.7, bottom=lower, color=COLOURS["added"], hatch="///", label=data.parts[1])
    for place, item in zip(places, data.columns, strict=True):
        axes.annotate(
            item.text, (place, item.lower + item.upper), xytext=(0, 2), textcoords="offset points", ha="center",
            va="bottom", color=INK, fontsize=8,
        )  # fmt: skip
    axes.set_xticks(places, [item.label for item in data.columns], color=INK, fontsize=8)
    axes.tick_params(axis="x", length=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.set_xlabel(data.axes[0], color=INK)
    axes.set_ylabel(data.axes[1], color=INK)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.legend(frameon=False, labelcolor=INK, ncols=2, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.1)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.set_ylim(0.0, data.top * 1.08 or 1.0)


def _draw(axes: Any, data: Sequence[Bar], axis: str) -> None:
    places = range(len(data))
    axes.barh(list(places), [bar.value for bar in data], height=0.66, color=[COLOURS[bar.kind] for bar in data])
    for place, bar in zip(places, data, strict=True):
        axes.annotate(
            bar.text, (max(bar.value, 0.0), place), xytext=(4, 0), textcoords="offset points", va="center", color=INK
        )
    axes.set_yticks(list(places), [bar.label for bar in data], color=INK)
    axes.invert_yaxis()
    axes.axvline(0.0, color=INK, linewidth=0.8)
    axes.set_xticks([])
    axes.set_xlabel(axis, color=INK, loc="left", fontsize=8.5)
    axes.tick_params(axis="y", length=0)
    axes.set_frame_on(False)
    low, high = min((bar.value for bar in data), default=0.0), max((bar.value for bar in data), default=0.0)
    axes.set_xlim(min(low, 0.0), max(high, 1e-9))


def standalone(svg: str) -> str:
    """Return the SVG element of a page as a file of its own."""
    names = f'<svg xmlns="http://www.w3.org/2000/svg" style="background:#fff" font-family="{FONTS}"'
    return '<?xml version="1.0" encoding="utf-8"?>\n' + svg.replace("<svg", names, 1) + "\n"


def inline(svg: str, title: str) -> str:
    """Return a drawing of matplotlib as an element of a page: no prologue, no outside names, only ids in use."""
    from html import escape

    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r'\s+xmlns(?::xlink)?="[^"]*"', "", body).replace("xlink:href", "href")
    used = set(re.findall(r"url\(#([^)]+)\)", body)) | set(re.findall(r'href="#([^"]+)"', body))
    body = re.sub(r'\s+id="([^"]*)"', lambda found: found.group(0) if found.group(1) in used else "", body)
    body = re.sub(r"font-family: [^;\"]*", "font-family: inherit", body)
    body = re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"', r"\1", body, count=1)
    said = escape(title, quote=True)
    return body.replace("<svg", f'<svg role="img" aria-label="{said}"', 1).strip()
