"""Check: paste, upload or edit a book; verdicts follow, with the lines that fail and the memo to sign."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, ctx, html, no_update

from absalloc.errors import AbsallocError
from absalloc.web.page import books, check_files, earlier
from absalloc.web.page.desks import Desks
from absalloc.web.page.parts import COLUMN, KEPT, beside, book_choice, grid, notice, told, upload
from absalloc.web.page.verdicts import FIELDS, Asked, checked
from absalloc.web.page.words import text

HELD = (
    ("tranche_id", "code", "code"), ("name", "name", "narrow"), ("face", "face", "yuan"),
    ("market_value", "market_value", "yuan"),
    ("verdict", "verdict", "short"), ("rules", "rules_not_passed", "narrow"), ("room", "may_buy", "yuan"),
    ("stop", "stopped_by", "narrow"),
)  # fmt: skip
RULES = (
    ("verdict", "verdict", "short"), ("title", "rule", "wrapped"), ("article", "article", "wrapped"),
    ("group", "group_any", "code"), ("value", "value", "short"), ("limit", "limit", "short"),
    ("headroom", "headroom", "yuan"), ("reason", "reason", "wrapped"),
)  # fmt: skip
"""Tables: field of a row, key of its header, kind."""
MARKED = {
    "getRowStyle": {
        "styleConditions": [
            {"condition": "params.data.level == 'fail'", "style": {"backgroundColor": "#f9dedc"}},
            {"condition": "params.data.level == 'unknown'", "style": {"backgroundColor": "#fdf0cf"}},
        ]
    }
}
Say = Callable[[str], str]


def _columns(columns: Sequence[tuple[str, str, str]], say: Say) -> list[tuple[str, str, str]]:
    return [(field, say(key), kind) for field, key, kind in columns]


def layout(lang: str) -> Any:
    """Return the part of the page."""

    def say(key: str) -> str:
        return text(key, lang)

    body = html.Section(
        [
            html.Div(notice(say("loading")), id="ck-told", role="status", **{"aria-live": "polite"}),
            check_files.bar(lang),
            html.H2(say("the_book")),
            grid("ck-held", _columns(HELD, say), lang, options=MARKED, getRowId="params.data.place"),
            html.H2(say("verdicts")),
            grid("ck-rules", _columns(RULES, say), lang),
        ]
    )
    return html.Div([_side(say, lang), body], className="split")


def _side(say: Say, lang: str) -> Any:
    return html.Aside(
        [
            book_choice("ck-book", lang),
            upload("ck-file", say("upload"), lang),
            dmc.Textarea(
                id="ck-text",
                label=say("paste"),
                placeholder="tranche_id,face",
                minRows=4,
                autosize=True,
                maxRows=10,
                **KEPT,
            ),
            dmc.Group(
                [
                    dmc.Button(say("use_pasted"), id="ck-use", size="xs"),
                    dmc.Button(say("use_shipped"), id="ck-shipped", size="xs", variant="default"),
                    dmc.Button(say("add_row"), id="ck-add", size="xs", variant="default"),
                ],
                mt=8,
            ),
            dmc.Group(
                [
                    dmc.Button(say("headroom_of_lines"), id="ck-room", size="xs", variant="light"),
                ],
                mt=8,
            ),
            *earlier.layout(say, lang),
        ],
        **{"aria-label": say("the_book")},
    )


def callbacks(app: Dash, desks: Desks) -> None:
    """Register what this part answers."""
    _reading(app)
    earlier.callbacks(app)
    check_files.callbacks(app)
    _verdicts(app)


def _reading(app: Dash) -> None:
    """Keep the book that is uploaded, pasted, edited or shipped; it stays with the tab."""

    @app.callback(
        Output("ck-rows", "data"),
        Output("ck-told", "children"),
        Input("ck-file", "contents"),
        Input("ck-use", "n_clicks"),
        Input("ck-shipped", "n_clicks"),
        Input("ck-add", "n_clicks"),
        Input("ck-held", "cellValueChanged"),
        Input("ck-book", "value"),
        State("ck-file", "filename"),
        State("ck-text", "value"),
        State("ck-rows", "data"),
        State("lang", "data"),
    )
    async def read(
        content: str | None,
        use: Any,
        ship: Any,
        add: Any,
        edited: Any,
        book: str,
        name: str | None,
        pasted: str | None,
        kept: Any,
        lang: str | None,
    ) -> Any:
        by = ctx.triggered_id
        try:
            if by == "ck-file" and content:
                rows = await beside(books.uploaded_rows, content, name or "")
            elif by == "ck-use":
                rows = await beside(books.pasted_rows, pasted or "")
            elif by == "ck-add":
                rows = [*(kept or {"rows": []})["rows"], {"tranche_id": "", "face": None, "market_value": None}]
            elif by == "ck-held":
                rows = _edited(kept["rows"], edited)
            elif by != "ck-shipped" and kept and kept["book"] == book:
                return no_update, no_update
            else:
                rows = await beside(books.shipped_rows, book)
        except AbsallocError as error:
            return no_update, told(error, lang or "en")
        return {"book": book, "rows": [{key: row.get(key) for key in FIELDS} for row in rows]}, no_update


def _edited(rows: Sequence[Mapping[str, Any]], changes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with the cells that were edited; the place of a row is its id in the table."""
    found = [dict(row) for row in rows]
    for change in changes:
        place = int(change["rowId"])
        found[place] = {**found[place], **{key: change["data"].get(key) for key in FIELDS}}
    return found


def _verdicts(app: Dash) -> None:
    """Verdicts follow the book."""

    @app.callback(
        Output("ck-held", "rowData"),
        Output("ck-rules", "rowData"),
        Output("ck-told", "children", allow_duplicate=True),
        Input("ck-rows", "data"),
        Input("ck-before", "data"),
        Input("ck-room", "n_clicks"),
        State("lang", "data"),
        prevent_initial_call="initial_duplicate",
    )
    async def verdicts(kept: Any, before: Any, _: Any, lang: str | None) -> Any:
        if not kept or lang is None:
            return no_update, no_update, no_update
        asked = Asked(kept["book"], kept["rows"], earlier.rows_before(kept["book"], before))
        try:
            return await beside(checked, asked, lang, ctx.triggered_id == "ck-room")
        except AbsallocError as error:
            return [{**row, "place": str(n)} for n, row in enumerate(kept["rows"])], [], told(error, lang)

    @app.callback(Output("ck-held", "defaultColDef"), Input("lang", "data"))
    def editable(_: Any) -> Any:
        editable = {"function": f"{list(FIELDS)}.includes(params.colDef.field)"}
        return {**COLUMN, "editable": editable}
