"""The universe stage: files of tranches, holdings, trades and lists become typed tables of facts."""

from __future__ import annotations

from absalloc.universe.load import load_universe
from absalloc.universe.model import Failure, Holdings, Source, Trades, Universe

__all__ = ["Failure", "Holdings", "Source", "Trades", "Universe", "load_universe"]
