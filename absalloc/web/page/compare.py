"""Compare: urban-investment, credit and enterprise ABS like for like, under scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from absalloc.errors import AbsallocError
from absalloc.web.page import figures
from absalloc.web.page.desks import Desks, mandate_of, universe
from absalloc.web.page.parts import beside, book_choice, grid, notice, scenario_choice, told
from absalloc.web.page.words import text

if TYPE_CHECKING:
    from dash import Dash

FIELDS = (
    "capacity_yuan",
    "carry_yuan",
    "carry_bp",
    "duration",
    "stressed_loss_yuan",
    "stressed_loss_bp",
    "leave_one_out_yuan",
    "leave_one_out_bp",
)
SECONDS = 60.0


def layout(lang: str) -> Any:
    """Return the part of the page."""
    import dash_mantine_components as dmc
    from dash import dcc, html

    def say(key: str) -> str:
        return text(key, lang)

    columns = [
        ("sector", say("sector"), "long"),
        *((f, say(f), "whole" if f.endswith("_yuan") else "yuan") for f in FIELDS),
    ]
    side = html.Aside(
        [
            book_choice("cp-book", lang),
            scenario_choice("cp-scenario", say("scenario_all"), lang),
            dmc.Button(say("compare"), id="cp-go", size="xs", mt=12),
            html.P(say("compare_takes"), className="soft"),
        ],
        **{"aria-label": say("compare")},
    )
    body = html.Section(
        [
            dcc.Loading(
                html.Div(notice(say("ready_to_compare")), id="cp-told", role="status", **{"aria-live": "polite"})
            ),
            html.Figure(
                [
                    html.Figcaption(say("compare_chart")),
                    dcc.Graph(id="cp-chart", figure=figures.empty(), config={"displayModeBar": False}),
                ]
            ),
            grid("cp-sectors", columns, lang, few=True),
            html.Div(id="cp-drivers"),
        ]
    )
    return html.Div([side, body], className="split")


def callbacks(app: Dash, desks: Desks) -> None:
    """Register what this part answers."""
    from dash import Input, Output, State, no_update

    @app.callback(
        Output("cp-told", "children"),
        Output("cp-chart", "figure"),
        Output("cp-sectors", "rowData"),
        Output("cp-drivers", "children"),
        Input("cp-go", "n_clicks"),
        State("cp-book", "value"),
        State("cp-scenario", "value"),
        State("lang", "data"),
        prevent_initial_call=True,
        running=[(Output("cp-go", "disabled"), True, False)],
    )
    async def compare(clicks: Any, book: str, scenario: str | None, lang: str | None) -> Any:
        if not clicks or lang is None:
            return (no_update,) * 4
        try:
            return await beside(_compared, book, scenario, lang)
        except AbsallocError as error:
            return told(error, lang), figures.empty(), [], []


def _compared(book: str, scenario: str | None, lang: str) -> tuple[Any, ...]:
    from absalloc.desk import compare
    from absalloc.report.answer import compare_answer
    from absalloc.report.words import BETWEEN, name

    found = compare(universe(), [mandate_of(book)], [scenario] if scenario else (), time_limit=SECONDS)
    item = found.to_json(lang)["mandates"][0]
    rows = [{**part, "sector": name("sector", part["sector"], lang)} for part in item["sectors"]]
    labels = [row["sector"] for row in rows]
    series = {
        text(key, lang): [row[key] for row in rows] for key in ("carry_bp", "stressed_loss_bp", "leave_one_out_bp")
    }
    said = BETWEEN[lang].join([compare_answer(item, lang), *item["notes"], *item["assumptions"]])
    colour = "green" if found.answered else "red"
    return notice(said, colour), figures.grouped(labels, series, text("bp_nav", lang)), rows, _drivers(rows, lang)


def _drivers(rows: list[dict[str, Any]], lang: str) -> list[Any]:
    """Return what each sector was stressed by, in words: too long for a column."""
    from dash import html

    lines = [html.Li([html.Strong(row["sector"]), " ", row["driver_title"]]) for row in rows]
    return [html.H2(text("driver", lang)), html.Ul(lines)]
