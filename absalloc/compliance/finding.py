"""A finding: one rule, one group, one verdict, with the arithmetic and the lines behind it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from absalloc.rulebook.models import Source, Title

Verdict = Literal["pass", "fail", "unknown"]
DIGITS = 12
"""Values are shown as exact ratios rounded to this many decimals (yuan to the fen)."""


@dataclass(frozen=True)
class Line:
    """A holding that counts, and the amount by which it counts in the numerator."""

    tranche_id: str
    contribution: Fraction


@dataclass(frozen=True)
class Reason:
    """Why a verdict is what it is: message ``compliance.<code>`` and its fields."""

    code: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Part:
    """What one driver did to a ratio: to its value, and to ``n - limit * d`` (of a floor, its negative) in yuan.

    None where the ratio is not known before or after it.
    """

    driver: str
    value: Fraction | None
    excess: Fraction | None


@dataclass(frozen=True)
class Moves:
    """How a ratio came from its value in the book before to the one now; ``parts`` add up to the difference exactly.

    ``since``: the day of the book before; ``verdict``, ``value``, ``limit`` and ``excess`` as they were then, under the
    rules of then, or where there was no such rule (``new_rule``) under those of now.
    """

    since: datetime.date
    verdict: Verdict
    value: Fraction | None
    limit: Fraction | None
    excess: Fraction | None
    parts: tuple[Part, ...]
    new_rule: bool = False

    def part(self, driver: str) -> Part:
        """Return the part of a driver; nothing where it had no share."""
        return next((part for part in self.parts if part.driver == driver), Part(driver, Fraction(0), Fraction(0)))


@dataclass(frozen=True)
class Excepted:
    """An exception of a rule that fired, and the lines it took out of the numerator."""

    id: str
    title: Title | None
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """The verdict of one rule on one group; ``value`` and ``limit`` are exact, None where unknown."""

    book: str
    rule: str
    group: str | None
    sense: Literal["max", "min"]
    unit: str
    verdict: Verdict
    value: Fraction | None
    limit: Fraction | None
    level: str
    title: Title
    source: Source
    numerator: Fraction | None = None
    denominator: Fraction | None = None
    strict: bool = False
    headroom: Fraction | None = None
    reading: str | None = None
    scenario: str | None = None
    date: datetime.date | None = None
    cause: Literal["active", "passive"] | None = None
    cure_by: datetime.date | None = None
    reasons: tuple[Reason, ...] = ()
    lines: tuple[Line, ...] = ()
    exceptions: tuple[Excepted, ...] = ()
    document: str = ""
    place: str = ""
    moves: Moves | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What two readings of the same rule must agree on: book, rule, group and sense."""
        return (self.book, self.rule, self.group or "", self.sense)


def shown(value: Fraction | None, unit: str) -> float | None:
    """Return an exact value as the number printed: rounded half to even, yuan to the fen."""
    if value is None:
        return None
    return float(round(value, 2 if unit == "yuan" else DIGITS))


def number(value: Any) -> float | None:
    """Return a plain float for JSON, None for unknown."""
    return None if value is None else float(value)
