"""The model yield: a benchmark curve plus a spread by class x tenor bucket x tier, fitted to observed yields.

A cell's spread is the median of its observations, drawn towards its parent (class x tier over all tenors) with
the weight of ``SHRINK`` observations. A cell with fewer than ``CELL_SUPPORT`` observations takes its parent's
spread; a parent with fewer than ``PARENT_SUPPORT`` gives nothing: the yield stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absalloc.cashflow.arrays import choose, is_none
from absalloc.cashflow.curves import Curve
from absalloc.errors import BadInput
from absalloc.terms import ABS_PRODUCTS, IMPLIED_GRADES, RATING_GRADES

if TYPE_CHECKING:
    from absalloc.universe import Universe

BUCKETS = (1.0, 3.0, 5.0)
BUCKET_NAMES = ("0-1y", "1-3y", "3-5y", "5y+")
SHRINK = 5.0
CELL_SUPPORT = 3
PARENT_SUPPORT = 5
UNRATED = "unrated"


@dataclass(frozen=True, slots=True)
class Cell:
    """A fitted spread: decimal, observations ``n``, and the root mean square error of their yields."""

    spread: float
    n: int
    rmse: float


@dataclass(frozen=True)
class SpreadModel:
    """A fitted spread table. ``cells`` by (class, tier, bucket), ``parents`` by (class, tier).

    ``n``, ``rmse``, ``median_error`` (absolute) and ``r2`` compare fitted with observed yields of all lines used,
    those in cells without support left out; ``r2`` is against the mean observed yield.
    """

    benchmark: Curve
    cells: Mapping[tuple[str, str, str], Cell]
    parents: Mapping[tuple[str, str], Cell]
    n: int
    rmse: float
    median_error: float
    r2: float

    def spread(self, class_: str, tier: str, bucket: str) -> tuple[float, str] | None:
        """Return (spread, label with the fit) of a cell or of its parent; None where neither has support."""
        cell, name = self.cells.get((class_, tier, bucket)), f"{class_}/{tier}/{bucket}"
        if cell is None:
            cell, name = self.parents.get((class_, tier)), f"{class_}/{tier}/all"
        if cell is None:
            return None
        return (
            cell.spread,
            f"{self.benchmark.name}+{cell.spread * 1e4:.1f}bp {name} n={cell.n} rmse={cell.rmse * 1e4:.0f}bp",
        )

    def predict(self, classes: np.ndarray, tiers: np.ndarray, tenors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (yields, labels) by line; NaN and None where the line's class and tier have no support."""
        yields, labels = np.full(tenors.size, np.nan), np.full(tenors.size, None, object)
        base, buckets = self.benchmark.at(tenors), bucket_of(tenors)
        known: dict[tuple[str, str, str], tuple[float, str] | None] = {}
        for row in np.flatnonzero(np.isfinite(tenors)).tolist():
            key = (classes[row], tiers[row], buckets[row])
            if key not in known:
                known[key] = None if None in key else self.spread(*key)
            found = known[key]
            if found is not None:
                yields[row], labels[row] = base[row] + found[0], found[1]
        return yields, labels


def bucket_of(tenors: np.ndarray) -> np.ndarray:
    """Return the tenor bucket of each life in years, None where it is unknown. A bound lies in the lower one."""
    names = np.array(BUCKET_NAMES, object)[np.searchsorted(BUCKETS, np.nan_to_num(tenors), side="left")]
    return choose(np.isfinite(tenors), names, None)


def classes_of(universe: Universe) -> np.ndarray:
    """Return each line's class: its product, and for ABS of an LGFV ``<product>:lgfv``."""
    product = np.asarray(universe.column("product"), object)
    lgfv = np.asarray(universe.column("lgfv"), object) == True  # noqa: E712 - elementwise on an object array
    lgfv &= np.isin(product.astype(str), [name for name in ABS_PRODUCTS if name != "credit_abs"])
    return np.where(lgfv, product.astype(str) + ":lgfv", product.astype(str)).astype(object)


def _ratings(universe: Universe) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest agency grade of each line (None for none) and whether every one of them is assumed."""
    count = len(universe.table)
    step, assumed = np.zeros(count, np.int64), np.ones(count, bool)
    for name in universe.table.columns:
        if str(name).startswith("rating."):
            grades = [RATING_GRADES.get(str(grade), 0) for grade in universe.column(str(name)).tolist()]
            step = np.maximum(step, grades)
            label = universe.labels.get(str(name), "file")
            marked = np.full(count, label, object) if isinstance(label, str) else np.asarray(label, object)
            is_assumed = np.array([str(mark).startswith("assumed") for mark in marked.tolist()], bool)
            assumed &= is_assumed | (np.array(grades) == 0)
    names = np.array([None, *RATING_GRADES], object)
    return names[step], assumed & (step > 0)


def tiers_of(universe: Universe) -> tuple[np.ndarray, np.ndarray]:
    """Return each line's tier and whether its only rating is assumed.

    A tier is seniority / grade: the lowest agency grade, else the implied rating (``implied AA(2)``), else
    ``unrated``. Subordinated lines have no tier: the model says nothing of them.
    """
    grade, assumed = _ratings(universe)
    implied = np.asarray(universe.column("implied_rating"), object)
    has = np.isin(implied.astype(str), list(IMPLIED_GRADES))
    seniority = np.asarray(universe.column("seniority"), object)
    fallback = choose(has, np.array([f"implied {grade}" for grade in implied.tolist()], object), UNRATED)
    word = choose(is_none(grade), fallback, grade)
    tier = choose(is_none(seniority), "plain", seniority) + "/" + word
    return choose(seniority == "subordinated", None, tier), assumed


def _keys(
    classes: np.ndarray, tiers: np.ndarray, buckets: np.ndarray, used: np.ndarray
) -> tuple[dict[tuple[str, str], list[int]], dict[tuple[str, str, str], list[int]]]:
    parents: dict[tuple[str, str], list[int]] = {}
    cells: dict[tuple[str, str, str], list[int]] = {}
    for row in np.flatnonzero(used).tolist():
        parents.setdefault((classes[row], tiers[row]), []).append(row)
        cells.setdefault((classes[row], tiers[row], buckets[row]), []).append(row)
    return parents, cells


def _cell(values: np.ndarray, centre: float) -> Cell:
    return Cell(centre, values.size, float(np.sqrt(np.mean((values - centre) ** 2))))


def fit_spreads(
    classes: np.ndarray, tiers: np.ndarray, tenors: np.ndarray, yields: np.ndarray, benchmark: Curve
) -> SpreadModel | None:
    """Return the model fitted to lines with a class, a tier, a life (years) and an observed yield.

    All arrays have one entry a line; lines that lack one of the four are left out. None where no class and
    tier have ``PARENT_SUPPORT`` observations. Raises BadInput for arrays of different lengths.
    """
    sizes = {classes.size, tiers.size, tenors.size, yields.size}
    if len(sizes) != 1:
        raise BadInput("cashflow.lengths", value=str(sorted(sizes)), expected=yields.size, name="yields")
    buckets = bucket_of(tenors)
    used = np.isfinite(yields) & np.isfinite(tenors) & ~is_none(tiers) & ~is_none(classes)
    spreads = yields - benchmark.at(tenors)
    by_parent, by_cell = _keys(classes, tiers, buckets, used)
    parents = {
        key: _cell(spreads[rows], float(np.median(spreads[rows])))
        for key, rows in by_parent.items()
        if len(rows) >= PARENT_SUPPORT
    }
    cells: dict[tuple[str, str, str], Cell] = {}
    for key, rows in by_cell.items():
        parent = parents.get(key[:2])
        if parent is not None and len(rows) >= CELL_SUPPORT:
            n = len(rows)
            cells[key] = _cell(
                spreads[rows], (n * float(np.median(spreads[rows])) + SHRINK * parent.spread) / (n + SHRINK)
            )
    if not parents:
        return None
    draft = SpreadModel(benchmark, cells, parents, 0, 0.0, 0.0, 0.0)
    return _judge(draft, yields, draft.predict(classes, tiers, np.where(used, tenors, np.nan))[0])


def _judge(model: SpreadModel, observed: np.ndarray, fitted: np.ndarray) -> SpreadModel:
    both = np.isfinite(observed) & np.isfinite(fitted)
    error = observed[both] - fitted[both]
    around = float(np.sum((observed[both] - observed[both].mean()) ** 2))
    r2 = 1.0 - float(error @ error) / around if around > 0 else 0.0
    rmse = float(np.sqrt(np.mean(error**2)))
    return SpreadModel(
        model.benchmark, model.cells, model.parents, int(both.sum()), rmse, float(np.median(np.abs(error))), r2
    )
