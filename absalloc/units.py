"""Exact numbers and their units: the only place with /100 and /10000.

A number of a file is kept as the float nearest to its decimal text. Up to 15 significant digits that
float prints as the same decimal again, so ``exact`` gives back what the file said; longer numbers are
rounded to 15 digits when read, as spreadsheets do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from absalloc.errors import BadInput
from absalloc.terms import RATING_GRADES, rating_grade
from absalloc.where import Where

SIGNIFICANT_DIGITS = 15
INPUT_UNITS: dict[str, tuple[str, Decimal]] = {
    # unit of a column in a file -> (kind, factor to yuan, decimals, years or days)
    "yuan": ("money", Decimal(1)),
    "元": ("money", Decimal(1)),
    "wan": ("money", Decimal(10_000)),
    "万元": ("money", Decimal(10_000)),
    "万": ("money", Decimal(10_000)),
    "mn": ("money", Decimal(1_000_000)),
    "百万元": ("money", Decimal(1_000_000)),
    "yi": ("money", Decimal(100_000_000)),
    "亿元": ("money", Decimal(100_000_000)),
    "亿": ("money", Decimal(100_000_000)),
    "%": ("rate", Decimal("0.01")),
    "pct": ("rate", Decimal("0.01")),
    "bp": ("rate", Decimal("0.0001")),
    "decimal": ("rate", Decimal(1)),
    "years": ("years", Decimal(1)),
    "年": ("years", Decimal(1)),
    "days": ("days", Decimal(1)),
    "天": ("days", Decimal(1)),
    "per100": ("price", Decimal(1)),
}
_QUANTITY = re.compile(r"^\s*([-+]?\d+(?:_\d+)*(?:\.\d+)?)\s*(%|[A-Za-z]+(?: [a-z]+)*|[\u4e00-\u9fff]+)?\s*$")
_QUANTITY_UNITS: dict[str, tuple[str, Decimal]] = {
    "%": ("ratio", Decimal("0.01")),
    "bp": ("ratio", Decimal("0.0001")),
    "yuan": ("yuan", Decimal(1)),
    "wan": ("yuan", Decimal(10_000)),
    "mn": ("yuan", Decimal(1_000_000)),
    "yi": ("yuan", Decimal(100_000_000)),
    "years": ("years", Decimal(1)),
    "year": ("years", Decimal(1)),
    "days": ("days", Decimal(1)),
    "day": ("days", Decimal(1)),
    "months": ("months", Decimal(1)),
    "month": ("months", Decimal(1)),
    "names": ("count", Decimal(1)),
    "name": ("count", Decimal(1)),
    "trading days": ("trading_days", Decimal(1)),
}
_CHINESE_UNITS = {
    "元": "yuan", "万": "wan", "万元": "wan", "百万元": "mn", "亿": "yi", "亿元": "yi", "年": "years", "天": "days",
    "日": "days", "个月": "months", "月": "months", "只": "names", "个": "names", "个交易日": "trading days",
}  # fmt: skip
_SLIPS = {
    "y": "years", "yr": "years", "yrs": "years", "d": "days", "mo": "months", "mth": "months", "bps": "bp",
    "pct": "%", "percent": "%", "pp": "%", "rmb": "yuan", "cny": "yuan", "w": "wan", "m": "mn", "million": "mn",
}  # fmt: skip
"""What people write for a unit, which is not one here; only named in the error, never read."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit: ``ratio yuan years days months trading_days count grade``; ``text`` as written."""

    value: Fraction
    unit: str
    text: str

    def __float__(self) -> float:
        return float(self.value)


@lru_cache(maxsize=1 << 16)
def exact(value: float) -> Fraction:
    """Return the decimal that ``value`` prints as, exactly."""
    return Fraction(repr(float(value)))


def fifteen(value: Decimal) -> float:
    """Return ``value`` as a float, rounded to 15 significant digits so that ``exact`` gives it back."""
    return float(f"{value:.{SIGNIFICANT_DIGITS - 1}e}")


def tidy(value: float, digits: int = 12) -> float:
    """Return ``value`` rounded to ``digits`` decimals and 15 significant digits: a derived value made a fact."""
    return fifteen(Decimal(repr(round(float(value), digits))))


def on_scale(value: Fraction, unit: str, rule: str) -> Fraction:
    """Return the limit of a rule as it is. Raises BadInput for a number that stands for no grade where one is meant."""
    if unit == "grade" and value not in RATING_GRADES.values():
        number = f"{float(value):.12g}"
        raise BadInput("rulebook.limit_grade", value=number, rule=rule, expected="AA+", choices=list(RATING_GRADES))
    return value


def quantity(text: str, where: Where | None = None) -> Quantity:
    """Read ``10%``, ``400000000 yuan``, ``120 days``, ``60 names``, ``AA+``.

    Raises BadInput for a bare number, an unknown unit, or anything else; never guesses a unit.
    """
    text = str(text).strip().replace("％", "%")
    if text in RATING_GRADES:
        return Quantity(Fraction(rating_grade(text)), "grade", text)
    found = _QUANTITY.match(text)
    if found is None:
        raise BadInput(
            "base.quantity_form", where=where, value=text, expected="10%, 400000000 yuan, 120 days, 4 names, AA+"
        )
    number, unit = found.groups()
    if unit is None:
        raise BadInput(
            "base.quantity_unit", where=where, value=text, expected=f"{text}%, {text} yuan, {text} days, {text} names"
        )
    if unit not in _QUANTITY_UNITS:
        expected = "%, bp, yuan, wan, mn, yi, years, days, trading days, months, names"
        error = BadInput(
            "base.unit_unknown", where=where, value=unit, text=text, expected=expected, choices=_QUANTITY_UNITS
        )
        error.nearest = _CHINESE_UNITS.get(unit) or _SLIPS.get(unit.casefold(), error.nearest)
        raise error
    kind, factor = _QUANTITY_UNITS[unit]
    return Quantity(Fraction(Decimal(number.replace("_", "")) * factor), kind, text)


def ratio(text: str, where: Where | None = None) -> Quantity:
    """Read a ratio, which must be written with ``%`` or ``bp``. Raises BadInput otherwise."""
    found = _QUANTITY.match(str(text))
    if found is not None and found.group(2) is None:
        raise BadInput("base.percent_needed", where=where, value=text, expected=f"{str(text).strip()}%")
    result = quantity(text, where)
    if result.unit != "ratio":
        raise BadInput("base.percent_needed", where=where, value=text, expected="10%")
    return result
