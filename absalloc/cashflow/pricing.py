"""Price, yield, average life, duration and spread of one set of dated cash flows.

Times are years; yields are annual, compounded ``freq`` times a year: a flow at ``t`` is worth
``(1 + y/freq) ** (-freq * t)``. Prices and flows are in the same unit, mostly per 100. Formulas: SIFMA
Uniform Practices, chapter SF (1999), sections on yield, duration and convexity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from absalloc.errors import BadInput

_STEPS = 200
_GRID = np.concatenate((np.linspace(-3.0, -0.2, 57), np.linspace(-0.19, 1.0, 120), np.linspace(1.05, 12.0, 220)))


@dataclass(frozen=True, slots=True)
class Durations:
    """Macaulay and modified duration in years; convexity is P''/P in years squared."""

    macaulay: float
    modified: float
    convexity: float


def _arrays(times: npt.ArrayLike, flows: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    t, cash = np.asarray(times, float).ravel(), np.asarray(flows, float).ravel()
    if t.size != cash.size or t.size == 0:
        raise BadInput("cashflow.lengths", value=cash.size, expected=t.size, name="flows")
    for name, array in (("times", t), ("flows", cash)):
        if not np.isfinite(array).all():
            raise BadInput("cashflow.not_finite", value=array[~np.isfinite(array)][0], name=name)
    if (t < 0).any():
        raise BadInput("cashflow.negative_time", value=float(t.min()))
    return t, cash


def _frequency(freq: float) -> float:
    if not (np.isfinite(freq) and freq > 0):
        raise BadInput("cashflow.frequency", value=freq, expected="1, 2, 4, 12")
    return float(freq)


def _is_simple(t: np.ndarray, cash: np.ndarray, simple_last: bool) -> bool:
    return bool(simple_last and np.unique(t[cash != 0]).size == 1)


def wal(principal: npt.ArrayLike, times: npt.ArrayLike | None = None) -> float | np.ndarray:
    """Return the average life in years: sum(time x principal) / sum(principal).

    ``principal`` is (months,) or (months, tranches); ``times`` in years defaults to month / 12. Negative
    principal (an accrual bond adding to its balance) is weighed as it stands; clip it at zero for the
    convention of Z bonds. Raises BadInput where a column has no principal at all.
    """
    paid = np.asarray(principal, float)
    t = np.arange(1, paid.shape[0] + 1) / 12.0 if times is None else np.asarray(times, float)
    if t.shape[0] != paid.shape[0]:
        raise BadInput("cashflow.lengths", value=paid.shape[0], expected=t.shape[0], name="principal")
    total = paid.sum(axis=0)
    if not (np.isfinite(paid).all() and np.isfinite(t).all()):
        raise BadInput("cashflow.not_finite", value="nan", name="principal")
    if np.any(total <= 0):
        raise BadInput("cashflow.no_principal", value=float(np.min(total)))
    life = (t @ paid) / total
    return float(life) if paid.ndim == 1 else np.asarray(life)


def price(times: npt.ArrayLike, flows: npt.ArrayLike, yield_: float, freq: float, simple_last: bool = False) -> float:
    """Return the dirty price of ``flows`` at an annual yield compounded ``freq`` times a year.

    With ``simple_last`` a single remaining payment date is discounted by ``1 + y t`` (last coupon period).
    Raises BadInput for a yield at or below minus ``freq``.
    """
    t, cash = _arrays(times, flows)
    f = _frequency(freq)
    if _is_simple(t, cash, simple_last):
        growth = 1.0 + yield_ * float(t[cash != 0][0])
        if not growth > 0:
            raise BadInput("cashflow.yield_too_low", value=yield_)
        return float(cash.sum() / growth)
    if not yield_ > -f:
        raise BadInput("cashflow.yield_too_low", value=yield_)
    return float(cash @ np.exp(-np.log1p(yield_ / f) * f * t))


def _continuous_rate(t: np.ndarray, cash: np.ndarray, dirty: float) -> float:
    """Return r with sum(cash exp(-r t)) = dirty."""
    moving = (cash != 0) & (t > 0)
    fixed = float(cash[t == 0].sum())
    t, cash, target = t[moving], cash[moving], dirty - fixed
    if t.size == 0:
        raise BadInput("cashflow.no_yield", value=dirty)
    if (cash > 0).all():
        if target <= 0:
            raise BadInput("cashflow.no_yield", value=dirty)
        # ln PV is convex in r and by Jensen lies above the target here: Newton then never overshoots.
        total = cash.sum()
        rate = float(np.log(total / target) * total / (cash @ t))
        for _ in range(_STEPS):
            worth = cash * np.exp(-rate * t)
            step = float(np.log(worth.sum() / target) * worth.sum() / (worth @ t))
            rate += step
            if abs(step) <= 1e-15 * max(1.0, abs(rate)):
                break
        return rate
    return _bracketed(lambda r: float(cash @ np.exp(-r * t)) - target, _GRID, dirty)


def _bracketed(gap: Callable[[float], float], grid: np.ndarray, dirty: float) -> float:
    """Return the only sign change of ``gap`` on ``grid``, by bisection. Raises BadInput for none or several."""
    values = np.array([gap(float(point)) for point in grid])
    exact, signs = grid[values == 0.0], np.sign(values)
    turns = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    if exact.size + turns.size != 1:
        raise BadInput("cashflow.many_yields" if exact.size + turns.size else "cashflow.no_yield", value=dirty)
    if exact.size:
        return float(exact[0])
    low, high = float(grid[turns[0]]), float(grid[turns[0] + 1])
    sign = np.sign(gap(low))
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        low, high = (middle, high) if np.sign(gap(middle)) == sign else (low, middle)
    return 0.5 * (low + high)


def yield_to_maturity(
    times: npt.ArrayLike, flows: npt.ArrayLike, dirty: float, freq: float, simple_last: bool = False
) -> float:
    """Return the annual yield, compounded ``freq`` times a year, at which ``flows`` are worth ``dirty``.

    ``freq=1`` is the internal rate of return. Flows of mixed sign are allowed where one rate between
    -95 % and e^12 solves them. Raises BadInput where none or several do.
    """
    t, cash = _arrays(times, flows)
    f = _frequency(freq)
    if not np.isfinite(dirty):
        raise BadInput("cashflow.not_finite", value=dirty, name="dirty")
    if _is_simple(t, cash, simple_last):
        when = float(t[cash != 0][0])
        if when <= 0 or dirty <= 0:
            raise BadInput("cashflow.no_yield", value=dirty)
        return float((cash.sum() / dirty - 1.0) / when)
    return float(f * np.expm1(_continuous_rate(t, cash, float(dirty)) / f))


def durations(
    times: npt.ArrayLike, flows: npt.ArrayLike, yield_: float, freq: float, simple_last: bool = False
) -> Durations:
    """Return Macaulay and modified duration and convexity (P''/P) at an annual yield.

    Raises BadInput where the flows are worth nothing.
    """
    t, cash = _arrays(times, flows)
    worth = price(t, cash, yield_, freq, simple_last)
    if not worth > 0:
        raise BadInput("cashflow.no_yield", value=worth)
    f = _frequency(freq)
    if _is_simple(t, cash, simple_last):
        when = float(t[cash != 0][0])
        modified = when / (1.0 + yield_ * when)
        return Durations(when, modified, 2.0 * modified * modified)
    growth = 1.0 + yield_ / f
    share = cash * np.exp(-np.log(growth) * f * t) / worth
    macaulay = float(share @ t)
    return Durations(macaulay, macaulay / growth, float(share @ (t * (t + 1.0 / f))) / growth**2)


def effective_duration(price_: float, up: float, down: float, shift: float) -> tuple[float, float]:
    """Return effective duration (years) and convexity from prices after yields move up and down by ``shift``.

    Duration = (down - up) / (2 P shift); convexity = (up + down - 2 P) / (P shift^2), the convention in
    which the price expansion carries one half (SIFMA SF-50). Raises BadInput for a zero price or shift.
    """
    if not (price_ > 0 and shift > 0):
        raise BadInput("cashflow.not_positive", value=min(price_, shift), name="price and shift")
    return (down - up) / (2.0 * price_ * shift), (up + down - 2.0 * price_) / (price_ * shift * shift)


def z_spread(times: npt.ArrayLike, flows: npt.ArrayLike, dirty: float, zero_curve: Callable[[float], float]) -> float:
    """Return the constant added to annually compounded zero rates at which ``flows`` are worth ``dirty``.

    ``zero_curve(t)`` gives the zero rate for ``t`` years. Raises BadInput where no one spread between
    -95 % and +2,000 % does.
    """
    t, cash = _arrays(times, flows)
    base = 1.0 + np.array([float(zero_curve(float(when))) for when in t])
    if not np.isfinite(base).all():
        raise BadInput("cashflow.not_finite", value="nan", name="zero_curve")
    floor = 0.05 - float(base.min())
    grid = floor + np.concatenate((np.linspace(0.0, 2.0, 401), np.linspace(2.05, 21.0, 380)))
    # Near the floor a flow of centuries is worth more than a float holds: infinite, and so beyond any price.
    with np.errstate(over="ignore"):
        return _bracketed(lambda spread: float(cash @ (base + spread) ** -t) - dirty, grid, dirty)


def discount_margin(periods: npt.ArrayLike, flows: npt.ArrayLike, dirty: float, index: float | np.ndarray) -> float:
    """Return the margin over ``index`` at which the flows of a floater are worth ``dirty`` (SIFMA SF-52).

    ``periods``: years between payments, the first from settlement; ``flows`` projected at the index; ``index``: annual
    decimals, one or one a period. Each period discounts by 1 + (index + margin) x its years. Raises BadInput for
    lengths that differ and where no one margin between -90 % and +2,000 % does.
    """
    tau, cash = _arrays(periods, flows)
    rates = np.broadcast_to(np.asarray(index, float), tau.shape)
    if not np.isfinite(rates).all():
        raise BadInput("cashflow.not_finite", value="nan", name="index")

    def gap(margin: float) -> float:
        growth = 1.0 + (rates + margin) * tau
        return float(cash @ (1.0 / np.cumprod(growth))) - dirty if (growth > 0).all() else float("inf")

    return _bracketed(gap, np.concatenate((np.linspace(-0.9, 0.5, 281), np.linspace(0.55, 20.0, 390))), dirty)


def accrued_interest(coupon: float, fraction: float, balance: float = 100.0) -> float:
    """Return interest accrued on ``balance`` after ``fraction`` years (see ``daycount``) at ``coupon``."""
    return coupon * fraction * balance


def clean_from_dirty(dirty: float, accrued: float) -> float:
    """Return the clean price: dirty price less accrued interest, both per 100 of remaining face."""
    return dirty - accrued


def remaining_price(price_: float, factor: float, basis: str) -> float:
    """Return ``price_`` per 100 of remaining face, given what it is per 100 of (``remaining``, ``original``).

    Raises BadInput for another basis or a factor that is not positive.
    """
    if basis not in ("remaining", "original"):
        raise BadInput(
            "cashflow.setting",
            value=basis,
            expected="remaining, original",
            choices=("remaining", "original"),
            setting="quote_basis",
        )
    if not factor > 0:
        raise BadInput("cashflow.not_positive", value=factor, name="factor")
    return price_ if basis == "remaining" else price_ / factor
