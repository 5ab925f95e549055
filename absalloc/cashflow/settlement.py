"""Settlement days: a trade's money and notes move ``lag`` trading days later (T+0, T+1 … T+3)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import TYPE_CHECKING

from absalloc.errors import BadInput

if TYPE_CHECKING:
    from absalloc.universe.calendar import TradingCalendar

LAGS = {"secondary": (0, 1), "primary": (1, 2, 3)}
"""Lags seen in the market (believe): secondary T+0 or T+1, primary T+1 to T+3."""
_LONGEST = 60


def settlement_date(
    trade: date, lag: int = 1, *, calendar: TradingCalendar | None = None, also_open: Collection[date] = ()
) -> date:
    """Return the day a trade of ``trade`` settles: ``lag`` trading days after it; ``trade`` itself for 0.

    ``calendar`` is by default that of the exchanges. The interbank market also trades on make-up weekends: name them
    in ``also_open``. Value on the settlement date: ``value_universe(universe, settlement_date(...))``. Raises BadInput
    for a lag outside 0 … 3, a trade on a day without trading, or days that the calendar does not cover.
    """
    if lag not in range(4):
        raise BadInput("cashflow.setting", value=lag, expected="0, 1, 2, 3", setting="lag")
    from absalloc.universe.calendar import exchange_calendar  # the calendar takes pandas and most of a second

    days = calendar or exchange_calendar()

    def is_open(day: date) -> bool:
        found = days.is_trading_day(day)
        if found is None:
            raise BadInput("cashflow.no_calendar", value=day.isoformat(), expected=f"{days.first} - {days.last}")
        return found or day in also_open

    if not is_open(trade):
        raise BadInput("cashflow.not_trading", value=trade.isoformat())
    day, left = trade, lag
    for _ in range(_LONGEST):
        if left == 0:
            break
        day += timedelta(days=1)
        left -= is_open(day)
    return day
