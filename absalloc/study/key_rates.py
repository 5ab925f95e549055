"""Key-rate durations of lines, and the rows that hold a book's to those of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from absalloc.cashflow import ValuationSettings
from absalloc.cashflow.facts import Notes, line_facts
from absalloc.mandate.models import YearsTarget
from absalloc.rows import BookState
from absalloc.rulebook.active import Limit
from absalloc.rulebook.models import Title
from absalloc.rulebook.targets import PREFIX, target_rules
from absalloc.stress.revalue import base_lines
from absalloc.terms import LIABILITY_PRODUCTS, UNIT_PRICE_PRODUCTS
from absalloc.units import exact
from absalloc.universe.model import as_series

NODES = (1.0, 3.0, 5.0, 10.0)
"""Key rates in years: linear between, flat beyond."""
COLUMN = "extra.key_rate_{:g}y"


def key_rates(state: BookState) -> dict[float, np.ndarray]:
    """Return the key-rate durations (rows,) at each of ``NODES``, years; they add up to ``modified_duration``.

    The share of a node is that of Σ w(t) t PV(t) over the line's own cash flows at its own yield, w the hat function of
    the node. A line with a duration and no cash flows stands at its life. Cash, deposits and repo have none (0 where
    the file gives no duration); NaN where the duration is not known.
    """
    universe, settings = state.universe, ValuationSettings()
    facts = line_facts(universe, state.as_of, settings, Notes(len(universe.table)))
    base = base_lines(universe, facts, settings)
    flows = base.flows
    weight = flows.cash * np.exp(-base.rate[flows.line] * flows.times) * flows.times
    whole = flows.total(weight)
    flat = np.isin(state.product.astype(str), (*UNIT_PRICE_PRODUCTS, *LIABILITY_PRODUCTS))
    duration = np.asarray(universe.column("modified_duration"), float)
    duration = np.where(flat & np.isnan(duration), 0.0, duration)
    life = np.where(np.isfinite(base.wal), base.wal, duration)
    found = {}
    for at, node in enumerate(NODES):
        with np.errstate(invalid="ignore", divide="ignore"):
            share = flows.total(weight * _hat(at, flows.times)) / whole
        found[node] = duration * np.where(np.isfinite(share), share, _hat(at, np.nan_to_num(life)))
    return found


def _hat(at: int, years: np.ndarray) -> np.ndarray:
    return np.asarray(np.interp(years, NODES, np.eye(len(NODES))[at]))


def with_columns(state: BookState) -> BookState:
    """Return the book with its key-rate durations as columns of the universe, which rows can read."""
    found = key_rates(state)
    table = state.universe.table.assign(**{COLUMN.format(n): as_series(np.round(v, 8)) for n, v in found.items()})
    return replace(state, universe=state.universe.replace(table=table))


def profile(state: BookState, held: Mapping[str, Fraction]) -> dict[float, float] | None:
    """Return the key-rate durations of a book's assets by market value, years; None where nothing is held.

    ``state`` has the columns of ``with_columns``. Lines whose value or duration is not known stand in no sum.
    """
    whole, sums = 0.0, dict.fromkeys(NODES, 0.0)
    for name, face in held.items():
        row = state.index.get(name)
        low, high = state.unit("market_value", row)
        if row is None or state.product[row] in LIABILITY_PRODUCTS or low != high:
            continue
        value = float(low * face)
        rates = [float(state.universe.column(COLUMN.format(node))[row]) for node in NODES]
        if not np.isfinite(rates).all():
            continue
        whole += value
        for node, rate in zip(NODES, rates, strict=True):
            sums[node] += value * rate
    return {node: total / whole for node, total in sums.items()} if whole else None


def matched(state: BookState, wanted: Mapping[float, float], band: Fraction) -> BookState:
    """Return the book with a row a node: its key-rate duration within ``band`` years of the one wanted."""
    model = state.mandate.model
    some = model.targets.model_copy(update={"duration": YearsTarget(of="portfolio", min=Fraction(0), max=Fraction(1))})
    mandate = replace(state.mandate, model=model.model_copy(update={"targets": some}))
    [like] = [rule for rule in target_rules(mandate) if rule.id == f"{PREFIX}/duration"]
    rows = []
    for node, years in wanted.items():
        middle = exact(round(years, 6))
        limits = (Limit("max", middle + band, "years"), Limit("min", max(middle - band, Fraction(0)), "years"))
        title = Title(en=f"Key-rate duration at {node:g} years", zh=f"{node:g}年关键利率久期")
        measure = ("market_value", COLUMN.format(node))
        rows.append(replace(like, id=f"{PREFIX}/key-rate-{node:g}y", title=title, limits=limits, measure=measure))
    return replace(state, rules=replace(state.rules, active=(*state.rules.active, *rows)))
