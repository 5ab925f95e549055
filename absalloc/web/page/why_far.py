"""How far a long question is, on the page: a bar while it is worked on, gone once it is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from absalloc.web.page.why_runs import Runs
from absalloc.web.page.words import text

if TYPE_CHECKING:
    from dash import Dash


def bar(kind: str) -> list[Any]:
    """Return the room of a bar, and what asks for it while it is shown."""
    from dash import dcc, html

    return [
        html.Div(id=f"wy-{kind}-far", className="far", style={"display": "none"}),
        dcc.Interval(id=f"wy-{kind}-tick", interval=400, disabled=True),
    ]


def running(kind: str) -> list[Any]:
    """While a question is worked on, how far it is is asked for and shown: the ``running`` of its callback."""
    from dash import Output

    return [
        (Output(f"wy-{kind}-tick", "disabled"), False, True),
        (Output(f"wy-{kind}-far", "style"), {"display": "flex"}, {"display": "none"}),
    ]


def progress(app: Dash, runs: Runs, kind: str) -> None:
    """Register what fills the bar."""
    from dash import Input, Output, State, html

    @app.callback(
        Output(f"wy-{kind}-far", "children"),
        Input(f"wy-{kind}-tick", "n_intervals"),
        State("tab", "data"),
        State("lang", "data"),
        prevent_initial_call=True,
    )
    def far(_: Any, tab: str | None, lang: str | None) -> Any:
        found = runs.far(str(tab), kind)
        if found is None:
            return []
        said = text("why_far", lang or "en", done=found.done, total=found.total, what=found.what)
        return [html.Progress(value=str(found.done), max=str(found.total), **{"aria-label": said}), html.Span(said)]
