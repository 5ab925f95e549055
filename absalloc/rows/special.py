"""Rows that are not linear: counts of names, sums over a threshold, minimum positions."""

from __future__ import annotations

import numpy as np

from absalloc.rows import system
from absalloc.rows.system import Block


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
    edge = system.TIE_SHARE * scale
    if block.form == "if_held":
        return _if_held(block, low, high, edge)
    over = block.over or 0.0
    limit = float(block.limit[0]) if len(block.limit) else 0.0
    if block.over is not None and bool(np.any(np.abs(low - over) <= edge) or np.any(np.abs(high - over) <= edge)):
        return np.array([system.TIE], dtype=np.int8)
    if block.form == "count":
        least, most = float(np.sum(low > over)), float(np.sum(high > over))
        return _within(block, least, most, limit, 0.0)
    return _threshold(block, low, high, over, limit)


def _threshold(block: Block, low: np.ndarray, high: np.ndarray, over: float, limit: float) -> np.ndarray:
    up_to = np.inf if block.up_to is None else block.up_to
    if np.any(np.abs(low - up_to) <= 1e-9) or np.any(np.abs(high - up_to) <= 1e-9):
        return np.array([system.TIE], dtype=np.int8)
    # The most a group can add is its greatest ratio within the band; the least, nothing where it may leave it.
    can = (high > over) & (low <= up_to)
    must = (low > over) & (high <= up_to)
    most = float(np.sum(np.where(can, np.minimum(high, up_to), 0.0)))
    least = float(np.sum(np.where(must, low, 0.0)))
    return _within(block, least, most, limit, system.TIE_SHARE * (1 + most))


def _within(block: Block, least: float, most: float, limit: float, edge: float) -> np.ndarray:
    if block.sense == "min":
        least, most, limit = -most, -least, -limit
    if edge and (abs(most - limit) <= edge or abs(least - limit) <= edge):
        result = system.TIE
    else:
        result = system.PASS if most <= limit else system.FAIL if least > limit else system.UNKNOWN
    return np.array([result], dtype=np.int8)


def _if_held(block: Block, low: np.ndarray, high: np.ndarray, edge: np.ndarray) -> np.ndarray:
    result = np.full(block.rows, system.UNKNOWN, dtype=np.int8)
    result[(low > block.limit + edge) | (high <= 0)] = system.PASS
    result[(low > 0) & (high < block.limit - edge)] = system.FAIL
    tie = (np.abs(low - block.limit) <= edge) | (np.abs(high - block.limit) <= edge)
    result[tie & (high > 0)] = system.TIE
    return result
