"""Write valued columns back into a universe, with labels; numbers as exact decimals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absalloc.cashflow.arrays import choose, is_none
from absalloc.cashflow.facts import Facts

if TYPE_CHECKING:
    from absalloc.universe import Universe


@dataclass(frozen=True, kw_only=True)
class Filled:
    """Columns to write: one entry a line (see ``valuation.Valued``)."""

    yield_: np.ndarray
    source: np.ndarray
    yield_label: np.ndarray
    clean: np.ndarray
    dirty: np.ndarray
    accrued: np.ndarray
    price_label: np.ndarray
    wal: np.ndarray
    modified_duration: np.ndarray
    spread: np.ndarray
    extension_wal: np.ndarray
    extension_yield: np.ndarray


def _labels(given: np.ndarray, old: str | np.ndarray | None, values: np.ndarray) -> np.ndarray:
    """Return ``old`` labels where the file had a number, else ``derived`` or ``missing``."""
    kept = np.full(given.size, old if isinstance(old, str) and old != "missing" else "file", object)
    if isinstance(old, np.ndarray):
        kept = old.astype(object)
    return np.where(np.isfinite(given), kept, np.where(np.isfinite(values), "derived", "missing")).astype(object)


def _or_missing(labels: np.ndarray) -> np.ndarray:
    return choose(is_none(labels), "missing", labels)


def fill_universe(universe: Universe, facts: Facts, filled: Filled, codes: tuple[tuple[str, ...], ...]) -> Universe:
    """Return a universe with the valued columns in its table and a label for each.

    Adds ``dirty_price``, ``accrued``, ``extension_wal``, ``extension_yield`` and ``assumptions`` (codes
    joined by ``; ``) to the vocabulary's own columns, and ``yield_basis`` where a put exists.
    """
    from absalloc.universe.model import as_series  # pandas is needed only here

    labels = dict(universe.labels)
    for name, values in (
        ("wal", filled.wal),
        ("modified_duration", filled.modified_duration),
        ("spread", filled.spread),
    ):
        labels[name] = _labels(np.asarray(universe.column(name), float), universe.labels.get(name), values)
    labels["yield"] = labels["yield_source"] = _or_missing(filled.yield_label)
    labels["clean_price"] = _or_missing(filled.price_label)
    for name in ("dirty_price", "accrued", "extension_wal", "extension_yield", "assumptions"):
        labels[name] = "derived"
    spread = np.asarray(universe.column("spread"), float)
    basis = np.asarray(universe.column("yield_basis"), object)
    silent = is_none(basis) & ~np.isnat(facts.put)
    chosen = np.where(facts.end == facts.put, "put", "maturity")
    columns = {
        "yield": filled.yield_,
        "yield_source": filled.source,
        "yield_basis": choose(silent, chosen, basis),
        "clean_price": filled.clean,
        "wal": filled.wal,
        "modified_duration": filled.modified_duration,
        "spread": np.where(np.isfinite(spread), spread, filled.spread),
        "dirty_price": filled.dirty,
        "accrued": filled.accrued,
        "extension_wal": filled.extension_wal,
        "extension_yield": filled.extension_yield,
        "assumptions": np.array(["; ".join(made) for made in codes], object),
    }
    series = {name: as_series(values) for name, values in columns.items()}
    return universe.replace(table=universe.table.assign(**series), labels=labels)
