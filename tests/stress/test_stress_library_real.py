"""The measured moves of the shipped scenarios, computed again from the curves of those days."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

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


def stated(shared: Path, name: str, when: str) -> float:
    items = yaml.safe_load((shared / "reference/market_stats.yaml").read_text(encoding="utf-8"))["items"]
    [value] = {item["value"] for item in items if item["name"] == name and item["as_of"] == when}
    return float(value)


def rate(part: object, name: str) -> float:
    return round(float(getattr(part, name)) * 100, 6)


def test_prepayment_and_arrears_are_those_of_the_published_reviews(shared: Path) -> None:
    half = "2023-01-01/2023-06-30"
    [speed] = find_scenario("rmbs-prepayment-2023").part("speeds")
    assert rate(speed.steps[0], "cpr") == stated(shared, "rmbs.cpr.peak", "2023H1")
    for name, item in (("auto-prepayment-2023", "auto"), ("consumer-arrears-2023", "consumer")):
        share = stated(shared, f"{item}.delinquency.dpd_61_90.max", half) / 100
        [pool] = find_scenario(name).part("defaults")
        assert rate(pool, "cdr") == round((1 - (1 - share) ** 12) * 100, 2)
    table = pd.read_csv(shared / "data/pools/fitch_bohua_indices.csv")
    [auto] = find_scenario("auto-prepayment-2023").part("speeds")
    assert rate(auto, "cpr") == float(
        table.loc[(table["asset"] == "auto") & (table["quarter"] == "2025Q4"), "cpr_quarter_end_pct"].iloc[0]
    )


def test_spreads_and_downgrades_stated_for_scale(shared: Path) -> None:
    said = find_scenario("spread-50-weak").sources[0].document
    for grade in ("AA+", "AA"):
        assert f"{stated(shared, f'abs.issue_spread_over_cgb.{grade}sf.qoq', '2021Q1'):.0f} bp" in said
    said = find_scenario("supporter-failure-2021").sources[0].document
    for name, words in (
        ("downgraded_tranches", "{} tranches downgraded"),
        ("sharply_downgraded_tranches", "{} of them sharply"),
    ):
        assert words.format(int(stated(shared, f"credit_events.{name}", "2021Q1"))) in said


def test_tolls_were_free_for_as_many_days_as_the_scenario_has() -> None:
    [fall] = find_scenario("toll-free-2020").part("revenue")
    assert fall.days == (date(2020, 5, 6) - date(2020, 2, 17)).days
