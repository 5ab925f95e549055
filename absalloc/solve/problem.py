"""The mathematical program that every back end gets: one object, checked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from absalloc.errors import BadInput
from absalloc.solve.csr import Csr, Floats, as_csr

CONTINUOUS, INTEGER, SEMICONTINUOUS = 0, 1, 2
HUGE = 1e20
"""Solvers read numbers of this size as infinite, so finite ones are refused."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Minimise ``c·x + offset + ½ x'Qx`` subject to ``row_lower ≤ A x ≤ row_upper``, ``col_lower ≤ x ≤ col_upper``.

    ``c`` (n,), ``A`` (m, n) dense, scipy sparse, or ``(indptr, indices, data, shape)``; bounds of length m
    and n, or one number for all; ``-inf`` and ``inf`` where there is none. ``integrality`` (n,): 0
    continuous, 1 integer, 2 semi-continuous (0 or within its bounds). ``Q`` (n, n) symmetric, positive
    semidefinite, without integers. After construction ``A`` and ``Q`` are ``Csr``, the rest read-only arrays.

    Raises BadInput for shapes that do not fit, NaN, an infinity where none is meant, a finite number of
    1e20 or more, an unknown integrality, and a Q that is not symmetric, not convex, or beside integers.
    A lower bound above its upper bound is no error: the answer is then "infeasible".
    """

    c: Any
    A: Any
    row_lower: Any
    row_upper: Any
    col_lower: Any
    col_upper: Any
    integrality: Any = None
    Q: Any = None
    _: KW_ONLY
    row_names: Sequence[str] | None = None
    col_names: Sequence[str] | None = None
    offset: float = 0.0

    def __post_init__(self) -> None:
        c = vector(self.c, "c", None)
        n = len(c)
        bare = n == 0 and isinstance(self.A, (list, np.ndarray)) and np.size(self.A) == 0
        A = as_csr(np.zeros((np.size(self.row_lower), 0)) if bare else self.A, "A")
        if A.shape[1] != n:
            raise BadInput("solve.shape", name="A", value=f"{A.shape[0]} x {A.shape[1]}", expected=f"m x {n}")
        m = A.shape[0]
        whole = {
            "c": c,
            "A": A,
            "row_lower": bound(self.row_lower, "row_lower", m, -np.inf),
            "row_upper": bound(self.row_upper, "row_upper", m, np.inf),
            "col_lower": bound(self.col_lower, "col_lower", n, -np.inf),
            "col_upper": bound(self.col_upper, "col_upper", n, np.inf),
            "integrality": _integrality(self.integrality, n),
            "Q": None if self.Q is None else _quadratic(self.Q, n),
            "row_names": _names(self.row_names, "row_names", m),
            "col_names": _names(self.col_names, "col_names", n),
            "offset": float(vector([self.offset], "offset", 1)[0]),
        }
        for name, value in whole.items():
            object.__setattr__(self, name, value)
        if self.Q is not None and self.has_integers:
            raise BadInput("solve.q_integers", value=int((self.integrality != CONTINUOUS).sum()))

    @property
    def n(self) -> int:
        """Number of columns."""
        return len(self.c)

    @property
    def m(self) -> int:
        """Number of rows."""
        return int(self.A.shape[0])

    @property
    def has_integers(self) -> bool:
        """Whether any column is integer or semi-continuous."""
        return bool((self.integrality != CONTINUOUS).any())

    def value(self, x: Floats) -> float:
        """Return the objective at ``x``, offset included."""
        linear = float((self.c * x).sum()) + self.offset
        return linear if self.Q is None else linear + 0.5 * float(x @ self.Q.times(x))

    def relaxed(self) -> Problem:
        """Return the program without integers; a semi-continuous column may take any value from 0 to its bounds."""
        semi = self.integrality == SEMICONTINUOUS
        return replace(
            self,
            integrality=None,
            col_lower=np.where(semi, np.minimum(self.col_lower, 0.0), self.col_lower),
            col_upper=np.where(semi, np.maximum(self.col_upper, 0.0), self.col_upper),
        )


def vector(values: ArrayLike, name: str, length: int | None) -> Floats:
    """Return a read-only copy of ``values``: one dimension, the right length, finite."""
    array = _numbers(values, name, length)
    if not (np.abs(array) < HUGE).all():
        bad = int(np.flatnonzero(~(np.abs(array) < HUGE))[0])
        raise BadInput("solve.not_finite", value=float(array[bad]), name=name, index=bad)
    return array


def bound(values: ArrayLike, name: str, length: int, open_end: float) -> Floats:
    """Return a read-only copy of bounds (one number stands for all): finite, or ``open_end`` where there is none."""
    if np.ndim(values) == 0:
        values = np.full(length, values)
    array = _numbers(values, name, length)
    usable = (np.abs(array) < HUGE) | (array == open_end)
    if not usable.all():
        bad = int(np.flatnonzero(~usable)[0])
        raise BadInput("solve.bound", value=float(array[bad]), name=name, index=bad, expected=open_end)
    return array


def _numbers(values: ArrayLike, name: str, length: int | None) -> Floats:
    try:
        array = np.array(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise BadInput("solve.not_numbers", value=type(values).__name__, name=name) from error
    if array.ndim != 1 or (length is not None and len(array) != length):
        raise BadInput(
            "solve.shape", name=name, value=array.shape, expected="(n,)" if length is None else f"({length},)"
        )
    array.flags.writeable = False
    return array


def _integrality(values: ArrayLike | None, n: int) -> NDArray[np.int8]:
    if values is None:
        return np.zeros(n, dtype=np.int8)
    array = _numbers(values, "integrality", n)
    if not np.isin(array, (CONTINUOUS, INTEGER, SEMICONTINUOUS)).all():
        bad = int(np.flatnonzero(~np.isin(array, (0, 1, 2)))[0])
        raise BadInput("solve.integrality", value=float(array[bad]), index=bad, expected="0, 1, 2")
    return array.astype(np.int8)


def _names(names: Sequence[str] | None, name: str, length: int) -> tuple[str, ...] | None:
    if names is None:
        return None
    if len(names) != length:
        raise BadInput("solve.shape", name=name, value=f"({len(names)},)", expected=f"({length},)")
    return tuple(map(str, names))


def _quadratic(values: Any, n: int) -> Csr:
    """Q as Csr. Convexity is tested up to 3,000 columns; beyond, a failed proof of the answer tells."""
    Q = as_csr(values, "Q")
    if Q.shape != (n, n):
        raise BadInput("solve.shape", name="Q", value=f"{Q.shape[0]} x {Q.shape[1]}", expected=f"{n} x {n}")
    if not len(Q.data):
        return Q
    size = float(np.abs(Q.data).max())
    turned = as_csr(Q.to_scipy().T, "Q")
    same = np.array_equal(Q.indices, turned.indices) and np.array_equal(Q.indptr, turned.indptr)
    if not same or np.abs(Q.data - turned.data).max() > 1e-9 * size:
        raise BadInput("solve.q_symmetric")
    if n <= 3000:
        least = float(np.linalg.eigvalsh(Q.dense())[0])
        if least < -1e-9 * size * n:
            raise BadInput("solve.q_convex", value=least)
    return Q
