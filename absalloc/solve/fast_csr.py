"""A sparse matrix that is multiplied often and changed now and then: its products leave out what is nil."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from absalloc.solve.csr import Csr, Floats

Index = NDArray[np.intp]

FEW = 8
"""A point counts as nearly empty where at most one entry in so many is not nil."""


def spans(indptr: NDArray[Any], at: Index) -> tuple[Index, Index]:
    """Return (places, lengths) of the entries of some rows of a compressed matrix, one row after the other."""
    start = indptr[at].astype(np.intp)
    length = indptr[at + 1] - start
    return np.repeat(start - np.cumsum(length) + length, length) + np.arange(int(length.sum())), length


class FastCsr(Csr):
    """A Csr with its columns at hand too, for points that are nearly empty; coefficients may move, the pattern stays.

    A product leaves out what is nil and nothing else, so it is the product.
    """

    def __init__(self, indptr: Any, indices: Any, data: Floats, shape: tuple[int, int]) -> None:
        from scipy import sparse

        super().__init__(indptr, indices, data, shape)
        rows = sparse.csr_array((data, indices, indptr), shape=shape, copy=False)
        order = sparse.csr_array((np.arange(len(data)), indices, indptr), shape=shape).tocsc()
        place = np.empty(len(data), dtype=np.intp)
        place[order.data] = np.arange(len(data))
        self.__dict__.update(
            _rows=rows, _turned=rows.T, data=rows.data, _greatest=super().greatest(), _starts=order.indptr,
            _row_at=order.indices, _values=rows.data[order.data], _place=place, _priced=None, _summed=None,
        )  # fmt: skip

    def times(self, x: Floats) -> Floats:
        """Return ``A x``."""
        found = self._terms(x)
        if found is None:
            return np.asarray(self.__dict__["_rows"] @ x)
        rows, terms = found
        return np.asarray(np.bincount(rows, weights=terms, minlength=self.shape[0]), dtype=float)

    def abs_times(self, x: Floats) -> Floats:
        """Return ``|A| |x|``."""
        found = self._terms(x)
        if found is None:
            return super().abs_times(x)
        rows, terms = found
        return np.asarray(np.bincount(rows, weights=np.abs(terms), minlength=self.shape[0]), dtype=float)

    def _terms(self, x: Floats) -> tuple[Index, Floats] | None:
        """Return (row, value) of every term of ``A x``, the last ones kept for the same ``x``; None of a full point."""
        mine = self.__dict__
        if mine["_summed"] is None or not np.array_equal(mine["_summed"][0], x):
            at = np.flatnonzero(x != 0)
            if FEW * len(at) > len(x):
                return None
            places, length = spans(mine["_starts"], at)
            terms = mine["_values"][places] * np.repeat(x[at], length)
            mine["_summed"] = x.copy(), mine["_row_at"][places], terms
        _, rows, terms = mine["_summed"]
        return rows, terms

    def transposed_times(self, y: Floats) -> Floats:
        """Return ``A' y``; the last result is kept for the same ``y``, so it is not to be written to."""
        kept = self.__dict__["_priced"]
        if kept is None or not np.array_equal(kept[0], y):
            kept = self.__dict__["_priced"] = y.copy(), np.asarray(self.__dict__["_turned"] @ y)
        found: Floats = kept[1]
        return found

    def greatest(self) -> Floats:
        """Return the size of the greatest entry of each row, 0 for an empty one."""
        found: Floats = self.__dict__["_greatest"]
        return found

    def set(self, rows: Index, at: Index, data: Floats) -> None:
        """Set stored entries, all of them in ``rows``."""
        mine = self.__dict__
        self.data[at] = data
        mine["_values"][mine["_place"][at]] = data
        filled = rows[self.indptr[rows + 1] > self.indptr[rows]]
        places, length = spans(self.indptr, filled)
        mine["_greatest"][filled] = np.maximum.reduceat(np.abs(self.data[places]), np.cumsum(length) - length)
        mine["_priced"] = mine["_summed"] = None

    def block(self, rows: Index, columns: Index) -> Any:
        """Return the scipy matrix of some rows and columns."""
        return self.__dict__["_rows"][rows][:, columns]

    def entries(self, row: int, spot: NDArray[np.int32]) -> tuple[NDArray[np.int32], Floats]:
        """Return (places, values) of a row where ``spot`` (n,) numbers the columns wanted, -1 for others."""
        span = slice(self.indptr[row], self.indptr[row + 1])
        places = spot[self.indices[span]]
        inside = places >= 0
        return places[inside], self.data[span][inside]
