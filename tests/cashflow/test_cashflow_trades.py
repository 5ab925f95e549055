"""The page on the recorded trades shows what its command prints, and the figures hang together."""

from __future__ import annotations

import calendar
import importlib.util
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("trade_yields", DOCS / "trade_yields.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["trade_yields"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def found(script: Any, shared: Path) -> Any:
    return script.measure(shared)


def test_the_page_shows_the_tables(script: Any, found: Any) -> None:
    page = (DOCS / "trade-yields.md").read_text(encoding="utf-8")
    for name, text in script.tables(found).items():
        assert text in page, name
    assert "none of these" not in page  # every outlier is explained


def test_every_trade_is_counted_once(script: Any, found: Any) -> None:
    assert len(found) == 517
    assert (found["day"] <= script.LAST_NOTES).sum() == 413
    valued = found["why"] == ""
    assert (found["yield"].notna() == valued).all()
    assert found.loc[valued, "government"].notna().all()
    assert (found["notes"].notna() == (valued & (found["day"] <= script.LAST_NOTES))).all()


def test_a_bullet_near_par_yields_about_its_coupon(found: Any) -> None:
    """A check by the eye of a trader: lines priced at their factor yield near their coupon, 2 to 8 %."""
    near = found[(found["why"] == "") & (np.abs(found["ratio"] - 1) < 0.001) & (found["wal"] > 0.5)]
    assert len(near) > 50
    assert near["yield"].between(0.02, 0.08).mean() > 0.98


def bullet_yield(day: date, end: date, issued: date, coupon: float, clean: float) -> float:
    """The interbank formula by bisection: annual coupons back from the end, ACT/365, simple in the last period."""
    dates = [end]
    while dates[0] > day:
        year = dates[0].year - 1
        dates.insert(0, date(year, end.month, min(end.day, calendar.monthrange(year, end.month)[1])))
    begin = [max(start, issued) for start in dates[:-1]]
    cash = [100 * coupon * (stop - start).days / 365 for start, stop in zip(begin, dates[1:], strict=True)]
    cash[-1] += 100
    dirty = clean + 100 * coupon * (day - begin[0]).days / 365
    times = [(stop - day).days / 365 for stop in dates[1:]]

    def worth(y: float) -> float:
        if len(cash) == 1:
            return cash[0] / (1 + y * times[0])
        return sum(paid / (1 + y) ** t for paid, t in zip(cash, times, strict=True))

    low, high = -0.5, 2.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if worth(middle) > dirty else (low, middle)
    return low


def test_yields_of_bullets_are_those_of_a_plain_bisection(script: Any, shared: Path, found: Any) -> None:
    universe, _ = script.load(shared)
    table = universe.table
    whole = (table["outstanding"] == table["issue_size"]).to_numpy()
    checked = 0
    for trade in found[(found["why"] == "") & (found["product"] == "abn")].itertuples():
        line = table.iloc[trade.row]
        put, end = line["next_put"], line["expected_maturity"]
        end = put if pd.notna(put) and pd.Timestamp(trade.day) < put < end else end
        if not whole[trade.row]:
            continue
        y = bullet_yield(trade.day, end.date(), line["issue_date"].date(), line["coupon"], trade.price)
        assert y == pytest.approx(found.loc[trade.Index, "yield"], abs=2e-9)
        checked += 1
    assert checked > 100
