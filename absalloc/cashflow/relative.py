"""Spreads of ABS lines to what they compare with: the government curve, curves of their own grade, plain bonds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from absalloc.cashflow.curves import CurveSet
from absalloc.cashflow.model import UNRATED, bucket_of, tiers_of
from absalloc.cashflow.valuation import Valued
from absalloc.terms import ABS_PRODUCTS

OBLIGORS = ("originator", "core_debtor")
"""Whose plain bonds a line compares with, the first that has any in its tenor bucket."""


@dataclass(frozen=True)
class RelativeSpreads:
    """Spreads by line, decimals, at the average life; NaN where the curve, the grade or the bonds are missing.

    ``government``; ``notes`` and ``lgfv`` over the curve of the line's own grade (``notes.AA+``), LGFV lines alone in
    ``lgfv``; ``grade`` that grade; ``plain``: the line's spread over the government curve less the median one of
    plain bonds of its originator (else its core debtor) in its tenor bucket, ``plain_count`` of them. ``outside``: the
    life lies outside the government curve, which is held flat there.
    """

    government: np.ndarray
    notes: np.ndarray
    lgfv: np.ndarray
    grade: np.ndarray
    plain: np.ndarray
    plain_count: np.ndarray
    outside: np.ndarray


def relative_spreads(valued: Valued, curves: CurveSet) -> RelativeSpreads:
    """Return the spreads of a valued universe.

    Grades are the lowest agency grade, else the implied one. Raises BadInput where ``curves`` has no government curve.
    """
    base, known = curves["government"], np.isfinite(valued.yield_) & np.isfinite(valued.wal)
    life = np.where(known, valued.wal, np.nan)
    government = valued.yield_ - base.at(life)
    grade = _grades(valued)
    is_lgfv = np.asarray(valued.universe.column("lgfv"), object) == True  # noqa: E712 - elementwise, None is no
    plain, count = _plain(valued, government)
    return RelativeSpreads(
        government=government, notes=_over(valued, curves, "notes", grade),
        lgfv=np.where(is_lgfv, _over(valued, curves, "lgfv", grade), np.nan), grade=grade, plain=plain,
        plain_count=count, outside=base.outside(life),
    )  # fmt: skip


def _grades(valued: Valued) -> np.ndarray:
    """Return the grade in each line's tier (``senior/AAA``, ``senior/implied AA``), None without one."""
    tiers = tiers_of(valued.universe)[0].tolist()
    words = [None if tier is None else str(tier).split("/")[-1].removeprefix("implied ") for tier in tiers]
    return np.array([None if word in (None, UNRATED) else word for word in words], object)


def _over(valued: Valued, curves: CurveSet, family: str, grade: np.ndarray) -> np.ndarray:
    out = np.full(grade.size, np.nan)
    for name in {text for text in grade.tolist() if text is not None}:
        role = f"{family}.{name}"
        if role in curves:
            lines = grade == name
            out[lines] = valued.yield_[lines] - curves[role].at(valued.wal[lines])
    return out


def _plain(valued: Valued, government: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each ABS line's spread over its obligor's plain bonds, and how many bonds stand behind it."""
    universe = valued.universe
    product, bucket = np.asarray(universe.column("product"), object), bucket_of(valued.wal)
    issuer = np.asarray(universe.column("issuer"), object)
    bonds: dict[tuple[object, object], list[float]] = {}
    for row in np.flatnonzero((product == "credit_bond") & np.isfinite(government)).tolist():
        bonds.setdefault((issuer[row], bucket[row]), []).append(float(government[row]))
    out, count = np.full(government.size, np.nan), np.zeros(government.size, np.int64)
    names = [np.asarray(universe.column(name), object) for name in OBLIGORS]
    for row in np.flatnonzero(np.isin(product.astype(str), ABS_PRODUCTS) & np.isfinite(government)).tolist():
        found = next((bonds[key] for name in names if (key := (name[row], bucket[row])) in bonds), None)
        if found is not None:
            out[row], count[row] = government[row] - float(np.median(found)), len(found)
    return out, count
