"""Positions of a book as arrays, and which of them a rule speaks of: certain, or possible for want of a fact."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import numpy as np
import pandas as pd

from absalloc.predicate import AllOf, AnyOf, Between, InList, InSet, Missing, Not, OneOf, Predicate, leaves
from absalloc.rows.state import BookState
from absalloc.rulebook.active import ActiveRule
from absalloc.rulebook.models import Combined
from absalloc.terms import IMPLIED_GRADES, LIABILITY_PRODUCTS, RATING_GRADES, column
from absalloc.units import quantity

GRADES: dict[str, Mapping[str, int]] = {"rating": RATING_GRADES, "implied": IMPLIED_GRADES}


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
        self._text: dict[str, tuple[np.ndarray, list[str]]] = {}
        self._number: dict[str, np.ndarray] = {}

    def row(self, position: int) -> int | None:
        """Return the universe row of a position, None where it is outside the universe."""
        return position if position < self.rows else None

    def has(self, name: str) -> bool:
        """Say whether the universe carries the column."""
        return name in self.state.universe.table.columns

    def text(self, name: str, columns: Mapping[str, Combined]) -> tuple[np.ndarray, list[str]]:
        """Return (codes, values): codes (n,) index values, -1 for missing."""
        if name not in self._text:
            self._text[name] = self._read_text(name, columns)
        return self._text[name]

    def number(self, name: str, columns: Mapping[str, Combined]) -> np.ndarray:
        """Return a number column (n,), NaN for missing; ratings as grades, dates as days since 1970."""
        if name not in self._number:
            self._number[name] = self._read_number(name, columns)
        return self._number[name]

    def _read_text(self, name: str, columns: Mapping[str, Combined]) -> tuple[np.ndarray, list[str]]:
        if name in columns:
            return self._combined_text(columns[name], columns)
        if name == "tranche_id":
            return np.arange(self.n), self.ids
        values = np.full(self.n, None, dtype=object)
        if self.has(name):
            values[: self.rows] = self.state.universe.column(name)
        codes, uniques = pd.factorize(values, use_na_sentinel=True)
        return codes, [_word(value) for value in uniques]

    def _combined_text(self, combined: Combined, columns: Mapping[str, Combined]) -> tuple[np.ndarray, list[str]]:
        names = combined.first_of or ()
        values = np.full(self.n, None, dtype=object)
        if combined.from_ is not None:
            kind = column_kind(combined.from_[0], columns)
            words_of = {grade: word for word, grade in reversed(list(GRADES.get(kind, {}).items()))}
            numbers = self._read_combined(combined, columns)
            known = ~np.isnan(numbers)
            values[known] = [words_of.get(int(n), str(n)) for n in numbers[known]]
        for name in reversed(names):
            codes, words = self.text(name, columns)
            known = codes >= 0
            values[known] = np.array(words, dtype=object)[codes[known]] if words else None
        codes, uniques = pd.factorize(values, use_na_sentinel=True)
        return codes, [str(value) for value in uniques]

    def _read_number(self, name: str, columns: Mapping[str, Combined]) -> np.ndarray:
        if name in columns and columns[name].from_ is not None:
            return self._read_combined(columns[name], columns)
        kind = column_kind(name, columns)
        if kind in GRADES:
            codes, words = self.text(name, columns)
            grades = np.array([GRADES[kind].get(word, np.nan) for word in words] + [np.nan])
            return np.asarray(grades[codes])
        result = np.full(self.n, np.nan)
        if self.has(name):
            values = self.state.universe.column(name)
            if kind == "date":
                days = values.astype("datetime64[D]").astype(np.int64).astype(float)
                days[np.isnat(values)] = np.nan
                values = days
            result[: self.rows] = values
        return result

    def _read_combined(self, combined: Combined, columns: Mapping[str, Combined]) -> np.ndarray:
        names = combined.from_ or ()
        found = [self.number(item, columns) for item in names if self.has(item)]
        if not found:
            return np.full(self.n, np.nan)
        # Grades grow worse upwards: the lowest rating is the largest grade.
        graded = column_kind(names[0], columns) in GRADES
        pick = np.fmax if (combined.take == "lowest") == graded else np.fmin
        return np.asarray(pick.reduce(np.vstack(found), axis=0), dtype=float)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)


def column_kind(name: str, columns: Mapping[str, Combined]) -> str:
    """Return the kind of a column, combined ones included; ``text`` for one that only a mapping added."""
    if name in columns:
        inputs = columns[name].first_of or columns[name].from_ or ()
        return column_kind(inputs[0], columns) if inputs else "text"
    found = column(name)
    return "text" if found is None else found.kind


def selected(rule: ActiveRule, positions: Positions, where: Predicate | None) -> Mask:
    """Return the lines that count: ``where``, repo only when named, exceptions taken out."""
    everything = np.ones(positions.n, dtype=bool)
    mask = Mask(everything, everything) if where is None else evaluate(where, rule, positions)
    if where is None or not _names_liability(where):
        codes, words = positions.text("product", rule.columns)
        owed = np.isin(codes, [i for i, word in enumerate(words) if word in LIABILITY_PRODUCTS])
        mask = mask & Mask(~owed & (codes >= 0), ~owed)
    for _, exception in rule.exceptions:
        mask = mask & ~evaluate(exception, rule, positions)
    return mask


def _names_liability(where: Predicate) -> bool:
    return any(
        isinstance(leaf, OneOf) and leaf.column == "product" and set(leaf.values) & set(LIABILITY_PRODUCTS)
        for leaf in leaves(where)
    )


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
    graded = column_kind(predicate.column, rule.columns)
    if isinstance(predicate, Missing):
        gone = _missing(predicate.column, rule, positions, graded)
        return Mask(gone, gone)
    wanted = set(predicate.values) if isinstance(predicate, OneOf) else list_keys(positions.state, predicate.name)
    if wanted is None:
        return Mask(np.zeros(positions.n, dtype=bool), np.ones(positions.n, dtype=bool))
    if graded in GRADES and predicate.column in rule.columns:
        numbers = positions.number(predicate.column, rule.columns)
        hit = np.isin(numbers, [GRADES[graded].get(word, -1) for word in wanted])
        return Mask(hit, hit | np.isnan(numbers))
    codes, words = positions.text(predicate.column, rule.columns)
    table = np.array([word in wanted for word in words] + [False])
    hit = table[codes]
    return Mask(hit, hit | (codes < 0))


def _missing(name: str, rule: ActiveRule, positions: Positions, kind: str) -> np.ndarray:
    if kind in ("text", "enum", "bool") and name not in GRADES:
        return np.asarray(positions.text(name, rule.columns)[0] < 0)
    if kind == "short_rating":
        return np.asarray(positions.text(name, rule.columns)[0] < 0)
    return np.asarray(np.isnan(positions.number(name, rule.columns)))


def _between(predicate: Between, rule: ActiveRule, positions: Positions) -> Mask:
    numbers = positions.number(predicate.column, rule.columns)
    kind = column_kind(predicate.column, rule.columns)
    unknown = np.isnan(numbers)
    sure = ~unknown
    for side, written in predicate.bounds:
        bound = bound_value(side, written, kind, rule, positions.state)
        if bound is None:
            return Mask(np.zeros(positions.n, dtype=bool), np.ones(positions.n, dtype=bool))
        flipped = {"min": "max", "max": "min", "above": "below", "below": "above"}[side] if kind in GRADES else side
        limit = float(bound)
        with np.errstate(invalid="ignore"):
            sure &= {
                "min": numbers >= limit,
                "max": numbers <= limit,
                "above": numbers > limit,
                "below": numbers < limit,
            }[flipped]
    return Mask(sure, sure | unknown)


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


def list_keys(state: BookState, name: str) -> set[str] | None:
    """Return the keys of a list of the mandate that have not expired; None where the mandate names no such list."""
    table = state.lists.get(name)
    if table is None:
        return None
    keys = table["key"] if "key" in table.columns else table.iloc[:, 0]
    if "expiry" not in table.columns:
        return {str(key) for key in keys}
    live = [not expiry or date.fromisoformat(str(expiry)) >= state.as_of for expiry in table["expiry"]]
    return {str(key) for key, ok in zip(keys, live, strict=True) if ok}
