"""A slow reading of rules, written from docs/semantics.md and the YAML alone: what is known of one line.

Nothing of the package is imported here. A line is a plain mapping (None or no key: missing), a rule is the YAML as it
stands, every scalar a text. Truth is True, False or None (unknown).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

LONG = [
    "AAA", "AA+", "AA", "AA-", "A+", "A", "A-", "BBB+", "BBB", "BBB-", "BB+", "BB", "BB-", "B+", "B", "B-", "CCC", "CC",
    "C", "D",
]  # fmt: skip
IMPLIED = [
    "AAA+", "AAA", "AAA-", "AA+", "AA", "AA(2)", "AA-", "A+", "A", "A-", "BBB+", "BBB", "BB", "B", "CCC", "CC", "C",
]  # fmt: skip
ONE_FOR_ALL = ("cash", "deposit", "repo", "reverse_repo")
RANGES = {
    "factor": (0, 1), "clean_price": (0, 1000), "dirty_price": (0, 1000), "wal": (0, 100), "modified_duration": (0, 60),
    "risk_weight": (0, Fraction("12.5")), "days_to_maturity": (0, 36500), "days_to_reset": (0, 36500),
    "largest_asset": (0, 1), "remaining_term": (0, 100), "trading_days_to_maturity": (0, 26000),
}  # fmt: skip
"""Admissible ranges of the vocabulary, as the column list prints them."""
UNITS = {"%": Fraction(1, 100), "yuan": 1, "days": 1, "years": 1, "names": 1, "months": 1}
Truth = bool | None


def number(value: float) -> Fraction:
    """The decimal a float prints as."""
    return Fraction(repr(value))


def quantity(text: str) -> tuple[Fraction, str]:
    """``10%`` is (1/10, '%'); a grade is its step on the agencies' scale."""
    if text in LONG:
        return Fraction(LONG.index(text) + 1), "grade"
    found = re.fullmatch(r"([\d._]+) ?(%|yuan|days|years|names|months)", text)
    assert found is not None, text
    return Fraction(found[1].replace("_", "")) * UNITS[found[2]], found[2]


def money(text: str) -> Fraction:
    """Yuan, bare or with the unit."""
    return Fraction(text.replace(",", "")) if _bare(text.replace(",", "")) else quantity(text)[0]


def both(parts: Iterable[Truth]) -> Truth:
    parts = list(parts)
    return False if False in parts else None if None in parts else True


def either(parts: Iterable[Truth]) -> Truth:
    parts = list(parts)
    return True if True in parts else None if None in parts else False


def turned(value: Truth) -> Truth:
    return None if value is None else not value


def plain(value: Any) -> str:
    """A value as rules and lists write it."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


def later(day: date, months: int) -> date:
    at = day.year * 12 + day.month - 1 + months
    return date(at // 12, at % 12 + 1, min(day.day, calendar.monthrange(at // 12, at % 12 + 1)[1]))


def fact(mandate: Mapping[str, Any], path: str) -> str | None:
    """A key of the mandate; reference is given where a table of the name is."""
    found: Any = mandate
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


class Reader:
    """Reads predicates of one rule on lines, and conditions on its mandate."""

    def __init__(
        self, book: Mapping[str, Any], mandate: Mapping[str, Any], day: date, lists: Mapping[str, Any]
    ) -> None:
        self.sets, self.columns = book.get("sets", {}), book.get("columns", {})
        self.mandate, self.day, self.lists = mandate, day, lists
        self.limits: dict[str, tuple[Fraction, str]] = {}

    # -- values --------------------------------------------------------------------------------------------------

    def value(self, line: Mapping[str, Any], name: str) -> Any:
        if name not in self.columns:
            return line.get(name)
        inputs = self.inputs(line, name)
        given = [line[each] for each in inputs if line.get(each) is not None]
        rated = [each for each in given if each != ""]
        if not rated:
            return "" if given else None  # none stated at all, or stated to have none
        if "first_of" in self.columns[name]:
            return rated[0]
        lowest = self.columns[name]["take"] == "lowest"
        scale = LONG if self.is_rating(name) else None
        if scale is None:
            return min(rated) if lowest else max(rated)
        long = [each for each in rated if each in scale]
        return rated[0] if not long else max(long, key=scale.index) if lowest else min(long, key=scale.index)

    def inputs(self, line: Mapping[str, Any], name: str) -> list[str]:
        written = self.columns[name].get("first_of") or self.columns[name]["from"]
        names = [written] if isinstance(written, str) else written
        starred = [sorted(key for key in line if key.startswith(each[:-1])) for each in names if each.endswith(".*")]
        return [each for each in names if not each.endswith(".*")] + [each for found in starred for each in found]

    def is_rating(self, name: str) -> bool:
        if name in self.columns:
            first = self.columns[name].get("first_of") or self.columns[name]["from"]
            name = first if isinstance(first, str) else first[0]
        return name.partition(".")[0] in ("rating", "issuer_rating", "internal_rating")

    # -- lines ---------------------------------------------------------------------------------------------------

    def holds(self, predicate: Mapping[str, Any] | None, line: Mapping[str, Any]) -> Truth:
        if predicate is None:
            return True
        return both(self._entry(key, wanted, line) for key, wanted in predicate.items())

    def _entry(self, key: str, wanted: Any, line: Mapping[str, Any]) -> Truth:
        if key == "not":
            return turned(self.holds(wanted, line))
        if key in ("any", "all"):
            return (either if key == "any" else both)(self.holds(part, line) for part in wanted)
        if key == "in_set":
            return self.holds(self.sets[wanted], line)
        if key == "missing":
            return self.value(line, wanted) in (None, "")
        value = self.value(line, key)
        if value is None:
            return None
        if isinstance(wanted, dict) and "in_list" in wanted:
            names = self.names(wanted["in_list"])
            return None if names is None else plain(value) in names
        if isinstance(wanted, dict):
            return both(self._bound(key, value, side, bound) for side, bound in wanted.items())
        return plain(value) in ([wanted] if isinstance(wanted, str) else wanted)

    def _bound(self, key: str, value: Any, side: str, bound: Any) -> Truth:
        scale = LONG if self.is_rating(key) else IMPLIED if key == "implied_rating" else None
        if isinstance(bound, dict):
            bound = fact(self.mandate, bound["mandate"])
            if bound is None or (scale is not None and bound not in LONG and bound not in IMPLIED):
                return None
        if scale is not None:
            return self._graded(scale, value, side, bound)
        if isinstance(value, date):
            left, right = value, date.fromisoformat(bound)
            return {"min": left >= right, "max": left <= right, "above": left > right, "below": left < right}[side]
        at = number(value)
        edge = self._edge(key, side, bound)
        return {"min": at >= edge, "max": at <= edge, "above": at > edge, "below": at < edge}[side]

    def _graded(self, scale: list[str], value: str, side: str, bound: str) -> Truth:
        if value == "":
            return False
        if value not in scale:
            return None
        if bound == "limit":
            bound = LONG[int(self._own(side)[0]) - 1]
        if bound not in scale:
            return None
        better = scale.index(bound) - scale.index(value)  # steps by which the line is better
        return {"min": better >= 0, "max": better <= 0, "above": better > 0, "below": better < 0}[side]

    def _own(self, side: str) -> tuple[Fraction, str]:
        sense = "max" if side in ("max", "below") else "min"
        return self.limits.get(sense) or next(iter(self.limits.values()))

    def _edge(self, key: str, side: str, bound: str) -> Fraction:
        amount, unit = (
            self._own(side) if bound == "limit" else (Fraction(bound), "") if _bare(bound) else quantity(bound)
        )
        if "days" in key and unit in ("months", "years"):
            months = amount * (12 if unit == "years" else 1)
            return Fraction((later(self.day, int(months)) - self.day).days)
        return amount / 12 if unit == "months" else amount

    def names(self, name: str) -> set[str] | None:
        """The keys of a list that hold today; None where there is no such list."""
        rows = self.lists.get(name)
        if rows is None:
            return None
        return {row[_key(rows)] for row in rows if row.get(_key(rows)) and self.live(row, "expiry")}

    def live(self, row: Mapping[str, Any], expires: str | None) -> bool:
        until = row.get(expires) if expires else None
        return not until or date.fromisoformat(until[:10]) >= self.day

    def counts(self, predicate: Mapping[str, Any] | None, line: Mapping[str, Any]) -> Truth:
        """The predicate holds, and the line is an asset, or the predicate speaks of repo borrowing by name."""
        found = self.holds(predicate, line)
        if found is False or self._names_repo(predicate):
            return found
        if line.get("product") is None:
            return None
        return False if line["product"] == "repo" else found

    def _names_repo(self, predicate: Any) -> bool:
        if isinstance(predicate, list):
            return any(self._names_repo(part) for part in predicate)
        if not isinstance(predicate, dict):
            return False
        named = predicate.get("product")
        if named is not None and "repo" in ([named] if isinstance(named, str) else named):
            return True
        inner = [predicate[key] for key in ("not", "any", "all") if key in predicate]
        inner += [self.sets[predicate["in_set"]]] if "in_set" in predicate else []
        return any(self._names_repo(part) for part in inner)

    # -- the mandate ---------------------------------------------------------------------------------------------

    def applies(self, condition: Mapping[str, Any] | None, prefix: str = "") -> Truth:
        if condition is None:
            return True
        return both(self._condition(key, wanted, prefix) for key, wanted in condition.items())

    def _condition(self, key: str, wanted: Any, prefix: str) -> Truth:
        if key == "not":
            return turned(self.applies(wanted, prefix))
        if key in ("any", "all"):
            return (either if key == "any" else both)(self.applies(part, prefix) for part in wanted)
        if key == "missing":
            return fact(self.mandate, wanted) is None
        if isinstance(wanted, dict):
            return self.applies(wanted, f"{prefix}{key}.")
        value = fact(self.mandate, prefix + key)
        return None if value is None else value in ([wanted] if isinstance(wanted, str) else wanted)


def _bare(text: str) -> bool:
    return re.fullmatch(r"-?[\d.]+", text) is not None


def _key(rows: list[Mapping[str, Any]]) -> str:
    return "key" if "key" in rows[0] else next(iter(rows[0]))
