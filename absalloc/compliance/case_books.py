"""From a case to a book: its universe of a few lines, its mandate, its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from absalloc.compliance.case_files import NULLS, Case, Cases, case_day
from absalloc.errors import BadInput
from absalloc.mandate import LoadedMandate, Mandate
from absalloc.rows.state import BookState
from absalloc.rulebook.active import resolve
from absalloc.rulebook.load import Rulebook
from absalloc.terms import COLUMNS, Column
from absalloc.units import fifteen
from absalloc.universe import Universe, derive
from absalloc.universe.model import NUMBER_KINDS, as_series, column_spec, empty_column
from absalloc.universe.values import read_column
from absalloc.where import Where
from absalloc.yamlpos import Document, validate

DIRTY = "dirty_price"
BESIDE = ("face", "before", "book_value", "breach_since", "in_universe")
"""Keys of a line that are not facts of the universe. ``in_universe: false`` is a holding no file knows."""
_DIRTY = Column(kind="price", high=1000.0)


def case_book(cases: Cases, case: Case, index: int) -> BookState:
    """Return the book of a case. Raises BadInput at the line of a value that cannot be read."""
    place = cases.document.where("cases", index, "lines")
    day = case_day(cases, case)
    lines = [_merged(cases.file.defaults.line, line) for line in case.lines]
    mandate = case_mandate(cases, case, index)
    return book_of(lines, mandate, day, books=(cases.book,), lists=case.lists, where=place)


def book_of(
    lines: Sequence[Mapping[str, Any]],
    mandate: LoadedMandate,
    day: date,
    *,
    books: tuple[Rulebook, ...] | None = None,
    lists: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    where: Where | None = None,
) -> BookState:
    """Return the book that holds ``lines``: facts of the vocabulary as texts, and the keys of ``BESIDE``.

    ``face`` is what is held in yuan of original face (none: the line is in the universe only); where any line
    has ``before``, so has the book. Raises BadInput for an unknown column and an unreadable value.
    """
    where = where or Where("<lines>")
    universe = universe_of([line for line in lines if line.get("in_universe") != "false"], day, where)
    amounts = {key: {_code(line, where): _money(line[key], where) for line in lines if line.get(key) is not None}
               for key in ("face", "before", "book_value")}  # fmt: skip
    since = {_code(line, where): date.fromisoformat(line["breach_since"]) for line in lines if line.get("breach_since")}
    frames = {name: pd.DataFrame([dict(row) for row in rows], dtype=object) for name, rows in (lists or {}).items()}
    return BookState(
        mandate=mandate, rules=resolve(mandate, day, books=books), universe=universe, as_of=day,
        held={code: face for code, face in amounts["face"].items() if face},
        before=amounts["before"] or None, book_value=amounts["book_value"], breach_since=since, lists=frames,
    )  # fmt: skip


def universe_of(lines: Sequence[Mapping[str, Any]], day: date, where: Where | None = None) -> Universe:
    """Return the universe of lines given as texts, derived on ``day``; a derived fact that a line gives wins."""
    where = where or Where("<lines>")
    names = [name for name in dict.fromkeys(n for line in lines for n in line) if name not in BESIDE]
    plain = [name for name in COLUMNS if not COLUMNS[name].derived]
    given = {name: _column(name, [line.get(name) for line in lines], where) for name in names}
    columns = {**{name: empty_column(COLUMNS[name].kind, len(lines)) for name in plain}, **given}
    table = pd.DataFrame({name: as_series(values) for name, values in columns.items()})
    universe = Universe(table, (), (), dict.fromkeys(given, "file"), day, np.arange(len(lines)))
    derived = derive(universe, day)
    for name in names:
        if name in COLUMNS and COLUMNS[name].derived:
            known = ~pd.isna(given[name])
            derived.table.loc[known, name] = given[name][known]
    return derived


def case_mandate(cases: Cases, case: Case, index: int) -> LoadedMandate:
    """Return the mandate of a case: the file's defaults with the case's own keys laid over them."""
    merged = _deep(cases.file.defaults.mandate, case.mandate)
    if case.elsewhere:
        merged["elsewhere"] = {**merged.get("elsewhere", {}), **case.elsewhere}
    merged.setdefault("name", "case")
    merged["rulebooks"] = [cases.book.id]
    own: tuple[str | int, ...] = ("cases", index, "mandate")
    model: Mandate = validate(Mandate, cases.document, merged, own if case.mandate else ("defaults", "mandate"))
    return LoadedMandate(model, cases.name, cases.folder, cases.document)


def mandate_of(data: Mapping[str, Any], document: Document | None = None) -> LoadedMandate:
    """Return a mandate given as nested texts, for a book that no file describes."""
    from pathlib import Path

    document = document or Document("<mandate>", dict(data), {})
    model: Mandate = validate(Mandate, document, dict(data))
    return LoadedMandate(model, document.name, Path.cwd(), document)


def _merged(defaults: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line over the defaults; an empty value takes a default away."""
    merged = {**defaults, **line}
    return {key: value for key, value in merged.items() if value not in NULLS}


def _deep(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if value in NULLS:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _deep(merged[key], value)
        else:
            merged[key] = value
    return merged


def _code(line: Mapping[str, Any], where: Where) -> str:
    if not line.get("tranche_id"):
        raise BadInput("compliance.case_code", where=where)
    return str(line["tranche_id"])


def _money(value: Any, where: Where) -> Fraction:
    try:
        return Fraction(Decimal(str(value).replace("_", "").replace(",", "")))
    except InvalidOperation:
        raise BadInput("compliance.case_value", where=where, value=value, column="face") from None


def _column(name: str, cells: Sequence[Any], where: Where) -> np.ndarray:
    spec = _DIRTY if name == DIRTY else column_spec(name)
    texts = ["" if cell is None else str(cell) for cell in cells]
    if spec.kind in NUMBER_KINDS:
        return np.array([_number(text, name, where) for text in texts])
    values, problems = read_column(texts, spec, name=name, unit=None)
    if problems:
        raise BadInput("compliance.case_value", where=where, value=problems[0].value, column=name)
    return values


def _number(text: str, name: str, where: Where) -> float:
    if not text:
        return float("nan")
    bare = text.replace("_", "").strip()
    scale = Decimal("0.01") if bare.endswith("%") else Decimal(1)
    try:
        return fifteen(Decimal(bare.removesuffix("%")) * scale)
    except InvalidOperation:
        raise BadInput("compliance.case_value", where=where, value=text, column=name) from None
