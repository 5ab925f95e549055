"""What the what-if part of the page looks like: fields on the left, the answer on the right."""

from __future__ import annotations

from typing import Any

from absalloc.web.page.parts import book_choice, grid, notice
from absalloc.web.page.words import text

PLAIN = {"displayModeBar": False}


def layout(lang: str) -> Any:
    """Return the part of the page: fields on the left, answer on the right."""
    import dash_mantine_components as dmc
    from dash import dcc, html

    from absalloc.stress import shipped_scenarios

    def say(key: str) -> str:
        return text(key, lang)

    changed = [("tranche_id", say("code"), "text"), ("was", say("was"), "yuan"), ("face", say("becomes"), "yuan")]
    held = [
        ("tranche_id", say("code"), "text"),
        ("name", say("name"), "text"),
        ("face", say("face"), "yuan"),
        ("market_value", say("market_value"), "yuan"),
        ("weight", say("weight"), "ratio"),
        ("carry_rate", say("carry_rate"), "ratio"),
        ("wal", say("wal"), "yuan"),
    ]
    rules = [
        ("title", say("rule"), "text"),
        ("group", say("group"), "text"),
        ("value", say("value"), "text"),
        ("limit", say("limit"), "text"),
        ("room", say("room"), "yuan"),
        ("binds", say("binds"), "text"),
    ]
    pinned = [
        ("name", say("variant"), "text"),
        ("value", say("carry"), "yuan"),
        ("bp", say("bp_nav"), "yuan"),
        ("lines", say("lines"), "text"),
        ("what", say("what_changed"), "text"),
        ("binding", say("binds"), "text"),
    ]
    side = html.Aside(
        [
            book_choice("wi-book", lang),
            dmc.DateInput(
                id="wi-day",
                label=say("day"),
                clearable=True,
                size="sm",
                valueFormat="YYYY-MM-DD",
                persistence=True,
                persistence_type="session",
            ),
            dmc.Select(
                id="wi-scenario",
                label=say("scenario"),
                data=list(shipped_scenarios()),
                clearable=True,
                searchable=True,
                size="sm",
            ),
            dmc.NumberInput(id="wi-nav", label=say("nav"), min=0, size="sm", thousandSeparator=",", debounce=300),
            dmc.MultiSelect(
                id="wi-off", label=say("off"), data=[], value=[], searchable=True, size="sm", clearable=True
            ),
            dmc.MultiSelect(
                id="wi-barred",
                label=say("barred"),
                data=[],
                value=[],
                searchable=True,
                size="sm",
                clearable=True,
                limit=50,
            ),
            dmc.Group(
                [
                    dmc.Button(say("undo"), id="wi-undo", variant="default", size="xs"),
                    dmc.Button(say("reset"), id="wi-reset", variant="default", size="xs"),
                    dmc.Button(say("pin"), id="wi-pin", size="xs"),
                ],
                mt=10,
                mb=10,
            ),
            html.Div(id="wi-knobs"),
        ],
        **{"aria-label": say("knobs")},
    )
    answer = html.Section(
        [
            html.Div(notice(say("loading")), id="wi-told", role="status", **{"aria-live": "polite"}),
            html.Div(id="wi-tiles"),
            html.Div(id="wi-plan", role="status", **{"aria-live": "polite"}),
            html.Div(id="wi-repairs"),
            html.Div(id="wi-stressed", role="status", **{"aria-live": "polite"}),
            html.Div(
                [
                    html.Figure([html.Figcaption(say("by_sector")), dcc.Graph(id="wi-sectors", config=PLAIN)]),
                    html.Figure([html.Figcaption(say("by_life")), dcc.Graph(id="wi-ladder", config=PLAIN)]),
                ],
                className="pair",
            ),
            html.H2(say("rules_at_limit")),
            grid("wi-rules", rules, lang),
            html.H2(say("variants")),
            grid("wi-pins", pinned, lang, options={"pagination": False}),
            html.H2(say("changed")),
            grid("wi-changed", changed, lang),
            html.H2(say("held")),
            grid("wi-held", held, lang),
        ]
    )
    stores = [
        dcc.Store(id=name, storage_type=kind)
        for name, kind in (("wi-asked", "memory"), ("wi-history", "memory"), ("wi-variants", "session"))
    ]
    return html.Div([side, answer, *stores], className="split")
