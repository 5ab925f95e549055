"""The folder of a stress: JSON, tables, workbook and page, all from the one document."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from absalloc.report.files import findings_csv, json_text, table, write_all
from absalloc.report.words import say

STRESS_FILES = (
    "stress.json", "scenarios.csv", "lines.csv", "findings.csv", "payments.csv", "report.html", "report.xlsx",
    "report.pdf",
)  # fmt: skip
SCENARIOS = (
    "scenario", "book", "value_before", "value_after", "gain", "rate", "spread", "life", "loss", "carry",
    "total_return", "nav_after", "wal_before", "wal_after", "duration_before", "duration_after", "redeemed", "unpaid",
    "compliant", "breaks_month", "breaks_date", "breaks_rule", "break_even_spread",
)  # fmt: skip
LINES = (
    "scenario", "book", "tranche_id", "face", "value_before", "value_after", "rate", "spread", "life", "loss",
    "carry", "total", "wal_before", "wal_after", "duration_before", "duration_after",
)  # fmt: skip
PAYMENTS = (
    "scenario", "book", "month", "interest", "principal", "interest_after", "principal_after",
)  # fmt: skip
TEXT = ("scenario", "book", "breaks_rule", "tranche_id", "month", "compliant")
YEARS = ("wal_before", "wal_after", "duration_before", "duration_after")


def scenario_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one row a scenario and book: value, parts, lives, compliance, the first hard rule to break."""
    return [_row(item) for item in document["scenarios"]]


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    breaks = item["breaks"] or {"month": None, "date": None, "rule": None}
    drift = {
        f"{short}_{when}": item["sleeve"][column][when]
        for short, column in (("wal", "wal"), ("duration", "modified_duration"))
        for when in ("before", "after")
    }
    return {
        "scenario": item["scenario"]["name"], "book": item["book"], "value_before": item["value"]["before"],
        "value_after": item["value"]["after"], "gain": item["gain"], **item["parts"],
        "total_return": item["total_return"], "nav_after": item["nav"]["after"], **drift,
        "redeemed": item["redemption"]["asked"], "unpaid": item["redemption"]["unpaid"],
        "compliant": item["compliant"], "breaks_month": breaks["month"], "breaks_date": breaks["date"],
        "breaks_rule": breaks["rule"], "break_even_spread": item["break_even_spread"],
    }  # fmt: skip


def _parts(document: Mapping[str, Any], key: str) -> Iterator[dict[str, Any]]:
    for item in document["scenarios"]:
        for part in item[key]:
            yield {"scenario": item["scenario"]["name"], "book": item["book"], **part}


def write_stress_folder(document: Mapping[str, Any], folder: str | Path, lang: str = "en") -> None:
    """Write a stress; ``document`` is its JSON in the language of the page. Raises BadInput where it cannot be."""
    from absalloc.report.html import stress_html

    findings = [finding for item in document["scenarios"] for finding in item["findings"]]
    contents: dict[str, str | bytes] = {
        "stress.json": json_text(document),
        "scenarios.csv": table(SCENARIOS, scenario_rows(document)),
        "lines.csv": table(LINES, _parts(document, "lines")),
        "payments.csv": table(PAYMENTS, _parts(document, "payments")),
        "findings.csv": findings_csv(findings),
        "report.html": stress_html(document, lang),
        "report.xlsx": _workbook(document, lang),
    }
    write_all(Path(folder), contents, STRESS_FILES)


def _workbook(document: Mapping[str, Any], lang: str) -> bytes:
    """Return the tables as sheets of one workbook; the same input gives the same bytes."""
    import xlsxwriter

    from absalloc.report.workbook import FINDINGS as FINDING_COLUMNS
    from absalloc.report.workbook import Column, Sheets, flat

    def columns(names: tuple[str, ...]) -> list[Column]:
        return [Column(n, _unit(n)) for n in names]

    stream = io.BytesIO()
    with xlsxwriter.Workbook(
        stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        day = datetime.combine(date.fromisoformat(document["as_of"]), datetime.min.time())
        book.set_properties({"created": day, "title": say("title_stress", lang, book=document["mandate"])})
        sheets = Sheets(book, lang)
        sheets.table("scenarios", columns(SCENARIOS), scenario_rows(document))
        sheets.table("stress_lines", columns(LINES), list(_parts(document, "lines")))
        sheets.table("payments", columns(PAYMENTS), list(_parts(document, "payments")))
        findings = [flat(finding) for item in document["scenarios"] for finding in item["findings"]]
        sheets.table("findings", FINDING_COLUMNS, findings)
    return stream.getvalue()


def _unit(name: str) -> str:
    if name in TEXT:
        return "text"
    units = {"breaks_month": "count", "breaks_date": "date", "break_even_spread": "ratio"}
    return "years" if name in YEARS else units.get(name, "yuan")
