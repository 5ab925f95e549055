"""Market tables and the three sectors on the two real universes; what they cannot say is said."""

from __future__ import annotations

import csv
from datetime import date
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import absalloc as aa
from absalloc.study.market import market_statistics

pytestmark = pytest.mark.real
REAL = Path(__file__).resolve().parents[2] / "examples" / "real"


@pytest.fixture(autouse=True)
def _shared_folder(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABSALLOC_SHARED", str(shared))


def test_coupons_and_mixes_of_the_interbank_universe(shared: Path) -> None:
    file = shared / "data" / "tranches" / "interbank_abs_universe_2020-12-07.csv"
    universe = aa.load_universe(file, mapping=REAL / "interbank-2020-12-07.yaml")
    found = market_statistics(universe)
    coupons = universe.column("coupon")
    assert found.coupons["count"].sum() == np.isfinite(coupons).sum()
    assert found.no_coupon == np.isnan(coupons).sum() >= 877
    assert found.coupons["max"].max() == np.nanmax(coupons)
    rows = {row["sector"]: row for row in found.sectors.to_dict("records")}
    # README of the data: 948 credit ABS with 14,421, 1,513 ABN with 6,569 hundred million outstanding.
    assert rows["credit"]["count"] == 948
    assert rows["credit"]["yuan"] / 1e8 == pytest.approx(14_421, abs=1)
    rest = [row for name, row in rows.items() if name != "credit"]
    assert sum(row["count"] for row in rest) == 1513
    assert sum(row["yuan"] for row in rest) / 1e8 == pytest.approx(6_569, abs=1)
    # The file has no rating: all of it is unknown, and no level is made up.
    assert found.ratings["rating"].tolist() == ["unknown"]
    assert len(found.spreads.levels) == 0


def test_the_2025_file_has_ratings_and_no_amounts(shared: Path) -> None:
    file = shared / "data" / "tranches" / "cnabs_tranches_2025-12-08.csv"
    universe = aa.load_universe(file, mapping=REAL / "cnabs-2025-12-08.yaml")
    found = market_statistics(universe)
    assert found.ratings["rating"].tolist()[0] == "AAA"
    whole = found.coupons["count"].sum() + found.no_coupon
    assert whole == np.isin(universe.column("product").astype(str), ("enterprise_abs", "abn")).sum()
    # What a rating report prints of seniors in 2025: AAA coupons of about 2 %.
    assert 0.015 < np.nanmedian(universe.column("coupon")) < 0.035
    silent = found.sectors["yuan"].isna()
    assert (found.sectors.loc[silent, "share"].isna()).all()


def _joined(shared: Path, folder: Path) -> aa.Universe:
    """Return one universe of the credit ABS and urban-investment ABN of 2020 and the enterprise ABS of 2025.

    Seniors with a coupon, each with the remaining term of its own day; AAA, par, a yield of the coupon, a bullet life,
    public placement and a region for each line are assumed throughout: the figures say nothing of the market, and the
    test is of the arithmetic alone.
    """
    tranches = shared / "data" / "tranches"
    lgfv = set(pd.read_csv(tranches / "lgfv_abn_2020-12-07.csv", low_memory=False).iloc[:, 0].astype(str))
    first = aa.load_universe(
        tranches / "interbank_abs_universe_2020-12-07.csv", mapping=REAL / "interbank-2020-12-07.yaml"
    )
    second = aa.load_universe(tranches / "cnabs_tranches_2025-12-08.csv", mapping=REAL / "cnabs-2025-12-08.yaml")
    paths = []
    for name, universe, day in (("2020", first, date(2020, 12, 7)), ("2025", second, date(2025, 12, 8))):
        paths.append(folder / f"{name}.csv")
        _write(paths[-1], universe, day, lgfv)
    cash = folder / "cash.csv"
    cash.write_text("tranche_id,product,market\nCASH,cash,other\n", encoding="utf-8")
    return aa.load_universe([*paths, cash])


def _write(path: Path, universe: aa.Universe, day: date, lgfv: set[str]) -> None:
    heads = (
        "tranche_id,product,market,placement,stc,npl,seniority,asset_type,originator,lgfv,region,issue_size (yuan),"
        "outstanding (yuan),factor (%),coupon (%),yield (%),yield_source,rating.ccxi,issue_date,expected_maturity,wal,"
        "modified_duration,clean_price"
    )
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(heads.split(","))
        for row, code in enumerate(universe.column("tranche_id").tolist()):
            coupon, end = universe.column("coupon")[row], universe.column("expected_maturity")[row]
            product = universe.column("product")[row]
            left = (end.astype("datetime64[D]") - np.datetime64(day)).astype(int) / 365.25 if not np.isnat(end) else 0.0
            if not np.isfinite(coupon) or left <= 0.3 or universe.column("seniority")[row] != "senior":
                continue
            if code not in lgfv and universe.column("product")[row] != "enterprise_abs" and row % 4:
                continue  # a quarter of the rest is enough
            size = universe.column("outstanding")[row]
            size = universe.column("issue_size")[row] if np.isnan(size) else size
            moved = np.datetime64("2025-12-08") + np.timedelta64(int(left * 365.25), "D")
            writer.writerow([
                code, product, "interbank" if product != "enterprise_abs" else "exchange", "public", "false", "false",
                "senior",
                universe.column("asset_type")[row] or "", universe.column("originator")[row] or "",
                "" if product == "credit_abs" else str(code in lgfv).lower(), code, size, size, 100, coupon * 100,
                coupon * 100,
                "coupon", "AAA", "2025-12-01", str(moved), round(left * 0.6, 4), round(left * 0.57, 4), 100,
            ])  # fmt: skip


MANDATE = """
name: real-three-way
institution: wealth_product
rulebooks: [house]
as_of: 2025-12-08
amounts: {nav: {value: 3000000000, as_of: 2025-12-08}}
product: {offering: public, operation: closed, end_date: 2027-06-30}
portfolio: {fixed: none}
objective: {kind: carry}
targets: {sectors: {credit: {max: 30%}, urban_investment: {max: 30%}, enterprise: {max: 30%}}}
trading: {lot: 10000, cost_bp: 2}
mode: strategic
"""


def test_three_sectors_of_two_dates_are_compared_and_the_dates_are_said(shared: Path, tmp_path: Path) -> None:
    universe = _joined(shared, tmp_path)
    path = tmp_path / "mandate.yaml"
    path.write_text(MANDATE, encoding="utf-8")
    found = aa.compare(universe, [aa.load_mandate(path)])
    [item] = found.mandates
    assert any(note.startswith("several_files:2020.csv, 2025.csv") for note in item.notes)
    assert "2020.csv, 2025.csv" in " ".join(found.to_json("zh")["mandates"][0]["notes"])
    views = {view.sector: view for view in item.sectors}
    assert {view.status for view in views.values()} == {"optimal"}
    assert item.sleeve == min(view.capacity for view in views.values() if view.capacity)
    for view in views.values():
        assert view.leave_one_out is not None
        assert view.leave_one_out >= 0
        if view.plan is None:
            continue
        held = sum((h.market_value or 0 for h in view.plan.holdings if h.sector == view.sector), Fraction(0))
        assert item.sleeve * Fraction(998, 1000) <= held <= item.sleeve * (1 + Fraction(1, 10**9))
        assert view.match in ("key_rates", "duration", "none")
        assert view.equal is not None
        assert item.equal_loss is not None
        assert -view.equal.stressed <= item.equal_loss + 1
