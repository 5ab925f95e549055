"""The folder of an answer: JSON, tables that Excel opens, certificate, page. Each file is whole or untouched."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absalloc.errors import BadInput
from absalloc.files import write_atomic
from absalloc.where import Where

if TYPE_CHECKING:
    from absalloc.compliance.result import Findings
    from absalloc.mandate import LoadedMandate
    from absalloc.plan.result import Plan
    from absalloc.report.view import BookView
    from absalloc.universe import Universe

PLAN_FILES = (
    "plan.json", "holdings.csv", "trades.csv", "findings.csv", "certificate.json", "report.html", "report.xlsx",
    "memo.html", "abs-held.csv",
)  # fmt: skip
CHECK_FILES = ("check.json", "findings.csv", "report.html", "report.xlsx", "memo.html", "abs-held.csv")
ABS_HELD = ("rank", "top_ten", "tranche_id", "name", "market_value", "weight")
HOLDINGS = (
    "tranche_id", "face", "market_value", "name", "product", "sector", "rating", "principal", "weight", "carry_rate",
    "yield_source", "wal", "modified_duration",
)  # fmt: skip
TRADES = ("date", "tranche_id", "side", "face", "market_value", "cost")
FINDINGS = (
    "book", "rule", "title", "group", "reading", "scenario", "date", "verdict", "value", "limit", "sense", "strict",
    "unit", "headroom", "numerator", "denominator", "level", "cause", "cure_by", "reason",
)  # fmt: skip
SOURCE = ("document", "title", "article", "ref", "confidence", "article_confirmed")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def check_folder(folder: str | Path) -> None:
    """Raise BadInput where a folder cannot be made or written; nothing is left behind."""
    path = Path(folder)
    there = path
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise _unwritable(path, error) from None


def write_plan_folder(plan: Plan, document: Mapping[str, Any], folder: str | Path, lang: str = "en") -> None:
    """Write a plan; ``document`` is its JSON in the language of the page.

    Without a plan there are no holdings, trades, memo or certificate, and those of an earlier run are removed.
    Raises BadInput where the folder cannot be written.
    """
    from absalloc.plan.certificate import certificate_bytes
    from absalloc.report.answer import plan_answer
    from absalloc.report.html import plan_html
    from absalloc.report.view import view_of
    from absalloc.report.workbook import workbook

    state = plan.answer.state
    done = document["objective"] is not None and plan.certificate is not None
    view = view_of(state) if done else None
    contents: dict[str, str | bytes] = {
        "plan.json": json_text(document),
        "findings.csv": findings_csv(document["findings"]),
        "report.html": plan_html(plan, document, lang),
        "report.xlsx": workbook(document, view, lang, plan_answer(dict(document), lang)),
    }
    if done and view is not None and plan.certificate is not None:
        contents["holdings.csv"] = table(HOLDINGS, document["holdings"])
        contents["trades.csv"] = table(TRADES, [{"date": document["as_of"], **trade} for trade in document["trades"]])
        contents["certificate.json"] = certificate_bytes(plan.certificate)
        contents |= _signed(document, lang, state.mandate, state.universe, view)
    _write(Path(folder), contents, PLAN_FILES)


def write_check_folder(
    findings: Findings,
    document: Mapping[str, Any],
    folder: str | Path,
    lang: str = "en",
    *,
    asked: tuple[LoadedMandate, Universe, str | None],
) -> None:
    """Write a check; ``asked`` are the mandate, the universe and the name of the holdings.

    Raises BadInput where the folder cannot be written.
    """
    from absalloc.report.answer import check_answer
    from absalloc.report.html import check_html
    from absalloc.report.view import view_of
    from absalloc.report.workbook import workbook

    mandate, universe, holdings = asked
    view = view_of(findings.states[0]) if findings.states else None
    contents: dict[str, str | bytes] = {
        "check.json": json_text(document),
        "findings.csv": findings_csv(document["findings"]),
        "report.html": check_html(document, lang, mandate=mandate, universe=universe, holdings=holdings, view=view),
        "report.xlsx": workbook(document, view, lang, check_answer(dict(document), lang)),
    }
    contents |= _signed(document, lang, mandate, universe, view)
    _write(Path(folder), contents, CHECK_FILES)


def _signed(
    document: Mapping[str, Any], lang: str, mandate: LoadedMandate, universe: Universe, view: BookView | None
) -> dict[str, str | bytes]:
    """Return what people sign or publish: the memo, and the list of ABS where a notice asks for it."""
    from absalloc.report.html import memo_html
    from absalloc.report.memo import memo_of

    memo = memo_of(document, lang, mandate=mandate, universe=universe, view=view)
    contents: dict[str, str | bytes] = {"memo.html": memo_html(memo, lang)}
    if memo.disclosed:
        contents["abs-held.csv"] = table(ABS_HELD, memo.disclosed)
    return contents


def _write(folder: Path, contents: Mapping[str, str | bytes], known: Sequence[str]) -> None:
    try:
        for name, content in contents.items():
            write_atomic(folder / name, content)
        for name in known:
            if name not in contents:
                (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from None


def _unwritable(path: Path, error: OSError) -> BadInput:
    problem = error.strerror or os.strerror(error.errno or 0)
    return BadInput("report.out_unwritable", where=Where(str(path)), value=str(path), problem=problem)


def json_text(document: Mapping[str, Any]) -> str:
    """Return a document as it is printed and written: two blanks of indent, Chinese as it is, a line end."""
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a CSV that Excel opens as it is meant: a byte-order mark, no formulas, numbers as in the JSON."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(row[column]) for column in columns])
    return "\N{BYTE ORDER MARK}" + stream.getvalue()


def cell(value: Any) -> str:
    """Return a value as a cell: empty where unknown, texts never a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(float(value)) if isinstance(value, float) else str(value)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def findings_csv(findings: Sequence[Mapping[str, Any]]) -> str:
    """Return findings as a CSV, one row each, the lines that count as ``code amount`` in one cell."""
    rows = []
    for item in findings:
        lines = "; ".join(f"{line['tranche_id']} {cell(line['contribution'])}".rstrip() for line in item["lines"])
        source = {f"source.{key}": item["source"][key] for key in SOURCE}
        rows.append({**item, **source, "lines": lines})
    return table((*FINDINGS, *(f"source.{key}" for key in SOURCE), "lines"), rows)
