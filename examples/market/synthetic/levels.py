"""Rates: synthetic curves of 2025-06-30 near the published levels, and the path coupons were issued on."""

from __future__ import annotations

from datetime import date

import numpy as np

AS_OF = date(2025, 6, 30)
TENORS = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 20.0, 30.0)
CURVES: dict[str, tuple[float, ...]] = {
    # percent, annual compounding, par bullet bonds
    "CGB": (1.29, 1.31, 1.34, 1.36, 1.40, 1.51, 1.58, 1.65, 1.80, 1.86),
    "CDB": (1.42, 1.44, 1.48, 1.53, 1.58, 1.65, 1.70, 1.76, 1.98, 2.04),
    "MTN_AAA": (1.64, 1.67, 1.70, 1.77, 1.83, 1.93, 2.01, 2.10, 2.28, 2.38),
    "MTN_AA+": (1.71, 1.74, 1.78, 1.86, 1.94, 2.08, 2.20, 2.33, 2.58, 2.70),
    "MTN_AA": (1.80, 1.84, 1.89, 2.00, 2.11, 2.31, 2.50, 2.72, 3.02, 3.16),
    "CHENGTOU_AAA": (1.66, 1.69, 1.73, 1.81, 1.88, 1.99, 2.08, 2.19, 2.38, 2.48),
    "CHENGTOU_AA+": (1.73, 1.77, 1.81, 1.90, 1.99, 2.14, 2.27, 2.42, 2.68, 2.80),
    "CHENGTOU_AA": (1.81, 1.86, 1.92, 2.04, 2.16, 2.38, 2.60, 2.86, 3.18, 3.32),
}
ABS_OVER_NOTES_BP = {1.0: 5.7, 3.0: -12.1, 5.0: -2.5, 10.0: -3.5}
"""AAA ABS curve over notes of the same tenor and grade, published for 2025-06-30."""
_PATH = {  # three-year AAA notes, percent: a smooth invented path through the fall of yields
    2020.0: 3.30, 2021.0: 3.45, 2022.0: 2.95, 2023.0: 3.05, 2023.5: 2.78, 2024.0: 2.62, 2024.5: 2.12,
    2025.0: 1.76, 2025.25: 1.98, 2025.5: 1.83,
}  # fmt: skip


def curve(name: str, years: float) -> float:
    """Return the yield in percent of one curve at a tenor, linear between nodes and flat outside."""
    return float(np.interp(years, TENORS, CURVES[name]))


def abs_over_notes(years: float) -> float:
    """Return the published AAA spread over notes in percent, linear between its tenors."""
    return float(np.interp(years, list(ABS_OVER_NOTES_BP), list(ABS_OVER_NOTES_BP.values()))) / 100


def level_shift(issued: date) -> float:
    """Return how much higher than on 2025-06-30 yields stood on the day of issue, in percent."""
    year = issued.year + (issued.timetuple().tm_yday - 1) / 365
    return float(np.interp(year, list(_PATH), list(_PATH.values()))) - _PATH[2025.5]
