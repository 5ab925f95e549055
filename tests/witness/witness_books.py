"""From a prepared book to what the slow checker reads, and what the two say side by side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from slow_checker import Key, Said, SlowBook, check

from absalloc.compliance.check import check_books
from absalloc.rows import BookState

ROOT = Path(__file__).resolve().parents[2]


def rulebook(name: str) -> Mapping[str, Any]:
    """The YAML of a shipped rulebook, every scalar a text."""
    text = (ROOT / "constraints" / f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # type: ignore[no-any-return]


def lines_of(state: BookState) -> dict[str, dict[str, Any]]:
    """The universe by code; what is missing is None."""
    columns = {name: state.universe.column(name).tolist() for name in map(str, state.universe.table.columns)}
    clean = {name: [None if v is None or v != v else v for v in values] for name, values in columns.items()}
    return {code: {name: values[row] for name, values in clean.items()} for row, code in enumerate(clean["tranche_id"])}


def slow(state: BookState, mandate: Mapping[str, Any], lines: Mapping[str, Any], day: date) -> dict[Key, Said]:
    """What the slow checker says of a book under all its rulebooks."""
    tables = {name: _rows(frame) for name, frame in state.lists.items()}
    book = SlowBook(mandate, day, lines, state.held, state.before, state.book_value, tables)
    found: dict[Key, Said] = {}
    for name in mandate["rulebooks"]:
        found |= check(rulebook(name), book)
    return found


def fast(state: BookState) -> dict[Key, Said]:
    """What the package says of the same book, its two readings of the rules agreeing."""
    found = {}
    for item in check_books([state]):
        said = Said(item.verdict, item.value, item.limit, item.headroom, item.cause)
        found[item.rule, item.group, item.sense] = said
    return found


def _rows(frame: Any) -> list[dict[str, Any]]:
    return [{str(k): _cell(v) for k, v in row.items()} for row in frame.to_dict("records")]


def _cell(value: Any) -> str | None:
    return None if value is None or value != value or not str(value).strip() else str(value).strip()


def differences(one: Mapping[Key, Said], other: Mapping[Key, Said]) -> list[tuple[Any, ...]]:
    """Every rule and group of which the two do not say the same, to the last digit."""
    return [
        (key, one.get(key), other.get(key)) for key in sorted({*one, *other}, key=str) if one.get(key) != other.get(key)
    ]
