"""Which lines a shock speaks of: predicates over the universe, three-valued."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from absalloc.errors import BadInput
from absalloc.predicate import AllOf, AnyOf, Between, InList, InSet, Missing, Not, OneOf, Predicate, leaves
from absalloc.terms import ABS_PRODUCTS, COLUMNS, IMPLIED_GRADES, RATING_GRADES, column
from absalloc.units import quantity
from absalloc.universe.model import NUMBER_KINDS, RATING, Universe
from absalloc.where import Where

LOWEST = "rating"
"""A column of scenarios alone: the lowest long-term rating of any agency."""
Pair = tuple[np.ndarray, np.ndarray]
_SCALES = {"rating": RATING_GRADES, "implied": IMPLIED_GRADES}


def _kind(name: str) -> str:
    if name == LOWEST:
        return "rating"
    found = column(name)
    return "text" if found is None else found.kind


def check_predicate(predicate: Predicate, where: Where) -> None:
    """Check every column, value and bound of a predicate. Raises BadInput at ``where`` with the nearest name."""
    for leaf in leaves(predicate):
        if isinstance(leaf, InSet | InList):
            raise BadInput("stress.predicate", where=where, value=leaf.name, expected="in_set, in_list")
        name = leaf.column
        if name != LOWEST and not name.startswith("extra.") and column(name) is None:
            choices = [*COLUMNS, LOWEST]
            raise BadInput("stress.column_unknown", where=where, value=name, choices=choices)
        spec = column(name)
        if isinstance(leaf, OneOf) and spec is not None and spec.kind == "enum":
            for value in leaf.values:
                if value not in spec.values:
                    expected = ", ".join(spec.values)
                    raise BadInput(
                        "stress.value_unknown", where=where, value=value, expected=expected, choices=spec.values
                    )
        if isinstance(leaf, Between):
            for _, bound in leaf.bounds:
                _bound(bound, _kind(name), where)


def select(universe: Universe, where: Predicate | None) -> Pair:
    """Return (lines where it holds, lines where a missing value leaves it open); two boolean arrays.

    Without a predicate: every ABS line.
    """
    if where is None:
        hit = np.isin(np.asarray(universe.column("product"), object).astype(str), ABS_PRODUCTS)
        return hit, np.zeros(hit.size, bool)
    sure, maybe = _evaluate(universe, where)
    return sure, maybe & ~sure


def _evaluate(universe: Universe, predicate: Predicate) -> Pair:
    """Return (certainly, possibly) by line."""
    if isinstance(predicate, AllOf | AnyOf):
        pairs = [_evaluate(universe, part) for part in predicate.parts]
        join = np.logical_and if isinstance(predicate, AllOf) else np.logical_or
        return join.reduce([p[0] for p in pairs]), join.reduce([p[1] for p in pairs])
    if isinstance(predicate, Not):
        sure, maybe = _evaluate(universe, predicate.inner)
        return ~maybe, ~sure
    if isinstance(predicate, Between):
        return _between(universe, predicate)
    if isinstance(predicate, InSet | InList):
        raise BadInput("stress.predicate", value=predicate.name, expected="in_set, in_list")
    values = column_values(universe, predicate.column)
    unknown = np.array([value is None or value != value for value in values.tolist()], bool)
    if isinstance(predicate, Missing):
        # Stated to have none (a rating of NR, no sector) is missing for a selection, though it is no open question.
        gone = unknown | np.array([isinstance(value, str) and value == "" for value in values.tolist()], bool)
        return gone, gone
    wanted = set(predicate.values)
    hit = np.array([_word(value) in wanted for value in values.tolist()], bool) & ~unknown
    return hit, hit | unknown


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)


def column_values(universe: Universe, name: str) -> np.ndarray:
    """Return a column, ``rating`` (lowest of any agency) included."""
    return lowest_rating(universe) if name == LOWEST else universe.column(name)


def lowest_rating(universe: Universe) -> np.ndarray:
    """Return each line's lowest long-term agency rating; "" where it is stated to have none, None where unknown."""
    step, stated = np.zeros(len(universe.table), np.int64), np.zeros(len(universe.table), bool)
    for name in universe.table.columns:
        if str(name).startswith(RATING):
            grades = [RATING_GRADES.get(str(grade), 0) for grade in universe.column(str(name)).tolist()]
            step = np.maximum(step, grades)
            stated |= np.array([grade == "" for grade in universe.column(str(name)).tolist()], bool)
    found = np.array([None, *RATING_GRADES], object)[step]
    found[stated & (step == 0)] = ""
    return found


def _between(universe: Universe, predicate: Between) -> Pair:
    kind = _kind(predicate.column)
    values = column_values(universe, predicate.column)
    if kind in _SCALES:
        numbers = np.array([_SCALES[kind].get(str(value), np.nan) for value in values.tolist()], float)
    elif kind == "date":
        numbers = np.where(np.isnat(values), np.nan, values.astype("datetime64[D]").astype(np.int64).astype(float))
    elif kind in NUMBER_KINDS:
        numbers = np.asarray(values, float)
    else:
        raise BadInput("stress.range_of_text", value=predicate.column)
    hit = np.ones(numbers.size, bool)
    for side, written in predicate.bounds:
        bound = _bound(written, kind, Where())
        # A grade steps up as it gets worse: at least AA+ is a step of at most 2.
        turned = {"min": "max", "max": "min", "above": "below", "below": "above"}[side] if kind in _SCALES else side
        with np.errstate(invalid="ignore"):
            hit &= {
                "min": numbers >= bound, "max": numbers <= bound, "above": numbers > bound, "below": numbers < bound,
            }[turned]  # fmt: skip
    stated_none = np.array([isinstance(value, str) and value == "" for value in values.tolist()], bool)
    return hit, hit | (np.isnan(numbers) & ~stated_none)


def _bound(written: Any, kind: str, where: Where) -> float:
    """Return a bound as a number on the scale of its column. Raises BadInput for a wrong unit."""
    if isinstance(written, str) and kind in _SCALES:
        if written in _SCALES[kind]:
            return float(_SCALES[kind][written])
        raise BadInput("stress.grade_unknown", where=where, value=written, expected="AAA …", choices=_SCALES[kind])
    try:
        if kind == "date":
            return float((date.fromisoformat(str(written)) - date(1970, 1, 1)).days)
        found = quantity(str(written), where)
    except ValueError as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput("stress.bound", where=where, value=str(written), expected="YYYY-MM-DD") from None
    units = {"rate": ("ratio",), "years": ("years", "months"), "days": ("days", "years", "months"), "money": ("yuan",)}
    if found.unit not in units.get(kind, ()):
        expected = ", ".join(units.get(kind, ("-",)))
        raise BadInput("stress.bound", where=where, value=str(written), expected=expected)
    scale = {("years", "months"): 1 / 12, ("days", "years"): 365.0, ("days", "months"): 365 / 12}
    return float(found.value) * scale.get((kind, found.unit), 1.0)
