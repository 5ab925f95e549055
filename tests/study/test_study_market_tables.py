"""Market tables against the file itself, read and summed by pandas and numpy in their own way."""

from __future__ import annotations

import statistics
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import absalloc as aa
import absalloc.cashflow as cf
from absalloc.errors import BadInput
from absalloc.report.market import market_json
from absalloc.study.market import market_statistics
from absalloc.universe import load_trades

MARKET = Path(__file__).resolve().parents[2] / "examples" / "market"
ABS = ("credit_abs", "enterprise_abs", "abn", "insurance_plan")
DAY = date(2025, 6, 30)


@pytest.fixture(scope="module")
def raw() -> pd.DataFrame:
    table = pd.read_csv(MARKET / "market.csv", low_memory=False)
    return table[table["product"].isin(ABS)]


@pytest.fixture(scope="module")
def found() -> aa.market.MarketStatistics:
    curves = cf.load_curves(MARKET / "curves.csv", as_of=DAY)
    return market_statistics(aa.load_universe(MARKET / "market.csv"), curves=(curves, DAY))


def test_coupons_by_asset_type_and_term(raw: pd.DataFrame, found: aa.market.MarketStatistics) -> None:
    cells: dict[tuple[str, str], list[float]] = {}
    for line in raw.to_dict("records"):
        if pd.isna(line["coupon (%)"]):
            continue
        days = (date.fromisoformat(line["expected_maturity"]) - date.fromisoformat(line["issue_date"])).days
        years = round(days / 365.25, 2)
        term = "under 1" if years <= 1 else "1-3" if years <= 3 else "3-5" if years <= 5 else "over 5"
        cells.setdefault((line["asset_type"], term), []).append(line["coupon (%)"] / 100)
    rows = {(r["asset_type"], r["term"]): r for r in found.coupons.to_dict("records")}
    assert rows.keys() == cells.keys()
    for key, coupons in cells.items():
        row = rows[key]
        assert row["count"] == len(coupons)
        assert (row["min"], row["max"]) == pytest.approx((min(coupons), max(coupons)), abs=1e-12)
        assert row["mean"] == pytest.approx(statistics.fmean(coupons), abs=1e-11)
    assert found.no_coupon == raw["coupon (%)"].isna().sum()


def test_subordination_counts_a_deal_once(raw: pd.DataFrame, found: aa.market.MarketStatistics) -> None:
    points: dict[str, dict[str, float]] = {}
    for line in raw[raw["seniority"] == "senior"].to_dict("records"):
        deals = points.setdefault(line["asset_type"], {})
        deals[line["deal_id"]] = min(deals.get(line["deal_id"], 1.0), line["attachment (%)"] / 100)
    rows = {r["asset_type"]: r for r in found.subordination.to_dict("records")}
    assert rows.keys() == points.keys()
    for kind, deals in points.items():
        values = list(deals.values())
        assert rows[kind]["deals"] == len(values)
        assert rows[kind]["max"] == pytest.approx(max(values), abs=1e-12)
        assert rows[kind]["median"] == pytest.approx(statistics.median(values), abs=1e-10)


def test_mixes_add_up_to_the_file(raw: pd.DataFrame, found: aa.market.MarketStatistics) -> None:
    whole = raw["outstanding (yuan)"].sum()
    for table in (found.ratings, found.sectors, found.regions):
        assert table["yuan"].sum() == pytest.approx(whole, rel=1e-12)
        assert table["count"].sum() == len(raw)
        assert table["share"].sum() == pytest.approx(1.0, abs=1e-9)
    lgfv = raw[raw["lgfv"].isin([True, "true", "True"]) & raw["product"].isin(["enterprise_abs", "abn"])]
    [row] = found.sectors[found.sectors["sector"] == "urban_investment"].to_dict("records")
    assert (row["count"], row["yuan"]) == (len(lgfv), pytest.approx(lgfv["outstanding (yuan)"].sum()))
    by_region = raw.groupby("region")["outstanding (yuan)"].sum()
    for row in found.regions.to_dict("records"):
        assert row["yuan"] == pytest.approx(by_region[row["region"]])
    assert found.ratings["rating"].tolist()[0] == "AAA"


def test_an_unknown_amount_is_no_zero() -> None:
    universe = aa.load_universe(MARKET / "market.csv")
    region = universe.column("region")
    amount = np.where(region == "陕西", np.nan, universe.column("outstanding"))
    amount[np.flatnonzero(region == "上海")[0]] = np.nan
    rows = {r["region"]: r for r in aa.market.mix(_with(universe, outstanding=amount), "region").to_dict("records")}
    assert np.isnan(rows["陕西"]["yuan"])
    assert np.isnan(rows["陕西"]["share"])
    assert rows["陕西"]["unknown_yuan"] == rows["陕西"]["count"]
    assert rows["上海"]["unknown_yuan"] == 1


def test_spreads_over_plain_bonds_leave_out_the_model(found: aa.market.MarketStatistics) -> None:
    curves = cf.load_curves(MARKET / "curves.csv", as_of=DAY)
    universe = aa.load_universe(MARKET / "market.csv")
    valued = cf.value_universe(universe, DAY, curves=curves)
    place = {name: row for row, name in enumerate(universe.column("tranche_id").tolist())}
    government, issuer = curves["government"], universe.column("issuer")
    assert found.plain is not None
    assert len(found.plain) > 50
    checked = 0
    for line in found.plain.to_dict("records"):
        row = place[line["tranche_id"]]
        assert valued.yield_source[row] != "model"
        obligor = universe.column("originator")[row]
        bonds = [
            valued.yield_[i] - float(government.at(valued.wal[i]))
            for i in np.flatnonzero((universe.column("product") == "credit_bond") & (issuer == obligor))
            if cf.model.bucket_of(valued.wal[[i]])[0] == cf.model.bucket_of(valued.wal[[row]])[0]
        ]
        if bonds:
            own = valued.yield_[row] - float(government.at(valued.wal[row]))
            assert line["over_bonds"] == pytest.approx(own - statistics.median(bonds), abs=1e-9)
            assert line["bonds"] == len(bonds)
            checked += 1
    assert checked > 50


def _trades(folder: Path, rows: list[str]) -> aa.universe.model.Trades:  # type: ignore[name-defined]
    path = folder / "trades.csv"
    path.write_text("date,tranche_id,side,face,price\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return load_trades(path)


def test_turnover_is_principal_over_the_mean_stock(raw: pd.DataFrame, tmp_path: Path) -> None:
    closing = aa.load_universe(MARKET / "market.csv")
    opening = _with(closing, outstanding=closing.column("outstanding") * 1.5)
    done = [
        "2025-02-03,SYN100001.IB,buy,1000000000,100", "2025-03-03,SYN100002.IB,sell,500000000,",
        "2024-12-31,SYN100001.IB,buy,9000000000,100", "2025-03-04,SYN250001.IB,buy,7000000000,100",
        "2025-03-05,GONE.IB,buy,1000000,100",
    ]  # fmt: skip
    trades = _trades(tmp_path, done)
    table, out = aa.market.turnover(trades, opening, closing, start=date(2025, 1, 1), end=DAY)
    assert out == 3  # before the period, of no ABS, of nobody
    rows = {row["product"]: row for row in table.to_dict("records")}
    stock = raw[raw["product"] == "credit_abs"]["outstanding (yuan)"].sum()
    traded = 1e9 * 0.9635 + 5e8
    assert rows["credit_abs"]["traded_yuan"] == pytest.approx(traded)
    assert rows["credit_abs"]["turnover"] == pytest.approx(traded / (1.25 * stock), rel=1e-9)
    assert rows["credit_abs"]["annualised"] == pytest.approx(traded / (1.25 * stock) * 365 / 180, rel=1e-9)
    assert (rows["abn"]["trades"], rows["abn"]["turnover"]) == (0, 0)
    assert rows["all"]["traded_yuan"] == rows["credit_abs"]["traded_yuan"]
    free = aa.market.turnover(trades, opening, closing)[0]
    assert np.isnan(free["annualised"]).all()
    silent = _with(opening, outstanding=np.where(opening.column("product") == "abn", np.nan, 1.0))
    table, _ = aa.market.turnover(trades, silent, closing)
    rows = {row["product"]: row for row in table.to_dict("records")}
    assert np.isnan(rows["abn"]["turnover"])
    assert np.isnan(rows["all"]["turnover"])
    assert rows["abn"]["unknown_stock"] == (raw["product"] == "abn").sum()


def test_trades_without_an_opening_universe_are_refused(tmp_path: Path) -> None:
    trades = _trades(tmp_path, ["2025-02-03,SYN100001.IB,buy,1000,100"])
    with pytest.raises(BadInput, match="opening"):
        market_statistics(aa.load_universe(MARKET / "market.csv"), trades=trades)


def test_a_universe_of_three_columns_has_empty_tables(tmp_path: Path) -> None:
    path = tmp_path / "small.csv"
    path.write_text("tranche_id,product,market\nA,abn,interbank\n", encoding="utf-8")
    found = market_statistics(aa.load_universe(path))
    assert len(found.coupons) == len(found.subordination) == 0
    assert found.no_coupon == 1
    assert found.sectors.to_dict("records")[0]["sector"] == "unknown"
    document = market_json(found, "0" * 64, "zh")
    assert document["sectors"][0]["yuan"] is None
    assert document["turnover"] is None


def _with(universe: aa.Universe, **columns: np.ndarray) -> aa.Universe:
    from absalloc.universe.model import as_series

    return universe.replace(table=universe.table.assign(**{k: as_series(v) for k, v in columns.items()}))
