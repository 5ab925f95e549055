"""Many portfolios at once: the verdicts of every plain row in floats, with a bound on what floats may get wrong.

Each portfolio stands alone; they are the rows of a sparse matrix of faces over the positions. A ratio nearer to its
limit than the bound, and every block this module does not read, is left ``OPEN``, for the exact checker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from absalloc.rows.system import Block, RowSystem
from absalloc.rows.verdict import FAIL, PASS, TIE_SHARE, UNKNOWN

if TYPE_CHECKING:
    import scipy.sparse as sp

OPEN = 3
"""Not decided in floats."""
CHUNK = 200_000
"""About how many totals are kept at once."""
RANK = np.array([0, 3, 1, 2], dtype=np.int8)
"""Verdicts by how bad they are: pass, unknown, open, fail."""
UNRANK = np.array([PASS, UNKNOWN, OPEN, FAIL], dtype=np.int8)
# Σ of k products of factors, prices and faces rounded a few times each is off by less than (k + 16) 2⁻⁵³ of the sum of
# magnitudes (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., 3.1): the share of a tie is far more for
# any portfolio of fewer than a million lines.
MOST_LINES = 1_000_000


@dataclass(frozen=True)
class Judged:
    """Per portfolio: the verdict of a block's worst group, its ratio (NaN where not known), its row (-1 for none)."""

    verdict: np.ndarray
    value: np.ndarray
    row: np.ndarray


@dataclass(frozen=True)
class Entries:
    """What a line adds to a row, per yuan: ``worst`` and ``best`` of the turned excess, ``size`` of its terms, n, d.

    ``open``: the line counts in more than one way. All of shape (k,).
    """

    row: np.ndarray
    col: np.ndarray
    worst: np.ndarray
    best: np.ndarray
    size: np.ndarray
    n: np.ndarray
    d: np.ndarray
    open: np.ndarray


class Batch:
    """The blocks of one book, ready for many portfolios."""

    def __init__(self, system: RowSystem) -> None:
        self.system = system
        self.blocks = [b for b in system.blocks if b.scenario is None and b.branch == "main"]
        self._entries = [_entries(b) if _readable(b) else None for b in self.blocks]
        self._places: dict[int, list[int]] = {}
        self._columns = self._stacked()

    def _stacked(self) -> np.ndarray:
        """Return all coefficients of the blocks of one row as one matrix (positions, k); equal columns stand once."""
        columns: dict[bytes, int] = {}
        found: list[np.ndarray] = []
        for i, (block, entries) in enumerate(zip(self.blocks, self._entries, strict=True)):
            if entries is None or block.groups != (None,):
                continue
            each = {**vars(entries), "terms": np.abs(entries.best)}
            names = ("worst", "best", "size", "n", "d", "open", "terms")
            size = self.system.positions
            vectors = [np.bincount(entries.col, weights=each[name], minlength=size) for name in names]
            for vector in vectors:
                if columns.setdefault(vector.tobytes(), len(found)) == len(found):
                    found.append(vector)
            self._places[i] = [columns[vector.tobytes()] for vector in vectors]
        return np.column_stack(found) if found else np.zeros((self.system.positions, 0))

    def judge(self, faces: sp.csr_matrix) -> list[Judged]:
        """Return the verdicts of each block on portfolios: faces of shape (portfolios, positions)."""
        sums = np.asarray(faces @ self._columns)
        found = []
        for i, (block, entries) in enumerate(zip(self.blocks, self._entries, strict=True)):
            if entries is None:
                size = faces.shape[0]
                judged = Judged(np.full(size, OPEN, np.int8), np.full(size, np.nan), np.full(size, -1))
            elif i in self._places:
                judged = _one(block, [sums[:, p] for p in self._places[i]])
            else:
                judged = _grouped(block, entries, faces)
            _leave_strangers(block, faces, judged.verdict)
            found.append(judged)
        return found


def _one(block: Block, sums: list[np.ndarray]) -> Judged:
    """Judge a block of one row by its sums: worst, best, size, n, d, open, and the terms of the best one."""
    worst, best, size, n, d, opened, terms = sums
    low, high, scale = _constants(block)
    # Where every term of the best case is nothing, it is exactly nothing: no breach is proven.
    nothing = (terms == 0) & (low[0] == 0)
    verdict = _decide(best + low[0], worst + high[0], TIE_SHARE * (size + scale[0]), nothing)
    below = _shown(block)[0] + d
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where((below > 0) & (opened == 0), (n + block.n0[0][0]) / below, np.nan)
    return Judged(verdict, value, np.zeros(len(n), dtype=np.int64))


def _readable(block: Block) -> bool:
    """Return whether a block is read here: plain ratios with known limits, whose untouched groups pass."""
    if block.form != "linear" or block.legs or block.loose or block.strict or not np.all(block.limit_known):
        return False
    if block.groups == (None,):
        return True
    # Of groups: lines in one group each, counting in one way, over constants; no floor, which speaks of all groups.
    plain = block.sense == "max" and not any(limit.sense == "min" for limit in block.rule.limits)
    certain = not len(block.own.col) and not np.any(~block.shared.member)
    single = len(np.unique(block.col)) == len(block.col)
    sound = bool(np.all(block.n >= 0)) and not np.any(block.d) and bool(np.all(_constants(block)[1] <= 0))
    return bool(block.rows) and plain and certain and single and sound and not np.any(block.n0[1])


def _entries(block: Block) -> Entries:
    turn = 1.0 if block.sense == "max" else -1.0
    parts = [(block.row, block.col, block.n[:, None], block.d[:, None])]
    parts.append((block.own.row, block.own.col, block.own.n, block.own.d))
    if block.groups == (None,):
        parts.append(
            (np.zeros(len(block.shared.col), dtype=np.int64), block.shared.col, block.shared.n, block.shared.d)
        )
    found = []
    for row, col, n, d in parts:
        limit = block.limit[row][:, None]
        excess = turn * (n - limit * d)
        size = np.abs(n).max(axis=1, initial=0.0) + np.abs(limit[:, 0]) * np.abs(d).max(axis=1, initial=0.0)
        opened = np.any(n != n[:, :1], axis=1) | np.any(d != d[:, :1], axis=1)
        some = excess.max(axis=1, initial=-np.inf), excess.min(axis=1, initial=np.inf)
        found.append((row, col, *some, size, n[:, 0], d[:, 0], opened.astype(float)))
    return Entries(*(np.concatenate(each) for each in zip(*found, strict=True)))


def _constants(block: Block) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return least and greatest constant of the turned excess, and its scale, per row."""
    low, high = block.constant(block.limit, 0), block.constant(block.limit, 1)
    if block.sense == "min":
        low, high = -high, -low
    return low, high, block.fixed_scale(block.limit)


def _shown(block: Block) -> np.ndarray:
    """Return the denominators shown: the proven part where only that is known; NaN where nothing is."""
    low, high = block.d0
    return np.where((low == high) | (np.isinf(high) & (low > 0)), low, np.nan)


def _decide(best: np.ndarray, worst: np.ndarray, edge: np.ndarray, nothing: np.ndarray) -> np.ndarray:
    """Return the verdicts of turned excesses between ``best`` and ``worst``; OPEN within ``edge`` of nothing.

    ``nothing``: the best is exactly nothing, not only near it.
    """
    result = np.full(best.shape, UNKNOWN, dtype=np.int8)
    result[((np.abs(best) <= edge) & ~nothing) | (np.abs(worst) <= edge)] = OPEN
    result[worst < -edge] = PASS
    result[(best > edge) & ~nothing] = FAIL
    # Sums of nothing are exactly nothing.
    result[(edge == 0) & (worst == 0)] = PASS
    return result


def _grouped(block: Block, entries: Entries, faces: sp.csr_matrix) -> Judged:
    """Judge a block of many rows, some portfolios at a time, so that what is added up stays near the processor.

    Lines are certain, in one row each, and nothing but constants stands below (``_readable``): the excess of a row is
    ``total + constant``, and a row that holds nothing passes.
    """
    size = faces.shape[0]
    found = Judged(np.full(size, PASS, np.int8), np.full(size, np.nan), np.full(size, -1, dtype=np.int64))
    weight, place = np.zeros(faces.shape[1]), np.zeros(faces.shape[1], dtype=np.int64)
    weight[entries.col], place[entries.col] = entries.n, entries.row
    alone = len(np.unique(entries.row)) == len(entries.row)
    step = max(1, CHUNK // (1 if alone else block.rows))
    for first in range(0, size, step):
        last = min(first + step, size)
        part = slice(faces.indptr[first], faces.indptr[last])
        col = faces.indices[part]
        amounts, counts = faces.data[part] * weight[col], np.diff(faces.indptr[first : last + 1])
        chunk = np.arange(first, last)
        if alone:
            _alone(block, found, (chunk, counts), amounts, place[col])
        else:
            owner = np.repeat(np.arange(last - first) * block.rows, counts)
            shape = (last - first, block.rows)
            totals = np.bincount(owner + place[col], weights=amounts, minlength=shape[0] * shape[1]).reshape(shape)
            _together(block, found, chunk, totals)
    return found


def _alone(
    block: Block, found: Judged, which: tuple[np.ndarray, np.ndarray], amounts: np.ndarray, row: np.ndarray
) -> None:
    """Judge portfolios whose every line has a row of its own: no sums."""
    chunk, counts = which
    chunk, counts = chunk[counts > 0], counts[counts > 0]
    if not len(chunk):
        return
    start = np.concatenate([[0], np.cumsum(counts)[:-1]])
    margin = _margin(block, amounts, row)
    top = np.maximum.reduceat(margin, start)
    at = np.flatnonzero(margin == np.repeat(top, counts))
    at = at[np.searchsorted(at, start)]
    verdict = np.where(top < 0, PASS, OPEN).astype(np.int8)
    if np.any(top >= 0):
        verdict[np.maximum.reduceat(_margin(block, amounts, row, proof=True), start) > 0] = FAIL
    for i in np.flatnonzero(verdict == OPEN):
        inside = slice(start[i], start[i] + counts[i])
        verdict[i] = _closely(block, amounts[inside], row[inside])
    _tell(block, found, chunk, verdict, np.where(amounts[at] > 0, row[at], -1), amounts[at])


def _together(block: Block, found: Judged, chunk: np.ndarray, totals: np.ndarray) -> None:
    """Judge portfolios by the totals of all groups, shape (portfolios, rows)."""
    every = np.arange(totals.shape[1])
    margin = _margin(block, totals, every)
    row = margin.argmax(axis=1)
    here = np.arange(len(chunk))
    most, top = totals[here, row], margin[here, row]
    verdict = np.where(top < 0, PASS, OPEN).astype(np.int8)
    near = np.flatnonzero(top >= 0)
    if len(near):
        verdict[near[_margin(block, totals[near], every, proof=True).max(axis=1) > 0]] = FAIL
    for i in np.flatnonzero(verdict == OPEN):
        verdict[i] = _closely(block, totals[i], every)
    _tell(block, found, chunk, verdict, np.where(most > 0, row, -1), most)


def _margin(block: Block, totals: np.ndarray, row: np.ndarray, *, proof: bool = False) -> np.ndarray:
    """Return a bound from above on each excess, rounding included, or for ``proof`` one from below.

    Least where nothing is held. Negative proves that a group passes, a positive bound from below that it fails; the
    greatest is the group nearest its limit.
    """
    low, high, scale = _constants(block)
    share = -TIE_SHARE if proof else TIE_SHARE
    add = (low if proof else high) + share * scale
    if np.all(add == add[0]):
        # Nothing held is then below every group that holds something, of itself.
        return np.asarray(totals * (1 + share) + add[0])
    margin = totals * (1 + share)
    margin += add[row]
    margin[totals <= 0] = -np.inf
    return np.asarray(margin)


def _closely(block: Block, totals: np.ndarray, row: np.ndarray) -> int:
    """Return the verdict of one portfolio with a group that may not pass."""
    low, high, scale = (each[row] for each in _constants(block))
    codes = _decide(totals + low, totals + high, TIE_SHARE * (totals + scale), np.zeros(len(totals), bool))
    return int(UNRANK[RANK[codes[totals > 0]].max(initial=0)])


def _tell(
    block: Block, found: Judged, chunk: np.ndarray, verdict: np.ndarray, row: np.ndarray, amount: np.ndarray
) -> None:
    below = _shown(block)[row]
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where((row >= 0) & (below > 0), (amount + block.n0[0][row]) / below, np.nan)
    found.verdict[chunk], found.value[chunk], found.row[chunk] = verdict, value, row


def _at(values: np.ndarray, row: np.ndarray) -> Any:
    """Return the values of rows; one number where all are the same."""
    return values[0] if np.all(values == values[0]) else values[row]


def _leave_strangers(block: Block, faces: sp.csr_matrix, verdict: np.ndarray) -> None:
    """Leave open the portfolios that hold a line whose group is missing: it may stand in any group."""
    if block.groups == (None,) or not len(block.shared.col):
        return
    stranger = np.zeros(faces.shape[1])
    stranger[block.shared.col % faces.shape[1]] = 1.0
    verdict[np.asarray(faces @ stranger) > 0] = OPEN
