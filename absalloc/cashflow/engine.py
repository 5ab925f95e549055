"""Many deals under many scenarios at once: flows, average life, price, yield and effective duration.

The same model as ``project_pool`` and ``sequential``: level-pay pools, speeds by scenario and month, interest in order
of seniority out of pool interest, then principal in the same order. Flows are never stored for the market. The work is
done by ``kernel`` (compiled, all cores) where numba is installed, else by ``vectorised``; both give the same numbers.
"""

from __future__ import annotations

from types import ModuleType
from typing import Literal

import numpy as np

from absalloc.cashflow import vectorised
from absalloc.cashflow.deals import BUMP, MONTHS_A_YEAR, DealBatch, EngineResult
from absalloc.errors import BadInput

__all__ = ["BUMP", "DealBatch", "EngineResult", "compiled_engine", "run_engine"]
ENGINES = ("auto", "numba", "numpy")
WORTHWHILE = 20_000_000
"""Tranche-month-scenarios from which compiling, or loading what was compiled before, pays."""


def compiled_engine() -> ModuleType | None:
    """Return the compiled engine; None where numba is absent, or too old for the numpy that is installed."""
    try:
        from absalloc.cashflow import kernel
    except ImportError:
        return None
    return kernel


def run_engine(
    deals: DealBatch, smm: np.ndarray, mdr: np.ndarray, *, severity: float = 0.0, lag: int = 0,
    prices: np.ndarray | None = None, batch: int | None = None, engine: Literal["auto", "numba", "numpy"] = "auto",
) -> EngineResult:  # fmt: skip
    """Return lives, prices, durations and yields of every tranche in every scenario.

    ``smm`` and ``mdr``: (scenarios, months), month 1 first, at least as long as the longest term. ``severity`` of a
    default is lost, the rest recovered ``lag`` months later; MDR is 0 in a deal's last ``lag`` months, and defaulted
    loans do not amortise (``project_pool(advance=False)``). ``prices`` (deals, tranches) per unit of size. ``batch``
    deals at once, of the numpy engine. ``engine`` ``auto`` takes numba for large work where it is installed: the choice
    depends on the shapes alone, so the same input gives the same answer on one machine.

    Raises BadInput for rates outside 0 … 1, for months that end before the longest term, for prices of another shape,
    and for ``numba`` where it is not installed.
    """
    _check(deals, smm, mdr, severity)
    if lag != int(lag) or lag < 0:
        raise BadInput("cashflow.negative", value=lag, name="lag")
    if prices is not None and prices.shape != deals.sizes.shape:
        raise BadInput("cashflow.lengths", value=prices.size, expected=deals.sizes.size, name="prices")
    months = int(deals.term.max())
    speeds = smm[:, :months], mdr[:, :months]
    kernel = _kernel(engine, deals.sizes.size * speeds[0].size)
    if kernel is not None:
        figures, flows = kernel.run(deals, _kept(deals, months), speeds, (severity, int(lag)), prices)
    else:
        figures, flows = vectorised.run(deals, speeds, (severity, int(lag)), prices, batch)
    wal, price, duration, found, short, status = figures
    name = "numpy" if kernel is None else "numba"
    return EngineResult(wal, price, duration, found, short, status, flows[0], flows[1], name)


def _kernel(engine: str, cells: int) -> ModuleType | None:
    if engine not in ENGINES:
        raise BadInput("cashflow.engine", value=engine, expected=", ".join(ENGINES), choices=ENGINES)
    if engine == "numpy" or (engine == "auto" and cells < WORTHWHILE):
        return None
    found = compiled_engine()
    if found is None and engine == "numba":
        raise BadInput("cashflow.no_numba", value=engine)
    return found


def _check(deals: DealBatch, smm: np.ndarray, mdr: np.ndarray, severity: float) -> None:
    for name, rates in (("smm", smm), ("mdr", mdr), ("severity", np.array([[severity]]))):
        bad = ~((rates >= 0.0) & (rates <= 1.0))
        if rates.ndim != 2 or bad.any():
            raise BadInput("cashflow.speed_range", value=float(rates[bad].flat[0]), expected="0 - 1", name=name)
    if smm.shape != mdr.shape or smm.shape[1] < deals.term.max():
        raise BadInput("cashflow.lengths", value=smm.shape[1], expected=int(deals.term.max()), name="smm")


def _kept(deals: DealBatch, months: int) -> np.ndarray:
    """Return the share of the balance that level pay leaves each month: (deals, months), 0 from the term on."""
    term, rate = deals.term[:, None].astype(float), deals.wac[:, None] / MONTHS_A_YEAR
    left = np.maximum(term - np.arange(months + 1), 0.0)
    safe = np.where(rate > 1e-12, rate, 1.0)
    level = np.expm1(-left * np.log1p(safe)) / np.expm1(-term * np.log1p(safe))
    factors = np.where(rate > 1e-12, level, left / term)
    before = factors[:, :-1]
    return np.asarray(np.divide(factors[:, 1:], before, out=np.zeros_like(before), where=before > 0))
