"""What the part "Why" of the page looks like: four questions about the answer of What if, one under the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from absalloc.web.page.figures import empty
from absalloc.web.page.parts import grid, notice
from absalloc.web.page.why_far import bar
from absalloc.web.page.words import text

PLAIN = {"displayModeBar": False}
KINDS = ("prices", "curve", "line", "menu")
FEW_ROWS = {"pagination": True, "paginationPageSize": 10, "paginationPageSizeSelector": [10, 50]}
"""Long tables turn over their pages, so that the next question is near."""
Columns = tuple[tuple[str, str, str], ...]
PRICES: Columns = (
    ("title", "rule", "long"), ("limit", "limit", "text"), ("notch", "why_notch", "text"),
    ("looser_bp", "why_looser_bp", "yuan"), ("looser_yuan", "why_looser_yuan", "whole"),
    ("tighter_bp", "why_tighter_bp", "yuan"), ("tighter_yuan", "why_tighter_yuan", "whole"),
    ("gone_bp", "why_gone_bp", "yuan"), ("gone_yuan", "why_gone_yuan", "whole"), ("then", "why_then", "long"),
)  # fmt: skip
"""Fields of a row, keys of their headers, kinds."""
ENDS: Columns = (("binds_from", "why_binds_from", "text"), ("feasible_to", "why_feasible_to", "text"))
POINTS: Columns = (
    ("limit", "limit", "text"), ("carry", "carry", "whole"), ("bp", "carry_bp", "yuan"),
    ("binding", "why_moves", "long"),
)  # fmt: skip
CHOICES: Columns = (
    ("name", "why_choice", "text"), ("carry", "carry", "whole"), ("gives_up", "why_gives_up", "yuan"),
    ("overlap", "why_overlap", "ratio"), ("names", "lines", "whole"), ("cash", "why_cash", "ratio"),
    ("repo", "why_repo", "ratio"), ("duration", "duration", "yuan"), ("wal", "wal", "yuan"),
)  # fmt: skip


def layout(lang: str) -> Any:
    """Return the part of the page."""
    about = html.Div(notice(text("loading", lang)), id="wy-about", role="status", **{"aria-live": "polite"})
    parts = [_prices(lang), _curve(lang), _line(lang), _menu(lang)]
    return html.Div([about, *parts, dcc.Store(id="wy-book")], className="why")


def columns(wanted: Columns, lang: str) -> list[tuple[str, str, str]]:
    """Return the columns of a table with their headers in words."""
    return [(field, text(key, lang), kind) for field, key, kind in wanted]


def price_columns(*, ends: bool, lang: str) -> Any:
    """Return the columns of the price list, with where each limit starts and stops to bind or without."""
    wanted = (*PRICES[:3], *(ENDS if ends else ()), *PRICES[3:])
    return grid("", columns(wanted, lang), lang, few=True).columnDefs


def _part(kind: str, lang: str, controls: Sequence[Any], body: Sequence[Any]) -> Any:
    """Return one question: its title, what is chosen, how far the answer is, and the answer."""
    told = html.Div(id=f"wy-{kind}-told", role="status", **{"aria-live": "polite"})
    return html.Section(
        [
            html.H2(text(f"why_{kind}", lang)),
            html.P(text(f"why_{kind}_hint", lang), className="soft"),
            dmc.Group(list(controls), align="flex-end", gap="sm"),
            *bar(kind),
            dcc.Loading(
                html.Div([told, *body]),
                overlay_style={"visibility": "visible", "opacity": 0.45},
                delay_show=200,
                type="default",
            ),
            dcc.Store(id=f"wy-{kind}-shown"),
        ],
        **{"aria-label": text(f"why_{kind}", lang)},
    )


def _figure(name: str, caption: str) -> Any:
    return html.Figure([html.Figcaption(caption), dcc.Graph(id=name, figure=empty(), config=PLAIN)])


def _prices(lang: str) -> Any:
    ways = [{"value": way, "label": text(f"why_by_{way}", lang)} for way in ("lp", "whole")]
    controls = [
        dmc.SegmentedControl(id="wy-prices-by", data=ways, value="lp", size="xs"),
        dmc.Checkbox(id="wy-prices-ends", label=text("why_ends", lang), size="xs", mb=6),
    ]
    table = grid("wy-prices", columns(PRICES, lang), lang, few=True, getRowId="params.data.key", options=FEW_ROWS)
    return _part("prices", lang, controls, [_figure("wy-prices-chart", text("why_prices_chart", lang)), table])


def _curve(lang: str) -> Any:
    controls = [
        dmc.Select(id="wy-rule", label=text("why_which_limit", lang), searchable=True, size="xs", w=420, data=[]),
        dmc.NumberInput(id="wy-from", label=text("why_from", lang), min=0, size="xs", w=130, debounce=500),
        dmc.NumberInput(id="wy-to", label=text("why_to", lang), min=0, size="xs", w=130, debounce=500),
        dmc.NumberInput(
            id="wy-points", label=text("why_points", lang), value=12, min=2, max=60, size="xs", w=90, debounce=500
        ),
        html.Span(id="wy-range", className="soft"),
    ]
    body = [
        _figure("wy-curve", text("why_curve_chart", lang)),
        html.Div(id="wy-turns"),
        grid("wy-points-table", columns(POINTS, lang), lang, few=True, options=FEW_ROWS),
    ]
    return _part("curve", lang, controls, body)


def _line(lang: str) -> Any:
    control = dmc.Select(
        id="wy-line", label=text("why_which_line", lang), searchable=True, clearable=True, size="xs", w=420, data=[],
        limit=50,
    )  # fmt: skip
    return _part("line", lang, [control], [])


def _menu(lang: str) -> Any:
    controls = [
        dmc.NumberInput(id="wy-within", label=text("why_within", lang), value=2, min=0.01, size="xs", w=180),
        dmc.NumberInput(id="wy-count", label=text("why_count", lang), value=3, min=2, max=8, size="xs", w=130),
        dmc.Button(text("why_offer", lang), id="wy-menu-go", size="xs"),
    ]
    body = [grid("wy-menu", columns(CHOICES, lang), lang, few=True), html.Div(id="wy-menu-moves")]
    return _part("menu", lang, controls, body)
