"""Scenarios written in Python: the same as the file that says the same, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import stress_lines as made

import absalloc.stress as st
from absalloc.errors import BadInput
from absalloc.universe import Universe


def lines() -> Universe:
    return made.valued(
        made.steep_curves(), product=["credit_abs", "enterprise_abs", "credit_bond"], asset_type=["rmbs", "cmbs", None],
        repayment=["pass_through", "bullet", "bullet"], coupon=[0.03, 0.035, 0.028], factor=[0.8, 1.0, 1.0],
        issue_date=["2024-03-15", "2024-06-30", "2023-01-10"], clean_price=[100.5, 101.0, 99.0],
        expected_maturity=["2032-03-15", "2028-12-30", "2029-01-10"],
    )  # fmt: skip


def shocks(**parts: Any) -> Any:
    return lambda universe: st.LineShocks(**parts)


@pytest.mark.parametrize(
    ("parts", "keys"),
    [
        ({"yield_move": 0.01}, {"yields": [{"parallel": "100 bp"}]}),
        ({"spread_move": [0.002, 0.0, 0.0]}, {"spreads": [{"add": "20 bp", "where": {"product": "credit_abs"}}]}),
        ({"loss": [0.0, 0.4, 0.0]}, {"losses": [{"share": "40%", "where": {"product": "enterprise_abs"}}]}),
        ({"cpr": [0.25, np.nan, np.nan]}, {"speeds": [{"cpr": "25%", "where": {"asset_type": "rmbs"}}]}),
    ],
)
def test_a_function_says_the_same_as_the_file(parts: dict[str, Any], keys: dict[str, Any]) -> None:
    universe, curves = lines(), made.steep_curves()
    own = st.python_scenario("own", shocks(**parts), horizon=12, reinvest=0.015)
    file = made.scenario(horizon="12 months", reinvest="1.5%", **keys)
    one, two = (st.stress_universe(universe, item, made.DAY, curves=curves) for item in (own, file))
    assert (one.dirty != one.base).any()
    assert one.dirty == pytest.approx(two.dirty, abs=1e-8)
    for name in one.parts:
        assert one.parts[name] == pytest.approx(two.parts[name], abs=2e-8), name


def test_functions_compose_with_files_and_with_each_other() -> None:
    universe = lines()
    half = st.python_scenario("half", shocks(yield_move=0.005))
    both = st.compose([half, half, made.scenario(yields=[{"parallel": "50 bp"}])], "all")
    whole = made.scenario(yields=[{"parallel": "150 bp"}])
    one, two = (st.stress_universe(universe, item, made.DAY).dirty for item in (both, whole))
    assert one == pytest.approx(two, abs=1e-8)


def test_the_function_sees_the_universe_and_its_text_is_the_hash() -> None:
    def rise(universe: Universe) -> st.LineShocks:
        return st.LineShocks(yield_move=np.where(universe.column("product") == "credit_bond", 0.01, 0.0))

    found = st.stress_universe(lines(), st.python_scenario("rise", rise), made.DAY)
    assert (found.change < 0).tolist() == [False, False, True]
    hashes = {st.python_scenario("rise", f).sha256 for f in (rise, rise, shocks())}
    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda universe: {"loss": 0.1}, "LineShocks"),
        (shocks(loss=40), "expected 0 - 1"),
        (shocks(yield_move=50), "100 bp"),
        (shocks(yield_move=np.nan), "100 bp"),
        (shocks(spread_move=[0.01]), "entries where"),
    ],
)
def test_what_makes_no_sense_is_refused(function: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        st.stress_universe(lines(), st.python_scenario("own", function), made.DAY)


def test_a_horizon_is_a_month_at_least() -> None:
    with pytest.raises(BadInput):
        st.python_scenario("own", shocks(), horizon=0)
