"""What no case of a rule shows: the register that every rulebook that ships must satisfy without a gap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from absalloc.compliance.case_files import Case, Cases, case_day, expected_number
from absalloc.messages import render
from absalloc.predicate import AllOf, InList, InSet, Missing, Not, OneOf, Predicate, leaves
from absalloc.rulebook.attributes import DERIVED_FROM
from absalloc.rulebook.models import (
    Alternative,
    AmountOf,
    Book,
    Dated,
    FromList,
    HoldingsSum,
    Reading,
    ReferenceTotal,
    Rule,
    Signed,
    UniverseSum,
)
from absalloc.terms import UNIT_PRICE_PRODUCTS

NEAR = {"ratio": Fraction(1, 1_000_000)}
"""How near a case must come to a limit from either side; one yuan, day, grade or name in every other unit."""
PRICES = {
    "market_value": ("factor", "dirty_price"),
    "clean_value": ("factor", "clean_price"),
    "principal": ("factor",),
    "book_value": ("book_value",),
}
"""Measure -> what of a line it is made from and may be missing."""


@dataclass(frozen=True)
class Gap:
    """Something of a rule that no case shows. ``kind``: pass fail boundary edge exception reading date column."""

    rule: str
    kind: str
    what: str = ""

    def text(self, lang: str = "en") -> str:
        """Return the gap in words."""
        return render(f"compliance.gap_{self.kind}", lang, rule=self.rule, what=self.what)


def gaps(cases: Cases) -> Iterator[Gap]:
    """Yield what the cases of a rulebook leave untested, rule by rule."""
    for rule in cases.book.rules.values():
        own = [case for case in cases.file.cases if case.rule == rule.id]
        shown = {case.shows for case in own}
        yield from (Gap(rule.id, kind) for kind in ("pass", "fail", "boundary") if kind not in shown)
        yield from _edges(rule, own)
        for item in rule.exceptions:
            if f"exception:{item.id}" not in shown:
                yield Gap(rule.id, "exception", item.id)
        for reading in rule.readings:
            if f"reading:{reading.switch}={reading.id}" not in shown:
                yield Gap(rule.id, "reading", f"{reading.switch}={reading.id}")
        days = {case_day(cases, case) for case in own}
        for first in sorted(_first_days(rule)):
            if first > cases.book.book.modelled.from_ and not {first, first - timedelta(days=1)} <= days:
                yield Gap(rule.id, "date", str(first))
        for column in sorted(may_be_missing(rule, cases.book.book)):
            names = {column, *(source for need in DERIVED_FROM.get(column, ()) for source in need)}
            if not {f"missing:{name}" for name in names} & shown:
                yield Gap(rule.id, "column", column)


def _edges(rule: Rule, own: Sequence[Case]) -> Iterator[Gap]:
    """Yield each limit of a ratio, mean or count that no case stands on, just below and just above."""
    if rule.kind == "eligibility":
        return  # its bound is on the lines' own facts: the boundary case has them
    values = [expected_number(case.expect.value) for case in own if case.expect.value is not None]
    for side in (rule.max, rule.min):
        for item in side if isinstance(side, tuple) else ():
            limit, unit = item.value.value, item.value.unit
            steps = [value - limit for value, have in values if have == unit]
            near = NEAR.get(unit, Fraction(1))
            below = not limit or any(-near <= step < 0 for step in steps)
            if not (below and 0 in steps and any(0 < step <= near for step in steps)):
                yield Gap(rule.id, "edge", item.value.text)


def _first_days(rule: Rule) -> set[date]:
    """Return the first day of everything that is new on it."""
    dated: list[Dated | Rule] = [rule]
    for side in (rule.max, rule.min):
        dated += [] if side is None or isinstance(side, FromList) else side
    starts = {item.from_ for item in dated if item.from_ is not None}
    return starts | {item.to + timedelta(days=1) for item in dated if item.to is not None}


def may_be_missing(rule: Rule, book: Book) -> set[str]:
    """Return what a rule reads and a file or mandate may lack: columns, sizes, prices, amounts, lists, totals.

    Sets, readings, exceptions and ``unless`` are followed. A combined column that falls back to the code never
    lacks, and lines whose price is one need none.
    """
    parts: list[Rule | Reading | Alternative] = [rule, *rule.readings, *([rule.unless] if rule.unless else [])]
    predicates = [part.where for part in parts] + [rule.require, *(item.where for item in rule.exceptions)]
    found = {name for predicate in predicates for name in _tested(predicate, book)}
    for part in parts:
        found |= {part.by} if isinstance(part.by, str) else set(part.by) if isinstance(part.by, tuple) else set()
        measure = (part.measure,) if isinstance(part.measure, str) else part.measure or ()
        if measure and rule.kind != "eligibility" and not _unit_prices(part.where or rule.where, book):
            found |= {*PRICES.get(measure[0], ()), *measure[1:]}
        found |= _of(part.of, book)
    found |= {name for part in rule.plus for name in _of(part, book)}
    sides = (rule.max, rule.min)
    found |= {side.list for side in sides if isinstance(side, FromList)}
    code = {name for name, item in book.columns.items() if "tranche_id" in item.inputs}
    given = [_given(condition) for condition in (rule.applies, *(item.when for item in rule.exceptions))]
    return found - code - {"tranche_id", "product"}.union(*given)


def _given(applies: Predicate | None) -> set[str]:
    """Return the tables without which a rule, or an exception, does not apply."""
    parts = applies.parts if isinstance(applies, AllOf) else (applies,)
    named = [part.inner.column for part in parts if isinstance(part, Not) and isinstance(part.inner, Missing)]
    return {column.removeprefix("reference.") for column in named}


def _tested(predicate: Predicate | None, book: Book) -> Iterator[str]:
    for leaf in () if predicate is None else leaves(predicate):
        if isinstance(leaf, InSet):
            yield from _tested(book.sets[leaf.name], book)
        else:
            yield leaf.column
            if isinstance(leaf, InList):
                yield leaf.name


def _unit_prices(predicate: Predicate | None, book: Book) -> bool:
    """Return whether a predicate lets only products through whose face is their value."""
    if isinstance(predicate, InSet):
        return _unit_prices(book.sets[predicate.name], book)
    if isinstance(predicate, AllOf):
        return any(_unit_prices(part, book) for part in predicate.parts)
    if isinstance(predicate, OneOf) and predicate.column == "product":
        return set(predicate.values) <= set(UNIT_PRICE_PRODUCTS)
    return False


def _of(of: object, book: Book) -> set[str]:
    if isinstance(of, str):
        return {of}
    if isinstance(of, AmountOf):
        return {of.amount}
    if isinstance(of, UniverseSum):
        return {of.universe}
    if isinstance(of, ReferenceTotal):
        return {of.reference}
    if isinstance(of, HoldingsSum):
        return set(_tested(of.where, book))
    if isinstance(of, tuple):
        return {name for part in of for name in _of(part.part if isinstance(part, Signed) else part, book)}
    return set()
