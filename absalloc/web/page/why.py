"""Why: the prices of rules, carry against one limit, one line, near-best portfolios; all of the what-if as it stands.

Each question is asked anew once What if, or what it is asked with, has changed; of one kind only the newest counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update

from absalloc.errors import AbsallocError
from absalloc.web.page import figures
from absalloc.web.page import why_answers as answers
from absalloc.web.page.desks import Chosen, Desks
from absalloc.web.page.here import HERE, Here
from absalloc.web.page.parts import beside, notice, told
from absalloc.web.page.why_far import progress, running
from absalloc.web.page.why_layout import KINDS, layout, price_columns
from absalloc.web.page.why_line import line as line_answer
from absalloc.web.page.why_runs import Runs, Superseded
from absalloc.web.page.words import text

__all__ = ["callbacks", "layout"]
NOW = (Input("tabs", "value"), Input("wi-asked", "data"))
"""What every question waits for: that somebody looks, and an answer of What if."""


@dataclass(frozen=True)
class Look:
    """Who looks at what: the part that is open, what What if was asked, and what is chosen there."""

    part: str
    said: Mapping[str, Any] | None
    here: Here

    @property
    def open(self) -> bool:
        """Whether there is somebody to answer, and something to explain."""
        return self.part == "why" and bool(self.said) and self.here.chosen is not None

    @property
    def lang(self) -> str:
        """The language of the page."""
        return self.here.lang or "en"

    @property
    def chosen(self) -> Chosen:
        """What is looked at, once the part is open."""
        assert self.here.chosen is not None
        return self.here.chosen

    def key(self, *asked: Any) -> str:
        """Return what an answer is the answer to; two of one key are the same."""
        said = {name: value for name, value in (self.said or {}).items() if name != "version"}
        return json.dumps([self.here.book, self.here.day, self.here.rulebooks, self.lang, said, asked], sort_keys=True)

    def question(self, runs: Runs, kind: str) -> answers.Question:
        """Return the newest question of its kind."""
        return answers.Question(self.chosen, self.said or {}, self.lang, runs.start(str(self.here.tab), kind))


def callbacks(app: Dash, desks: Desks) -> None:
    """Register what this part answers."""
    runs = Runs()
    _about(app, desks)
    _prices(app, desks, runs)
    _curve(app, desks, runs)
    _line(app, desks, runs)
    _menu(app, desks, runs)
    for kind in KINDS:
        progress(app, runs, kind)


def _look(values: tuple[Any, ...]) -> Look:
    part, said, *here = values
    return Look(part, said, Here(*here))


async def _worked(count: int, work: Callable[..., Any], *given: Any, **more: Any) -> Any:
    """Run work beside the loop; what a newer question has overtaken changes nothing on the page (``count`` outputs)."""
    try:
        return await beside(lambda: work(*given, **more))
    except Superseded:
        return (no_update,) * count


def _about(app: Dash, desks: Desks) -> None:
    """Say what is explained, and offer what there is to choose from; what is chosen stays where the book has it."""

    @app.callback(
        Output("wy-about", "children"),
        Output("wy-rule", "data"),
        Output("wy-rule", "value"),
        Output("wy-line", "data"),
        Output("wy-book", "data"),
        *NOW,
        State("wy-rule", "value"),
        State("wy-book", "data"),
        *HERE,
    )
    async def about(part: str, said: Any, rule: str | None, known: Any, *here: Any) -> Any:
        look = _look((part, said, *here))
        if not look.open:
            missing = look.part == "why" and not look.said
            return text("why_no_answer", look.lang) if missing else no_update, *(no_update,) * 4
        try:
            words = await beside(answers.about, desks, look.chosen, said, look.lang)
            state = await beside(answers.state_of, desks, look.chosen, said)
        except AbsallocError as error:
            return told(error, look.lang), *(no_update,) * 4
        found = answers.limits(state, look.lang)
        mine = [item["value"] for item in found]
        if known == mine:
            return words, *(no_update,) * 4
        keep = no_update if rule in mine else next(iter(mine), None)
        return words, found, keep, answers.lines(look.lang), mine


def _prices(app: Dash, desks: Desks, runs: Runs) -> None:
    @app.callback(
        Output("wy-prices-told", "children"),
        Output("wy-prices-chart", "figure"),
        Output("wy-prices", "rowData"),
        Output("wy-prices", "columnDefs"),
        Output("wy-prices-shown", "data"),
        *NOW,
        Input("wy-prices-by", "value"),
        Input("wy-prices-ends", "checked"),
        State("wy-prices-shown", "data"),
        *HERE,
        running=running("prices"),
    )
    async def prices(part: str, said: Any, by: str, ends: Any, shown: Any, *here: Any) -> Any:
        look = _look((part, said, *here))
        key = look.key(by, bool(ends))
        if not look.open or key == shown:
            return (no_update,) * 5
        question, columns = look.question(runs, "prices"), price_columns(ends=bool(ends), lang=look.lang)
        try:
            found = await _worked(3, answers.prices, desks, question, whole=by == "whole", ends=bool(ends))
        except AbsallocError as error:
            return told(error, look.lang), figures.empty(), [], columns, key
        return (no_update,) * 5 if found[0] is no_update else (*found, columns, key)

    @app.callback(
        Output("wy-rule", "value", allow_duplicate=True),
        Input("wy-prices", "cellClicked"),
        State("wy-rule", "data"),
        prevent_initial_call=True,
    )
    def chosen(clicked: Any, there: Any) -> Any:
        name = (clicked or {}).get("rowId")
        return name if name in [item["value"] for item in there or []] else no_update


def _curve(app: Dash, desks: Desks, runs: Runs) -> None:
    @app.callback(
        Output("wy-curve-told", "children"),
        Output("wy-curve", "figure"),
        Output("wy-turns", "children"),
        Output("wy-points-table", "rowData"),
        Output("wy-range", "children"),
        Output("wy-curve-shown", "data"),
        *NOW,
        Input("wy-rule", "value"),
        Input("wy-from", "value"),
        Input("wy-to", "value"),
        Input("wy-points", "value"),
        State("wy-rule", "data"),
        State("wy-curve-shown", "data"),
        *HERE,
        running=running("curve"),
    )
    async def curve(
        part: str, said: Any, rule: Any, low: Any, high: Any, points: Any, there: Any, shown: Any, *here: Any
    ) -> Any:
        look = _look((part, said, *here))
        key = look.key(rule, low, high, points)
        if not look.open or key == shown or rule not in [item["value"] for item in there or []]:
            return (no_update,) * 6
        wanted = answers.Curve(rule, low, high, points)
        try:
            found = await _worked(5, answers.curve, desks, look.question(runs, "curve"), wanted)
        except AbsallocError as error:
            return told(error, look.lang), figures.empty(), [], [], no_update, key
        return (no_update,) * 6 if found[0] is no_update else (*found, key)

    # The ends are numbers in the unit of one limit: they mean nothing for another.
    @app.callback(
        Output("wy-from", "value"), Output("wy-to", "value"), Input("wy-rule", "value"), prevent_initial_call=True
    )
    def afresh(_: Any) -> Any:
        return "", ""


def _line(app: Dash, desks: Desks, runs: Runs) -> None:
    @app.callback(
        Output("wy-line-told", "children"),
        Output("wy-line-shown", "data"),
        *NOW,
        Input("wy-line", "value"),
        State("wy-line-shown", "data"),
        *HERE,
        running=running("line"),
    )
    async def line(part: str, said: Any, code: Any, shown: Any, *here: Any) -> Any:
        look = _look((part, said, *here))
        key = look.key(code)
        if not look.open or key == shown:
            return (no_update,) * 2
        question = look.question(runs, "line")
        if not code:
            return notice(text("why_choose_line", look.lang)), key
        try:
            found = await _worked(1, line_answer, desks, question, code)
        except AbsallocError as error:
            return told(error, look.lang), key
        return (no_update,) * 2 if isinstance(found, tuple) else (found, key)


def _menu(app: Dash, desks: Desks, runs: Runs) -> None:
    @app.callback(
        Output("wy-menu-told", "children"),
        Output("wy-menu", "rowData"),
        Output("wy-menu-moves", "children"),
        Output("wy-menu-shown", "data"),
        *NOW,
        Input("wy-menu-go", "n_clicks"),
        State("wy-within", "value"),
        State("wy-count", "value"),
        State("wy-menu-shown", "data"),
        *HERE,
        running=running("menu"),
    )
    async def menu(part: str, said: Any, clicks: Any, within: Any, count: Any, shown: Any, *here: Any) -> Any:
        look = _look((part, said, *here))
        key = look.key()
        pressed = ctx.triggered_id == "wy-menu-go" and bool(clicks)
        if not look.open or (key == shown and not pressed):
            return (no_update,) * 4
        question = look.question(runs, "menu")
        if (
            not pressed
        ):  # another book than that of the answer shown: it is asked for again by hand, for it takes a while
            return notice(text("why_press_offer", look.lang)), [], [], key
        try:
            found = await _worked(3, answers.menu, desks, question, within, count)
        except AbsallocError as error:
            return told(error, look.lang), [], [], key
        return (no_update,) * 4 if found[0] is no_update else (*found, key)
