"""What if: move a limit, see the new optimum, what binds, and what it costs; the whole-lot plan follows."""

from __future__ import annotations

import asyncio
from typing import Any

from dash import ALL, MATCH, ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from absalloc.errors import AbsallocError
from absalloc.web.page import answers
from absalloc.web.page.desks import Desks
from absalloc.web.page.here import HERE, Here
from absalloc.web.page.parts import beside, told, values_of
from absalloc.web.page.whatif_layout import layout

__all__ = ["callbacks", "layout"]
SETTLE = 0.8
"""Seconds without a newer question after which the plan in whole lots is made."""


NUMBER = {"part": "number", "knob": ALL}
OTHERS = ("wi-off", "wi-barred")
TYPED = (Input(NUMBER, "value"), *(Input(name, "value") for name in OTHERS))
TYPED_OUT = tuple(Output(name, "value", allow_duplicate=True) for name in OTHERS)
"""What a person types here: the knobs, rules left out, lines barred."""


def callbacks(app: Dash, desks: Desks) -> None:
    """Register what this part answers."""
    _choice(app, desks)
    _in_the_browser(app)
    _question(app, desks)
    _afterwards(app, desks)
    _pins(app, desks)


def _choice(app: Dash, desks: Desks) -> None:
    """Another book, day or set of rulebooks brings its own fields."""

    @app.callback(
        Output("wi-knobs", "children"),
        Output("wi-off", "data"),
        Output("wi-off", "value"),
        Output("wi-barred", "data"),
        Output("wi-barred", "value"),
        Output("wi-history", "data"),
        Output("wi-books", "data"),
        Output("wi-books", "value"),
        Output("wi-day", "placeholder"),
        Output("wi-told", "children"),
        Input("wi-book", "value"),
        Input("wi-day", "value"),
        Input("wi-books", "value"),
        Input("tab", "data"),
        State("wi-kept", "data"),
        State("lang", "data"),
    )
    async def choose(
        book: str, day: str | None, rulebooks: list[str] | None, tab: str | None, kept: Any, lang: str | None
    ) -> Any:
        if tab is None or lang is None:
            return (no_update,) * 10
        kept = kept or {}
        named = (rulebooks if ctx.triggered_id == "wi-books" else kept.get(f"rulebooks|{book}")) or None
        here = Here(book, day, named, tab, lang)
        try:
            return (*await beside(answers.chosen_fields, desks, here.chosen, kept, lang), no_update)
        except AbsallocError as error:
            return ([], [], [], [], [], [], no_update, no_update, no_update, told(error, lang))


def _in_the_browser(app: Dash) -> None:
    """Fields and sliders agree, and undo works, without asking the server."""
    app.clientside_callback(
        ClientsideFunction("page", "twins"),
        Output({"part": "slider", "knob": MATCH}, "value"),
        Output({"part": "number", "knob": MATCH}, "value"),
        Input({"part": "slider", "knob": MATCH}, "value"),
        Input({"part": "number", "knob": MATCH}, "value"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("page", "undo"),
        Output(NUMBER, "value", allow_duplicate=True),
        *TYPED_OUT,
        Output("wi-history", "data", allow_duplicate=True),
        Input("wi-undo", "n_clicks"),
        Input("wi-reset", "n_clicks"),
        State("wi-history", "data"),
        State(NUMBER, "id"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("page", "remember"),
        Output("wi-history", "data", allow_duplicate=True),
        Output("wi-kept", "data"),
        *TYPED,
        State(NUMBER, "id"),
        State("wi-book", "value"),
        State("wi-day", "value"),
        State("wi-books", "value"),
        State("wi-history", "data"),
        State("wi-kept", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("page", "repair"),
        Output(NUMBER, "value", allow_duplicate=True),
        Output("wi-off", "value", allow_duplicate=True),
        Input({"part": "repair", "knob": ALL, "to": ALL}, "n_clicks"),
        State(NUMBER, "id"),
        State("wi-off", "value"),
        prevent_initial_call=True,
    )


def _question(app: Dash, desks: Desks) -> None:
    """Every move of a field is a question; only the newest is answered."""
    app.clientside_callback(
        ClientsideFunction("page", "again"),
        Input("wi-missed", "data"),
        State("wi-off", "value"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("wi-told", "children", allow_duplicate=True),
        Output("wi-tiles", "children"),
        Output("wi-sectors", "figure"),
        Output("wi-ladder", "figure"),
        Output("wi-rules", "rowData"),
        Output("wi-changed", "rowData"),
        Output("wi-held", "rowData"),
        Output("wi-asked", "data"),
        Output("wi-missed", "data"),
        *TYPED,
        State("wi-missed", "data"),
        State(NUMBER, "id"),
        *HERE,
        prevent_initial_call=True,
    )
    async def ask(
        values: list[Any], off: list[str], barred: list[str], missed: Any, ids: list[Any], *given: Any
    ) -> Any:
        here = Here(*given)
        if not values or here.chosen is None:
            return (no_update,) * 9
        named = list(here.chosen.rulebooks)
        said = {"values": values_of(ids, values), "off": off or [], "barred": barred or [], "rulebooks": named}
        try:
            found = await beside(answers.asked, desks, here.chosen, said, here.lang)
        except AbsallocError as error:
            # Nothing of the answer before stays beside an error, and no file of it may be taken for this question's.
            return (*answers.nothing(told(error, here.lang or "en"), here.lang or "en"), None, no_update)
        # The browser takes only the answer of its newest question. If that was overtaken here by an older one, it is
        # asked once more: else what is shown would stay behind what the fields say.
        return (*(no_update,) * 8, (missed or 0) + 1) if found is None else (*found, no_update)


def _afterwards(app: Dash, desks: Desks) -> None:
    """Once no newer question comes, the plan in whole lots and the scenario follow."""

    @app.callback(
        Output("wi-plan", "children"),
        Output("wi-repairs", "children"),
        Input("wi-asked", "data"),
        *HERE,
        prevent_initial_call=True,
    )
    async def follow(said: Any, *given: Any) -> Any:
        here = Here(*given)
        if not said or here.chosen is None:
            return [], []
        await asyncio.sleep(SETTLE)
        try:
            return await beside(answers.planned, desks, here.chosen, said, here.lang)
        except AbsallocError as error:
            return told(error, here.lang or "en"), []

    @app.callback(
        Output("wi-stressed", "children"),
        Input("wi-asked", "data"),
        Input("wi-scenario", "value"),
        *HERE,
        prevent_initial_call=True,
    )
    async def stress(said: Any, scenario: Any, *given: Any) -> Any:
        here = Here(*given)
        if not said or not scenario or here.chosen is None:
            return []
        await asyncio.sleep(SETTLE)
        try:
            return await beside(answers.stressed, desks, here.chosen, said, scenario, here.lang)
        except AbsallocError as error:
            return told(error, here.lang or "en")


def _pins(app: Dash, desks: Desks) -> None:
    """Pinned variants stay side by side."""

    @app.callback(
        Output("wi-variants", "data"),
        Input("wi-pin", "n_clicks"),
        State("wi-asked", "data"),
        State("wi-variants", "data"),
        *HERE,
        prevent_initial_call=True,
    )
    async def pin(clicks: int, said: Any, pinned: Any, *given: Any) -> Any:
        here = Here(*given)
        if not said or not clicks or here.chosen is None:
            return no_update
        return [*(pinned or []), await beside(answers.pinned, desks, here.chosen, said, here.lang)]

    @app.callback(Output("wi-pins", "rowData"), Input("wi-variants", "data"))
    def show(pinned: Any) -> Any:
        return [{**item, "name": f"{place}. {item['name']}"} for place, item in enumerate(pinned or [], start=1)]
