"""The figures of one tranche of a waterfall: life, price, yield, durations, spread, each known or None, never NaN."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from absalloc.cashflow.curves import Curve
from absalloc.cashflow.distribution import Waterfall
from absalloc.cashflow.pricing import durations, wal, yield_to_maturity, z_spread
from absalloc.cashflow.pricing import price as price_at
from absalloc.cashflow.settings import Table
from absalloc.errors import BadInput

_UNPAID = 1e-9


@dataclass(frozen=True)
class TrancheFigures:
    """What a tranche is worth and how it moves; None is unknown.

    ``status``: ``live`` repays in full, ``matured`` has nothing outstanding, ``defaulted`` leaves ``unpaid``, a share
    of its size, at the end. ``wal`` years over what is repaid, None where nothing is. ``dirty`` per 100 of size.
    ``yield_`` annual, compounded ``freq`` times a year; ``macaulay``, ``modified``, ``convexity`` at it; ``z_spread``
    over the zero curve given.
    """

    status: str
    unpaid: float
    wal: float | None
    dirty: float | None
    yield_: float | None
    macaulay: float | None
    modified: float | None
    convexity: float | None
    z_spread: float | None


def tranche_figures(
    run: Waterfall, name: str, *, dirty: float | None = None, yield_: float | None = None, freq: float = 12.0,
    zero: Curve | None = None,
) -> TrancheFigures:  # fmt: skip
    """Return the figures of tranche ``name`` from the start of its first period.

    Give at most one of ``dirty``, a price per 100 of its size, and ``yield_``, an annual decimal compounded ``freq``
    times a year. Puts count as principal (``Waterfall.holder``). A tranche that pays nothing is worth 0 at any yield
    and has no yield at any price; a price that no yield between -95 % and e^12 explains has none either. Raises
    BadInput for an unknown name, both numbers, or a price that is not positive.
    """
    if dirty is not None and yield_ is not None:
        raise BadInput("cashflow.two_speeds", value="dirty, yield_", expected="dirty, yield_")
    if dirty is not None and not dirty > 0:
        raise BadInput("cashflow.not_positive", value=dirty, name="dirty")
    interest, principal = run.holder(name)
    place = run.names.index(name)
    size = float(run.principal[:, place].sum() + run.balance[-1, place])
    if size <= 0.0:
        return TrancheFigures("matured", 0.0, *(None,) * 7)
    unpaid = max(1.0 - float(principal.sum()) / size, 0.0)
    unpaid = unpaid if unpaid > _UNPAID else 0.0
    status = "defaulted" if unpaid else "live"
    times, cash = np.cumsum(run.years), 100.0 * (interest + principal) / size
    life = float(wal(principal, times)) if principal.sum() > 0 else None
    if cash.sum() <= 0.0:
        return TrancheFigures(status, unpaid, life, None if yield_ is None else 0.0, *(None,) * 5)
    worth, rate = _price_and_yield((times, cash), dirty, yield_, freq)
    if worth is None or rate is None:
        return TrancheFigures(status, unpaid, life, worth, rate, *(None,) * 4)
    moved = durations(times, cash, rate, freq)
    spread = None if zero is None else z_spread(times, cash, worth, zero)
    return TrancheFigures(
        status, unpaid, life, worth, rate, moved.macaulay, moved.modified, moved.convexity, spread
    )  # fmt: skip


def schedule_table(run: Waterfall, name: str, dates: npt.ArrayLike) -> Table:
    """Return the principal of tranche ``name`` as a schedule for ``ValuationSettings.tables``.

    ``dates``: the payment date of every period of the run. Raises BadInput for another number of dates, and for a
    tranche that is not repaid in full: its schedule would promise what the deal does not pay.
    """
    days = np.asarray(dates, "datetime64[D]")
    principal = run.holder(name)[1]
    if days.shape != principal.shape:
        raise BadInput("cashflow.lengths", value=days.size, expected=principal.size, name="dates")
    place = run.names.index(name)
    size = float(run.principal[:, place].sum() + run.balance[-1, place])
    if not size > 0 or float(principal.sum()) < size * (1.0 - _UNPAID):
        raise BadInput("cashflow.not_repaid", value=name, expected=size, paid=float(principal.sum()))
    paying = principal > _UNPAID * size
    share = principal[paying] / principal[paying].sum()
    return Table(dates=days[paying], principal=100.0 * share)


def _price_and_yield(
    flows: tuple[np.ndarray, np.ndarray], dirty: float | None, yield_: float | None, freq: float
) -> tuple[float | None, float | None]:
    times, cash = flows
    if yield_ is not None:
        return price_at(times, cash, yield_, freq), yield_
    if dirty is None:
        return None, None
    try:
        return dirty, yield_to_maturity(times, cash, dirty, freq)
    except BadInput as error:
        if error.code != "cashflow.no_yield":
            raise
        return dirty, None
