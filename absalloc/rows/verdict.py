"""The verdicts of rows at a point, in floats: linear rows, counts of names, sums over a threshold, minimum positions."""

from __future__ import annotations

import numpy as np

from absalloc.rows.system import Block, RowSystem

PASS, FAIL, UNKNOWN, TIE = 0, 1, 2, 3
TIE_SHARE = 1e-9
"""Where the excess is within this share of the sum of its terms, floats do not decide: the exact checker does."""


def verdicts(system: RowSystem, x: np.ndarray) -> list[np.ndarray]:
    """Return per block PASS, FAIL, UNKNOWN or TIE for each row at ``x``; tests of time and ``unless`` aside."""
    return [verdict(block, x) for block in system.blocks]


def verdict(block: Block, x: np.ndarray) -> np.ndarray:
    """Return the verdict of each row of a block at ``x``: shape (rows,), TIE where floats do not decide."""
    if block.form != "linear":
        return special_verdict(block, x)
    low, high, scale = block.excess(x)
    if block.sense == "min":
        low, high = -high, -low
    result = np.full(block.rows, UNKNOWN, dtype=np.int8)
    edge = TIE_SHARE * scale
    with np.errstate(invalid="ignore"):
        result[high < -edge] = PASS
        result[low > edge] = FAIL
        # Nothing held on a non-strict row is exactly zero: no tie to break.
        zero = (high == 0) & (scale == 0)
        result[zero] = FAIL if block.strict else PASS
        tied = ((np.abs(high) <= edge) | (np.abs(low) <= edge)) & ~zero
    result[tied & (result == UNKNOWN)] = TIE
    result[np.isnan(block.limit)] = UNKNOWN
    return result


def group_ranges(block: Block, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (least, greatest, scale) of each group's ratio; without ``of`` the denominator is one."""
    low, high, scale = block.excess(x, np.zeros(block.rows))
    with np.errstate(divide="ignore", invalid="ignore"):
        below = np.where(block.d0[1] > 0, low / block.d0[1], np.where(low > 0, np.inf, 0.0))
        above = np.where(block.d0[0] > 0, high / block.d0[0], np.where(high > 0, np.inf, 0.0))
        size = np.where(block.d0[0] > 0, scale / block.d0[0], scale)
    return below, above, size


def special_verdict(block: Block, x: np.ndarray) -> np.ndarray:
    """Return the verdicts of a special block: one for counts and sums, one a group for minimum positions."""
    low, high, scale = group_ranges(block, x)
    edge = TIE_SHARE * scale
    if block.form == "if_held":
        return _if_held(block, low, high, edge)
    if np.any(x[block.shared.col] != 0):
        # A line of no known group may be a new name or one already counted: not a matter of sums.
        return np.array([TIE], dtype=np.int8)
    over = block.over or 0.0
    limit = float(block.limit[0]) if len(block.limit) else 0.0
    if block.over is not None and bool(np.any(np.abs(low - over) <= edge) or np.any(np.abs(high - over) <= edge)):
        return np.array([TIE], dtype=np.int8)
    if block.form == "count":
        least, most = float(np.sum(low > over)), float(np.sum(high > over))
        return _within(block, least, most, limit, 0.0)
    return _threshold(block, low, high, over, limit)


def _threshold(block: Block, low: np.ndarray, high: np.ndarray, over: float, limit: float) -> np.ndarray:
    up_to = np.inf if block.up_to is None else block.up_to
    if np.any(np.abs(low - up_to) <= 1e-9) or np.any(np.abs(high - up_to) <= 1e-9):
        return np.array([TIE], dtype=np.int8)
    # The most a group can add is its greatest ratio within the band; the least, nothing where it may leave it.
    can = (high > over) & (low <= up_to)
    must = (low > over) & (high <= up_to)
    most = float(np.sum(np.where(can, np.minimum(high, up_to), 0.0)))
    least = float(np.sum(np.where(must, low, 0.0)))
    return _within(block, least, most, limit, TIE_SHARE * (1 + most))


def _within(block: Block, least: float, most: float, limit: float, edge: float) -> np.ndarray:
    if block.sense == "min":
        least, most, limit = -most, -least, -limit
    if edge and (abs(most - limit) <= edge or abs(least - limit) <= edge):
        result = TIE
    else:
        result = PASS if most <= limit else FAIL if least > limit else UNKNOWN
    return np.array([result], dtype=np.int8)


def _if_held(block: Block, low: np.ndarray, high: np.ndarray, edge: np.ndarray) -> np.ndarray:
    result = np.full(block.rows, UNKNOWN, dtype=np.int8)
    result[(low > block.limit + edge) | (high <= 0)] = PASS
    result[(low > 0) & (high < block.limit - edge)] = FAIL
    tie = (np.abs(low - block.limit) <= edge) | (np.abs(high - block.limit) <= edge)
    result[tie & (high > 0)] = TIE
    return result
