"""Exchange trading days (XSHG). Outside what the calendar covers the answer is None, never a guess."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np

from absalloc.errors import BadInput
from absalloc.universe.model import Universe, as_series
from absalloc.universe.readers import read_raw
from absalloc.universe.values import Unreadable, read_date
from absalloc.where import Where


@dataclass(frozen=True)
class TradingCalendar:
    """``sessions``: sorted trading days (datetime64[D]); every day from ``first`` to ``last`` is covered."""

    sessions: np.ndarray
    first: date
    last: date
    source: str

    def covers(self, day: date) -> bool:
        """Return whether the calendar knows this day."""
        return self.first <= day <= self.last

    def is_trading_day(self, day: date) -> bool | None:
        """Return whether the exchange trades on ``day``; None outside the coverage."""
        if not self.covers(day):
            return None
        place = int(np.searchsorted(self.sessions, np.datetime64(day, "D")))
        return place < len(self.sessions) and bool(self.sessions[place] == np.datetime64(day, "D"))

    def add_trading_days(self, day: date, n: int) -> date | None:
        """Return the ``n``-th trading day after ``day`` (before it for a negative ``n``; ``day`` itself for 0).

        ``day`` need not trade. None where the count runs out of the coverage.
        """
        if not self.covers(day) or n == 0:
            return day if self.covers(day) else None
        target = np.datetime64(day, "D")
        if n > 0:
            place = int(np.searchsorted(self.sessions, target, side="right")) + n - 1
        else:
            place = int(np.searchsorted(self.sessions, target, side="left")) + n
        if not 0 <= place < len(self.sessions):
            return None
        found: date = self.sessions[place].astype(object)
        return found

    def trading_days_between(self, start: date, end: date) -> int | None:
        """Return the number of trading days after ``start`` up to and with ``end``; negative backwards.

        None where either day lies outside the coverage.
        """
        if not (self.covers(start) and self.covers(end)):
            return None
        if end < start:
            back = self.trading_days_between(end, start)
            return None if back is None else -back
        counts = np.searchsorted(self.sessions, np.array([start, end], dtype="datetime64[D]"), side="right")
        return int(counts[1] - counts[0])


@cache
def exchange_calendar() -> TradingCalendar:
    """Return the Shanghai exchange's calendar of ``exchange_calendars`` (imported here: it takes 0.8 s)."""
    with warnings.catch_warnings():
        # Its warnings are about its own use of pandas and say nothing to our users.
        warnings.simplefilter("ignore")
        import exchange_calendars

        found = exchange_calendars.get_calendar("XSHG")
    sessions = found.sessions.to_numpy().astype("datetime64[D]")
    return TradingCalendar(sessions, sessions[0].astype(object), sessions[-1].astype(object), "exchange_calendars XSHG")


def load_calendar(path: str | Path) -> TradingCalendar:
    """Read a holiday file: one column ``closed`` with the weekdays on which the exchange is closed.

    It covers the whole of every year from its first to its last date; weekends never trade. Raises BadInput
    for a missing column, a bad date, or a year between them without any holiday.
    """
    raw = read_raw(path)
    if "closed" not in raw.columns:
        raise BadInput(
            "universe.header_unknown", where=Where(raw.file, 1), value="closed",
            expected=", ".join(raw.columns), choices=raw.columns,
        )  # fmt: skip
    closed: list[date] = []
    for row, text in enumerate(raw.columns["closed"]):
        try:
            closed.append(read_date(text).astype("datetime64[D]").astype(object))
        except Unreadable as error:
            where = Where(raw.file, raw.lines[row], "closed")
            raise BadInput(
                "universe.bad_date", where=where, value=text, expected=error.expected, header="closed"
            ) from None
    years = {day.year for day in closed}
    for year in range(min(years), max(years) + 1):
        if year not in years:
            raise BadInput("universe.calendar_gap", where=Where(raw.file), value=year)
    first, last = date(min(years), 1, 1), date(max(years), 12, 31)
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    holidays = np.array(sorted(set(closed)), dtype="datetime64[D]")
    return TradingCalendar(days[np.is_busday(days, holidays=holidays)], first, last, raw.file)


def is_trading_day(day: date, calendar: TradingCalendar | None = None) -> bool | None:
    """Return whether the exchange trades on ``day``; None outside the coverage."""
    return (calendar or exchange_calendar()).is_trading_day(day)


def add_trading_days(day: date, n: int, calendar: TradingCalendar | None = None) -> date | None:
    """Return the ``n``-th trading day after ``day``; None outside the coverage."""
    return (calendar or exchange_calendar()).add_trading_days(day, n)


def trading_days_between(start: date, end: date, calendar: TradingCalendar | None = None) -> int | None:
    """Return the trading days after ``start`` up to and with ``end``; None outside the coverage."""
    return (calendar or exchange_calendar()).trading_days_between(start, end)


def with_trading_days(universe: Universe, as_of: date, calendar: TradingCalendar | None = None) -> Universe:
    """Return the universe with ``trading_days_to_maturity``: exchange days after ``as_of`` to expected maturity.

    NaN where the maturity is unknown or the calendar does not reach it. Kept apart from ``derive`` because
    few rules need it and the calendar is slow to import.
    """
    known = calendar or exchange_calendar()
    maturity = universe.column("expected_maturity")
    result = np.full(len(maturity), np.nan)
    if known.covers(as_of):
        reach = (maturity >= np.datetime64(known.first)) & (maturity <= np.datetime64(known.last))
        start = np.searchsorted(known.sessions, np.datetime64(as_of, "D"), side="right")
        result[reach] = np.searchsorted(known.sessions, maturity[reach], side="right") - start
    table = universe.table.copy(deep=False)
    table["trading_days_to_maturity"] = as_series(result)
    return universe.replace(table=table, labels={**universe.labels, "trading_days_to_maturity": "derived"})
