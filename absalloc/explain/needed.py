"""What the duals of an answer prove: rules that may be left out, one at a time, without gaining anything."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from absalloc.explain.standing import NotPlain, Standing
from absalloc.solve import Outcome

NOTHING = 1e-7
"""Million yuan a year: less than this is no gain."""
ROUNDING = 1e-9
"""Relative breach of a row that is rounding."""


def needed(standing: Standing, found: Outcome) -> frozenset[str]:
    """Return the rules in force without which more may be had than at an answer; of the others it is proven not.

    Without a rule its rows are gone and the lines that it alone bars may be bought. Where its rows have no dual, the
    same duals bound the larger program: its bound moves by no more than the reduced costs of these lines, each times
    what can be bought (weak duality: Boyd and Vandenberghe, Convex Optimization, 5.2.2).
    """
    rules = [name for name in standing.rules if name not in standing.now.off]
    if found.status != "optimal" or found.row_dual is None or found.reduced_cost is None:
        return frozenset(rules)
    priced = np.flatnonzero((found.row_dual != 0) & (standing.owner >= 0))
    has_dual = set(standing.owner[priced].tolist())
    buys = standing.legs.buy
    open_ = buys >= 0
    gain = np.zeros(len(buys))
    gain[open_] = np.maximum(-found.reduced_cost[buys[open_]], 0.0) * standing.high[buys[open_]]
    bars = standing.always.astype(int)
    for name in rules:
        bars += standing.bars[name]
    gain[bars != 1] = 0.0
    return frozenset(
        name for name in rules
        if standing.code[name] in has_dual or float(gain @ standing.bars[name]) > NOTHING
    )  # fmt: skip


def kept(standing: Standing, found: Outcome, key: tuple[str, str], value: Fraction) -> bool:
    """Say whether the point of an answer keeps one limit, (rule id, sense), at another value.

    Then a tighter limit changes nothing: no point of fewer is better than the best of all. False also where the limit
    has no rows of its own to tell by.
    """
    try:
        rows = standing.patched(key, value)
    except NotPlain:
        return False
    if found.x is None or found.row_activity is None:
        return False
    if isinstance(rows, Fraction):
        at = standing.counts[key]
        room = standing.upper[at] + float(rows - standing.limit(key)) - found.row_activity[at]
        return bool(room >= -ROUNDING)
    activity = rows.matrix.times(found.x)
    return bool(np.all(activity <= rows.upper + ROUNDING * np.maximum(1.0, np.abs(activity))))
