"""Scheduled balances of a pool without prepayment or default: level pay, equal principal, bullet, interest-only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from absalloc.errors import BadInput

AMORTISATIONS = ("level", "equal", "bullet")
_NO_RATE = 1e-12


def amortisation_factors(wac: float, term: int) -> np.ndarray:
    """Return the level-pay balance per 1 after 0 … ``term`` months at annual rate ``wac``: (term + 1,)."""
    left = np.arange(term, -1, -1, dtype=float)
    rate = wac / 12.0
    if rate < _NO_RATE:
        return np.asarray(left / term)
    return np.asarray(np.expm1(-left * np.log1p(rate)) / np.expm1(-term * np.log1p(rate)))


def scheduled_factors(wac: npt.ArrayLike, term: int, kind: str = "level", interest_only: int = 0) -> np.ndarray:
    """Return the scheduled balance per 1 after 0 … ``term`` months: (term + 1,).

    ``kind``: ``level`` payments (等额本息), ``equal`` principal (等额本金), ``bullet`` (all in the last month);
    none is due in the first ``interest_only`` months. ``wac``: annual decimal, or one a month for a floating pool,
    whose level payment is set anew each month over the remaining term. Raises BadInput for another kind or
    interest-only months that leave no month to repay in.
    """
    if kind not in AMORTISATIONS:
        raise BadInput(
            "cashflow.setting", value=kind, expected=", ".join(AMORTISATIONS), choices=AMORTISATIONS,
            setting="amortisation",
        )  # fmt: skip
    if interest_only != int(interest_only) or not 0 <= interest_only < term:
        raise BadInput(
            "cashflow.setting", value=interest_only, expected=f"0 - {term - 1}", setting="interest_only",
        )  # fmt: skip
    paying, rates = term - interest_only, np.asarray(wac, float)
    if kind == "bullet":
        tail = np.concatenate((np.ones(paying), [0.0]))
    elif kind == "equal":
        tail = np.arange(paying, -1, -1, dtype=float) / paying
    elif rates.ndim == 0:
        tail = amortisation_factors(float(rates), paying)
    else:
        tail = np.concatenate(([1.0], np.cumprod(_kept(rates[interest_only:] / 12.0))))
    return np.concatenate((np.ones(interest_only), tail))


def _kept(rates: np.ndarray) -> np.ndarray:
    """Return the share of the balance left by each level payment at monthly ``rates``, set anew every month."""
    left = np.arange(rates.size, 0, -1, dtype=float)
    safe = np.where(rates > _NO_RATE, rates, 1.0)
    share = np.expm1(-(left - 1.0) * np.log1p(safe)) / np.expm1(-left * np.log1p(safe))
    return np.asarray(np.where(rates > _NO_RATE, share, (left - 1.0) / left))


def table_factors(principal: npt.ArrayLike, balance: float | None, tolerance: float) -> np.ndarray:
    """Return the balance per 1 of a given principal schedule: (months + 1,).

    Raises BadInput for negative or missing amounts, an empty table, or one that misses ``balance`` by more than
    ``tolerance`` (both yuan).
    """
    paid = np.asarray(principal, float)
    if paid.ndim != 1 or paid.size == 0:
        raise BadInput("cashflow.lengths", value=paid.size, expected="1", name="principal")
    if not np.isfinite(paid).all():
        raise BadInput("cashflow.not_finite", value="nan", name="principal")
    if (paid < 0).any():
        raise BadInput("cashflow.negative", value=float(paid.min()), name="principal")
    total = float(paid.sum())
    if balance is not None and not abs(total - balance) <= tolerance:
        raise BadInput("cashflow.pool_table", value=total, expected=balance, gap=total - balance)
    if not total > 0:
        raise BadInput("cashflow.not_positive", value=total, name="principal")
    # Summed from the end, so that what is left after the last payment is exactly nothing.
    left = np.cumsum(paid[::-1])[::-1]
    return np.asarray(np.append(left, 0.0) / left[0])
