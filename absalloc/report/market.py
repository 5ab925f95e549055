"""Market statistics as plain data, tables and a workbook."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from absalloc.messages import render
from absalloc.report.files import json_text, table, write_all
from absalloc.report.words import DASH, name, say, shown
from absalloc.report.workbook import Column, Sheets
from absalloc.study.market import MarketStatistics

SCHEMA = "absalloc.market/1"
_MIX = (Column("count", "count"), Column("yuan", "yuan"), Column("share", "ratio"), Column("unknown_yuan", "count"))
_RANGE = (Column("min", "ratio"), Column("max", "ratio"), Column("mean", "ratio"))
TABLES: Mapping[str, tuple[Column, ...]] = {
    "coupons": (Column("asset_type"), Column("term"), Column("count", "count"), *_RANGE),
    "levels": (
        Column("rating"), Column("count", "count"), Column("mean", "bp"), Column("median", "bp"),
        Column("stdev", "bp"), Column("cv", "grade"), Column("level_difference", "bp"),
    ),
    "pairs": (
        Column("better"), Column("worse"), Column("n_better", "count"), Column("n_worse", "count"),
        Column("u", "grade"), Column("p", "p"),
    ),
    "subordination": (Column("asset_type"), Column("deals", "count"), *_RANGE, Column("median", "ratio")),
    "ratings": (Column("rating"), *_MIX),
    "sectors": (Column("sector", words="sector"), *_MIX),
    "regions": (Column("region"), *_MIX),
    "turnover": (
        Column("product", words="product"), Column("trades", "count"), Column("traded_yuan", "yuan"),
        Column("opening_yuan", "yuan"), Column("closing_yuan", "yuan"), Column("turnover", "ratio"),
        Column("annualised", "ratio"), Column("unknown_stock", "count"),
    ),
    "plain_summary": (
        Column("product", words="product"), Column("count", "count"), Column("mean", "bp"),
        Column("median", "bp"), Column("positive", "ratio"),
    ),
    "plain": (
        Column("tranche_id"), Column("product", words="product"), Column("bonds", "count"), Column("over_bonds", "bp"),
    ),
}  # fmt: skip
MARKET_FILES = ("market.json", "market.xlsx", *(f"{key}.csv" for key in TABLES))
"""Tables of a market document by key, with the columns that are printed and written."""


def market_json(found: MarketStatistics, sha256: str, lang: str = "en") -> dict[str, Any]:
    """Return the ``absalloc.market/1`` document; null is unknown, ``turnover`` and ``plain`` null where not asked."""
    counts = {
        "no_coupon": found.no_coupon, "no_attachment": found.no_attachment, "trades_left_out": found.trades_left_out,
    }  # fmt: skip
    said = [render(f"report.market_{key}", lang, n=n) for key, n in counts.items() if n]
    said += [] if found.turnover is not None else [say("market_no_turnover", lang)]
    said += [] if found.plain is not None else [say("market_no_plain", lang)]
    return {
        "schema": SCHEMA, "universe_sha256": sha256, "used": found.spreads.used, "left_out": found.spreads.left_out,
        "levels": _records(found.spreads.levels), "pairs": _records(found.spreads.pairs),
        "coupons": _records(found.coupons), "subordination": _records(found.subordination),
        "ratings": _records(found.ratings), "sectors": _records(found.sectors), "regions": _records(found.regions),
        "turnover": None if found.turnover is None else _records(found.turnover),
        "plain": None if found.plain is None else _records(found.plain),
        "plain_summary": None if found.plain is None else _records(plain_summary(found.plain)),
        "missing": counts, "notes": said,
    }  # fmt: skip


def plain_summary(plain: pd.DataFrame) -> pd.DataFrame:
    """Return the spreads over plain bonds by product: count, mean, median, share above 0."""
    groups = plain.groupby("product")["over_bonds"]
    rows = [
        (product, len(s), float(s.mean()), float(s.median()), float((s > 0).mean())) for product, s in groups
    ]  # fmt: skip
    found = pd.DataFrame(rows, columns=["product", "count", "mean", "median", "positive"])
    return found.round(10)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(k): None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}
        for row in frame.to_dict("records")
    ]


def header(column: Column, lang: str) -> str:
    """Return what stands above a column."""
    return say(f"xlsx_{column.key}", lang) + (", bp" if column.unit == "bp" else "")


def printed(value: Any, column: Column, lang: str) -> str:
    """Return one cell for people."""
    if value is None:
        return DASH
    if column.unit == "bp":
        return f"{value * 1e4:,.1f}"
    if column.unit == "p":
        return f"{value:.4g}"
    if column.unit in ("yuan", "count"):
        return f"{value:,.0f}"
    if column.unit != "text":
        return shown(value, column.unit, lang)
    return name(column.words, value, lang) if column.words else str(value)


def write_market_folder(document: Mapping[str, Any], folder: str | Path, lang: str = "en") -> None:
    """Write the document, a CSV a table and a workbook. Raises BadInput where they cannot be written."""
    there = {key: columns for key, columns in TABLES.items() if document[key]}
    contents: dict[str, str | bytes] = {"market.json": json_text(document), "market.xlsx": _workbook(document, lang)}
    for key, columns in there.items():
        contents[f"{key}.csv"] = table([column.key for column in columns], document[key])
    write_all(Path(folder), contents, MARKET_FILES)


def _workbook(document: Mapping[str, Any], lang: str) -> bytes:
    import xlsxwriter

    stream = io.BytesIO()
    with xlsxwriter.Workbook(
        stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        book.set_properties({"created": datetime(2000, 1, 1), "title": document["universe_sha256"]})
        sheets = Sheets(book, lang)
        for key, columns in TABLES.items():
            if document[key]:
                plain = [replace(c, unit="ratio") if c.unit == "bp" else c for c in columns]
                sheets.table(f"market_{key}", plain, document[key])
    return stream.getvalue()
