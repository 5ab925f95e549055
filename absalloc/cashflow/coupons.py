"""Coupons of floating tranches, one rate a period."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from absalloc.errors import BadInput


def floating_rates(
    index: npt.ArrayLike, spread: float, every: int = 1, floor: float = 0.0, cap: float = 1.0
) -> np.ndarray:
    """Return annual coupons by period: ``index`` (one a period, annual decimals) plus ``spread``, floored and capped.

    The index is read in the first period and ``every`` periods after it, and held between. Raises BadInput for an
    index that is not finite, ``every`` below 1, or a floor above the cap.
    """
    path = np.asarray(index, float)
    if path.ndim != 1 or path.size == 0:
        raise BadInput("cashflow.lengths", value=path.size, expected="1", name="index")
    if not (np.isfinite(path).all() and np.isfinite(spread)):
        raise BadInput("cashflow.not_finite", value="nan", name="index")
    if every != int(every) or every < 1:
        raise BadInput("cashflow.setting", value=every, expected="1, 3, 12", setting="every")
    if not 0.0 <= floor <= cap <= 1.0:
        raise BadInput("cashflow.setting", value=(floor, cap), expected="0 <= floor <= cap <= 1", setting="floor, cap")
    read = path[np.arange(path.size) // int(every) * int(every)]
    return np.asarray(np.clip(read + spread, floor, cap))
