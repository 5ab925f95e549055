"""Overcollateralisation and interest-coverage tests. A ratio exactly at the trigger passes."""

from __future__ import annotations

import numpy as np

from absalloc.errors import BadInput


def _amounts(**values: float) -> None:
    for name, value in values.items():
        if not (np.isfinite(value) and value >= 0):
            raise BadInput("cashflow.negative", value=value, name=name)


def oc_ratio(collateral: float, notes: float, cash: float = 0.0) -> float:
    """Return (collateral + cash) / notes, all in yuan; infinite where no notes are left.

    ``collateral`` is performing balance (plus recoveries expected of defaulted loans, where the test counts
    them). Raises BadInput for a negative amount.
    """
    _amounts(collateral=collateral, notes=notes, cash=cash)
    return (collateral + cash) / notes if notes > 0 else float("inf")


def ic_ratio(interest: float, notes: float, coupon: float, period: float = 1.0) -> float:
    """Return interest collected over interest due (``notes`` x annual ``coupon`` x ``period`` years).

    Infinite where nothing is due. Raises BadInput for a negative amount.
    """
    _amounts(interest=interest, notes=notes, coupon=coupon, period=period)
    due = notes * coupon * period
    return interest / due if due > 0 else float("inf")


def passes(ratio: float, trigger: float) -> bool:
    """Return whether ``ratio`` is at or above ``trigger`` (1e-12 relative, for the last bit of a division)."""
    return ratio >= trigger * (1.0 - 1e-12)


def cure_amount(collateral: float, notes: float, trigger: float, cash_in_numerator: bool = True) -> float:
    """Return the cash that must pay down ``notes`` for the OC ratio to reach ``trigger``; 0 where it does.

    With ``cash_in_numerator`` the cash used is part of ``collateral`` and leaves both sides:
    (collateral - X) / (notes - X) = trigger. Without it only the notes fall: collateral / (notes - X) =
    trigger. Raises BadInput for a negative amount or, with cash in the numerator, where paying down can never
    cure: a trigger of 1 or less that is not met, or more notes than collateral (X would exceed the notes).
    """
    _amounts(collateral=collateral, notes=notes, trigger=trigger)
    if not trigger > 0:
        raise BadInput("cashflow.not_positive", value=trigger, name="trigger")
    if passes(oc_ratio(collateral, notes), trigger):
        return 0.0
    if not cash_in_numerator:
        return notes - collateral / trigger
    if trigger <= 1.0 or collateral < notes:
        raise BadInput("cashflow.cure_never", value=trigger)
    return (trigger * notes - collateral) / (trigger - 1.0)
