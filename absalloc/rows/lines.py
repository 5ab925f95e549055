"""Positions of a book as arrays, and which of them a rule speaks of: certain, or possible for want of a fact."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from absalloc.predicate import AllOf, AnyOf, Between, InList, InSet, Missing, Not, OneOf, Predicate, leaves
from absalloc.rows.state import BookState
from absalloc.rows.tables import list_keys
from absalloc.rulebook.active import ActiveRule
from absalloc.rulebook.mandate_test import satisfies
from absalloc.rulebook.models import Combined
from absalloc.terms import IMPLIED_GRADES, LIABILITY_PRODUCTS, RATING_GRADES, column
from absalloc.units import quantity

GRADES: dict[str, Mapping[str, int]] = {"rating": RATING_GRADES, "implied": IMPLIED_GRADES}
NUMBER_KINDS = ("money", "rate", "price", "years", "days", "count")
NOT_RATED = ""


@dataclass(frozen=True)
class Mask:
    """Two boolean arrays over positions: ``sure`` lines are in; ``maybe`` contains them and the undecided ones."""

    sure: np.ndarray
    maybe: np.ndarray

    def __and__(self, other: Mask) -> Mask:
        return Mask(self.sure & other.sure, self.maybe & other.maybe)

    def __or__(self, other: Mask) -> Mask:
        return Mask(self.sure | other.sure, self.maybe | other.maybe)

    def __invert__(self) -> Mask:
        return Mask(~self.maybe, ~self.sure)

    @property
    def unsure(self) -> np.ndarray:
        """Lines whose membership is not decided."""
        return np.asarray(self.maybe & ~self.sure)


class Positions:
    """The lines of one book: the universe's rows, then what it holds outside the universe.

    All arrays have shape (n,). Columns are read once and kept: text as codes, numbers as floats, ratings as grades.
    """

    def __init__(self, state: BookState) -> None:
        self.state = state
        outside = [name for name in state.held if name not in state.index]
        if state.before is not None:
            outside += [name for name in state.before if name not in state.index and name not in state.held]
        self.rows = len(state.universe.table)
        self.ids: list[str] = [*state.universe.table["tranche_id"], *outside]
        self.n = len(self.ids)
        # What a column reads depends on the universe alone, so books of one universe share the reading.
        kept = {} if outside else state.universe.kept.setdefault("rows", {})
        self._text: dict[str, tuple[np.ndarray, list[str]]] = kept.setdefault("text", {})
        self._number: dict[str, np.ndarray] = kept.setdefault("number", {})

    @cached_property
    def held(self) -> list[int]:
        """The positions of what is held."""
        index = self.state.index
        rest = {name: i + self.rows for i, name in enumerate(self.ids[self.rows :])}
        return [index[name] if name in index else rest[name] for name in self.state.held]

    def row(self, position: int) -> int | None:
        """Return the universe row of a position, None where it is outside the universe."""
        return position if position < self.rows else None

    def has(self, name: str) -> bool:
        """Say whether the universe carries the column."""
        return name in self.state.universe.table.columns

    def text(self, name: str, columns: Mapping[str, Combined]) -> tuple[np.ndarray, list[str]]:
        """Return (codes, values): codes (n,) index values, -1 for missing; a rating stated to be none is ''."""
        key = _key(name, columns)
        if key not in self._text:
            self._text[key] = self._read_text(name, columns)
        return self._text[key]

    def _read_text(self, name: str, columns: Mapping[str, Combined]) -> tuple[np.ndarray, list[str]]:
        if name == "tranche_id":
            return np.arange(self.n), self.ids
        codes, uniques = pd.factorize(self.values(name, columns), use_na_sentinel=True)
        return codes, [value if type(value) is str else _word(value) for value in uniques]

    def number(self, name: str, columns: Mapping[str, Combined]) -> np.ndarray:
        """Return a number column (n,), NaN for missing; long-term ratings as grades, dates as days since 1970."""
        key = _key(name, columns)
        if key not in self._number:
            self._number[key] = self._read_number(name, columns)
        return self._number[key]

    def values(self, name: str, columns: Mapping[str, Combined]) -> np.ndarray:
        """Return a column's values (n,) as objects, None for missing; combined columns are combined."""
        if name == "tranche_id":
            return np.array(self.ids, dtype=object)
        if name in columns:
            return self._combined(columns[name], columns)
        values = np.full(self.n, None, dtype=object)
        if self.has(name):
            read = self.state.universe.column(name)
            gone = pd.isna(read)
            values[: self.rows] = read if read.dtype == object else read.astype(object)
            values[: self.rows][gone] = None
        return values

    def inputs(self, combined: Combined) -> list[str]:
        """Return the columns a combined one reads; ``rating.*`` stands for all that the universe carries."""
        found: list[str] = []
        for name in combined.inputs:
            if name.endswith(".*"):
                found += sorted(c for c in map(str, self.state.universe.table.columns) if c.startswith(name[:-1]))
            else:
                found.append(name)
        return found

    def _combined(self, combined: Combined, columns: Mapping[str, Combined]) -> np.ndarray:
        names = self.inputs(combined)
        result = np.full(self.n, None, dtype=object)
        if not names:
            return result
        kind = column_kind(names[0], columns)
        # The first value there is; "not rated" only where nothing else is said.
        for name in reversed(names):
            codes, words = self._coded(name)
            empty = np.array([word == NOT_RATED for word in words] + [True])[codes]
            table = np.array([*words, None], dtype=object)
            result = np.where(~empty | ((codes >= 0) & (result == None)), table[codes], result)  # noqa: E711
        if combined.from_ is None:
            return result
        numbers = np.vstack([self.number(name, {}) for name in names])
        pick = np.fmax if (combined.take == "lowest") == (kind in GRADES) else np.fmin
        best = pick.reduce(numbers, axis=0)
        known = ~np.isnan(best)
        if kind in GRADES:
            words_of = np.array([None, *GRADES[kind]], dtype=object)
            result[known] = words_of[best[known].astype(np.int64)]
        else:
            result[known] = best[known]
        return result

    def _coded(self, name: str) -> tuple[np.ndarray, list[object]]:
        codes, uniques = pd.factorize(self.values(name, {}), use_na_sentinel=True)
        return codes, list(uniques)

    def _read_number(self, name: str, columns: Mapping[str, Combined]) -> np.ndarray:
        kind = column_kind(name, columns)
        if kind in GRADES:
            codes, words = self.text(name, columns)
            grades = np.array([GRADES[kind].get(word, np.nan) for word in words] + [np.nan])
            return np.asarray(grades[codes])
        if name in columns:
            return np.array([np.nan if v is None else _as_number(v) for v in self.values(name, columns)])
        result = np.full(self.n, np.nan)
        if self.has(name):
            values = self.state.universe.column(name)
            if kind == "date":
                days = values.astype("datetime64[D]").astype(np.int64).astype(float)
                days[np.isnat(values)] = np.nan
                values = days
            elif values.dtype == object:
                values = np.array([np.nan if v is None else _as_number(v) for v in values])
            result[: self.rows] = values
        return result


def _key(name: str, columns: Mapping[str, Combined]) -> str:
    """Return what names a column for certain: rulebooks may combine different columns under one name."""
    return f"{name} = {columns[name]!r}" if name in columns else name


def _as_number(value: Any) -> float:
    if isinstance(value, date):
        return float((value - date(1970, 1, 1)).days)
    try:
        return float(value)
    except ValueError:
        return float("nan")


def _word(value: Any) -> str:
    """Return a value as rules and lists write it: true, 2025-06-30, 5."""
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(float(value))
    return str(value)


def column_kind(name: str, columns: Mapping[str, Combined]) -> str:
    """Return the kind of a column, combined ones included; ``text`` for one that only a mapping added."""
    if name in columns:
        inputs = columns[name].inputs
        return column_kind(inputs[0].replace(".*", ".any"), {}) if inputs else "text"
    found = column(name)
    return "text" if found is None else found.kind


def selected(rule: ActiveRule, positions: Positions, where: Predicate | None) -> Mask:
    """Return the lines that count: ``where``, repo only when named."""
    everything = np.ones(positions.n, dtype=bool)
    mask = Mask(everything, everything) if where is None else evaluate(where, rule, positions)
    if where is None or not _names_liability(where, rule):
        codes, words = positions.text("product", {})
        owed = np.isin(codes, [i for i, word in enumerate(words) if word in LIABILITY_PRODUCTS])
        mask = mask & Mask(~owed & (codes >= 0), ~owed)
    return mask


def without_exceptions(rule: ActiveRule, positions: Positions, mask: Mask, allowed: Mapping[str, bool | None]) -> Mask:
    """Take the exceptions out; one of which the mandate does not say whether it is allowed makes a line possible."""
    for name, exception in rule.exceptions:
        if allowed.get(name, True) is False:
            continue
        out = evaluate(exception, rule, positions)
        if allowed.get(name, True) is None:
            out = Mask(np.zeros(positions.n, dtype=bool), out.maybe)
        mask = mask & ~out
    return mask


def exceptions_allowed(rule: ActiveRule, state: BookState, *, away: bool = False) -> dict[str, bool | None]:
    """Return exception -> whether the mandate allows it, None where it lacks the key.

    ``away``: for lines held elsewhere, of whose books a condition on this mandate says nothing.
    """
    book = next((book for book in state.rules.books if rule.id.startswith(f"{book.id}/")), None)
    if book is None or rule.short not in book.rules:
        return {}
    items = book.rules[rule.short].exceptions
    return {item.id: item.when is None if away else satisfies(item.when, state.mandate) for item in items}


def _names_liability(where: Predicate, rule: ActiveRule) -> bool:
    for leaf in leaves(where):
        if isinstance(leaf, InSet):
            if _names_liability(rule.sets[leaf.name], rule):
                return True
        elif isinstance(leaf, OneOf) and leaf.column == "product" and set(leaf.values) & set(LIABILITY_PRODUCTS):
            return True
    return False


def evaluate(predicate: Predicate, rule: ActiveRule, positions: Positions) -> Mask:
    """Return the mask of a predicate over the positions (Kleene logic, vectorised)."""
    if isinstance(predicate, AllOf):
        masks = [evaluate(part, rule, positions) for part in predicate.parts]
        return _fold(masks, lambda a, b: a & b)
    if isinstance(predicate, AnyOf):
        masks = [evaluate(part, rule, positions) for part in predicate.parts]
        return _fold(masks, lambda a, b: a | b)
    if isinstance(predicate, Not):
        return ~evaluate(predicate.inner, rule, positions)
    if isinstance(predicate, InSet):
        return evaluate(rule.sets[predicate.name], rule, positions)
    if isinstance(predicate, Between):
        return _between(predicate, rule, positions)
    return _named(predicate, rule, positions)


def _fold(masks: list[Mask], join: object) -> Mask:
    result = masks[0]
    for mask in masks[1:]:
        result = join(result, mask)  # type: ignore[operator]
    return result


def _named(predicate: OneOf | InList | Missing, rule: ActiveRule, positions: Positions) -> Mask:
    codes, words = positions.text(predicate.column, rule.columns)
    if isinstance(predicate, Missing):
        gone = np.array([word == NOT_RATED for word in words] + [True])[codes]
        return Mask(gone, gone)
    if isinstance(predicate, InList):
        wanted = list_keys(positions.state, predicate.name)
        if wanted is None:
            return Mask(np.zeros(positions.n, dtype=bool), np.ones(positions.n, dtype=bool))
        hits = [word in wanted for word in words]
    else:
        kind = column_kind(predicate.column, rule.columns)
        hits = _hits(predicate.values, words, kind, positions.state)
    hit = np.array([*hits, False])[codes]
    return Mask(hit, hit | (codes < 0))


def _hits(values: Sequence[str], words: list[str], kind: str, state: BookState) -> list[bool]:
    if kind not in NUMBER_KINDS:
        return [word in values for word in words]
    wanted = {_scaled(text, kind, state.as_of) for text in values}
    return [Fraction(word) in wanted for word in words]


def _between(predicate: Between, rule: ActiveRule, positions: Positions) -> Mask:
    numbers = positions.number(predicate.column, rule.columns)
    kind = column_kind(predicate.column, rule.columns)
    unknown = np.isnan(numbers)
    sure, maybe = np.ones(positions.n, dtype=bool), np.ones(positions.n, dtype=bool)
    for side, written in predicate.bounds:
        bound = bound_value(side, written, kind, rule, positions.state)
        if bound is None:
            sure = np.zeros(positions.n, dtype=bool)
            continue
        flipped = {"min": "max", "max": "min", "above": "below", "below": "above"}[side] if kind in GRADES else side
        limit = float(bound)
        with np.errstate(invalid="ignore"):
            within = {
                "min": numbers >= limit,
                "max": numbers <= limit,
                "above": numbers > limit,
                "below": numbers < limit,
            }[flipped]
        sure, maybe = sure & within, maybe & (within | unknown)
    if kind in GRADES:
        # Stated not to be rated is known, and no grade.
        codes, words = positions.text(predicate.column, rule.columns)
        maybe &= ~np.array([word == NOT_RATED for word in words] + [False])[codes]
    return Mask(sure, maybe)


def bound_value(
    side: str, written: str | tuple[str, str], kind: str, rule: ActiveRule, state: BookState
) -> Fraction | None:
    """Return the bound of a range as a number on its column's scale; None where the mandate does not give it."""
    if isinstance(written, tuple):
        found = state.mandate.fact(written[1])
        if isinstance(found, date):
            return _as_days(found) if kind == "date" else None
        if kind in GRADES:
            step = GRADES[kind].get(str(found))
            return None if step is None else Fraction(step)
        return None if found is None else _scaled(str(found), kind, state.as_of)
    if written == "limit":
        return _rule_limit(side, kind, rule, state.as_of)
    if kind in GRADES:
        return Fraction(GRADES[kind][written])
    if kind == "date":
        return _as_days(date.fromisoformat(written))
    return _scaled(written, kind, state.as_of)


def _rule_limit(side: str, kind: str, rule: ActiveRule, as_of: date) -> Fraction | None:
    sense = "max" if side in ("max", "below") else "min"
    limits = [limit for limit in rule.limits if limit.value is not None]
    limit = next((item for item in limits if item.sense == sense), limits[0] if limits else None)
    if limit is None or limit.value is None:
        return None
    if kind == "implied":
        # The rule writes a grade; the implied scale numbers its grades differently.
        word = next(grade for grade, step in RATING_GRADES.items() if step == limit.value)
        return Fraction(IMPLIED_GRADES[word]) if word in IMPLIED_GRADES else None
    return _in_kind(limit.value, limit.unit, kind, as_of)


def _scaled(text: str, kind: str, as_of: date) -> Fraction:
    try:
        return Fraction(text)
    except ValueError:
        found = quantity(text)
        return _in_kind(found.value, found.unit, kind, as_of)


def _in_kind(value: Fraction, unit: str, kind: str, as_of: date) -> Fraction:
    """Return a quantity on the scale of its column: months as years, or as calendar days from today."""
    if unit not in ("months", "years"):
        return value
    months = value * 12 if unit == "years" else value
    if kind == "years":
        return months / 12
    year, month = divmod(as_of.year * 12 + as_of.month - 1 + int(months), 12)
    last = calendar.monthrange(year, month + 1)[1]
    return Fraction((date(year, month + 1, min(as_of.day, last)) - as_of).days)


def _as_days(day: date) -> Fraction:
    return Fraction((day - date(1970, 1, 1)).days)
