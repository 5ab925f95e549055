"""Files as they are written: JSON, tables that Excel opens, folders. Each file is whole or untouched."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from absalloc.errors import BadInput
from absalloc.files import write_atomic
from absalloc.where import Where

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
ANSWERS = ("plan.json", "plans.json", "check.json", "stress.json", "compare.json", "market.json")
"""The document that stands in every folder of an answer."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def check_folder(folder: str | Path, known: Sequence[str] = ()) -> None:
    """Raise BadInput where a folder cannot be made or written, or holds what ``known`` files would take the place of.

    Nothing is left behind.
    """
    if not str(folder):
        raise BadInput("report.out_empty")
    path = Path(folder)
    _nothing_of_others(path, known)
    there = path
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise unwritable(path, error) from None


def write_all(folder: Path, contents: Mapping[str, str | bytes], known: Sequence[str]) -> None:
    """Write each file whole; what is ``known`` and not among ``contents`` is of an earlier run, and removed.

    Raises BadInput, with nothing written, where it is not, and where the folder cannot be written.
    """
    _nothing_of_others(folder, (*contents, *known))
    try:
        for name, content in contents.items():
            write_atomic(folder / name, content)
        for name in known:
            if name not in contents:
                (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from None


def _nothing_of_others(folder: Path, known: Sequence[str]) -> None:
    """Raise BadInput for a folder with a file of a ``known`` name and no document of an earlier run: it is a person's.

    Who writes into the folder of their own data would lose ``holdings.csv`` and ``trades.csv`` to those of the plan.
    """
    there = next((name for name in known if (folder / name).exists()), None)
    if there is not None and not any(_is_answer(folder / name) for name in ANSWERS):
        raise BadInput("report.out_foreign", where=Where(str(folder)), value=str(folder), file=there)


def _is_answer(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return b'"schema": "absalloc.' in stream.read(100)
    except OSError:
        return False


def unwritable(path: Path, error: OSError) -> BadInput:
    """Return the error of a folder or file that cannot be written."""
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
