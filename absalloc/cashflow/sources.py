"""Where each line's price and yield come from, in their order: valuation, trade, quote, primary.

A coupon is not a yield: it stands for one only in the first days after issue (``primary``), and for cash,
deposits and repo, whose rate it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from absalloc.cashflow.arrays import choose, is_none, rounded
from absalloc.cashflow.facts import Facts, Notes
from absalloc.cashflow.schedules import Flows
from absalloc.cashflow.settings import ValuationSettings
from absalloc.cashflow.yields import annual, compounding, solve_rate
from absalloc.terms import COLUMNS

if TYPE_CHECKING:
    from absalloc.universe import Universe

QUOTE_DATE = "extra.quote_date"
QUOTE_SOURCES = {
    "trade": "trade", "成交": "trade", "valuation": "valuation", "估值": "valuation", "中债估值": "valuation",
    "中证估值": "valuation", "primary": "primary", "一级": "primary",
}  # fmt: skip
"""What a ``quote_source`` counts as; anything else (dealer, own, none) is a ``quote``."""


@dataclass(frozen=True)
class Sourced:
    """Yields and prices by line with their source and label; NaN and None where there is none.

    ``barred`` lines have a price that gives no admissible yield: the model must not lend them one.
    """

    yield_: np.ndarray
    source: np.ndarray
    label: np.ndarray
    clean: np.ndarray
    price_label: np.ndarray
    barred: np.ndarray

    def with_model(self, use: np.ndarray, yields: np.ndarray, labels: np.ndarray) -> Sourced:
        """Return these yields with those of the model on the lines ``use``, rounded to a fact."""
        label = choose(use, np.array([f"model:{text}" for text in labels.tolist()], object), self.label)
        values = np.where(use, rounded(yields, 10), self.yield_)
        return replace(self, yield_=values, source=choose(use, "model", self.source), label=label)


def _paid_since(universe: Universe, facts: Facts, flows: Flows) -> np.ndarray:
    """Return lines whose quote is dated after a payment that the as-of balance does not know of.

    The date is the text column ``extra.quote_date`` that a mapping joins beside a quote; without it a quote
    is taken to be of the as-of date.
    """
    if QUOTE_DATE not in universe.table.columns:
        return np.zeros(flows.count, bool)
    texts = universe.column(QUOTE_DATE).tolist()
    quoted = np.array([_day(text) for text in texts], "datetime64[D]")
    following = np.full(flows.count, np.datetime64("NaT"), "datetime64[D]")
    first = np.concatenate(([True], flows.line[1:] != flows.line[:-1])) if flows.line.size else np.zeros(0, bool)
    following[flows.line[first]] = flows.dates[first]
    return np.asarray((facts.repayment != "bullet") & (following <= quoted))


def _day(text: object) -> np.datetime64:
    try:
        return np.datetime64(date.fromisoformat(str(text)[:10]), "D")
    except ValueError:
        return np.datetime64("NaT")


def _quotes(universe: Universe, facts: Facts, flows: Flows, notes: Notes) -> tuple[np.ndarray, np.ndarray]:
    """Return quoted clean prices per 100 of remaining face, and what each counts as."""
    price = np.asarray(universe.column("quote_price"), float)
    basis = np.asarray(universe.column("quote_basis"), object)
    has = np.isfinite(price) & (price > 0) & ~facts.unit
    whole = facts.factor == 1.0
    original = has & (basis == "original")
    unclear = has & (basis != "original") & (basis != "remaining") & ~whole
    lost = original & ~(facts.factor > 0)
    stale = original & ~lost & _paid_since(universe, facts, flows)
    notes.add(stale, "quote:unused:paid_since")
    notes.add(unclear, "quote:unused:no_basis")
    notes.add(lost, "quote:unused:no_factor")
    notes.add(has & (np.asarray(universe.column("quote_side"), object) == "bid"), "quote:bid:side")
    factor = np.where(original & ~lost, facts.factor, 1.0)
    kinds = np.array(
        [QUOTE_SOURCES.get(str(text), "quote") for text in universe.column("quote_source").tolist()], object
    )
    usable = has & ~unclear & ~lost & ~stale
    return np.where(usable, price / factor, np.nan), choose(usable, kinds, None)


def _file_yields(
    universe: Universe, facts: Facts, settings: ValuationSettings, notes: Notes
) -> tuple[np.ndarray, np.ndarray]:
    """Return yields of the file and their source; a stale coupon called a yield is dropped."""
    given = np.asarray(universe.column("yield"), float).copy()
    source = np.asarray(universe.column("yield_source"), object).copy()
    coupon = np.isfinite(given) & (source == "coupon") & ~facts.unit
    fresh = _fresh(facts, settings)
    source[coupon & fresh] = "primary"
    given[coupon & ~fresh] = np.nan
    notes.add(coupon & ~fresh, "coupon:dropped:not_a_yield")
    source[~np.isfinite(given)] = None
    notes.add(np.isfinite(given) & is_none(source), "yield:source_missing")
    return given, source


def _fresh(facts: Facts, settings: ValuationSettings) -> np.ndarray:
    """Return lines issued at most ``primary_days`` ago."""
    age = (facts.as_of - facts.issue_date).astype(float)
    return np.asarray(~np.isnat(facts.issue_date) & (age >= 0) & (age <= settings.primary_days))


def sourced_prices(
    universe: Universe, facts: Facts, flows: Flows, settings: ValuationSettings, notes: Notes
) -> Sourced:
    """Return every observed price and yield; model yields come later.

    A yield of the file wins over one computed from a price, a valuation price (``clean_price``) over a
    quote. A computed yield outside the range of the column (a stub) is dropped, labelled.
    """
    given, source = _file_yields(universe, facts, settings, notes)
    valuation = np.asarray(universe.column("clean_price"), float)
    valuation = np.where(valuation > 0, valuation, np.nan)
    quoted, kinds = _quotes(universe, facts, flows, notes)
    has_price = np.isfinite(valuation)
    clean = np.where(has_price, valuation, rounded(quoted, 8))
    price_source = choose(has_price, "valuation", kinds)
    computed = _computed(facts, flows, clean, settings, notes, ~np.isfinite(given))
    label = choose(np.isfinite(given), _given_label(universe, "yield"), None)
    barred = ~np.isfinite(given) & np.isfinite(clean) & np.isfinite(facts.coupon) & ~np.isfinite(computed)
    by_price = ~np.isfinite(given) & np.isfinite(computed)
    result = np.where(by_price, computed, given)
    source = choose(by_price, price_source, source)
    label[by_price] = "derived"
    primary = (
        ~np.isfinite(result) & _fresh(facts, settings) & np.isfinite(facts.coupon) & ~facts.unit & (facts.coupon > 0)
    )
    rate = ~np.isfinite(result) & facts.unit & np.isfinite(facts.coupon)
    result = np.where(primary | rate, facts.coupon, result)
    source = choose(primary, "primary", choose(rate, "coupon", source))
    label[primary | rate] = "derived"
    notes.add(primary, "coupon:primary:fresh_issue")
    price_label = choose(has_price, _given_label(universe, "clean_price"), choose(np.isfinite(clean), "derived", None))
    return Sourced(result, source, label, clean, price_label, barred)


def _given_label(universe: Universe, name: str) -> np.ndarray:
    """Return where the universe says a column comes from; ``file`` where it says nothing."""
    labels = universe.label(name)
    return choose(labels == "missing", "file", labels)


def _computed(
    facts: Facts, flows: Flows, clean: np.ndarray, settings: ValuationSettings, notes: Notes, wanted: np.ndarray
) -> np.ndarray:
    """Return yields from clean prices where the line has a coupon and flows."""
    can = wanted & np.isfinite(clean) & np.isfinite(facts.coupon) & (flows.payments() > 0)
    dirty = np.where(can, clean + flows.accrued, np.nan)
    found = rounded(annual(flows, solve_rate(flows, dirty), compounding(flows, settings.compounding)), 10)
    with np.errstate(invalid="ignore"):
        wild = np.isfinite(found) & ~((found >= COLUMNS["yield"].low) & (found <= settings.max_yield))
    notes.add(wild, "yield:dropped:outside_range")
    return np.where(wild, np.nan, found)
