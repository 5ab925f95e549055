"""The measured moves of the shipped scenarios, computed again from the curves of those days."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from absalloc.stress import find_scenario

pytestmark = pytest.mark.real


def curve(shared: Path, name: str) -> pd.DataFrame:
    table = pd.read_csv(shared / "data/curves/wind_daily_curves_2020.csv")
    return table[table["curve"] == name].pivot(index="date", columns="tenor_years", values="yield_pct")


def window(shared: Path) -> pd.DataFrame:
    return pd.read_csv(shared / "data/curves/cgb_2_5_10_30y_2016-08_2026-08.csv", index_col=0)


def points(name: str) -> dict[float, float]:
    [move] = find_scenario(name).yields
    return {t: round(m * 1e4, 6) for t, m in zip(move.tenors, move.moves, strict=True)}


def test_the_sell_off_of_2020(shared: Path) -> None:
    days = curve(shared, "CGB").loc["2020-04-01":"2020-11-30"]  # type: ignore[misc]
    rise = (days.max() - days.min()) * 100
    assert {t: float(np.rint(rise[t])) for t in rise.index} == points("bear-2020")
    assert [days[1].idxmin(), days[1].idxmax()] == ["2020-04-29", "2020-11-24"]


def test_the_worst_three_months(shared: Path) -> None:
    rise = window(shared).diff(63) * 100
    worst = {float(name[:-1]): float(np.rint(rise[name].max())) for name in rise}
    assert worst == points("worst-quarter-since-2016")


def test_yongmei(shared: Path) -> None:
    moves = {}
    for name in ("CGB", "MTN_AAA"):
        days = curve(shared, name)
        moves[name] = (days.loc["2020-11-23"] - days.loc["2020-11-09"]) * 100
    assert points("yongmei-2020") == {t: round(float(m), 2) for t, m in moves["CGB"].items()}
    [spread] = find_scenario("yongmei-2020").spreads
    both = {t: round(float(moves["MTN_AAA"][t] - moves["CGB"][t]), 2) for t in spread.tenors}
    assert {t: round(m * 1e4, 2) for t, m in zip(spread.tenors, spread.moves, strict=True)} == pytest.approx(both)


@pytest.mark.parametrize(
    ("name", "day"),
    [("bear-steepening", "2025-09-10"), ("bull-steepening", "2020-05-09"), ("bear-flattening-2020", "2020-08-12")],
)
def test_twists(shared: Path, name: str, day: str) -> None:
    moves = window(shared).diff(63) * 100
    assert {float(t[:-1]): round(float(m), 2) for t, m in moves.loc[day].items()} == points(name)
    twist = moves["10Y"] - moves["2Y"]
    side = {"bear-steepening": moves["2Y"] > 0, "bull-steepening": moves["2Y"] < 0}.get(name)
    picked = twist.idxmin() if side is None else twist[side].idxmax()
    assert picked == day
