"""All plain linear rows as one matrix by columns, so that a book of 150 names touches only what it holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from absalloc.rows.system import Block

Verdict = Callable[[Block, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Stacked:
    """The certain entries of the plain blocks, sorted by column; ``start[c]`` is where those of column c begin.

    Row arrays have shape (rows,): limit, least and greatest constant and scale of the excess, its sign, the verdict
    of a row that nothing held touches. ``unsure`` lists (column, block) of lines that may count in several ways.
    """

    blocks: tuple[int, ...]
    offsets: np.ndarray
    start: np.ndarray
    row: np.ndarray
    n: np.ndarray
    d: np.ndarray
    limit: np.ndarray
    constant: tuple[np.ndarray, np.ndarray]
    scale: np.ndarray
    sign: np.ndarray
    strict: np.ndarray
    idle: np.ndarray
    unsure: tuple[np.ndarray, np.ndarray]

    def excess(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return (rows, least, greatest, scale) of the rows that some line held in ``x`` touches."""
        held = np.flatnonzero(x[: len(self.start) - 1])
        count = self.start[held + 1] - self.start[held]
        first = np.repeat(self.start[held] - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
        at = first + np.arange(len(first))
        row, face = self.row[at], np.repeat(x[held], count)
        n, d = self.n[at] * face, self.limit[row] * self.d[at] * face
        touched, inverse = np.unique(row, return_inverse=True)
        sums = np.bincount(inverse, weights=n - d, minlength=len(touched))
        size = np.bincount(inverse, weights=np.abs(n) + np.abs(d), minlength=len(touched))
        low, high = sums + self.constant[0][touched], sums + self.constant[1][touched]
        down = self.sign[touched] < 0
        low, high = np.where(down, -high, low), np.where(down, -low, high)
        return touched, low, high, size + self.scale[touched]

    def apart(self, x: np.ndarray) -> set[int]:
        """Return the blocks of which a line held may count in several ways: these are read on their own."""
        return set(self.unsure[1][x[self.unsure[0]] != 0].tolist())


def stack(blocks: Sequence[Block], columns: int, verdict: Verdict) -> Stacked:
    """Return the plain linear blocks stacked; ``columns`` is the number of position columns."""
    plain = [i for i, b in enumerate(blocks) if _plain(b)]
    chosen = [blocks[i] for i in plain]
    offsets = np.concatenate([[0], np.cumsum([b.rows for b in chosen])]).astype(np.int64)
    col = _join([b.col for b in chosen]).astype(np.int64)
    row = _join([b.row + o for b, o in zip(chosen, offsets, strict=False)]).astype(np.int64)
    n, d = _join([b.n for b in chosen]), _join([b.d for b in chosen])
    # An entry of nothing above and below is as if the line were not held.
    some = np.flatnonzero((n != 0) | (d != 0))
    order = some[np.argsort(col[some], kind="stable")]
    start = np.concatenate([[0], np.cumsum(np.bincount(col[some], minlength=columns))]).astype(np.int64)
    nothing = np.zeros(2 * columns)
    unsure = [(part.col, i) for i, b in zip(plain, chosen, strict=True) for part in (b.own, b.shared)]
    return Stacked(
        blocks=tuple(plain), offsets=offsets, start=start, row=row[order],
        n=n[order], d=d[order],
        limit=_join([b.limit for b in chosen]),
        constant=(_join([b.constant(b.limit, 0) for b in chosen]), _join([b.constant(b.limit, 1) for b in chosen])),
        scale=_join([b.fixed_scale(b.limit) for b in chosen]),
        sign=_join([np.full(b.rows, 1.0 if b.sense == "max" else -1.0) for b in chosen]),
        strict=_join([np.full(b.rows, b.strict) for b in chosen]).astype(bool),
        idle=_join([verdict(b, nothing) for b in chosen]).astype(np.int8),
        unsure=(_whole([u[0] for u in unsure]), _whole([np.full(len(u[0]), u[1]) for u in unsure])),
    )  # fmt: skip


def _join(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0)


def _whole(parts: Sequence[np.ndarray]) -> np.ndarray:
    return _join(parts).astype(np.int64)


def _plain(block: Block) -> bool:
    apart = block.legs or block.loose or bool(block.shocks)
    return block.form == "linear" and not apart and bool(np.all(block.limit_known))
