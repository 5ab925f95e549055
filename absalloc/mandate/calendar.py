"""The trading days a mandate counts by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absalloc.mandate.load import LoadedMandate

if TYPE_CHECKING:
    from absalloc.universe.calendar import TradingCalendar


def trading_calendar(mandate: LoadedMandate) -> TradingCalendar:
    """Return the mandate's holiday file as a calendar, else the Shanghai exchange's. Raises BadInput for a bad file."""
    # Imported late: the exchange's calendar is slow to import and few checks need it.
    from absalloc.universe.calendar import exchange_calendar, load_calendar

    return load_calendar(mandate.path(mandate.holidays)) if mandate.holidays else exchange_calendar()
