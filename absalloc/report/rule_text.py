"""One rule as plain data for people: sentence, formula, meanings, article, readings, exceptions, worked cases.

What ``rules list`` and ``rules show`` print and what the pages of the documentation are made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from absalloc.compliance.case_files import Case, load_cases
from absalloc.errors import BadInput
from absalloc.predicate import Predicate, leaves
from absalloc.report.words import name, say
from absalloc.rulebook import Rulebook
from absalloc.rulebook.formula import definitions, formula, with_readings
from absalloc.rulebook.models import Rule
from absalloc.rulebook.phrases import Phrases
from absalloc.rulebook.sentence import sentence


def rule_document(book: Rulebook, rule: Rule, lang: str) -> dict[str, Any]:
    """Return one rule as plain data: its sentence, its article, where it is written."""
    source = book.book.sources[rule.source.document]
    where = book.where(rule.id)
    return {
        "rule": f"{book.id}/{rule.id}",
        "kind": rule.kind,
        "title": getattr(rule.title, lang),
        "sentence": sentence(rule, lang, book.book),
        "level": rule.level,
        "tested": rule.tested,
        "scope": rule.scope,
        "status": rule.status,
        "source": {
            "document": rule.source.document,
            "title": source.title,
            "number": source.number,
            "article": rule.source.article,
            "ref": rule.source.ref,
            "confidence": rule.source.confidence,
            "article_confirmed": rule.source.article_confirmed,
            "quote": rule.source.quote,
        },
        "readings": [
            {
                "switch": r.switch,
                "id": r.id,
                "default": r.default,
                "title": getattr(r.title, lang) if r.title else None,
                "sentence": sentence(with_readings(rule, [r]), lang, book.book),
            }
            for r in rule.readings
        ],
        "file": where.file,
        "line": where.line,
    }


def rule_in_full(book: Rulebook, rule: Rule, lang: str, cases: Sequence[Case]) -> dict[str, Any]:
    """Return ``rule_document`` with formula, meanings, dates, cure clock, exceptions, and its own of ``cases``."""
    words = Phrases(lang, book.book)
    breach = rule.passive_breach
    return {
        **rule_document(book, rule, lang),
        "formula": formula(rule, lang, book.book).to_json(),
        "definitions": definitions(rule, lang, book.book),
        "from": None if rule.from_ is None else rule.from_.isoformat(),
        "to": None if rule.to is None else rule.to.isoformat(),
        "reads": sorted(set(_keys(rule))),
        "passive_breach": None
        if breach is None
        else {
            "cure": None if breach.cure is None else words.value(breach.cure.text),
            "clock": breach.clock,
            "meanwhile": breach.meanwhile,
        },
        "exceptions": [
            {
                "id": item.id,
                "title": None if item.title is None else getattr(item.title, lang),
                "lines": words.predicate(item.where),
                "when": None if item.when is None else words.mandate(item.when),
            }
            for item in rule.exceptions
        ],
        "note": None if rule.note is None else getattr(rule.note, lang),
        "cases": [case_document(case) for case in cases if case.rule == rule.id],
    }


def _keys(rule: Rule) -> Iterator[str]:
    """Yield the keys of the mandate that decide whether a rule, a value or an exception holds."""
    dated = [item for side in (rule.max, rule.min) if isinstance(side, tuple) for item in side]
    conditions: list[Predicate | None] = [rule.applies, *(d.when for d in dated), *(e.when for e in rule.exceptions)]
    for condition in conditions:
        if condition is not None:
            yield from (getattr(leaf, "column", "") for leaf in leaves(condition))


def cases_of(book: Rulebook) -> list[Case]:
    """Return the worked cases beside a rulebook; none where there is no such file."""
    shipped = book.file.startswith("constraints/")
    try:
        return list(load_cases(book.id if shipped else book.file))
    except BadInput as error:
        if error.code in ("compliance.no_cases", "compliance.no_case_file"):
            return []
        raise


def case_document(case: Case) -> dict[str, Any]:
    """Return a case in short: its id, what it shows and what the rule must say."""
    expect = case.expect
    return {
        "id": case.id, "shows": case.shows, "verdict": expect.verdict, "value": expect.value, "limit": expect.limit,
        "group": expect.group, "as_of": None if case.as_of is None else case.as_of.isoformat(), "note": case.note,
    }  # fmt: skip


def passive(breach: dict[str, Any], lang: str) -> str:
    """Return what a breach nobody traded into allows, in words; ``breach`` as in ``rule_in_full``."""
    meanwhile = name("meanwhile", breach["meanwhile"], lang)
    if breach["cure"] is None:
        return say("passive_no_cure", lang, meanwhile=meanwhile)
    clock = name("clock", breach["clock"], lang)
    return say("passive_cure", lang, cure=breach["cure"], clock=clock, meanwhile=meanwhile)
