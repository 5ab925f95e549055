"""What the what-if part of the page looks like: fields on the left, the answer on the right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from absalloc.web.page.figures import empty
from absalloc.web.page.parts import KEPT, book_choice, grid, notice, scenario_choice
from absalloc.web.page.plan_files import bar
from absalloc.web.page.words import text

PLAIN = {"displayModeBar": False}


Say = Callable[[str], str]
COLUMNS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "changed": (("tranche_id", "code", "text"), ("was", "was", "yuan"), ("face", "becomes", "yuan")),
    "held": (
        ("tranche_id", "code", "text"), ("name", "name", "long"), ("face", "face", "yuan"),
        ("market_value", "market_value", "yuan"), ("weight", "weight", "ratio"), ("carry_rate", "carry_rate", "ratio"),
        ("wal", "wal", "yuan"),
    ),
    "rules": (
        ("title", "rule", "long"), ("group", "group", "text"), ("value", "value", "text"), ("limit", "limit", "text"),
        ("room", "room", "yuan"), ("binds", "binds", "text"),
    ),
    "pinned": (
        ("name", "variant", "text"), ("value", "carry", "yuan"), ("bp", "bp_nav", "yuan"), ("lines", "lines", "text"),
        ("what", "what_changed", "wrapped"), ("binding", "binds", "wrapped"),
    ),
}  # fmt: skip
"""Tables: field of a row, key of its header, kind."""


def layout(lang: str) -> Any:
    """Return the part of the page."""

    def say(key: str) -> str:
        return text(key, lang)

    kinds = (
        ("wi-asked", "memory"),
        ("wi-missed", "memory"),
        ("wi-history", "memory"),
        ("wi-variants", "session"),
        ("wi-kept", "session"),
    )
    stores = [dcc.Store(id=name, storage_type=kind) for name, kind in kinds]
    return html.Div([_side(say, lang), _answer(say, lang), *stores], className="split")


def _columns(name: str, say: Say) -> list[tuple[str, str, str]]:
    return [(field, say(key), kind) for field, key, kind in COLUMNS[name]]


def _side(say: Say, lang: str) -> Any:
    return html.Aside(
        [
            book_choice("wi-book", lang),
            _several("wi-books", say("rulebooks")),
            dmc.SimpleGrid([_day(say), scenario_choice("wi-scenario", say("scenario"), lang)], cols=2, spacing=8),
            dmc.SimpleGrid(
                [
                    _several("wi-off", say("off"), say("none")),
                    _several("wi-barred", say("barred"), say("none"), limit=50),
                ],
                cols=2,
                spacing=8,
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


def _day(say: Say) -> Any:
    return dmc.DateInput(id="wi-day", label=say("day"), clearable=True, size="sm", valueFormat="YYYY-MM-DD", **KEPT)


def _several(name: str, label: str, placeholder: str = "", **more: Any) -> Any:
    return dmc.MultiSelect(
        id=name,
        label=label,
        data=[],
        value=[],
        searchable=True,
        size="sm",
        clearable=True,
        placeholder=placeholder,
        **more,
    )


def _answer(say: Say, lang: str) -> Any:
    return html.Section(
        [
            html.Div(notice(say("loading")), id="wi-told", role="status", **{"aria-live": "polite"}),
            html.Div(id="wi-tiles"),
            html.Div(id="wi-plan", role="status", **{"aria-live": "polite"}),
            html.Div(id="wi-repairs"),
            bar(lang),
            html.Div(id="wi-stressed", role="status", **{"aria-live": "polite"}),
            html.Div(
                [
                    html.Figure(
                        [html.Figcaption(say("by_sector")), dcc.Graph(id="wi-sectors", figure=empty(), config=PLAIN)]
                    ),
                    html.Figure(
                        [html.Figcaption(say("by_life")), dcc.Graph(id="wi-ladder", figure=empty(), config=PLAIN)]
                    ),
                ],
                className="pair",
            ),
            html.H2(say("rules_at_limit")),
            grid("wi-rules", _columns("rules", say), lang),
            html.H2(say("variants")),
            grid("wi-pins", _columns("pinned", say), lang, few=True, nothing=say("nothing_pinned")),
            html.H2(say("changed")),
            grid("wi-changed", _columns("changed", say), lang, nothing=say("nothing_changed")),
            html.H2(say("held")),
            grid("wi-held", _columns("held", say), lang),
        ]
    )
