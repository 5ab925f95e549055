"""The verdicts of rows at a point, in floats: linear rows, counts, sums over a threshold, minimum positions."""

from __future__ import annotations

import numpy as np

from absalloc.rows.stacked import Stacked, stack
from absalloc.rows.system import Block, RowSystem

PASS, FAIL, UNKNOWN, TIE = 0, 1, 2, 3
TIE_SHARE = 1e-9
"""Where the excess is within this share of the sum of its terms, floats do not decide: the exact checker does."""


def verdicts(system: RowSystem, x: np.ndarray) -> list[np.ndarray]:
    """Return per block PASS, FAIL, UNKNOWN or TIE for each row at ``x``; tests of time and ``unless`` aside.

    TIE, where rows do not decide: a ratio within rounding of its limit; a name, a threshold or a minimum
    position that hangs on a line with an unknown; what ``Block.loose`` says. A group that holds nothing passes.
    """
    stacked = _stacked(system)
    apart = stacked.apart(x)
    result = stacked.idle.copy()
    touched, low, high, scale = stacked.excess(x)
    result[touched] = _decide(low, high, scale, stacked.strict[touched])
    plain = {block: k for k, block in enumerate(stacked.blocks) if block not in apart}
    found = []
    for number, block in enumerate(system.blocks):
        if number in plain:
            k = plain[number]
            found.append(result[stacked.offsets[k] : stacked.offsets[k + 1]])
        else:
            found.append(verdict(block, x))
    return found


def _stacked(system: RowSystem) -> Stacked:
    """Return the stacked rows of a system, built on first use and kept with it."""
    kept: Stacked | None = system.__dict__.get("_stacked")
    if kept is None:
        kept = stack(system.blocks, system.positions, verdict)
        system.__dict__["_stacked"] = kept
    return kept


def verdict(block: Block, x: np.ndarray) -> np.ndarray:
    """Return the verdict of each row of a block at ``x``: shape (rows,), TIE where floats do not decide."""
    if block.loose:
        return np.full(block.rows if block.form in ("linear", "if_held") else 1, TIE, dtype=np.int8)
    if block.form == "linear":
        return _linear(block, x)
    if block.form == "if_held":
        return _if_held(block, x)
    return _count(block, x) if block.form == "count" else _threshold(block, x)


def _linear(block: Block, x: np.ndarray) -> np.ndarray:
    low, high, scale = block.excess(x)
    if block.sense == "min":
        low, high = -high, -low
    result = _decide(low, high, scale, np.full(block.rows, block.strict))
    result[block.empty(x) | ~block.spoken_of(x)] = PASS
    return result


def _decide(low: np.ndarray, high: np.ndarray, scale: np.ndarray, strict: np.ndarray) -> np.ndarray:
    """Return the verdicts of rows whose excess lies between ``low`` and ``high``, turned so that at most 0 is right."""
    result = np.full(len(low), UNKNOWN, dtype=np.int8)
    edge = TIE_SHARE * scale
    result[high < -edge] = PASS
    result[low > edge] = FAIL
    result[((np.abs(high) <= edge) | (np.abs(low) <= edge)) & (result == UNKNOWN)] = TIE
    # Sums of nothing are exactly zero: no tie to break.
    nothing = scale == 0
    result[nothing & (high == 0)] = PASS
    # Nothing over nothing is no breach of a strict limit, nothing over something may be: not for rows to say.
    result[nothing & ((low == 0) | (high == 0)) & strict] = TIE
    result[nothing & (high > 0) & (low <= 0) & ~((low == 0) & strict)] = UNKNOWN
    return result


def group_ranges(block: Block, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (least, greatest, scale) of each row's ratio, where no line held counts in more ways than one."""
    zero = np.zeros(block.rows)
    low, high, scale = block.excess(x, zero)
    y = block.amounts(x)
    shared = float(block.shared.d[:, 0] @ y[block.shared.col]) if len(block.shared.col) else 0.0
    below = shared + np.bincount(block.row, weights=block.d * y[block.col], minlength=block.rows)
    below = below + block.moved(x)[1]
    least, most = block.d0[0] + below, block.d0[1] + below
    with np.errstate(divide="ignore", invalid="ignore"):
        smallest = np.where(low == 0, 0.0, np.where(most > 0, low / most, np.inf))
        largest = np.where(high == 0, 0.0, np.where(least > 0, high / least, np.inf))
        size = np.where(least > 0, scale / least, scale)
    return smallest, largest, size


def _count(block: Block, x: np.ndarray) -> np.ndarray:
    sure, open_ = block.touched(x)
    if np.any(open_):
        return _whole(TIE)
    if block.over is None:
        held = float(np.sum(sure))
        return _within(block, held, held, 0.0)
    low, high, scale = block.excess(x, np.full(block.rows, block.over))
    edge = TIE_SHARE * scale
    if np.any((sure | ~block.empty(x)) & ((np.abs(low) <= edge) | (np.abs(high) <= edge)) & (scale > 0)):
        return _whole(TIE)
    # Only what is held is a group at all.
    return _within(block, float(np.sum(sure & (low > 0))), float(np.sum(sure & (high > 0))), 0.0)


def _threshold(block: Block, x: np.ndarray) -> np.ndarray:
    sure, open_ = block.touched(x)
    if np.any(open_):
        return _whole(TIE)
    low, high, scale = (values[sure] for values in group_ranges(block, x))
    over, top = block.over or 0.0, np.inf if block.up_to is None else block.up_to
    edge = TIE_SHARE * np.maximum(scale, 1.0)
    for bound in (over, *(() if block.up_to is None else (top,))):
        if np.any(np.abs(low - bound) <= edge) or np.any(np.abs(np.where(high == bound, 0.0, high - bound)) <= edge):
            return _whole(TIE)
    # The most a group can add is its greatest ratio within the band; the least, nothing where it may leave it.
    can = (high > over) & (low <= top)
    must = (low > over) & (high <= top)
    most = float(np.sum(np.where(can, np.minimum(high, top), 0.0)))
    least = float(np.sum(np.where(must, low, 0.0)))
    return _within(block, least, most, TIE_SHARE * (1 + (most if np.isfinite(most) else 0.0)))


def _whole(code: int) -> np.ndarray:
    return np.array([code], dtype=np.int8)


def _within(block: Block, least: float, most: float, edge: float) -> np.ndarray:
    """Judge a number that lies between ``least`` and ``most``, against the one limit of the block."""
    if not len(block.limit):
        return _whole(TIE)
    e_low, e_high = least - float(block.limit_most[0]), most - float(block.limit[0])
    if block.sense == "min":
        e_low, e_high = -e_high, -e_low
    if edge and (abs(e_high) <= edge or abs(e_low) <= edge):
        return _whole(TIE)
    if e_high < 0 or (e_high == 0 and not block.strict):
        return _whole(PASS)
    return _whole(FAIL if e_low > 0 or (block.strict and e_low == 0) else UNKNOWN)


def _if_held(block: Block, x: np.ndarray) -> np.ndarray:
    """Judge minimum positions: not holding a group is always allowed."""
    sure, open_ = block.touched(x)
    low, high, scale = block.excess(x)
    edge = TIE_SHARE * scale
    result = np.full(block.rows, UNKNOWN, dtype=np.int8)
    result[low > edge] = PASS
    result[high < -edge] = FAIL
    result[(np.abs(low) <= edge) | (np.abs(high) <= edge)] = TIE
    result[~sure] = PASS
    result[open_] = TIE
    return result
