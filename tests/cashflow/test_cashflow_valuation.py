"""Valuing lines: which source wins, what is assumed and said, exact decimals, the model and its refusals."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from cashflow_lines import lines

import absalloc.cashflow as cf
from absalloc.errors import BadInput
from absalloc.units import exact, tidy

AS_OF = date(2025, 6, 30)
LINE: dict[str, Any] = {
    "product": ["abn"],
    "repayment": ["bullet"],
    "coupon": [0.03],
    "factor": [1.0],
    "expected_maturity": ["2027-06-30"],
    "issue_date": ["2024-06-30"],
    "seniority": ["senior"],
}


def universe(labels: dict[str, Any] | None = None, **columns: Any) -> Any:
    merged = {**LINE, **columns}
    size = max(len(values) for values in merged.values())
    return lines(labels, **{name: list(values) * (size if len(values) == 1 else 1) for name, values in merged.items()})


def value(how: cf.ValuationSettings | None = None, curves: cf.CurveSet | None = None, **columns: Any) -> cf.Valued:
    return cf.value_universe(universe(**columns), AS_OF, curves=curves, settings=how)


def curves(level: float = 0.02) -> cf.CurveSet:
    tenors, flat = np.array([1.0, 10.0]), np.array([level, level])
    roles = {"notes.AAA": flat, "government": flat - 0.005}
    return cf.CurveSet(AS_OF, {name: cf.Curve(name, AS_OF, tenors, rates) for name, rates in roles.items()})


def test_price_to_yield_agrees_with_the_single_line_functions() -> None:
    valued = value(quote_price=[99.0], quote_basis=["remaining"])
    flows = valued.flows
    assert valued.yield_source.tolist() == ["quote"]
    assert valued.yield_[0] == pytest.approx(cf.yield_to_maturity(flows.times, flows.cash, 99.0, 1), abs=1e-10)
    found = cf.durations(flows.times, flows.cash, valued.yield_[0], 1)
    assert valued.modified_duration[0] == pytest.approx(found.modified, abs=1e-8)
    assert valued.wal[0] == pytest.approx(730 / 365)
    assert valued.clean.tolist() == [99.0]
    assert valued.dirty.tolist() == [99.0]
    annual = value(
        cf.ValuationSettings(compounding="annual"),
        repayment=["scheduled"],
        quote_price=[99.0],
        quote_basis=["remaining"],
    )
    by_hand = cf.yield_to_maturity(annual.flows.times, annual.flows.cash, 99.0, 1)
    assert annual.yield_[0] == pytest.approx(by_hand, abs=1e-10)


def test_yield_to_price_and_back() -> None:
    valued = value(**{"yield": [0.04, 0.03], "yield_source": ["valuation"], "coupon": [0.03]})
    assert valued.clean[0] == pytest.approx(3 / 1.04 + 103 / 1.04**2, abs=1e-8)
    assert valued.clean[1] == pytest.approx(100.0)
    assert "price:yield" in valued.assumptions[0]
    assert valued.universe.labels["yield"].tolist() == ["file", "file"]
    par = value(cf.ValuationSettings(missing_price="par"), **{"yield": [0.04], "yield_source": ["valuation"]})
    assert par.dirty.tolist() == [100.0]
    assert "price:par" in par.assumptions[0]


def test_last_period_uses_simple_interest() -> None:
    valued = value(
        expected_maturity=["2025-12-27"], issue_date=["2024-12-27"], quote_price=[99.5], quote_basis=["remaining"]
    )
    accrued, when = 3 * 185 / 365, 180 / 365
    assert valued.accrued[0] == pytest.approx(accrued)
    assert valued.yield_[0] == pytest.approx((103 / (99.5 + accrued) - 1) / when, abs=1e-10)


def test_sources_in_their_order() -> None:
    valued = value(
        **{"yield": [0.05, None, None, None, None, None], "yield_source": ["valuation", *[None] * 5]},
        clean_price=[np.nan, 100.5, np.nan, np.nan, np.nan, np.nan],
        quote_price=[99.0, 99.0, 99.0, 99.0, np.nan, np.nan],
        quote_basis=["remaining"],
        quote_source=[None, None, "成交", "dealer", None, None],
        issue_date=["2024-06-30"] * 4 + ["2025-06-10", "2025-05-01"],
    )
    assert valued.yield_source.tolist() == ["valuation", "valuation", "trade", "quote", "primary", None]
    assert valued.yield_[0] == 0.05
    assert valued.yield_[4] == 0.03
    assert np.isnan(valued.yield_[5])
    assert {"yield:none", "price:par", "duration:coupon"} <= set(valued.assumptions[5])
    assert valued.dirty[5] == 100.0
    assert valued.universe.labels["yield"].tolist() == ["file", "derived", "derived", "derived", "derived", "missing"]


def test_a_coupon_called_a_yield_is_not_one() -> None:
    """The trap of the naive run: a stale coupon in the yield column is dropped and said to be."""
    valued = value(
        **{"yield": [0.075], "yield_source": ["coupon"], "issue_date": ["2024-06-30", "2025-06-20"], "coupon": [0.075]}
    )
    assert valued.yield_source.tolist() == [None, "primary"]
    assert "coupon:dropped:not_a_yield" in valued.assumptions[0]


def test_quote_basis_converts_by_factor() -> None:
    base: dict[str, Any] = {"quote_price": [50.0], "factor": [0.5]}
    assert value(**base, quote_basis=["original"]).clean.tolist() == [100.0]
    unclear = value(**base)
    assert "quote:unused:no_basis" in unclear.assumptions[0]
    assert unclear.yield_source.tolist() == [None]
    lost = value(quote_price=[50.0], factor=[np.nan], quote_basis=["original"])
    assert "quote:unused:no_factor" in lost.assumptions[0]


def test_a_quote_struck_after_a_payment_is_not_used() -> None:
    base: dict[str, Any] = {
        "repayment": ["scheduled"],
        "quote_price": [25.0],
        "quote_basis": ["original"],
        "factor": [0.5],
        "extra_quote_date": ["2025-10-15", "2025-09-15"],
    }
    valued = value(**base)
    assert "quote:unused:paid_since" in valued.assumptions[0]
    assert valued.clean.tolist() == [100.0, 50.0]
    # The second is a default price: it has a price, no yield, and none from the model either.
    assert "yield:dropped:outside_range" in valued.assumptions[1]
    assert np.isnan(valued.yield_[1])


def test_cash_is_worth_its_face() -> None:
    valued = value(product=["cash", "deposit", "reverse_repo"], coupon=[0.01], expected_maturity=["2025-07-07"])
    assert valued.dirty.tolist() == [100.0] * 3
    assert valued.wal.tolist() == [0.0, 0.0, tidy(7 / 365, 8)]
    assert valued.modified_duration.tolist() == valued.wal.tolist()
    assert valued.yield_source.tolist() == ["coupon"] * 3
    assert valued.carry.tolist() == [0.01] * 3


def test_what_the_file_gives_wins() -> None:
    valued = value(
        wal=[1.5], modified_duration=[1.4], **{"yield": [0.031]}, yield_source=["valuation"], clean_price=[98.7]
    )
    table = valued.universe.table
    assert table[["wal", "modified_duration", "yield", "clean_price"]].iloc[0].tolist() == [1.5, 1.4, 0.031, 98.7]
    for name in ("wal", "modified_duration", "yield", "clean_price"):
        assert valued.universe.labels[name].tolist() == ["file"]


def test_the_extension_case_stands_beside_the_put() -> None:
    valued = value(next_put=["2026-06-30", None], quote_price=[101.0], quote_basis=["remaining"])
    assert valued.wal[0] == 1.0
    assert valued.extension_wal[0] == 2.0
    assert np.isnan(valued.extension_wal[1])
    assert valued.extension_yield[0] == pytest.approx(valued.yield_[1])
    assert valued.universe.table["yield_basis"].tolist() == ["put", None]
    assert "basis:put:default" in valued.assumptions[0]


def test_dead_and_undated_lines_have_no_flows_and_no_guess() -> None:
    valued = value(expected_maturity=["2025-06-30", None], issue_date=["2025-06-20"])
    assert "maturity:past" in valued.assumptions[0]
    assert "maturity:missing" in valued.assumptions[1]
    assert np.isnan(valued.wal).all()
    assert valued.dirty.tolist() == [100.0, 100.0]


def test_facts_are_exact_decimals() -> None:
    rng = np.random.default_rng(7)
    valued = value(
        quote_price=rng.uniform(95, 105, 300).round(6).tolist(), quote_basis=["remaining"], repayment=["scheduled"]
    )
    for name, digits in (("dirty_price", 8), ("accrued", 8), ("yield", 10), ("wal", 8), ("modified_duration", 8)):
        for number in valued.universe.table[name].tolist():
            assert tidy(number, digits) == number
            assert (exact(number) * 10**digits).denominator == 1


def test_nothing_is_assumed_in_silence() -> None:
    valued = value(
        repayment=[None],
        product=["credit_abs", "abn", "abn"],
        factor=[1.0, 0.4, 1.0],
        asset_type=["汽车贷款"],
        rate_type=["floating"],
    )
    first, second, third = (set(codes) for codes in valued.assumptions)
    assert {
        "repayment:pass_through:credit_abs",
        "cpr:0.09:auto",
        "call:0.1:default",
        "frequency:12:pass_through",
    } <= first
    assert {"repayment:scheduled:factor_below_1", "schedule:equal_principal", "day_count:ACT/365F"} <= second
    assert {"repayment:bullet:default", "floating:coupon_held"} <= third
    for code in first | second | third:
        assert cf.assumption_text(code, "en")
        assert cf.assumption_text(code, "zh")


def rated(count: int, **more: Any) -> dict[str, Any]:
    spread = np.linspace(-0.001, 0.001, count)
    base = {"yield": (0.025 + spread).tolist(), "yield_source": ["trade"], "rating_any": ["AAA"] * count}
    return base | more


def test_the_model_fits_a_spread_and_says_so() -> None:
    made = rated(9)
    made["yield"] = [*made["yield"], np.nan, np.nan]
    made["yield_source"] = ["trade"] * 9 + [None, None]
    made["rating_any"] = ["AAA"] * 10 + ["A"]
    valued = value(curves=curves(), **made)
    assert valued.yield_source.tolist()[9:] == ["model", None]
    assert valued.yield_[9] == pytest.approx(0.025, abs=1e-9)
    assert "notes.AAA+50.0bp abn/senior/AAA/1-3y n=9" in str(valued.universe.labels["yield"][9])
    assert "yield:none" in valued.assumptions[10]
    model = valued.model
    assert model is not None
    assert (model.n, model.rmse) == (9, pytest.approx(np.sqrt(np.mean(np.linspace(-0.001, 0.001, 9) ** 2)), rel=1e-6))
    assert valued.universe.table["spread"][9] == pytest.approx(0.005, abs=1e-9)


def test_an_assumed_rating_is_said_beside_the_model_yield() -> None:
    made = rated(8)
    made["yield"] = [*made["yield"][:7], np.nan]
    made["yield_source"] = ["trade"] * 7 + [None]
    said = np.array(["file"] * 7 + ["assumed"], object)
    valued = value(curves=curves(), labels={"rating.any": said}, **made)
    assert "rating:assumed" in valued.assumptions[7]
    assert not any("rating:assumed" in codes for codes in valued.assumptions[:7])


def test_thin_cells_lean_on_their_parent_and_empty_ones_refuse() -> None:
    classes, tiers = np.array(["abn"] * 8, object), np.array(["senior/AAA"] * 8, object)
    tenors, yields = np.array([2.0] * 5 + [4.0] * 3), np.array([0.025] * 5 + [0.031] * 3)
    model = cf.fit_spreads(classes, tiers, tenors, yields, curves()["notes.AAA"])
    assert model is not None
    parent = 0.005  # median of five at 50 bp and three at 110 bp
    assert model.cells["abn", "senior/AAA", "3-5y"].spread == pytest.approx((3 * 0.011 + 5 * parent) / 8)
    assert model.spread("abn", "senior/AAA", "5y+") == (
        pytest.approx(parent),
        "notes.AAA+50.0bp abn/senior/AAA/all n=8 rmse=37bp",
    )
    assert model.spread("abn", "senior/AA", "1-3y") is None
    assert cf.fit_spreads(classes[:4], tiers[:4], tenors[:4], yields[:4], curves()["notes.AAA"]) is None
    with pytest.raises(BadInput, match="entries where 8"):
        cf.fit_spreads(classes[:4], tiers, tenors, yields, curves()["notes.AAA"])


def test_subordinated_lines_get_no_model_yield_and_government_its_curve() -> None:
    made = rated(8)
    made["yield"] = [*made["yield"][:6], np.nan, np.nan]
    made["yield_source"] = ["trade"] * 6 + [None, None]
    made["seniority"] = ["senior"] * 6 + ["subordinated", None]
    made["product"] = ["abn"] * 7 + ["government"]
    valued = value(curves=curves(), **made)
    assert valued.yield_source.tolist()[6:] == [None, "model"]
    assert valued.yield_[7] == pytest.approx(0.015)


def test_a_missing_benchmark_is_refused() -> None:
    only = cf.CurveSet(AS_OF, {"government": curves()["government"]})
    with pytest.raises(BadInput, match=r"There is no curve 'notes.AAA'"):
        value(curves=only)


def test_a_valued_universe_is_not_valued_again() -> None:
    """Its par would pass for a valuation price, and its model yield for a fact."""
    with pytest.raises(BadInput, match="was valued already"):
        cf.value_universe(value().universe, AS_OF)


def test_joined_prices_keep_their_label() -> None:
    valued = value(
        labels={"clean_price": "join:valuations.csv", "wal": "join:valuations.csv"}, clean_price=[99.0], wal=[1.9]
    )
    assert valued.universe.labels["clean_price"].tolist() == ["join:valuations.csv"]
    assert valued.universe.labels["wal"].tolist() == ["join:valuations.csv"]


def test_nothing_is_an_answer_too() -> None:
    valued = cf.value_universe(universe().replace(table=universe().table.iloc[:0]), AS_OF, curves=curves())
    assert valued.yield_.size == 0
    assert valued.assumptions == ()
