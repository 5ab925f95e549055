"""The earlier book of the check: it tells a breach that was bought from one that drifted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dash import Dash, Input, Output, State, ctx, no_update

from absalloc.errors import AbsallocError
from absalloc.web.page import books
from absalloc.web.page.parts import beside, told, upload
from absalloc.web.page.words import text

Say = Callable[[str], str]


def layout(say: Say, lang: str) -> list[Any]:
    """Return the fields: upload, what is pasted, the shipped one, none; and what is used."""
    import dash_mantine_components as dmc
    from dash import html

    return [
        html.H2(say("earlier")),
        html.P(say("earlier_hint"), className="soft"),
        upload("ck-before-file", say("earlier_upload"), lang),
        dmc.Group(
            [
                dmc.Button(say("earlier_pasted"), id="ck-before-use", size="xs", variant="default"),
                dmc.Button(say("use_shipped"), id="ck-before-shipped", size="xs", variant="default"),
                dmc.Button(say("earlier_none"), id="ck-before-none", size="xs", variant="default"),
            ],
            mt=8,
        ),
        html.P(say("earlier_absent"), id="ck-before-said", role="status", className="soft", **{"aria-live": "polite"}),
    ]


def rows_before(book: str, kept: Mapping[str, Any] | None) -> list[dict[str, Any]] | None:
    """Return the rows of the earlier book of ``book``; None where none was given, or one of another book."""
    return list(kept["rows"]) if kept and kept["book"] == book else None


def callbacks(app: Dash) -> None:
    """Register what these fields answer; what was given stays with the tab until another is."""

    @app.callback(
        Output("ck-before", "data"),
        Output("ck-told", "children", allow_duplicate=True),
        Input("ck-before-file", "contents"),
        Input("ck-before-use", "n_clicks"),
        Input("ck-before-shipped", "n_clicks"),
        Input("ck-before-none", "n_clicks"),
        State("ck-before-file", "filename"),
        State("ck-text", "value"),
        State("ck-book", "value"),
        State("lang", "data"),
        prevent_initial_call=True,
    )
    async def read(
        content: str | None,
        _use: Any,
        _ship: Any,
        _none: Any,
        name: str | None,
        pasted: str | None,
        book: str,
        lang: Any,
    ) -> Any:
        by = ctx.triggered_id
        if by is None or (by == "ck-before-file" and not content):
            return no_update, no_update
        try:
            rows, said = await beside(_rows, by, (content or "", name or ""), pasted or "", book)
        except AbsallocError as error:
            return no_update, told(error, lang or "en")
        return None if rows is None else {"book": book, "name": said, "rows": rows}, no_update

    @app.callback(
        Output("ck-before-said", "children"),
        Input("ck-before", "data"),
        Input("ck-book", "value"),
        State("lang", "data"),
    )
    def say(kept: Any, book: str, lang: str | None) -> Any:
        rows = rows_before(book, kept)
        if rows is None:
            return text("earlier_absent", lang or "en")
        return text(
            "earlier_used", lang or "en", name=kept["name"] or text("earlier_pasted_name", lang or "en"), n=len(rows)
        )


def _rows(by: str, sent: tuple[str, str], pasted: str, book: str) -> tuple[list[dict[str, Any]] | None, str]:
    """Return rows and the name of their file, None and nothing where the earlier book is taken away."""
    if by == "ck-before-none":
        return None, ""
    if by == "ck-before-shipped":
        return books.shipped_rows(book, books.BEFORE), f"{book}{books.BEFORE}"
    if by == "ck-before-use":
        return books.pasted_rows(pasted), ""
    return books.uploaded_rows(*sent), sent[1]
