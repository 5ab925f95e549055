"""Shipped scenarios on the real interbank market of 2020-12-07 and the exchange table of 2025-12-08."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from absalloc.cashflow import load_curves, value_universe
from absalloc.stress import find_scenario, stress_universe
from absalloc.stress.result import PRICE_PARTS
from absalloc.universe import Universe, derive, load_universe

pytestmark = pytest.mark.real
MAPPINGS = Path(__file__).resolve().parents[2] / "examples" / "real"
CASES = {
    "interbank-2020-12-07": ("interbank_abs_universe_2020-12-07.csv", date(2020, 12, 7)),
    "cnabs-2025-12-08": ("cnabs_tranches_2025-12-08.csv", date(2025, 12, 8)),
}


@pytest.mark.parametrize("case", sorted(CASES))
@pytest.mark.parametrize(
    "name",
    ["yongmei-2020", "rmbs-prepayment-2023", "consumer-arrears-2023", "supporter-failure-2021", "parallel-up-100"],
)
def test_a_real_market_under_a_scenario(shared: Path, monkeypatch: pytest.MonkeyPatch, case: str, name: str) -> None:
    monkeypatch.setenv("ABSALLOC_SHARED", str(shared))
    file, day = CASES[case]
    loaded = load_universe(shared / "data/tranches" / file, MAPPINGS / f"{case}.yaml")
    universe: Universe = value_universe(derive(loaded, day), day).universe
    found = stress_universe(universe, find_scenario(name), day)
    parts = sum(found.parts[part] for part in PRICE_PARTS)
    assert np.allclose(parts, found.change, atol=1e-9)
    for column in universe.table.columns:
        if universe.table[column].dtype.kind == "f":
            was, now = (u.table[column].to_numpy(float) for u in (universe, found.universe))
            assert not (np.isnan(now) & ~np.isnan(was)).any(), column
    live = np.isfinite(found.rate)
    assert live.sum() > 200
    if name == "parallel-up-100":
        assert (found.change[live] < 0).all()


def test_the_curves_of_the_days_make_the_same_move(shared: Path) -> None:
    moves = {}
    for day in (date(2020, 11, 9), date(2020, 11, 23)):
        moves[day] = load_curves(shared / "data/curves/wind_daily_curves_2020.csv", as_of=day)["notes.AAA"].yields
    scenario = find_scenario("yongmei-2020")
    tenors = np.array([1.0, 3.0, 5.0, 7.0, 10.0])
    both = scenario.yields[0].at(tenors) + scenario.spreads[0].at(tenors)
    assert both == pytest.approx(moves[date(2020, 11, 23)] - moves[date(2020, 11, 9)], abs=1e-9)
