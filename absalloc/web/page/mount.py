"""Puts the page onto the server: one Dash application on the server's own FastAPI."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from absalloc.web.page import check, compare, plan_files, rebalance, rules, whatif, why
from absalloc.web.page.desks import Desks, own
from absalloc.web.page.words import language, text

if TYPE_CHECKING:
    from dash import Dash
    from fastapi import FastAPI

PARTS: dict[str, Any] = {
    "whatif": whatif, "why": why, "check": check, "rebalance": rebalance, "compare": compare, "rules": rules
}  # fmt: skip
TABS = tuple(PARTS)
# Dash asks for plotly, the greatest script by far, only when a chart is to be drawn. Named here, the browser
# compiles it beside the others, and Dash takes what is there.
INDEX = """<!DOCTYPE html>
<html lang="en">
<head>{%metas%}<meta name="viewport" content="width=device-width, initial-scale=1">
<title>absalloc</title>{%favicon%}{%css%}
<script async src="/_dash-component-suites/plotly/package_data/plotly.min.js"></script></head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body>
</html>"""


def mount(api: FastAPI) -> Dash:
    """Return the page, served at the root of ``api``; nothing in it comes from another host."""
    import dash

    # The scripts of a page are those of the libraries known when it is first asked for.
    import dash_ag_grid  # noqa: F401
    import dash_mantine_components  # noqa: F401
    from dash import Dash

    app = Dash(
        __name__,
        server=api,
        backend="fastapi",
        serve_locally=True,
        suppress_callback_exceptions=True,
        index_string=INDEX,
        update_title="",
        title="absalloc",
        use_async=True,
    )
    app.layout = _frame
    desks = Desks()
    app.callback(dash.Output("page", "children"), dash.Output("lang", "data"), dash.Input("address", "search"))(_page)
    app.clientside_callback(
        dash.ClientsideFunction("page", "tab"),
        dash.Output("tab", "data"),
        dash.Input("address", "pathname"),
        dash.State("tab", "data"),
    )
    for name in TABS[1:]:
        app.callback(
            dash.Output(f"panel-{name}", "children"),
            dash.Input("tabs", "value"),
            dash.State(f"panel-{name}", "children"),
            dash.State("lang", "data"),
        )(partial(_opened, name))
    for part in (whatif, plan_files, why, check, rebalance, compare, rules):
        part.callbacks(app, desks)
    return app


def _first(name: str, lang: str) -> Any:
    """Return what a part shows before it is opened: the first is open, the others are made when somebody looks."""
    return PARTS[name].layout(lang) if name == TABS[0] else None


def _opened(name: str, tab: str, there: Any, lang: str | None) -> Any:
    from dash import no_update

    return no_update if there or tab != name or lang is None else PARTS[name].layout(lang)


def _frame() -> Any:
    """Return what is there before the language is known: the address, the name of the tab, and room for the page."""
    import dash_mantine_components as dmc
    from dash import dcc, html

    return dmc.MantineProvider(
        [
            dcc.Location(id="address", refresh=False),
            dcc.Store(id="tab", storage_type="session"),
            dcc.Store(id="lang"),
            dcc.Store(id="ck-rows", storage_type="session"),
            dcc.Store(id="ck-before", storage_type="session"),
            html.Div(html.P("Loading… 正在载入……", role="status"), id="page"),
        ],
        theme={
            "primaryColor": "blue",
            "primaryShade": 9,
            "fontFamily": "'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif",
        },
        forceColorScheme="light",
    )


def _page(search: str | None) -> tuple[Any, str]:
    import dash_mantine_components as dmc
    from dash import html

    lang = language(search)
    other = "en" if lang == "zh" else "zh"
    head = html.Header(
        [
            html.H1("absalloc"),
            html.P(text("lead_own" if own() else "lead", lang)),
            html.A(text("other_language", lang), href=f"?lang={other}", id="language", lang=other),
        ]
    )
    tabs = dmc.Tabs(
        [
            dmc.TabsList([dmc.TabsTab(text(f"tab_{name}", lang), value=name) for name in TABS]),
            *(dmc.TabsPanel(html.Div(_first(name, lang), id=f"panel-{name}"), value=name, pt=14) for name in TABS),
        ],
        value=TABS[0],
        id="tabs",
        keepMounted=True,
        persistence=True,
        persistence_type="session",
    )
    return html.Main([head, tabs], lang="zh-CN" if lang == "zh" else "en"), lang
