"""The folder of a comparison: JSON, tables, workbook and page, all from the one document."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from absalloc.report.files import json_text, table, write_all
from absalloc.report.words import say
from absalloc.report.workbook import Column, Sheets

COMPARE_FILES = ("compare.json", "sectors.csv", "curves.csv", "report.html", "report.xlsx", "report.pdf")
SECTORS = (
    Column("mandate"), Column("sector", words="sector"), Column("status", words="status"),
    Column("capacity_yuan", "yuan"), Column("carry_yuan", "yuan"), Column("carry_bp", "grade"),
    Column("net_carry_yuan", "yuan"), Column("net_carry_bp", "grade"), Column("duration", "years"),
    Column("match", words="match"), Column("driver"), Column("stressed_loss_yuan", "yuan"),
    Column("stressed_loss_bp", "grade"), Column("equal_loss_carry_yuan", "yuan"),
    Column("equal_loss_carry_bp", "grade"), Column("leave_one_out_yuan", "yuan"), Column("leave_one_out_bp", "grade"),
    Column("break_even_bp", "grade"),
)  # fmt: skip
CURVES = (
    Column("mandate"), Column("book", words="sector"), Column("cap", "ratio"), Column("stressed_loss_yuan", "yuan"),
    Column("stressed_loss_bp", "grade"), Column("carry_yuan", "yuan"), Column("carry_bp", "grade"),
    Column("net_carry_yuan", "yuan"), Column("sleeve_yuan", "yuan"), Column("match", words="match"),
    Column("status", words="status"),
)  # fmt: skip


def sector_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one row a mandate and sector."""
    return [{"mandate": item["mandate"], **row} for item in document["mandates"] for row in item["sectors"]]


def curve_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one row a mandate, book and point."""
    return [
        {"mandate": item["mandate"], "book": curve["book"], **point}
        for item in document["mandates"]
        for curve in item["curves"]
        for point in curve["points"]
    ]


def write_compare_folder(document: Mapping[str, Any], folder: str | Path, lang: str = "en") -> None:
    """Write a comparison; ``document`` is its JSON in the language of the page. Raises BadInput where it cannot be."""
    from absalloc.report.html import compare_html

    contents: dict[str, str | bytes] = {
        "compare.json": json_text(document),
        "sectors.csv": table([column.key for column in SECTORS], sector_rows(document)),
        "report.html": compare_html(document, lang),
        "report.xlsx": _workbook(document, lang),
    }
    points = curve_rows(document)
    if points:
        contents["curves.csv"] = table([column.key for column in CURVES], points)
    write_all(Path(folder), contents, COMPARE_FILES)


def _workbook(document: Mapping[str, Any], lang: str) -> bytes:
    """Return the tables as sheets of one workbook; the same input gives the same bytes."""
    import xlsxwriter

    stream = io.BytesIO()
    with xlsxwriter.Workbook(
        stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        day = datetime.combine(date.fromisoformat(document["mandates"][0]["as_of"]), datetime.min.time())
        book.set_properties({"created": day, "title": say("title_compare", lang)})
        sheets = Sheets(book, lang)
        sheets.table("sectors", SECTORS, sector_rows(document))
        points = curve_rows(document)
        if points:
            sheets.table("curves", CURVES, points)
    return stream.getvalue()
