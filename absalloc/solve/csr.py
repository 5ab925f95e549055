"""A sparse matrix as three numpy arrays: all that the solver path needs, without the import of scipy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from absalloc.errors import BadInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Csr:
    """Rows compressed: ``indices[indptr[i]:indptr[i+1]]`` are the columns of row i, ascending, without repeats."""

    indptr: Ints
    indices: Ints
    data: Floats
    shape: tuple[int, int]

    @property
    def row_of(self) -> NDArray[np.intp]:
        """Row number of every stored entry."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))

    def times(self, x: Floats) -> Floats:
        """Return ``A x``, one number a row."""
        return _row_sums(self.indptr, self.data * x[self.indices])

    def abs_times(self, x: Floats) -> Floats:
        """Return ``|A| |x|``: the size of the terms that make up each row."""
        return _row_sums(self.indptr, np.abs(self.data * x[self.indices]))

    def transposed_times(self, y: Floats) -> Floats:
        """Return ``A' y``, one number a column."""
        weights = self.data * np.repeat(y, np.diff(self.indptr))
        return np.bincount(self.indices, weights=weights, minlength=self.shape[1])[: self.shape[1]].astype(float)

    def greatest(self) -> Floats:
        """Return the size of the greatest entry of each row, 0 for an empty one."""
        sizes = np.zeros(self.shape[0])
        filled = np.diff(self.indptr) > 0
        if filled.any():
            sizes[filled] = np.maximum.reduceat(np.abs(self.data), self.indptr[:-1][filled])
        return sizes

    def activity_range(self, lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
        """Return the least and the greatest value each row can take while ``lower <= x <= upper``."""
        low, high = lower[self.indices], upper[self.indices]
        positive = self.data > 0
        # A stored zero times an infinite bound would be NaN.
        with np.errstate(invalid="ignore"):
            least = np.nan_to_num(self.data * np.where(positive, low, high), nan=0.0, posinf=np.inf, neginf=-np.inf)
            most = np.nan_to_num(self.data * np.where(positive, high, low), nan=0.0, posinf=np.inf, neginf=-np.inf)
        return _row_sums(self.indptr, least), _row_sums(self.indptr, most)

    def rows(self, keep: NDArray[np.bool_]) -> Csr:
        """Return the matrix of the rows where ``keep`` holds, in their order."""
        lengths = np.diff(self.indptr)
        entries = np.repeat(keep, lengths)
        indptr = np.concatenate(([0], np.cumsum(lengths[keep]))).astype(np.int32)
        return Csr(indptr, self.indices[entries], self.data[entries], (int(keep.sum()), self.shape[1]))

    def columns(self, keep: NDArray[np.bool_]) -> Csr:
        """Return the matrix of the columns where ``keep`` holds, renumbered in their order."""
        entries = keep[self.indices]
        number = (np.cumsum(keep) - 1).astype(np.int32)
        counts = np.concatenate(([0], np.cumsum(entries)))
        indptr = counts[self.indptr].astype(np.int32)
        return Csr(indptr, number[self.indices[entries]], self.data[entries], (self.shape[0], int(keep.sum())))

    def stacked(self, below: Csr) -> Csr:
        """Return this matrix with the rows of ``below`` under it; both have the same columns."""
        indptr = np.concatenate((self.indptr, below.indptr[1:] + self.indptr[-1])).astype(np.int32)
        return Csr(
            indptr,
            np.concatenate((self.indices, below.indices)),
            np.concatenate((self.data, below.data)),
            (self.shape[0] + below.shape[0], self.shape[1]),
        )

    def widened(self, columns: int) -> Csr:
        """Return this matrix with ``columns`` empty columns to its right."""
        return Csr(self.indptr, self.indices, self.data, (self.shape[0], self.shape[1] + columns))

    def dense(self) -> Floats:
        """Return the full matrix."""
        full = np.zeros(self.shape)
        full[self.row_of, self.indices] = self.data
        return full

    def to_scipy(self) -> Any:
        """Return a ``scipy.sparse.csr_array`` (imports scipy)."""
        from scipy import sparse

        return sparse.csr_array((self.data, self.indices, self.indptr), shape=self.shape)


def _row_sums(indptr: Ints, terms: Floats) -> Floats:
    sums = np.zeros(len(indptr) - 1)
    filled = np.diff(indptr) > 0
    if filled.any():
        sums[filled] = np.add.reduceat(terms, indptr[:-1][filled])
    return sums


def as_csr(matrix: Any, name: str) -> Csr:
    """Return ``matrix`` (dense, scipy sparse, Csr, or ``(indptr, indices, data, shape)``) as a canonical Csr.

    Repeated entries are summed and stored zeros dropped. Raises BadInput for anything else, for a NaN or
    an infinite entry, and for an index outside the shape.
    """
    if isinstance(matrix, Csr):
        return matrix
    if isinstance(matrix, tuple) and len(matrix) == 4:
        return _from_parts(matrix, name)
    if hasattr(matrix, "tocsr"):
        rows = matrix.tocsr()
        return _from_parts((rows.indptr, rows.indices, rows.data, rows.shape), name)
    try:
        full = np.asarray(matrix, dtype=float)
    except (TypeError, ValueError) as error:
        raise BadInput("solve.matrix_form", value=type(matrix).__name__, name=name) from error
    if full.ndim != 2:
        raise BadInput("solve.matrix_form", value=f"{full.ndim}-dimensional array", name=name)
    filled = full != 0
    _refuse_unusable(full[filled], name)
    row, column = np.nonzero(filled)
    indptr = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=full.shape[0])[: full.shape[0]])))
    shape = (int(full.shape[0]), int(full.shape[1]))
    return Csr(indptr.astype(np.int32), column.astype(np.int32), full[filled], shape)


def _refuse_unusable(data: Floats, name: str) -> None:
    if not np.isfinite(data).all():
        bad = int(np.flatnonzero(~np.isfinite(data))[0])
        raise BadInput("solve.not_finite", value=float(data[bad]), name=name, index=bad)


def _from_parts(parts: tuple[Any, ...], name: str) -> Csr:
    try:
        indptr, indices = np.asarray(parts[0], dtype=np.int64), np.asarray(parts[1], dtype=np.int64)
        data = np.array(parts[2], dtype=float)
        rows, columns = (int(size) for size in parts[3])
    except (TypeError, ValueError) as error:
        raise BadInput("solve.matrix_form", value=type(parts[2]).__name__, name=name) from error
    whole = len(indptr) == rows + 1 and indptr[0] == 0 and indptr[-1] == len(indices) == len(data)
    if not whole or (np.diff(indptr) < 0).any() or ((indices < 0) | (indices >= columns)).any():
        raise BadInput("solve.matrix_parts", name=name, value=f"{rows} x {columns}")
    _refuse_unusable(data, name)
    key = np.repeat(np.arange(rows), np.diff(indptr)) * max(columns, 1) + indices
    if (np.diff(key) > 0).all() and (data != 0).all():
        return Csr(indptr.astype(np.int32), indices.astype(np.int32), data, (rows, columns))
    return _canonical(key, data, (rows, columns))


def _canonical(key: NDArray[np.int64], data: Floats, shape: tuple[int, int]) -> Csr:
    unique, place = np.unique(key, return_inverse=True)
    summed = np.bincount(place, weights=data, minlength=len(unique))
    unique, summed = unique[summed != 0], summed[summed != 0]
    row, column = np.divmod(unique, max(shape[1], 1))
    indptr = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=shape[0])[: shape[0]])))
    return Csr(indptr.astype(np.int32), column.astype(np.int32), summed, shape)
