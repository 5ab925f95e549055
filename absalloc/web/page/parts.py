"""Pieces that several parts of the page share: choices of a book, tables, messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from absalloc.errors import AbsallocError
from absalloc.web.page.books import MOST_BYTES
from absalloc.web.page.choices import scenarios
from absalloc.web.page.desks import books, mandate_of
from absalloc.web.page.words import text

T = TypeVar("T")
NUMBER = {"function": "params.value == null ? '–' : d3.format(',.2f')(params.value)"}
WHOLE = {"function": "params.value == null ? '–' : d3.format(',.0f')(params.value)"}
COLUMN = {
    "sortable": True,
    "filter": True,
    "resizable": True,
    "flex": 1,
    "minWidth": 96,
    "wrapHeaderText": True,
    "autoHeaderHeight": True,
}
"""What holds for every column of a table."""
WIDTHS: dict[str, dict[str, Any]] = {"short": {"minWidth": 84, "flex": 0.6}, "code": {"minWidth": 128}}
KEPT = {"persistence": True, "persistence_type": "session"}
"""A field stays as it is over a reload."""
GRID_WORDS = ("page", "to", "of", "pageSizeSelectorLabel", "noRowsToShow", "filterOoo", "contains", "equals", "blank")
"""Words of the tables themselves."""
PERCENT = {"function": "params.value == null ? '–' : d3.format('.2%')(params.value)"}


def scenario_choice(name: str, label: str, lang: str) -> Any:
    """Return the choice of one of the shipped scenarios, or none; it stays chosen over a reload."""
    import dash_mantine_components as dmc

    return dmc.Select(
        id=name,
        label=label,
        data=scenarios(lang),
        clearable=True,
        searchable=True,
        size="sm",
        placeholder=text("none", lang),
        comboboxProps={"width": 380, "position": "bottom-start"},
        **KEPT,
    )


def upload(name: str, label: str, lang: str) -> Any:
    """Return a button to upload a book with; what is said of a file that is too large to be sent lies hidden in it."""
    from dash import dcc, html

    said = text("upload_large", lang, value="[[name]]", limit=MOST_BYTES // 1_000_000)
    button = html.Button(label, className="upload", type="button", **{"data-most": str(MOST_BYTES), "data-large": said})
    return html.Div(dcc.Upload(button, id=name), className="upload-room")


def book_choice(name: str, lang: str) -> Any:
    """Return the choice of one of the books; it stays chosen over a reload."""
    import dash_mantine_components as dmc

    options = [{"value": book, "label": str(mandate_of(book).name)} for book in books()]
    return dmc.Select(
        id=name,
        data=options,
        value=books()[0],
        label=text("book", lang),
        allowDeselect=False,
        size="sm",
        **KEPT,
    )


def grid(name: str, columns: Sequence[tuple[str, str, str]], lang: str, *, few: bool = False, **more: Any) -> Any:
    """Return a table of ``(field, header, kind)`` columns, its rows to come later; ``nothing`` is said without rows.

    Kinds are ``text``, ``short``, ``code``, ``long``, ``wrapped``, ``narrow``, ``yuan``, ``whole`` and ``ratio``.
    ``few``: no more rows than fit, so that nothing is to be filtered or turned over.
    """
    import dash_ag_grid as dag

    formats = {"yuan": NUMBER, "whole": WHOLE, "ratio": PERCENT}
    defs = []
    for field, header, kind in columns:
        column: dict[str, Any] = {"field": field, "headerName": header, "tooltipField": field}
        column |= WIDTHS.get(kind, {})
        if kind == "narrow":
            column |= {"minWidth": 116, "wrapText": True, "autoHeight": True}
        if kind in ("long", "wrapped"):
            column |= {"flex": 2, "minWidth": 120 if few else 150}
        if kind == "wrapped":
            column |= {"wrapText": True, "autoHeight": True}
        if kind in formats:
            column |= {"valueFormatter": formats[kind], "type": "rightAligned", "tooltipField": None}
            column |= {} if few else {"filter": "agNumberColumnFilter"}
            column |= {"minWidth": 92 if few else 124} if kind in ("yuan", "whole") else {}
        defs.append(column)
    options = {
        "domLayout": "autoHeight",
        "pagination": not few,
        "paginationPageSize": 20,
        "paginationPageSizeSelector": [20, 50, 200],
        "enableCellTextSelection": True,
        "tooltipShowDelay": 300,
        "localeText": {key: text(f"grid_{key}", lang) for key in GRID_WORDS} | _if_said(more.pop("nothing", "")),
        **more.pop("options", {}),
    }
    return dag.AgGrid(
        id=name,
        columnDefs=defs,
        rowData=[],
        defaultColDef={**COLUMN, "filter": not few},
        dashGridOptions=options,
        className="ag-theme-quartz compact",
        **more,
    )


def _if_said(nothing: str) -> dict[str, str]:
    return {"noRowsToShow": nothing} if nothing else {}


def tiles(items: Sequence[tuple[str, str]]) -> Any:
    """Return numbers with their names under them."""
    from dash import html

    return html.Dl(
        [html.Div([html.Dd(value), html.Dt(label)], className="tile") for label, value in items], className="tiles"
    )


def told(error: AbsallocError, lang: str) -> Any:
    """Return an error as a message a person reads: files by their names, not by where they lie on the server."""
    if error.where is not None and error.where.file:
        error.where = replace(error.where, file=Path(error.where.file).name)
    return notice(error.text(lang), "red")


def notice(message: str, colour: str = "blue") -> Any:
    """Return a message; screen readers say it when it changes."""
    import dash_mantine_components as dmc

    return dmc.Alert(message, color=colour, variant="light", className="notice")


async def beside(work: Callable[..., T], *given: Any) -> T:
    """Run work beside the server's loop, so that other pages are answered meanwhile."""
    return await asyncio.to_thread(work, *given)


def values_of(ids: Sequence[Mapping[str, Any]], values: Sequence[Any]) -> dict[str, Any]:
    """Return knob -> number of the fields on the page."""
    return {str(item["knob"]): value for item, value in zip(ids, values, strict=True)}
