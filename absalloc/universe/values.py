"""From texts to typed columns: exact numbers, dates, closed values, ratings. What cannot be read is reported."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from math import isfinite

import numpy as np

from absalloc.terms import Column, canonical_implied, canonical_rating
from absalloc.units import INPUT_UNITS, SIGNIFICANT_DIGITS, fifteen
from absalloc.universe.aliases import FALSE, TRUE, VALUES
from absalloc.universe.headers import normalise
from absalloc.universe.model import NUMBER_KINDS, empty_column

MISSING = frozenset({"", "-", "--", "—", "——", "n/a", "#n/a", "null", "nan", "nat"})
_LONGEST_MISSING = max(map(len, MISSING))
MOST_MONEY = 1e16
"""Yuan; some fifty times the whole Chinese bond market. More is a column read in the wrong unit."""
UNKNOWN_YES_NO = "true, false, yes, no, 是, 否"
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?\d{1,3})?")
_PLAIN = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_DAY = r"(\d{4})(?:-(\d{1,2})-|/(\d{1,2})/|\.(\d{1,2})\.|年(\d{1,2})月)(\d{1,2})日?"
_DATE = re.compile(_DAY + r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.0*)?)?)?")
_COMPACT = re.compile(r"(?:19|20|21)\d{6}")
_ONE = Decimal(1)
_SERIAL = re.compile(r"\d{5}(?:\.0+)?")
EXCEL_EPOCH = date(1899, 12, 30)
_EARLIEST, _LATEST = date(1980, 1, 1), date(2200, 1, 1)


class Unreadable(ValueError):
    """A text that is no value of its column; ``key`` names the message, ``expected`` the valid forms."""

    def __init__(self, key: str, expected: str = "") -> None:
        self.key = key
        self.expected = expected
        super().__init__(key)


@dataclass(frozen=True)
class Problem:
    """A cell that could not be read: its row, text, message key and the valid forms."""

    row: int
    value: str
    key: str
    expected: str


def read_column(
    cells: Sequence[str], spec: Column, *, name: str, unit: str | None, aliases: Mapping[str, str] | None = None
) -> tuple[np.ndarray, list[Problem]]:
    """Return (values, problems) of one column; a cell with a problem is missing.

    ``unit`` is a key of ``units.INPUT_UNITS`` for numbers; ``aliases`` maps normalised texts of an enum
    to its values and beats the shipped ones. The dtype is that of the universe's table.
    """
    parse = _parser(spec, name, unit, aliases or {})
    known: dict[str, object] = {}
    failed: dict[str, Unreadable] = {}
    for text in set(cells):
        if len(text) <= _LONGEST_MISSING and normalise(text) in MISSING:
            continue
        try:
            known[text] = parse(text)
        except Unreadable as error:
            failed[text] = error
    problems = [
        Problem(row, text, failed[text].key, failed[text].expected)
        for row, text in enumerate(cells)
        if failed and text in failed
    ]
    return _array(cells, known, spec.kind), problems


def _array(cells: Sequence[str], known: Mapping[str, object], kind: str) -> np.ndarray:
    if kind in NUMBER_KINDS:
        return np.array([known.get(text, np.nan) for text in cells], dtype=np.float64)
    if kind == "date":
        return np.array([known.get(text, "NaT") for text in cells], dtype="datetime64[s]")
    result = empty_column(kind, len(cells))
    result[:] = [known.get(text) for text in cells]
    return result


def _parser(spec: Column, name: str, unit: str | None, aliases: Mapping[str, str]) -> Callable[[str], object]:
    if spec.kind in NUMBER_KINDS:
        return lambda text: in_range(number(text, unit, spec.kind), spec)
    if spec.kind == "enum":
        table = {**enum_table(name, spec.values), **aliases}
        return lambda text: _enum(text, table, spec.values)
    return {
        "date": read_date,
        "bool": boolean,
        "rating": _rating,
        "short_rating": _rating,
        "implied": _implied,
    }.get(spec.kind, lambda text: text)


def number(text: str, unit: str | None = None, kind: str = "count") -> float:
    """Return the number of a text, scaled by its unit exactly.

    A percent sign in the cell is a unit of its own. Raises Unreadable.
    """
    factor = INPUT_UNITS[unit][1] if unit is not None else _ONE
    if len(text) <= SIGNIFICANT_DIGITS and _PLAIN.fullmatch(text):
        # Every unit is a power of ten, so the scaled decimal has the same digits: float() rounds it once.
        return float(f"{text}e{factor.adjusted()}")
    plain = normalise(text)
    if kind == "rate" and plain.endswith("%"):
        plain, factor = plain[:-1].strip(), INPUT_UNITS["%"][1]
    if _NUMBER.fullmatch(plain) is None:
        if _THOUSANDS.fullmatch(plain) is None:
            raise Unreadable("bad_number")
        plain = plain.replace(",", "")
    value = fifteen(Decimal(plain) * factor)
    if not isfinite(value):
        raise Unreadable("bad_number")
    return value


def in_range(value: float, spec: Column) -> float:
    """Return the value, or raise Unreadable where the vocabulary does not admit it."""
    high = min(spec.high, MOST_MONEY) if spec.kind == "money" else spec.high
    if not spec.low <= value <= high:
        if value < 0 <= spec.low:
            raise Unreadable("negative", f">= {spec.low:g}")
        raise Unreadable("out_of_range", f"{spec.low:g} … {high:g}")
    return value + 0.0  # -0 becomes 0


def read_date(text: str) -> np.datetime64:
    """Read ``2025-06-30 2025/6/30 2025.6.30 20250630 2025年6月30日``, with midnight after it, or an Excel serial.

    Raises Unreadable for anything else and for a date outside 1980 … 2199.
    """
    plain = normalise(text).upper()
    try:
        found = _DATE.fullmatch(plain)
        if found:
            month = next(group for group in found.groups()[1:5] if group)
            day = date(int(found[1]), int(month), int(found[6]))
        elif _COMPACT.fullmatch(plain):
            day = date(int(plain[:4]), int(plain[4:6]), int(plain[6:]))
        elif _SERIAL.fullmatch(plain):
            day = EXCEL_EPOCH + timedelta(days=int(plain[:5]))
        else:
            raise Unreadable("bad_date", "2025-06-30")
    except ValueError:
        raise Unreadable("bad_date", "2025-06-30") from None
    if not _EARLIEST <= day < _LATEST:
        raise Unreadable("bad_date", "1980-01-01 … 2199-12-31")
    return np.datetime64(day, "s")


def boolean(text: str) -> bool:
    """Read yes and no in either language. Raises Unreadable."""
    plain = normalise(text)
    if plain in TRUE:
        return True
    if plain in FALSE:
        return False
    raise Unreadable("bad_flag", UNKNOWN_YES_NO)


@cache
def enum_table(name: str, values: tuple[str, ...]) -> dict[str, str]:
    """Return normalised text -> value for a closed column: its own values and the shipped aliases."""
    table = {normalise(value): value for value in values}
    for value, aliases in VALUES.get(name, {}).items():
        table.update({normalise(alias): value for alias in aliases})
    return table


def _enum(text: str, table: Mapping[str, str], values: Sequence[str]) -> str:
    found = table.get(normalise(text))
    if found is None:
        raise Unreadable("bad_value", ", ".join(values))
    return found


def _rating(text: str) -> str:
    found = canonical_rating(text)
    if found is None:
        raise Unreadable("bad_rating", "AAA … D, AAAsf, A-1+ … A-3, NR")
    return found


def _implied(text: str) -> str:
    found = canonical_implied(text)
    if found is None:
        raise Unreadable("bad_rating", "AAA+, AAA, AAA-, AA+, AA, AA(2), AA- … C")
    return found
