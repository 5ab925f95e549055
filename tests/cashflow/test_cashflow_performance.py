"""Ratios of trustee reports by hand, and speeds calibrated from pools of known and of real vintages."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import absalloc.cashflow as cf
from absalloc.cashflow.performance import PoolReport, calibrate, performance
from absalloc.errors import BadInput

BUCKETS = ["dpd1_30_wan", "dpd31_60_wan", "dpd61_90_wan", "dpd91_120_wan", "dpd120plus_wan"]


def small() -> PoolReport:
    return PoolReport(
        "small", 1000.0, np.array([900.0, 800.0, 700.0]), np.array([[20.0, 0, 0], [30, 10, 0], [10, 15, 8]]),
        np.array([10.0, 18.4, 0.0]), np.array([80.0, 160.0, 267.0]),
    )  # fmt: skip


def test_the_definitions_by_hand() -> None:
    found = performance(small())
    assert found.smm_opening == pytest.approx([10 / 1000, 18.4 / 920, 0.0])
    assert found.cpr[1] == pytest.approx(1 - (1 - 0.02) ** 12)
    assert found.arrears[1] == pytest.approx([30 / 840, 10 / 840, 0])
    assert found.roll[0] == pytest.approx([10 / 20, np.nan], nan_ok=True)
    assert found.roll[1] == pytest.approx([15 / 30, 8 / 10])
    assert found.cumulative_default == pytest.approx([0, 0, 8 / 1000])


def test_a_speed_over_the_opening_balance_is_not_sifmas() -> None:
    report = small()
    p = performance(report).smm_opening[0]
    scheduled = 80.0 - 10.0
    assert cf.smm_from_opening(p, scheduled, 1000.0) == pytest.approx(10 / 930)


def test_pools_of_one_speed_give_it_back() -> None:
    reports = []
    for number, size in enumerate((100.0, 250.0, 70.0)):
        live, repaid, stock = [size], [0.0], [0.0]
        for _ in range(24):
            prepaid, dead = live[-1] * 0.01, live[-1] * 0.002
            live.append(live[-1] - prepaid - dead)
            repaid.append(repaid[-1] + prepaid)
            stock.append(stock[-1] + dead)
        arrears = np.column_stack((np.zeros(24), stock[1:]))
        reports.append(
            PoolReport(f"v{number}", size, np.array(live[1:]), arrears, np.diff(repaid), np.array(repaid[1:]))
        )
    found = calibrate(reports)
    assert found.smm == pytest.approx(np.full(24, 0.01))
    assert found.mdr == pytest.approx(np.full(24, 0.002))
    assert found.cpr == pytest.approx(1 - 0.99**12)
    assert found.cdr == pytest.approx(1 - 0.998**12)
    assert found.rmse == pytest.approx(0, abs=1e-12)
    assert found.cumulative_default == pytest.approx(0.002 * (1 - 0.988 ** np.arange(1, 25)) / 0.012)


def test_a_young_vintage_counts_for_the_ages_it_has_seen() -> None:
    """Old: 10 of 1000 default in months 1 and 2; young: 30 of 1000 in month 1. By age: 40 / 2000, then 10 / 1000."""

    def pool(name: str, stock: list[float]) -> PoolReport:
        count = len(stock)
        arrears = np.column_stack((np.zeros(count), stock))
        return PoolReport(name, 1000.0, 900.0 - np.array(stock), arrears, np.zeros(count), np.zeros(count))

    found = calibrate([pool("old", [10.0, 20.0]), pool("young", [30.0])])
    assert found.cumulative_default == pytest.approx([0.02, 0.03])
    assert found.support.tolist() == [2, 1]


def test_reports_that_cannot_be_are_refused() -> None:
    good = small()
    with pytest.raises(BadInput, match="must not be negative"):
        PoolReport("x", 1.0, good.current, good.arrears - 50, good.prepaid, good.repaid)
    with pytest.raises(BadInput, match="must be finite"):
        PoolReport("x", 1.0, good.current * np.nan, good.arrears, good.prepaid, good.repaid)
    with pytest.raises(BadInput, match="default_buckets"):
        PoolReport("x", 1.0, good.current, good.arrears, good.prepaid, good.repaid, default_buckets=3)
    with pytest.raises(BadInput, match="entries where 2"):
        calibrate([good])


@pytest.fixture
def vintages(shared: Path) -> list[PoolReport]:
    table = pd.read_csv(shared / "data/pools/cmb_card_instalment_static_pool_2013_2017.csv")
    return [
        PoolReport(
            str(name), float(rows["orig_balance_wan"].iloc[0]), rows["current_wan"].to_numpy(float),
            rows[BUCKETS].to_numpy(float), rows["prepaid_wan_as_reported"].to_numpy(float),
            rows["cum_principal_repaid_wan"].to_numpy(float),
        )
        for name, rows in table.groupby("vintage")
        if rows["orig_balance_wan"].iloc[0] > 1000
    ]  # fmt: skip


@pytest.mark.real
def test_the_static_pool_accounts_for_every_balance(vintages: list[PoolReport]) -> None:
    assert len(vintages) == 15  # the first vintage is five loans
    for report in vintages:
        total = report.current + report.arrears.sum(axis=1) + report.repaid
        # In 10,000 yuan, rounded one by one; what was written off has left the stock.
        assert (total <= report.original * 1.0005 + 5).all()
        assert total[0] == pytest.approx(report.original, abs=3)


@pytest.mark.real
def test_speeds_of_the_card_instalments(vintages: list[PoolReport]) -> None:
    found = calibrate(vintages)
    assert np.nanmax(found.smm[:24]) < 0.05
    assert found.mdr[:3] == pytest.approx(np.zeros(3), abs=1e-5)  # 120 days overdue takes four months
    assert found.mdr[4:12].min() > 0
    assert 0.01 < found.cpr < 0.05
    assert 0.002 < found.cdr < 0.03
    assert found.rmse < 0.003
    print(f"CPR {found.cpr:.4%} CDR {found.cdr:.4%} rmse {found.rmse:.4%} r2 {found.r2:.3f}")


@pytest.mark.real
def test_the_page_shows_what_its_command_prints(shared: Path) -> None:
    docs = Path(__file__).resolve().parent.parent.parent / "docs"
    spec = importlib.util.spec_from_file_location("calibrate_pools", docs / "calibrate_pools.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (docs / "calibration.md").read_text(encoding="utf-8")
    for name, text in script.tables(shared).items():
        assert text in page, name
    assert script.picture(shared) == (docs / "images" / "calibration.svg").read_text(encoding="utf-8")
