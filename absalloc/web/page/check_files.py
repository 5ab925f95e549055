"""The files of the check as the book stands: those of ``absalloc check -o``, and its pages as PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from absalloc.errors import AbsallocError
from absalloc.web.page.desks import universe
from absalloc.web.page.earlier import rows_before
from absalloc.web.page.parts import beside, told
from absalloc.web.page.plan_files import PRINTED, no_pdf, printed, with_pdf
from absalloc.web.page.verdicts import Asked
from absalloc.web.page.words import text

if TYPE_CHECKING:
    from dash import Dash

OFFERED = ("memo.html", "report.html", "report.xlsx")


def bar(lang: str) -> Any:
    """Return the buttons."""
    import dash_mantine_components as dmc
    from dash import dcc, html

    buttons = [
        dmc.Button(
            text(f"file_{name.replace('.', '_')}", lang),
            id={"part": "checked", "name": name},
            size="compact-xs",
            variant="light",
        )
        for name in (*OFFERED, *printed())
    ]
    # Off while one is made: of two files asked for at once only the later would come.
    return html.Fieldset(
        [
            html.Legend(text("files_of_check", lang), className="soft"),
            *buttons,
            *no_pdf(lang),
            dcc.Loading(html.Span(id="ck-making")),
            dcc.Download(id="ck-download"),
        ],
        id="ck-files",
        className="files",
    )


def callbacks(app: Dash) -> None:
    """Register what this part answers."""
    from dash import ALL, Input, Output, State, ctx, dcc, no_update

    @app.callback(
        Output("ck-download", "data"),
        Output("ck-told", "children", allow_duplicate=True),
        Output("ck-making", "children"),
        Input({"part": "checked", "name": ALL}, "n_clicks"),
        State("ck-rows", "data"),
        State("ck-before", "data"),
        State("lang", "data"),
        prevent_initial_call=True,
        running=[(Output("ck-files", "disabled"), True, False)],
    )
    async def download(clicks: Any, kept: Any, before: Any, lang: str | None) -> Any:
        if not any(clicks) or not kept or lang is None or not isinstance(ctx.triggered_id, dict):
            return no_update, no_update, ""
        asked = Asked(kept["book"], kept["rows"], rows_before(kept["book"], before))
        name = ctx.triggered_id["name"]
        try:
            return dcc.send_bytes(await beside(content, asked, name, lang), name), no_update, ""
        except AbsallocError as error:
            return no_update, told(error, lang), ""


def content(asked: Asked, name: str, lang: str) -> bytes:
    """Return one file of the check. Raises BadInput as ``Asked.findings`` and ``pdf_of`` do."""
    from absalloc.report.folder import check_files

    found = asked.findings()
    made = check_files(found, found.to_json(lang), lang, asked=(found.states[0].mandate, universe(), None))
    made = with_pdf(made, name) if name in PRINTED else made
    whole = made[name]
    return whole.encode() if isinstance(whole, str) else whole
