"""Small books for the tests of the checkers: rules and lines written in a few words."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from absalloc.compliance.case_books import book_of, mandate_of
from absalloc.compliance.exact import evaluate_exact
from absalloc.compliance.finding import Finding
from absalloc.rows.state import BookState
from absalloc.rulebook.load import Rulebook, load_rulebook

DAY = date(2025, 6, 30)
HEAD = """
rulebook: small
modelled: {from: 2010-01-01, verified_until: 2030-01-01}
sources: {law: {title: A law}}
"""
RULE_HEAD = "title: {en: t, zh: t}, source: {document: law, article: '1', ref: R, confidence: unverified}"
LINE = {"product": "enterprise_abs", "factor": "1", "clean_price": "100", "dirty_price": "100"}


@cache
def rulebook(*rules: str, head: str = "") -> Rulebook:
    """A rulebook of rules written as the inside of a flow mapping."""
    text = HEAD + head + "\nrules:\n" + "".join(f"  - {{{RULE_HEAD}, {rule}}}\n" for rule in rules)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.yaml"
        path.write_text(text, encoding="utf-8")
        return load_rulebook(path)


def line(code: str, face: object = 0, **facts: object) -> dict[str, str]:
    """A line; ``rating_any=AAA`` is the column rating.any, None leaves a default out."""
    named = {key.replace("rating_", "rating.") if key != "rating_date" else key: value for key, value in facts.items()}
    merged: dict[str, Any] = {**LINE, "tranche_id": code, "face": face, **named}
    return {key: str(value) for key, value in merged.items() if value is not None}


def book(
    rules: Rulebook | str,
    lines: Sequence[Mapping[str, str]],
    *,
    day: date = DAY,
    lists: Mapping[str, Iterable[Mapping[str, str]]] | None = None,
    **mandate: Any,
) -> BookState:
    """A book of an open fund of 1,000 yuan, unless ``mandate`` says otherwise."""
    own = rules if isinstance(rules, Rulebook) else rulebook(rules)
    data = {"name": "a", "institution": "public_fund_open", "amounts": {"nav": "1000"}, **mandate}
    data["rulebooks"] = [own.id]
    tables = {name: list(rows) for name, rows in (lists or {}).items()}
    return book_of(lines, mandate_of(data), day, books=(own,), lists=tables)


def findings(rules: Rulebook | str, lines: Sequence[Mapping[str, str]], **more: Any) -> tuple[Finding, ...]:
    return evaluate_exact([book(rules, lines, **more)])


def one(rules: Rulebook | str, lines: Sequence[Mapping[str, str]], **more: Any) -> Finding:
    """The only finding."""
    [found] = findings(rules, lines, **more)
    return found


def by_group(found: Iterable[Finding]) -> dict[str | None, Finding]:
    return {item.group: item for item in found}


def codes(found: Finding) -> list[str]:
    return [reason.code for reason in found.reasons]


def percent(value: object) -> Fraction:
    return Fraction(str(value)) / 100
