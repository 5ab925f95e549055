"""Value every line of a universe on a date: price, yield, average life and duration, each with its source.

What the file gives wins; the rest is computed from the schedule, and every assumption on the way is kept
beside the line as a code (``facts.assumption_text`` words it).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from absalloc.cashflow.arrays import rounded
from absalloc.cashflow.curves import CurveSet
from absalloc.cashflow.facts import DAYS_A_YEAR, Facts, Notes, line_facts
from absalloc.cashflow.filling import Filled, fill_universe
from absalloc.cashflow.model import SpreadModel, classes_of, fit_spreads, tiers_of
from absalloc.cashflow.schedules import FACE, Flows, build_flows
from absalloc.cashflow.settings import ValuationSettings
from absalloc.cashflow.sources import Sourced, sourced_prices
from absalloc.cashflow.yields import annual, compounding, continuous, modified_duration, present_value, solve_rate
from absalloc.errors import BadInput
from absalloc.terms import COLUMNS

if TYPE_CHECKING:
    from absalloc.universe import Universe

CURVE_PRODUCTS = {"government": "government", "policy_bank": "policy_bank", "local_government": "local_government"}
"""Plain bonds that take their own curve as model yield, where it is there, rather than a fitted spread."""


@dataclass(frozen=True)
class Valued:
    """A universe valued on ``as_of``; arrays have one entry a line, NaN (None) is unknown.

    ``yield_`` annual decimal on ``yield_source`` (and the carry: yield on the line's basis); ``clean``,
    ``dirty``, ``accrued`` per 100 of remaining face; ``wal``, ``modified_duration`` years; the extension case
    (schedule to maturity beside a put) in ``extension_wal``, ``extension_yield``; ``assumptions`` codes by
    line; ``flows`` and ``extension_flows`` the schedules; ``model`` the fitted spreads, if any.
    ``universe`` has the columns filled in; market value per yuan of original face = factor x dirty / 100.
    """

    universe: Universe
    as_of: date
    yield_: np.ndarray
    yield_source: np.ndarray
    clean: np.ndarray
    dirty: np.ndarray
    accrued: np.ndarray
    wal: np.ndarray
    modified_duration: np.ndarray
    extension_wal: np.ndarray
    extension_yield: np.ndarray
    assumptions: tuple[tuple[str, ...], ...]
    flows: Flows
    extension_flows: Flows
    model: SpreadModel | None

    @property
    def carry(self) -> np.ndarray:
        """Static carry per yuan of market value and year: the yield on the line's basis."""
        return self.yield_


@dataclass(frozen=True)
class _Work:
    """What every step needs: the input, the settings, the schedules, and the notes they add to."""

    universe: Universe
    settings: ValuationSettings
    curves: CurveSet | None
    notes: Notes
    facts: Facts
    flows: Flows
    longer: Flows

    def given(self, name: str) -> np.ndarray:
        """Return a number column of the file."""
        return np.asarray(self.universe.column(name), float)


def value_universe(
    universe: Universe, as_of: date, *, curves: CurveSet | None = None, settings: ValuationSettings | None = None
) -> Valued:
    """Return ``universe`` valued on ``as_of``: yields, prices, lives and durations with their sources.

    Yields in the order valuation, trade, quote, primary (coupon of a line at most ``primary_days`` old),
    model (only with ``curves``). Lines without a yield keep NaN and are priced at par, labelled. Raises
    BadInput for settings or tables that cannot be used, a benchmark that ``curves`` lacks, or a universe that
    was valued already: its computed prices would pass for valuations.
    """
    if "dirty_price" in universe.table.columns:
        raise BadInput("cashflow.already_valued", value="dirty_price")
    chosen, notes = settings or ValuationSettings(), Notes(len(universe.table))
    facts = line_facts(universe, as_of, chosen, notes)
    flows, longer = build_flows(facts, chosen.tables), build_flows(facts.at_maturity())
    work = _Work(universe, chosen, curves, notes, facts, flows, longer)
    wal = _lives(work)
    sourced, model = _modelled(work, wal, sourced_prices(universe, facts, flows, chosen, notes))
    clean, dirty, accrued, price_label = _prices(work, sourced)
    filled = Filled(
        yield_=sourced.yield_,
        source=sourced.source,
        yield_label=sourced.label,
        clean=clean,
        dirty=dirty,
        accrued=accrued,
        price_label=price_label,
        wal=wal,
        modified_duration=_durations(work, sourced, wal),
        spread=_spreads(work, sourced, wal),
        extension_wal=rounded(longer.average_life(), 8),
        extension_yield=_extension_yield(work, clean),
    )
    notes.add(~np.isfinite(sourced.yield_), "yield:none")
    return _valued(work, filled, model, as_of)


def _valued(work: _Work, filled: Filled, model: SpreadModel | None, as_of: date) -> Valued:
    codes = work.notes.freeze()
    return Valued(
        universe=fill_universe(work.universe, work.facts, filled, codes),
        as_of=as_of,
        yield_=filled.yield_,
        yield_source=filled.source,
        clean=filled.clean,
        dirty=filled.dirty,
        accrued=filled.accrued,
        wal=filled.wal,
        modified_duration=filled.modified_duration,
        extension_wal=filled.extension_wal,
        extension_yield=filled.extension_yield,
        assumptions=codes,
        flows=work.flows,
        extension_flows=work.longer,
        model=model,
    )


def _lent(facts: Facts) -> np.ndarray:
    """Return the life of lines priced at 100 by definition: days to maturity of money lent on repo, else 0."""
    days = (facts.maturity - facts.as_of).astype(float)
    term = np.where(np.isnat(facts.maturity), 0.0, np.maximum(days, 0.0)) / DAYS_A_YEAR
    return np.where(facts.product == "reverse_repo", term, 0.0)


def _lives(work: _Work) -> np.ndarray:
    given = work.given("wal")
    computed = np.where(work.facts.unit, _lent(work.facts), work.flows.average_life())
    return rounded(np.where(np.isfinite(given), given, computed), 8)


def _modelled(work: _Work, wal: np.ndarray, sourced: Sourced) -> tuple[Sourced, SpreadModel | None]:
    """Add model yields to lines that have no other, where ``curves`` and the fit support them."""
    if work.curves is None:
        return sourced, None
    benchmark = work.curves[work.settings.benchmark]
    tiers, assumed = tiers_of(work.universe)
    classes = classes_of(work.universe)
    seen = np.isin(sourced.source.astype(str), ("valuation", "trade", "quote", "primary"))
    model = fit_spreads(classes, tiers, wal, np.where(seen, sourced.yield_, np.nan), benchmark)
    need = ~np.isfinite(sourced.yield_) & np.isfinite(wal) & (wal > 0) & ~work.facts.unit & ~sourced.barred
    guess, labels = np.full(wal.size, np.nan), np.full(wal.size, None, object)
    if model is not None:
        guess, labels = model.predict(classes, tiers, np.where(need, wal, np.nan))
    for product, role in CURVE_PRODUCTS.items():
        plain = need & (classes == product)
        if role in work.curves and plain.any():
            guess[plain] = work.curves[role].at(wal[plain])
            labels[plain] = f"curve {role}"
    use = need & np.isfinite(guess)
    work.notes.add(use, np.array([f"model:{label}" for label in labels.tolist()], object))
    work.notes.add(use & benchmark.outside(wal), "curve:flat:outside_tenors")
    work.notes.add(use & assumed, "rating:assumed")
    return sourced.with_model(use, guess, labels), model


def _spreads(work: _Work, sourced: Sourced, wal: np.ndarray) -> np.ndarray:
    """Return yield less the benchmark at the average life; NaN without either."""
    if work.curves is None:
        return np.full(wal.size, np.nan)
    held = ~work.facts.unit & np.isfinite(sourced.yield_)
    base = work.curves[work.settings.benchmark].at(np.where(held, wal, np.nan))
    return rounded(sourced.yield_ - base, 10)


def _prices(work: _Work, sourced: Sourced) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return clean, dirty, accrued and the label of the price: given, else from the yield, else par."""
    facts, flows = work.facts, work.flows
    accrued = rounded(np.where(facts.unit, 0.0, flows.accrued), 8)
    clean, label = sourced.clean.copy(), sourced.price_label.copy()
    rate = continuous(flows, sourced.yield_, compounding(flows, work.settings.compounding))
    can = ~np.isfinite(clean) & (flows.payments() > 0) & np.isfinite(rate) & np.isfinite(facts.coupon)
    can &= work.settings.missing_price == "yield"
    clean = np.where(can, present_value(flows, np.where(can, rate, np.nan)) - accrued, clean)
    label[can] = "derived"
    work.notes.add(can, "price:yield")
    clean = rounded(np.where(facts.unit, FACE, clean), 8)
    par = ~np.isfinite(clean)
    work.notes.add(par, "price:par")
    label[par], label[facts.unit] = "assumed", "derived"
    # At an assumed par the market value is the principal: no accrued interest is added to a guess.
    accrued = np.where(par | ~np.isfinite(accrued), 0.0, accrued)
    clean = np.where(par, FACE, clean)
    return clean, rounded(clean + accrued, 8), accrued, label


def _durations(work: _Work, sourced: Sourced, wal: np.ndarray) -> np.ndarray:
    """Return modified durations: the file's, else at the yield, else (labelled) at the coupon."""
    facts, flows = work.facts, work.flows
    periods = compounding(flows, work.settings.compounding)
    at_coupon = ~np.isfinite(sourced.yield_) & np.isfinite(facts.coupon) & (flows.payments() > 0)
    work.notes.add(at_coupon, "duration:coupon")
    rate = continuous(flows, np.where(at_coupon, facts.coupon, sourced.yield_), periods)
    given = work.given("modified_duration")
    computed = np.where(facts.unit, wal, modified_duration(flows, rate, periods))
    return rounded(np.where(np.isfinite(given), given, computed), 8)


def _extension_yield(work: _Work, clean: np.ndarray) -> np.ndarray:
    """Return the yield at the same price when the put is not exercised; NaN outside the column's range."""
    longer = work.longer
    has = (longer.payments() > 0) & np.isfinite(work.facts.coupon)
    dirty = np.where(has, clean + np.nan_to_num(longer.accrued), np.nan)
    periods = compounding(longer, work.settings.compounding)
    found = rounded(annual(longer, solve_rate(longer, dirty), periods), 10)
    limits = COLUMNS["yield"]
    with np.errstate(invalid="ignore"):
        return np.where((found >= limits.low) & (found <= limits.high), found, np.nan)
