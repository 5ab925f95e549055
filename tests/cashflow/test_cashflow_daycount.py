"""Day counts and month arithmetic against dates worked out elsewhere and against the standard library."""

from __future__ import annotations

import calendar
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import absalloc.cashflow as cf
from absalloc.errors import BadInput

DAY = st.dates(date(1990, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("start", "end", "convention", "years"),
    [
        ("2003-11-01", "2004-05-01", "ACT/ACT", 61 / 365 + 121 / 366),  # ISDA, EMU and market conventions (1998)
        ("1999-02-01", "1999-07-01", "ACT/ACT", 150 / 365),
        ("1999-02-01", "1999-07-01", "ACT/365F", 150 / 365),
        ("1999-02-01", "1999-07-01", "ACT/360", 150 / 360),
        ("2007-01-31", "2007-03-31", "30/360", 60 / 360),  # ISDA 2006 4.16(f)
        ("2007-01-15", "2007-01-31", "30/360", 16 / 360),
        ("2007-02-28", "2007-03-31", "30/360", 33 / 360),
        ("2024-02-28", "2024-03-01", "NL/365", 1 / 365),
        ("2023-02-28", "2023-03-01", "NL/365", 1 / 365),
        ("2024-03-01", "2024-02-28", "NL/365", -1 / 365),
    ],
)
def test_year_fractions(start: str, end: str, convention: str, years: float) -> None:
    assert float(cf.year_fraction(start, end, convention)) == pytest.approx(years, abs=1e-12)


@given(DAY, DAY)
def test_no_leap_count_by_walking(start: date, end: date) -> None:
    first, last = sorted((start, end))
    leaps = sum(first < date(year, 2, 29) <= last for year in range(first.year, last.year + 1) if calendar.isleap(year))
    assert float(cf.year_fraction(first, last, "NL/365")) == pytest.approx(((last - first).days - leaps) / 365)


@given(DAY, st.integers(-600, 600))
def test_add_months_by_the_calendar(day: date, months: int) -> None:
    total = day.year * 12 + day.month - 1 + months
    year, month = divmod(total, 12)
    expected = date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
    assert cf.add_months(day, months).astype(object) == expected


def test_icma_counts_within_the_period() -> None:
    """ICMA rule 251: a long and a short period of a semiannual bond count the same half year."""
    assert float(cf.icma_fraction("2024-01-01", "2024-04-01", ("2024-01-01", "2024-07-01"), 2)) == pytest.approx(0.25)


def test_unknown_convention_is_refused() -> None:
    with pytest.raises(BadInput, match=r"day count 'ACT/365' is not known.*The nearest valid one is 'ACT/365F'"):
        cf.year_fraction(np.datetime64("2025-01-01"), np.datetime64("2025-02-01"), "ACT/365")
