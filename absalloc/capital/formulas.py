"""SEC-ERBA, SEC-SA and the table of 2012, one position at a time; decimals in, decimals out.

The formulas are those of Basel CRE41 and CRE42 (CRR articles 257, 261 to 264), which annex 11 of the Chinese
rules of 2023 is believed to follow cell by cell; each table says how far that is confirmed. Two caps are
not applied here, because they need facts of the pool: the look-through cap of a senior tranche at the
average weight of its pool, and the cap on the total capital of a deal.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from absalloc.capital.tables import erba_table, row_of, table_2012
from absalloc.errors import BadInput
from absalloc.units import tidy

UNKNOWN_SHARE_LIMIT = 0.05
FULL_WEIGHT = 12.5
LEAST_YEARS, MOST_YEARS = 1.0, 5.0


def sec_erba(rating: str, *, senior: bool, maturity: float, thickness: float | None = None, stc: bool = False) -> float:
    """Return the risk weight of a rated tranche (decimal: 0.175 is 17.5 %), Basel CRE42.

    ``rating``: a grade (``AA+``, ``AAAsf``, ``A-1``) or a row of the table (``CCC+ to CCC-``).
    ``maturity``: MT in years, clamped to 1…5 (``tranche_maturity`` of the legal one). ``thickness``:
    detachment − attachment, 0…1 (0 gives the bare cell); needed where the tranche is not senior and its
    rating is long-term.
    Raises BadInput for an unknown or absent rating, a missing thickness, or numbers out of range.
    """
    table = erba_table()
    row = row_of(rating, table.row)
    if row is None:
        raise BadInput("capital.not_rated", value=rating)
    _number("maturity", maturity, 0.0, math.inf)
    needs_thickness = not senior and not bool(table.short[row])
    if needs_thickness and thickness is None:
        raise BadInput("capital.thickness_missing", value=rating)
    if thickness is not None and not 0.0 <= thickness <= 1.0:
        raise BadInput("capital.number_range", name="thickness", value=thickness, expected="0 … 1")
    width = 1.0 if thickness is None else thickness
    weights = erba_weights(*(np.array([v]) for v in (row, senior, stc, float(maturity), float(width))))
    return tidy(float(weights[0]))


def erba_weights(
    row: NDArray[np.int64],
    senior: NDArray[np.bool_],
    stc: NDArray[np.bool_],
    maturity: NDArray[np.float64],
    thickness: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return SEC-ERBA weights, all arrays of one length; ``row`` indexes ``erba_table().cells``.

    Linear in MT between 1 and 5 years; a tranche that is not senior is multiplied by 1 − min(T, 50 %) and
    never below the senior weight of its rating; floors 15 %, 10 % for STC senior.
    """
    table = erba_table()
    cells = table.cells[stc.astype(np.int64), row]
    share = (np.clip(maturity, LEAST_YEARS, MOST_YEARS) - LEAST_YEARS) / (MOST_YEARS - LEAST_YEARS)
    as_senior = cells[:, 0] + (cells[:, 1] - cells[:, 0]) * share
    as_junior = cells[:, 2] + (cells[:, 3] - cells[:, 2]) * share
    thin = np.where(table.short[row], 1.0, 1.0 - np.minimum(thickness, 0.5))
    floor = np.where(stc & senior, table.floor_stc_senior, table.floor)
    return np.maximum(np.where(senior, as_senior, np.maximum(as_junior * thin, as_senior)), floor)


def tranche_maturity(legal_years: float) -> float:
    """Return MT in years from the years to legal final maturity: 1 + (ML − 1) · 80 %, within 1…5 (CRR 257).

    Raises BadInput for a negative or missing number.
    """
    _number("legal_years", legal_years, 0.0, math.inf)
    return tidy(float(maturities(np.array([legal_years]))[0]))


def maturities(legal_years: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return MT for an array of years to legal maturity; NaN stays NaN."""
    return np.clip(1.0 + (legal_years - 1.0) * 0.8, LEAST_YEARS, MOST_YEARS)


def ka(ksa: float, w: float, unknown_share: float = 0.0) -> float:
    """Return K_A, the delinquency-adjusted capital of a pool (decimal), Basel CRE41.

    ``ksa``: 8 % × average standardised weight of the pool. ``w``: delinquent share of the loans whose status
    is known. ``unknown_share``: exposure share of unknown status, at most 5 %; above, K_A is 1, so that
    ``sec_sa`` gives 1250 %. Raises BadInput for shares outside 0…1.
    """
    for name, value in (("ksa", ksa), ("w", w), ("unknown_share", unknown_share)):
        _number(name, value, 0.0, 1.0)
    if tidy(unknown_share) > UNKNOWN_SHARE_LIMIT:
        return 1.0
    known = (1.0 - w) * ksa + 0.5 * w
    return tidy((1.0 - unknown_share) * known + unknown_share)


def sec_sa(*, ka: float, attach: float, detach: float, p: float = 1.0, floor: float = 0.15) -> float:
    """Return the SEC-SA risk weight (decimal) of a tranche from K_A, attachment and detachment, Basel CRE41.

    ``p``: 1, 0.5 for STC, 1.5 for re-securitisation. ``floor``: 0.15, 0.10 for an STC senior tranche, 1.0 for
    re-securitisation. Raises BadInput where numbers are outside 0…1 or attach ≥ detach.
    """
    for name, value in (("ka", ka), ("attach", attach), ("detach", detach)):
        _number(name, value, 0.0, 1.0)
    _number("p", p, 0.5, 1.5)
    _number("floor", floor, 0.0, FULL_WEIGHT)
    if attach >= detach:
        raise BadInput("capital.number_range", name="attach", value=attach, expected=f"< {detach}")
    weight = sec_sa_weights(*(np.array([value]) for value in (ka, attach, detach, p, floor)))
    return tidy(float(weight[0]))


def sec_sa_weights(
    ka: NDArray[np.float64],
    attach: NDArray[np.float64],
    detach: NDArray[np.float64],
    p: NDArray[np.float64],
    floor: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return SEC-SA weights, all arrays of one length; NaN where a number is NaN or attach ≥ detach.

    A tranche that ends within K_A weighs 1250 %; one that begins above it 12.5 · K_SSFA; one astride it both, by
    width. A pool whose K_A is 1 weighs 1250 % whatever the tranche, points unknown included.
    """
    lower = np.maximum(attach - ka, 0.0)
    width = detach - attach
    with np.errstate(invalid="ignore", divide="ignore"):
        within = np.clip((ka - attach) / width, 0.0, 1.0)
        beyond = _k_ssfa(ka, detach - ka, lower, p)
        weight = FULL_WEIGHT * (within + (1.0 - within) * beyond)
        weight = np.where(detach <= ka, FULL_WEIGHT, weight)
        weight = np.where(width > 0.0, np.maximum(weight, floor), np.nan)
    return np.where(ka >= 1.0, FULL_WEIGHT, weight)


def _k_ssfa(
    ka: NDArray[np.float64], upper: NDArray[np.float64], lower: NDArray[np.float64], p: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (e^{au} − e^{al}) / (a(u − l)) with a = −1/(p·K_A); its limit 0 where K_A is 0."""
    a = -1.0 / (p * np.where(ka == 0.0, 1.0, ka))
    span = a * (upper - lower)
    # expm1 keeps the digits of a thin tranche, whose two exponentials nearly cancel.
    return np.where(ka == 0.0, 0.0, np.exp(a * lower) * np.expm1(span) / span)


def risk_weight_2012(rating: str | None, resecuritisation: bool = False) -> float:
    """Return the risk weight (decimal) of the rules of 2012, in force until 2023-12-31; None is not rated.

    ``rating``: a grade or a row of the table (``AAA to AA-``, ``B+ and below or unrated``). Basel II.5
    standardised table; an originating bank's own positions below BBB- weigh 1250 %, which is not modelled.
    Raises BadInput for an unknown rating.
    """
    table = table_2012()
    row = row_of(rating, table.row)
    assert row is not None  # this table has a row for what is not rated
    return float(table.cells[row, int(resecuritisation)])


def _number(name: str, value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        expected = f"{low:g} … {high:g}" if math.isfinite(high) else f"≥ {low:g}"
        raise BadInput("capital.number_range", name=name, value=value, expected=expected)
