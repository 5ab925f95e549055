"""Which attributes of a tranche each rule reads, and which rules a universe without them leaves undecided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from absalloc.predicate import AllOf, InSet, Not, Predicate, leaves
from absalloc.predicate import Missing as Missing_
from absalloc.rulebook.load import Rulebook
from absalloc.rulebook.models import Book, Denominator, HoldingsSum, Reading, Rule, Signed, UniverseSum
from absalloc.terms import MEASURES

Need = tuple[str, ...]
ALWAYS = frozenset({"tranche_id", "product"})
"""What every universe has."""
DERIVED_FROM: Mapping[str, tuple[Need, ...]] = {
    "sector": (("sector", "lgfv"),),
    "nonstandard": (),
    "days_to_maturity": (("expected_maturity",),),
    "trading_days_to_maturity": (("expected_maturity",),),
    "days_to_reset": (("next_reset",),),
    "remaining_term": (("expected_maturity",),),
    "modified_duration": (("modified_duration", "wal", "expected_maturity"),),
    "wal": (("wal", "expected_maturity"),),
    "risk_weight": (("risk_weight", "rating"),),
    "factor": (("factor", "outstanding"),),
    "face": (),
    "book_value": (),
    "principal": (("factor", "outstanding"),),
    "clean_value": (("clean_price", "quote_price", "yield"),),
    "market_value": (("clean_price", "quote_price", "yield"),),
}
"""Attribute -> groups of file columns it is made from, of each of which one is enough."""


@dataclass(frozen=True)
class Missing:
    """What a universe lacks for a rulebook: columns that no row has, and rule -> the attributes it then lacks."""

    rulebook: str
    columns: tuple[str, ...]
    rules: Mapping[str, tuple[str, ...]]


def needs(rule: Rule, book: Book) -> tuple[Need, ...]:
    """Return what a rule reads of a line, as groups of columns of which one is enough; sets are followed.

    A column the rulebook combines is one group, and so is a derived one that has several sources. The rule's own
    words are read, with the readings that are its default; exceptions count, since without their columns a line over
    the limit cannot be judged.
    """
    found: dict[Need, None] = {}
    for name in sorted(_names(rule, book) - _asked_for(rule.where)):
        for group in _groups(name, book):
            if not set(group) & ALWAYS:
                found[group] = None
    return tuple(found)


def missing_for(book: Rulebook, have: Mapping[str, int]) -> Missing:
    """Return what is missing for a rulebook in a universe with ``have`` rows per column."""
    present = {name for name, count in have.items() if count}
    present |= {name.partition(".")[0] for name in present if "." in name}
    lacking: dict[str, tuple[str, ...]] = {}
    for rule in book.book.rules:
        absent = ["|".join(group) for group in needs(rule, book.book) if not present & set(group)]
        if absent:
            lacking[f"{book.id}/{rule.id}"] = tuple(absent)
    columns = dict.fromkeys(name for names in lacking.values() for name in names)
    return Missing(book.id, tuple(columns), lacking)


def _asked_for(where: Predicate | None) -> set[str]:
    """Return the columns a line must have to count at all: without one it is out of the rule, not unknown."""
    parts = where.parts if isinstance(where, AllOf) else (where,)
    return {p.inner.column for p in parts if isinstance(p, Not) and isinstance(p.inner, Missing_)}


def _groups(name: str, book: Book) -> Iterable[Need]:
    if name in book.columns:
        combined = book.columns[name]
        parts = combined.inputs
        # Agencies are alternatives: a rating by any of them will do, and so is what a derived part is made from.
        made = [group for part in parts for group in DERIVED_FROM.get(part, ((part.partition(".")[0],),))]
        return (tuple(dict.fromkeys(column for group in made for column in group)),)
    return DERIVED_FROM.get(name, ((name.partition(".")[0],),))


def _names(rule: Rule, book: Book) -> set[str]:
    found: set[str] = set()
    predicates = [rule.where, rule.require, *(item.where for item in rule.exceptions)]
    readings = [reading for reading in rule.readings if reading.default]
    predicates += [part for reading in readings for part in (reading.where, reading.without)]
    parts: list[Rule | Reading] = [rule, *readings]
    for part in parts:
        found |= _by(part.by) | _measure(part.measure) | _of(part.of, book)
    for predicate in predicates:
        found |= _read(predicate, book)
    return found


def _by(by: object) -> set[str]:
    return {by} if isinstance(by, str) else {str(name) for name in by} if isinstance(by, tuple) else set()


def _measure(measure: object) -> set[str]:
    return (
        {measure}
        if isinstance(measure, str)
        else {str(name) for name in measure}
        if isinstance(measure, tuple)
        else set()
    )


def _of(of: Denominator | None, book: Book) -> set[str]:
    if isinstance(of, UniverseSum):
        return {of.universe}
    if isinstance(of, HoldingsSum):
        return _measure(of.measure) | _read(of.where, book)
    if isinstance(of, tuple):
        return {name for part in of if isinstance(part, Signed) for name in _of(part.part, book)}
    return {of} if isinstance(of, str) and of in ("issue_size", "outstanding", "deal_size", *MEASURES) else set()


def _read(predicate: Predicate | None, book: Book) -> set[str]:
    """Return the columns a predicate reads, those of its sets included."""
    if predicate is None:
        return set()
    found: set[str] = set()
    for leaf in leaves(predicate):
        if isinstance(leaf, InSet):
            found |= _read(book.sets[leaf.name], book)
        else:
            found.add(leaf.column)
    return found
