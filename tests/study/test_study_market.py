"""Rank tests against counting by hand, and the statistics of spreads by rating."""

from __future__ import annotations

import math
import statistics
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from absalloc.errors import BadInput
from absalloc.study.market import mann_whitney, spread_tests
from absalloc.universe.model import Universe

NUMBERS = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=8)


def universe(columns: dict[str, list[object]]) -> Universe:
    rows = len(next(iter(columns.values())))
    table = pd.DataFrame(
        {
            name: pd.Series(np.array(values, dtype="float64" if name == "spread" else object))
            for name, values in columns.items()
        }
    )
    return Universe(table, (), (), {}, None, np.arange(rows))


@given(NUMBERS, NUMBERS)
def test_u_counts_pairs_and_p_is_a_probability(x: list[float], y: list[float]) -> None:
    u, p = mann_whitney(x, y)
    assert u == sum((a > b) + (a == b) / 2 for a in x for b in y)
    assert 0.0 <= p <= 1.0
    swapped, same = mann_whitney(y, x)
    assert swapped == len(x) * len(y) - u
    assert same == pytest.approx(p, abs=1e-12)


@given(st.integers(1, 4), st.integers(1, 4), st.randoms(use_true_random=False))
def test_exact_p_is_the_share_of_arrangements(m: int, n: int, random: object) -> None:
    order = list(range(m + n))
    random.shuffle(order)  # type: ignore[attr-defined]
    x, y = order[:m], order[m:]
    u, p = mann_whitney(x, y, alternative="less", method="exact")
    every = [sum(a > b for a in chosen for b in set(order) - set(chosen)) for chosen in combinations(range(m + n), m)]
    assert p == pytest.approx(sum(value <= u for value in every) / len(every), abs=1e-12)


def test_samples_of_one_number_only_are_not_told_apart() -> None:
    assert mann_whitney([2.0, 2.0], [2.0, 2.0, 2.0]) == (3.0, 1.0)


@pytest.mark.parametrize("method", ["asymptotic", "exact"])
def test_an_infinite_number_is_the_largest_there_is(method: str) -> None:
    x, y = [1.0, 2.0, 4.5], [3.0, 5.0]
    assert mann_whitney(x, [3.0, math.inf], method=method) == mann_whitney(x, y, method=method)
    assert mann_whitney([math.inf, math.inf], [math.inf]) == (1.0, 1.0)


def test_refusals() -> None:
    with pytest.raises(BadInput, match="sample y has 0 numbers"):
        mann_whitney([1.0], [])
    with pytest.raises(BadInput, match="missing"):
        mann_whitney([1.0, math.nan], [2.0])
    with pytest.raises(BadInput, match="exact distribution does not hold"):
        mann_whitney([1.0, 2.0], [2.0], method="exact")
    with pytest.raises(BadInput, match=r"'lesser' is not a alternative known here.*'less'"):
        mann_whitney([1.0], [2.0], alternative="lesser")
    with pytest.raises(BadInput, match="'auto' is not a method"):
        mann_whitney([1.0], [2.0], method="auto")


def test_spreads_by_rating() -> None:
    tight, wide = [0.001, 0.002, 0.003, 0.0045], [0.004, 0.005, 0.006]
    found = spread_tests(
        universe(
            {
                "rating.ccxi": ["AAA"] * 4 + ["AAA"] * 3 + ["BBB", "A-1", None, "AAA"],
                "rating.lianhe": [None] * 4 + ["AA"] * 3 + [None, None, "", None],
                "spread": [*tight, *wide, 0.02, 0.001, 0.001, math.nan],
            }
        )
    )
    assert (found.used, found.left_out) == (8, 3)
    assert found.levels["rating"].tolist() == ["AAA", "AA", "BBB"]
    assert found.levels["count"].tolist() == [4, 3, 1]
    for row, sample in enumerate((tight, wide)):
        level = found.levels.iloc[row]
        assert level["mean"] == pytest.approx(statistics.mean(sample), abs=1e-12)
        assert level["median"] == pytest.approx(statistics.median(sample), abs=1e-12)
        assert level["cv"] == pytest.approx(statistics.stdev(sample) / statistics.mean(sample), abs=1e-11)
    assert np.isnan(found.levels["level_difference"][0])
    assert found.levels["level_difference"].tolist()[1:] == [0.002375, 0.015]
    assert np.isnan(found.levels["stdev"][2])
    [pair] = found.pairs.to_dict("records")
    assert (pair["better"], pair["worse"], pair["n_better"], pair["n_worse"]) == ("AAA", "AA", 4, 3)
    assert (pair["u"], pair["p"]) == mann_whitney(tight, wide)


def test_a_universe_without_spreads_has_no_levels() -> None:
    found = spread_tests(universe({"rating.ccxi": ["AAA", "AA"], "spread": [math.nan, math.nan]}))
    assert (len(found.levels), len(found.pairs), found.used, found.left_out) == (0, 0, 0, 2)
    assert found.levels.columns.tolist()[0] == "rating"
