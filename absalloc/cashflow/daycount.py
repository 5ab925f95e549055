"""Day counts: the year fraction between two dates.

``ACT/365F`` actual days over 365 (most ABS); ``ACT/360``; ``30/360`` bond basis (ISDA 2006 4.16(f));
``ACT/ACT`` by calendar year (ISDA 2006 4.16(b)); ``NL/365`` actual days without 29 February over 365 (as some
exchange lines are believed to accrue). ``icma_fraction`` is ACT/ACT by coupon period (ICMA rule 251).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from absalloc.errors import BadInput

CONVENTIONS = ("ACT/365F", "ACT/360", "30/360", "ACT/ACT", "NL/365")
_EPOCH = 1970


def _parts(day: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    months = day.astype("datetime64[M]")
    count = months.astype(np.int64)
    return count // 12 + _EPOCH, count % 12 + 1, (day - months).astype(np.int64) + 1


def _leap(year: np.ndarray) -> np.ndarray:
    return np.asarray(((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0))


def _thirty(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    (y1, m1, d1), (y2, m2, d2) = _parts(start), _parts(end)
    d1 = np.minimum(d1, 30)
    d2 = np.where((d2 == 31) & (d1 == 30), 30, d2)
    return np.asarray((360 * (y2 - y1) + 30 * (m2 - m1) + (d2 - d1)) / 360.0)


def _calendar_years(day: np.ndarray) -> np.ndarray:
    """Years since 1970 with every calendar year one year long."""
    year = day.astype("datetime64[Y]")
    number = year.astype(np.int64) + _EPOCH
    into = (day - year.astype("datetime64[D]")).astype(np.int64)
    return np.asarray(number + into / np.where(_leap(number), 366.0, 365.0))


def _leap_days(day: np.ndarray) -> np.ndarray:
    """29 Februaries on or before ``day``, up to a constant."""
    year, month, _ = _parts(day + np.timedelta64(1, "D"))
    last = np.where(month > 2, year, year - 1)
    return np.asarray(last // 4 - last // 100 + last // 400)


def year_fraction(start: npt.ArrayLike, end: npt.ArrayLike, convention: str = "ACT/365F") -> np.ndarray:
    """Return years from ``start`` to ``end`` (dates or arrays of them); negative where end is before start.

    Raises BadInput for an unknown convention.
    """
    begin, stop = np.asarray(start, "datetime64[D]"), np.asarray(end, "datetime64[D]")
    days = (stop - begin).astype(np.int64)
    if convention == "ACT/365F":
        return np.asarray(days / 365.0)
    if convention == "ACT/360":
        return np.asarray(days / 360.0)
    if convention == "30/360":
        return _thirty(begin, stop)
    if convention == "ACT/ACT":
        return np.asarray(_calendar_years(stop) - _calendar_years(begin))
    if convention == "NL/365":
        return np.asarray((days - (_leap_days(stop) - _leap_days(begin))) / 365.0)
    raise BadInput("cashflow.day_count", value=convention, expected=", ".join(CONVENTIONS), choices=CONVENTIONS)


def icma_fraction(
    start: npt.ArrayLike, end: npt.ArrayLike, period: tuple[npt.ArrayLike, npt.ArrayLike], freq: int
) -> np.ndarray:
    """Return years from ``start`` to ``end`` inside one coupon ``period`` (its first and last date)."""
    first, last = (np.asarray(day, "datetime64[D]") for day in period)
    days = (np.asarray(end, "datetime64[D]") - np.asarray(start, "datetime64[D]")).astype(np.int64)
    return np.asarray(days / ((last - first).astype(np.int64) * float(freq)))


def add_months(day: npt.ArrayLike, months: npt.ArrayLike) -> np.ndarray:
    """Return ``day`` moved by whole ``months``; a day the month lacks becomes its last day."""
    base = np.asarray(day, "datetime64[D]")
    month = base.astype("datetime64[M]")
    into = (base - month).astype(np.int64)
    target = month + np.asarray(months, np.int64)
    length = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(np.int64)
    return np.asarray(target.astype("datetime64[D]") + np.minimum(into, length - 1))
