"""Real data: the interbank market of 2020-12-07 with its curves and trades, and the pools of real deals."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pytest

import absalloc.cashflow as cf
from absalloc.universe import derive, load_universe

pytestmark = pytest.mark.real
AS_OF = date(2020, 12, 7)
REPOSITORY = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def curves(shared: Path) -> cf.CurveSet:
    return cf.load_curves(shared / "data" / "curves" / "wind_daily_curves_2020.csv", as_of=AS_OF)


@pytest.fixture(scope="module")
def valued(shared: Path, curves: cf.CurveSet) -> cf.Valued:
    mapping = REPOSITORY / "examples" / "real" / "interbank-2020-12-07.yaml"
    universe = load_universe(shared / "data" / "tranches" / "interbank_abs_universe_2020-12-07.csv", mapping)
    return cf.value_universe(derive(universe, AS_OF), AS_OF, curves=curves)


def test_curves_of_the_day(curves: cf.CurveSet) -> None:
    assert curves["government"].at(3.0) == pytest.approx(0.030420)
    assert curves["lgfv.AAA"].at(10.0) == pytest.approx(0.043280)
    assert curves["notes.AAA"].at(2.0) == pytest.approx((0.034542 + 0.038201) / 2)
    zero = curves["government"].zero()
    assert (np.diff(zero.at(np.arange(1, 11))) > -0.001).all()


def test_every_curve_file_reads(shared: Path) -> None:
    folder = shared / "data" / "curves"
    grid = cf.load_curves(folder / "mtn_curve_grid_2020-06_2020-09.csv", as_of=date(2020, 9, 3))
    assert {"notes.AAA+", "notes.AAA", "notes.AAA-", "notes.AA+", "notes.AA"} == set(grid.curves)
    assert float(grid["notes.AAA"].at(1.0)) < float(grid["notes.AA"].at(1.0))
    official = cf.load_curves(folder / "chinabond_official_snapshots.csv", as_of=date(2025, 9, 23))
    assert {"government", "notes.AAA", "bank.AAA"} == set(official.curves)
    long = cf.load_curves(folder / "cgb_curve_2002_2016.csv", as_of=date(2016, 6, 30), curve="government")
    assert float(long["government"].at(10.0)) == pytest.approx(0.028, abs=0.003)


def test_trades_price_around_their_factor(valued: cf.Valued) -> None:
    table = valued.universe.table
    quote, factor = table["quote_price"].to_numpy(), table["factor"].to_numpy()
    traded = np.isfinite(quote)
    assert traded.sum() == 351
    assert np.median(quote[traded] / (100 * factor[traded])) == pytest.approx(1.0, abs=0.0005)


def test_yields_of_the_trades_lie_in_a_sane_band(valued: cf.Valued) -> None:
    traded = valued.yield_source == "trade"
    yields = valued.yield_[traded]
    assert traded.sum() > 250
    low, quarter, half, three, high = np.percentile(yields, [1, 25, 50, 75, 99])
    assert 0.025 < low < quarter < 0.041
    assert 0.039 < half < 0.044
    assert 0.042 < three < 0.052
    assert high < 0.10
    # Those of a quote that a payment has overtaken are refused: converted, they would yield 80 % and more.
    refused = [codes for codes in valued.assumptions if "quote:unused:paid_since" in codes]
    assert len(refused) > 20


def test_credit_abs_trade_a_little_over_notes(valued: cf.Valued) -> None:
    table = valued.universe.table
    fit = (valued.yield_source == "trade") & (table["seniority"] == "senior").to_numpy()
    credit, abn = (
        np.median(table["spread"].to_numpy()[fit & (table["product"] == kind).to_numpy()])
        for kind in ("credit_abs", "abn")
    )
    assert 0.0 < credit < 0.004
    assert 0.005 < abn < 0.012


def test_the_model_reports_its_fit(valued: cf.Valued) -> None:
    model = valued.model
    assert model is not None
    assert model.n > 300
    assert model.median_error < 0.004
    assert model.rmse < 0.015  # a handful of distressed names; the median is what the cells hold
    assert {key[0] for key in model.parents} >= {"credit_abs", "abn"}
    labels = valued.universe.labels["yield"]
    assert all(str(label).startswith("model:notes.AAA") for label in labels[valued.yield_source == "model"])


def test_nothing_is_priced_from_a_stale_coupon(valued: cf.Valued) -> None:
    table = valued.universe.table
    primary = valued.yield_source == "primary"
    age = (np.datetime64(AS_OF) - table["issue_date"].to_numpy().astype("datetime64[D]")).astype(int)
    assert (age[primary] <= 30).all()
    assert Counter(valued.yield_source.tolist())[None] >= 877  # subordinated lines without a coupon
    assert np.isfinite(valued.dirty).all()
    assert np.isfinite(valued.wal[(table["expected_maturity"].notna()).to_numpy()]).all()


def test_one_line_in_two_lives(valued: cf.Valued) -> None:
    """An ABN with 18.99 years to maturity and 1.99 to its put: both lives stand beside each other."""
    both = np.flatnonzero((valued.extension_wal > 15) & (valued.wal < 3))
    assert both.size > 0
    assert (valued.extension_wal[both] > valued.wal[both]).all()


def test_real_pools_amortise_into_the_waterfall(shared: Path) -> None:
    """Contractual pool cash of real deals: principal sums to the balance, and tranche cash to pool cash."""
    with (shared / "data" / "pools" / "china_deals_pool_cashflows.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    principal = next(name for name in rows[0] if "principal" in name)
    interest = next(name for name in rows[0] if "interest" in name)
    deal = next(name for name in rows[0] if "deal" in name)
    for name in sorted({row[deal] for row in rows}):
        paid = np.array([float(row[principal] or 0) for row in rows if row[deal] == name])
        earned = np.array([float(row[interest] or 0) for row in rows if row[deal] == name])
        flows = cf.PoolFlows(
            balance=paid.sum() - np.cumsum(paid),
            interest=earned,
            scheduled_principal=paid,
            **{
                part: np.zeros(paid.size)
                for part in (
                    "prepayment",
                    "default",
                    "recovery",
                    "loss",
                    "in_foreclosure",
                    "interest_lost",
                    "advanced_principal",
                )
            },
            amortisation_factor=1 - np.cumsum(paid) / paid.sum(),
        )
        structure = cf.Structure((cf.Tranche("senior", 0.8 * paid.sum()), cf.Tranche("sub", 0.2 * paid.sum())))
        run = cf.waterfall(structure, flows, {"senior": 0.03, "sub": 0.0})
        out = run.interest.sum(axis=1) + run.principal.sum(axis=1) + run.residual
        assert out == pytest.approx(paid + earned, abs=0.01)
        assert run.balance[-1].sum() == pytest.approx(0.0, abs=0.01)


def test_the_table_of_2025_has_lives_but_no_yields(shared: Path) -> None:
    """It has ratings and repayment types, no prices: only fresh issues have a yield, by their coupon."""
    day = date(2025, 12, 8)
    mapping = REPOSITORY / "examples" / "real" / "cnabs-2025-12-08.yaml"
    universe = derive(load_universe(shared / "data" / "tranches" / "cnabs_tranches_2025-12-08.csv", mapping), day)
    valued = cf.value_universe(universe, day)
    assert set(valued.yield_source.tolist()) <= {None, "primary"}
    maturity = universe.column("expected_maturity")
    live = maturity > np.datetime64(day)
    assert live.sum() > 290
    assert np.isfinite(valued.wal[live]).all()
    assert np.isnan(valued.wal[~live]).all()
    assert all("maturity:past" in valued.assumptions[row] for row in np.flatnonzero(maturity <= np.datetime64(day)))
    term = (maturity[live] - np.datetime64(day)).astype(float) / 365
    assert (valued.wal[live] <= term + 1e-8).all()
