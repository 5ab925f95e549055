"""The bounds a rule writes: a number with its unit, a grade, a day, the rule's own limit, a fact of the mandate."""

from __future__ import annotations

import calendar
from datetime import date
from fractions import Fraction
from typing import Any

from absalloc.errors import BadInput
from absalloc.rows.state import BookState
from absalloc.rulebook.active import ActiveRule, Limit
from absalloc.terms import IMPLIED_GRADES, RATING_GRADES
from absalloc.units import quantity

_LETTERS = {step: grade for grade, step in RATING_GRADES.items()}


class Bounds:
    """The bounds of one rule, made comparable with the values of their columns and kept."""

    def __init__(self, state: BookState, rule: ActiveRule) -> None:
        self._state, self._rule = state, rule
        self._known: dict[Any, Any] = {}

    def of(self, column: str, kind: str, side: str, bound: str | tuple[str, str]) -> Any:
        """Return a bound on the scale of its column (grades negated: better is more); None where not known."""
        key = (column, side, bound)
        if key not in self._known:
            self._known[key] = self._read(column, kind, side, bound)
        return self._known[key]

    def _read(self, column: str, kind: str, side: str, bound: str | tuple[str, str]) -> Any:
        if isinstance(bound, tuple):
            fact = self._state.mandate.fact(bound[1])
            if fact is None or (kind == "date") != isinstance(fact, date):
                return None
            bound = fact.isoformat() if isinstance(fact, date) else str(fact)
            if kind in ("rating", "implied") and bound not in RATING_GRADES and bound not in IMPLIED_GRADES:
                return None  # 'silent': the contract gives no grade
        if bound == "limit":
            return self._limit(kind, side)
        if kind == "rating":
            return -RATING_GRADES[bound]
        if kind == "implied":
            return -IMPLIED_GRADES[bound]
        if kind == "date":
            return date.fromisoformat(bound)
        return self.number(column, kind, bound)

    def _limit(self, kind: str, side: str) -> Any:
        limits = [limit for limit in self._rule.limits if limit.value is not None]
        if not limits:
            return None
        # A rule with both bounds means the one of the side on which the word stands.
        sense = "max" if side in ("max", "below") else "min"
        limit = next((item for item in limits if item.sense == sense), limits[0])
        if kind in ("rating", "implied"):
            step = grade_step(limit, kind)
            return None if step is None else -step
        assert limit.value is not None
        return self._scaled(limit.value, limit.unit, kind)

    def number(self, column: str, kind: str, text: str) -> Fraction:
        """Return a number written with its unit (or bare, where the column has none) on the column's scale."""
        if text.replace(".", "", 1).lstrip("-").isdigit():
            return Fraction(text)
        found = quantity(text)
        return self._scaled(found.value, found.unit, kind)

    def _scaled(self, value: Fraction, unit: str, kind: str) -> Fraction:
        if kind == "years":
            return value / 12 if unit == "months" else value
        if kind == "days" and unit in ("months", "years"):
            months = value * 12 if unit == "years" else value
            if months.denominator != 1:
                raise BadInput("compliance.whole_months", value=f"{value} {unit}", rule=self._rule.id)
            return Fraction((add_months(self._state.as_of, int(months)) - self._state.as_of).days)
        return value


def grade_step(limit: Limit, kind: str) -> int | None:
    """Return a limit that is a grade as a step on its column's own scale: AA+ is 2 on the agencies', 4 on the implied.

    None where the column's scale has no such grade.
    """
    if limit.value is None:
        return None
    if kind != "implied":
        return int(limit.value)
    return IMPLIED_GRADES.get(_LETTERS.get(int(limit.value), ""))


def add_months(day: date, months: int) -> date:
    """Return the same day ``months`` later, the last of the month where that has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
