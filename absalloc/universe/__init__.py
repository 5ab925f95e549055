"""The universe stage: files of tranches, holdings, trades and lists become typed tables of facts.

Trading days live in ``absalloc.universe.calendar``, whose calendar library is imported only when asked.
"""

from __future__ import annotations

from absalloc.universe.books import load_holdings, load_list, load_trades
from absalloc.universe.derive import derive
from absalloc.universe.load import load_universe
from absalloc.universe.model import Failure, Holdings, Source, Trades, Universe, column_spec
from absalloc.universe.summary import UniverseSummary, describe

__all__ = [
    "Failure",
    "Holdings",
    "Source",
    "Trades",
    "Universe",
    "UniverseSummary",
    "column_spec",
    "derive",
    "describe",
    "load_holdings",
    "load_list",
    "load_trades",
    "load_universe",
]
