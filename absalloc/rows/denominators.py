"""Denominators: amounts of the mandate, sizes of a group, reference totals, measures over holdings, signed sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

import numpy as np

from absalloc.errors import BadInput
from absalloc.predicate import Predicate
from absalloc.rows.groups import UNKNOWN_GROUP
from absalloc.rows.lines import Mask, Positions, selected
from absalloc.rows.tables import totals
from absalloc.rulebook.active import ActiveRule
from absalloc.rulebook.models import AmountOf, HoldingsSum, Part, ReferenceTotal, Signed, UniverseSum
from absalloc.terms import AMOUNTS

Ends = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Grouped:
    """The lines of one book's universe by row: parallel ``pos, row, share``; ``row`` -1 where no row is theirs."""

    book: Positions
    pos: np.ndarray
    row: np.ndarray
    share: np.ndarray


@dataclass(frozen=True)
class HoldingsPart:
    """A part of a denominator that sums a measure over holdings, with its sign."""

    sign: int
    measure: tuple[str, ...]
    where: Predicate | None

    def mask(self, rule: ActiveRule, book: Positions) -> Mask:
        """Return which lines of a book are in it."""
        return selected(rule, book, self.where)


def signed_parts(rule: ActiveRule) -> list[tuple[int, str | Part]]:
    """Return a rule's denominator as parts with their signs; none where its limit is in yuan, or it is a mean."""
    of = rule.of
    if of is None or rule.kind in ("average", "eligibility") or any(limit.unit == "yuan" for limit in rule.limits):
        return []
    if isinstance(of, tuple):
        return [(item.sign, item.part) if isinstance(item, Signed) else (1, item) for item in of]
    return [(of.sign, of.part)] if isinstance(of, Signed) else [(1, of)]


def holdings_parts(rule: ActiveRule) -> list[HoldingsPart]:
    """Return those parts of a denominator that are sums over holdings."""
    found = []
    for sign, part in signed_parts(rule):
        if isinstance(part, HoldingsSum):
            measure = (part.measure,) if isinstance(part.measure, str) else tuple(part.measure)
            found.append(HoldingsPart(sign, measure, part.where))
    return found


def constant_denominator(rule: ActiveRule, groups: Sequence[str | None], books: Sequence[Grouped]) -> Ends:
    """Return what each row's denominator has beside holdings, at least and at most; one for a rule without any."""
    size = len(groups)
    parts = signed_parts(rule)
    if rule.kind == "average":
        return np.zeros(size), np.zeros(size)
    if not parts:
        return np.ones(size), np.ones(size)
    low, high = np.zeros(size), np.zeros(size)
    for sign, part in parts:
        if isinstance(part, HoldingsSum):
            continue
        a, b = _part(rule, part, groups, books)
        low, high = (low + a, high + b) if sign > 0 else (low - b, high - a)
    return low, high


def _part(rule: ActiveRule, part: str | Part, groups: Sequence[str | None], books: Sequence[Grouped]) -> Ends:
    size = len(groups)
    if isinstance(part, ReferenceTotal):
        return _reference(rule, part, groups, books)
    if isinstance(part, UniverseSum):
        return _most([_sizes(part.universe, groups, book) for book in books]), np.full(size, np.inf)
    if isinstance(part, AmountOf) or part in AMOUNTS:
        value = amount_value([book.book for book in books], part, rule)
        return np.full(size, 0.0 if value is None else float(value)), np.full(
            size, np.inf if value is None else float(value)
        )
    name = str(part)
    if name == "deal_size" or rule.by == "tranche_id":
        return _own(name, groups, books)
    return _most([_sizes(name, groups, book) for book in books]), np.full(size, np.inf)


def amount_value(books: Sequence[Positions], part: object, rule: ActiveRule) -> Fraction | None:
    """Return an amount of the mandates; None where absent, or of another day than the rule asks for.

    Raises BadInput where the books do not agree.
    """
    name = part.amount if isinstance(part, AmountOf) else str(part)
    found = [book.state.mandate.amounts.get(name) for book in books]
    values = {Fraction(item.value) for item in found if item is not None}
    if len(values) > 1:
        names = ", ".join(book.state.name for book in books)
        raise BadInput("compliance.amounts_differ", value=name, rule=rule.id, books=names)
    wanted = part.as_of if isinstance(part, AmountOf) else None
    if wanted is not None:
        day = previous_end(books[0].state.as_of, wanted)
        if any(item is not None and item.as_of is not None and item.as_of != day for item in found):
            return None
    return values.pop() if values else None


def previous_end(day: date, which: str) -> date:
    """Return the last day of the year, or of the quarter, before the one of ``day``."""
    month = 1 if which == "previous_year_end" else (day.month - 1) // 3 * 3 + 1
    return date(day.year, month, 1) - timedelta(days=1)


def _most(found: list[np.ndarray]) -> np.ndarray:
    return np.asarray(np.maximum.reduce(found))


def _sizes(name: str, groups: Sequence[str | None], book: Grouped, chosen: np.ndarray | None = None) -> np.ndarray:
    """Sum a size over the universe's lines of each row: what is proven of it. A deal counts once."""
    values = book.book.number(name, {})[book.pos]
    take = (book.pos < book.book.rows) & (book.row >= 0) & ~np.isnan(values)
    if chosen is not None:
        take &= chosen[book.pos]
    row, pos = book.row[take], book.pos[take]
    weights = values[take] * book.share[take]
    if name == "deal_size":
        deals = book.book.text("deal_id", {})[0][pos]
        named = np.flatnonzero(deals >= 0)
        first = np.unique(row[named] * (deals.max(initial=0) + 1) + deals[named], return_index=True)[1]
        row, weights = row[named][first], weights[named][first]
    total = np.bincount(row, weights=weights, minlength=len(groups)).astype(float)
    return np.where(_named(groups), total, 0.0)


def _named(groups: Sequence[str | None]) -> np.ndarray:
    return np.array([group != UNKNOWN_GROUP for group in groups], dtype=bool)


def _own(name: str, groups: Sequence[str | None], books: Sequence[Grouped]) -> Ends:
    """Return the one value the universe's lines of each row agree on, else anything."""
    least, most = np.full(len(groups), np.inf), np.full(len(groups), -np.inf)
    for book in books:
        values = book.book.number(name, {})[book.pos]
        known = (book.pos < book.book.rows) & ~np.isnan(values) & (book.row >= 0)
        np.minimum.at(least, book.row[known], values[known])
        np.maximum.at(most, book.row[known], values[known])
    agreed = (least == most) & _named(groups)
    return np.where(agreed, least, 0.0), np.where(agreed, least, np.inf)


def _reference(rule: ActiveRule, part: ReferenceTotal, groups: Sequence[str | None], books: Sequence[Grouped]) -> Ends:
    low = _most([_sizes("issue_size", groups, book, selected(rule, book.book, rule.where).sure) for book in books])
    high = np.full(len(groups), np.inf)
    known = reference_totals(rule, part.reference, [book.book for book in books])
    for row, group in enumerate(groups):
        if group in known:
            low[row] = high[row] = float(known[group])
    return low, high


def reference_totals(rule: ActiveRule, name: str, books: Sequence[Positions]) -> dict[str | None, Fraction]:
    """Return key -> total of a reference table of the mandates. Raises BadInput where the books do not agree."""
    found: dict[str | None, Fraction] = {}
    for book in books:
        for key, value in totals(book.state, name).items():
            if found.setdefault(key, value) != value:
                names = ", ".join(each.state.name for each in books)
                raise BadInput("compliance.amounts_differ", value=f"{name}: {key}", rule=rule.id, books=names)
    return found
