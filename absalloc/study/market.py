"""Market statistics as market reviews print them, and whether ratings separate spreads: rank tests between grades."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from absalloc.cashflow import CurveSet
from absalloc.errors import BadInput
from absalloc.study.market_tables import coupon_table, mix, over_plain_bonds, subordination, turnover, valued_spreads
from absalloc.terms import RATING_GRADES
from absalloc.units import tidy
from absalloc.universe.model import RATING, Trades, Universe

__all__ = [
    "MarketStatistics",
    "SpreadTests",
    "coupon_table",
    "mann_whitney",
    "market_statistics",
    "mix",
    "over_plain_bonds",
    "spread_tests",
    "subordination",
    "turnover",
]

ALTERNATIVES = ("two-sided", "less", "greater")
METHODS = ("asymptotic", "exact")
LEAST_OBSERVATIONS = 2


def mann_whitney(
    x: ArrayLike, y: ArrayLike, *, alternative: str = "two-sided", method: str = "asymptotic"
) -> tuple[float, float]:
    """Return (U of ``x``, p) of the Mann-Whitney rank test of two samples of numbers.

    ``alternative``: ``two-sided``, ``less`` (x tends to be smaller) or ``greater``. ``method``: ``asymptotic``
    (normal, corrected for ties and continuity) or ``exact``. p is never above 1. U counts pairs with x > y,
    ties as half; infinite numbers are the largest or smallest. Mann and Whitney (1947), computed by scipy.
    Raises BadInput for an empty sample, NaN, ties with ``exact``, or an unknown word.
    """
    for word, name, choices in ((alternative, "alternative", ALTERNATIVES), (method, "method", METHODS)):
        if word not in choices:
            expected = ", ".join(choices)
            raise BadInput("study.word_unknown", value=word, name=name, expected=expected, choices=choices)
    first, second = _sample("x", x), _sample("y", y)
    pooled = np.concatenate([first, second])
    if method == "exact" and len(np.unique(pooled)) < len(pooled):
        # scipy would answer as if there were no ties.
        raise BadInput("study.exact_with_ties")
    from scipy.stats import mannwhitneyu

    if (pooled == pooled[0]).all():  # every rank is tied: the variance is 0 and nothing tells the samples apart
        return len(first) * len(second) / 2.0, 1.0
    words: Any = {"alternative": alternative, "method": method}
    found = mannwhitneyu(first, second, use_continuity=True, **words)
    return float(found.statistic), min(float(found.pvalue), 1.0)


def _sample(name: str, values: ArrayLike) -> NDArray[np.float64]:
    sample = np.asarray(values, dtype=np.float64).ravel()
    if sample.size == 0 or np.isnan(sample).any():
        raise BadInput("study.sample", name=name, count=sample.size)
    return sample


@dataclass(frozen=True)
class SpreadTests:
    """What separates the ratings.

    ``levels``: a row a grade, best first: ``rating count mean median stdev cv level_difference`` (decimals; the
    sample standard deviation, its ratio to the mean, and 级差: the mean minus that of the next better grade
    present; NaN where there are too few numbers). ``pairs``: a row a pair of grades: ``better worse n_better
    n_worse u p`` where ``u`` counts the pairs in which the better grade has the wider spread, two-sided p;
    pairs with fewer than two numbers on a side are left out. ``used`` and ``left_out``: rows with, and
    rows without, both a spread and a long-term rating.
    """

    levels: pd.DataFrame
    pairs: pd.DataFrame
    used: int
    left_out: int


@dataclass(frozen=True)
class MarketStatistics:
    """Every table of one universe. ``turnover`` and ``plain`` None where what they need was not given.

    ``no_coupon`` ABS without a coupon, ``no_attachment`` deals whose senior tranches have no attachment point,
    ``trades_left_out`` trades that stand in no turnover.
    """

    spreads: SpreadTests
    coupons: pd.DataFrame
    no_coupon: int
    subordination: pd.DataFrame
    no_attachment: int
    ratings: pd.DataFrame
    sectors: pd.DataFrame
    regions: pd.DataFrame
    turnover: pd.DataFrame | None
    trades_left_out: int | None
    plain: pd.DataFrame | None


def market_statistics(
    universe: Universe,
    *,
    trades: Trades | None = None,
    opening: Universe | None = None,
    days: tuple[date, date] | None = None,
    curves: tuple[CurveSet, date] | None = None,
) -> MarketStatistics:
    """Return the statistics of a universe as loaded.

    ``trades`` and ``opening`` (the universe at the start) give turnover, ``days`` its first and last day. ``curves``,
    as on a day, give spreads to lines whose file has none, and those over plain bonds.
    Raises BadInput for trades without an opening universe or the reverse.
    """
    if (trades is None) != (opening is None):
        raise BadInput("study.turnover_needs", value="trades" if opening is None else "opening")
    coupons, no_coupon = coupon_table(universe)
    below, no_attachment = subordination(universe)
    turned, out = None, None
    if trades is not None and opening is not None:
        start, end = days or (None, None)
        turned, out = turnover(trades, opening, universe, start=start, end=end)
    marked, plain = (universe, None) if curves is None else valued_spreads(universe, curves[1], curves[0])
    return MarketStatistics(
        spreads=spread_tests(marked), coupons=coupons, no_coupon=no_coupon, subordination=below,
        no_attachment=no_attachment, ratings=mix(universe, "rating"), sectors=mix(universe, "sector"),
        regions=mix(universe, "region"), turnover=turned, trades_left_out=out,
        plain=plain,
    )  # fmt: skip


def spread_tests(universe: Universe) -> SpreadTests:
    """Return levels and pairwise rank tests of ``spread`` between rating grades.

    A tranche with several ratings counts under its lowest one; short-term ratings and rows without a spread are
    left out. Maturities are not told apart: give a universe of one maturity bucket to compare like with like.
    """
    grade = _lowest_grades(universe)
    spread = universe.column("spread")
    usable = (grade > 0) & ~np.isnan(spread)
    names = {step: name for name, step in RATING_GRADES.items()}
    samples = {names[step]: spread[usable & (grade == step)] for step in np.unique(grade[usable]).tolist()}
    return SpreadTests(
        levels=_levels(samples), pairs=_pairs(samples), used=int(usable.sum()), left_out=int((~usable).sum())
    )


def _lowest_grades(universe: Universe) -> NDArray[np.int64]:
    """Return the step of each row's lowest long-term rating over all agencies, 0 where it has none."""
    grades = np.zeros(len(universe.table), dtype=np.int64)
    for name in universe.table.columns:
        if name.startswith(RATING):
            steps = [RATING_GRADES.get(value, 0) for value in universe.column(name)]
            grades = np.maximum(grades, np.array(steps, dtype=np.int64))
    return grades


def _levels(samples: dict[str, NDArray[np.float64]]) -> pd.DataFrame:
    rows, better = [], math.nan
    for rating, sample in samples.items():
        mean = float(sample.mean())
        stdev = float(sample.std(ddof=1)) if sample.size > 1 else math.nan
        cv = stdev / mean if mean > 0.0 else math.nan  # a ratio to a mean of 0 or less says nothing
        figures = (mean, float(np.median(sample)), stdev, cv, mean - better)
        rows.append((rating, int(sample.size), *map(_fact, figures)))
        better = mean
    return _frame(rows, ("rating", "count", "mean", "median", "stdev", "cv", "level_difference"))


def _pairs(samples: dict[str, NDArray[np.float64]]) -> pd.DataFrame:
    rows = []
    for (better, one), (worse, other) in combinations(samples.items(), 2):
        if min(one.size, other.size) >= LEAST_OBSERVATIONS:
            u, p = mann_whitney(one, other)
            rows.append((better, worse, int(one.size), int(other.size), u, p))
    return _frame(rows, ("better", "worse", "n_better", "n_worse", "u", "p"))


def _fact(value: float) -> float:
    return value if math.isnan(value) else tidy(value)


def _frame(rows: Sequence[tuple[object, ...]], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns))
