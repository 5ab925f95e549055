"""Prepayment and default speeds (SIFMA Uniform Practices, chapter SF, 1999).

Rates are decimals (12 % is 0.12), standard curves are multiples (1.0 is 100 PSA, 100 SDA), months count
from 1 and are the loan's age at the payment. Every function takes scalars or arrays and returns the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from absalloc.errors import BadInput

PSA_PEAK, PSA_RAMP = 0.06, 30
MAX_MULTIPLE = {"psa": 20.0, "sda": 100.0}
"""Above these a multiple is taken to be written in percent."""
Number = float | np.ndarray


def _back(values: np.ndarray) -> Number:
    return float(values) if values.ndim == 0 else values


def _rates(values: npt.ArrayLike, name: str) -> np.ndarray:
    """Return rates as an array. Raises BadInput for NaN or anything outside 0 … 1."""
    rates = np.asarray(values, float)
    bad = ~((rates >= 0.0) & (rates <= 1.0))
    if bad.any():
        raise BadInput("cashflow.speed_range", value=float(rates[bad].flat[0]), expected="0 - 1", name=name)
    return rates


def _multiples(values: npt.ArrayLike, name: str) -> np.ndarray:
    multiples, top = np.asarray(values, float), MAX_MULTIPLE[name]
    bad = ~((multiples >= 0.0) & (multiples <= top))
    if bad.any():
        raise BadInput("cashflow.psa_range", value=float(multiples[bad].flat[0]), expected=f"0 - {top:g}", name=name)
    return multiples


def _months(values: npt.ArrayLike) -> np.ndarray:
    months = np.asarray(values, float)
    bad = ~((months >= 1) & (months == np.rint(months)))
    if bad.any():
        raise BadInput("cashflow.month", value=float(months[bad].flat[0]))
    return months


def smm_from_cpr(cpr: npt.ArrayLike) -> Number:
    """Return the monthly rate 1 - (1 - CPR)^(1/12). Raises BadInput outside 0 … 1. Serves CDR to MDR too."""
    return _back(-np.expm1(np.log1p(-_below_one(cpr, "cpr")) / 12.0) + (_rates(cpr, "cpr") == 1.0) * 1.0)


def _below_one(values: npt.ArrayLike, name: str) -> np.ndarray:
    rates = _rates(values, name)
    return np.where(rates == 1.0, 0.0, rates)


def cpr_from_smm(smm: npt.ArrayLike) -> Number:
    """Return the annual rate 1 - (1 - SMM)^12. Raises BadInput outside 0 … 1. Serves MDR to CDR too."""
    return _back(np.asarray(1.0 - (1.0 - _rates(smm, "smm")) ** 12))


def cpr_from_psa(psa: npt.ArrayLike, month: npt.ArrayLike) -> Number:
    """Return the CPR of ``psa`` (1.0 is 100 PSA) in loan ``month``: 0.2 % a month up to 6 % at month 30.

    Raises BadInput for psa outside 0 … 20, a month below 1, or a CPR above 1.
    """
    ramp = np.minimum(_months(month), PSA_RAMP) / PSA_RAMP
    return _back(_rates(_multiples(psa, "psa") * PSA_PEAK * ramp, "cpr"))


def smm_from_abs(speed: npt.ArrayLike, month: npt.ArrayLike) -> Number:
    """Return the SMM of the absolute (ABS) model: ABS / (1 - ABS (month - 1)); 1 once the pool is used up.

    ``speed`` is the share of the *original* number of loans prepaid each month. Raises BadInput outside 0 … 1.
    """
    share, age = _rates(speed, "abs_speed"), _months(month)
    left = 1.0 - share * (age - 1.0)
    return _back(np.where(left > share, share / np.where(left > share, left, 1.0), np.where(share > 0, 1.0, 0.0)))


def cdr_from_sda(sda: npt.ArrayLike, month: npt.ArrayLike) -> Number:
    """Return the annual default rate of ``sda`` (1.0 is 100 SDA) in loan ``month``.

    0.02 % a month up to 0.60 % at month 30, flat to 60, down to 0.03 % at 120, flat after (SF-19, SF-20).
    Raises BadInput for a multiple outside 0 … 100 or a month below 1.
    """
    base = np.interp(_months(month), [0.0, 30.0, 60.0, 120.0], [0.0, 0.006, 0.006, 0.0003])
    return _back(_rates(_multiples(sda, "sda") * base, "cdr"))


def mdr_from_sda(sda: npt.ArrayLike, month: npt.ArrayLike) -> Number:
    """Return the monthly default rate of ``sda`` in loan ``month``: 1 - (1 - CDR)^(1/12)."""
    return smm_from_cpr(cdr_from_sda(sda, month))


def smm_from_opening(rate: npt.ArrayLike, scheduled: npt.ArrayLike, balance: npt.ArrayLike) -> Number:
    """Return SIFMA's SMM of a prepayment ``rate`` measured, as Chinese reports do, on the opening balance.

    SMM divides by ``balance - scheduled`` instead of ``balance`` (both yuan). Raises BadInput where the
    scheduled principal is not below the balance.
    """
    opening, due = np.asarray(balance, float), np.asarray(scheduled, float)
    if not ((due >= 0) & (due < opening)).all():
        raise BadInput("cashflow.not_positive", value=float(np.min(opening - due)), name="balance - scheduled")
    return _back(_rates(_rates(rate, "rate") * opening / (opening - due), "smm"))
