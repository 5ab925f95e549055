"""Figures of tranches, relative spreads, settlement, interpolation and margins, against closed forms and by hand."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal, getcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from cashflow_lines import lines
from hypothesis import given
from hypothesis import strategies as st

import absalloc.cashflow as cf
from absalloc.errors import BadInput
from absalloc.universe.calendar import TradingCalendar
from absalloc.universe.model import Universe

DAY = AS_OF = date(2025, 6, 30)
FLAT = cf.Curve("government", DAY, np.array([1.0, 30.0]), np.array([0.02, 0.02]), "zero")


def made(rows: list[dict[str, Any]]) -> Universe:
    """A universe of rows; what a row does not say is missing."""
    names = dict.fromkeys(name for row in rows for name in row)
    return lines(**{name.replace("rating.x", "rating_any"): [row.get(name) for row in rows] for name in names})


def run_of(principal: list[float], size: float | None = None, rate: float = 0.12) -> cf.Waterfall:
    paid = np.array(principal)
    flows = SimpleNamespace(interest=np.full(paid.size, 100.0), principal=paid)
    return cf.waterfall(cf.Structure((cf.Tranche("A", paid.sum() if size is None else size, rate=rate),)), flows)


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=40).filter(lambda paid: sum(paid) > 1),
    st.floats(-0.3, 3.0),
)
def test_figures_are_those_of_a_slow_sum(principal: list[float], y: float) -> None:
    """Price, durations and convexity by decimals, term by term, at yields from -30 to 300 %."""
    getcontext().prec = 40
    run = run_of(principal)
    found = cf.tranche_figures(run, "A", yield_=y)
    growth, size = 1 + Decimal(y) / 12, Decimal(float(sum(principal)))
    cash = [Decimal(float(i + p)) * 100 / size for i, p in zip(run.interest[:, 0], run.principal[:, 0], strict=True)]
    terms = [(n + 1, c / growth ** (n + 1)) for n, c in enumerate(cash)]
    worth = sum(term for _, term in terms)
    assert found.dirty == pytest.approx(float(worth), rel=1e-9)
    first = sum(n * term for n, term in terms) / 12 / worth
    second = sum(n * (n + 1) * term for n, term in terms) / 144 / worth / growth**2
    assert found.macaulay == pytest.approx(float(first), rel=1e-9)
    assert found.modified == pytest.approx(float(first / growth), rel=1e-9)
    assert found.convexity == pytest.approx(float(second), rel=1e-9)
    again = cf.tranche_figures(run, "A", dirty=found.dirty)
    assert again.yield_ == pytest.approx(y, abs=1e-8)


def test_a_par_tranche_yields_its_coupon_and_its_spread_is_a_difference() -> None:
    run = run_of([0.0] * 11 + [100.0])
    found = cf.tranche_figures(run, "A", dirty=100.0, zero=FLAT)
    assert found.status == "live"
    assert found.yield_ == pytest.approx(0.12)
    assert found.wal == pytest.approx(1.0)
    assert found.z_spread == pytest.approx(1.01**12 - 1 - 0.02)  # over a flat zero curve of 2 %


def test_matured_and_defaulted_tranches_have_defined_figures() -> None:
    matured = cf.tranche_figures(run_of([10.0], size=0.0), "A", yield_=0.05)
    assert (matured.status, matured.wal, matured.dirty) == ("matured", None, None)
    half = cf.tranche_figures(run_of([25.0, 25.0], size=100.0), "A", dirty=40.0)
    assert half.status == "defaulted"
    assert half.unpaid == pytest.approx(0.5)
    assert half.wal == pytest.approx(1.5 / 12)
    assert half.yield_ is not None
    assert half.yield_ > 1.0
    lost = cf.tranche_figures(run_of([0.0, 0.0], size=100.0, rate=0.0), "A", yield_=0.05, zero=FLAT)
    assert (lost.status, lost.unpaid, lost.dirty, lost.wal, lost.z_spread) == ("defaulted", 1.0, 0.0, None, None)
    assert cf.tranche_figures(run_of([0.0], size=100.0, rate=0.0), "A", dirty=5.0).yield_ is None
    for part in (matured, half, lost):
        assert not any(isinstance(value, float) and math.isnan(value) for value in vars(part).values())


def test_bad_questions_are_refused() -> None:
    run = run_of([100.0])
    for bad in ({"dirty": 1.0, "yield_": 0.1}, {"dirty": 0.0}, {"dirty": float("nan")}):
        with pytest.raises(BadInput):
            cf.tranche_figures(run, "A", **bad)
    with pytest.raises(BadInput, match="nearest valid one is 'A'"):
        cf.tranche_figures(run, "a")


def test_hermite_is_monotone_exact_at_points_and_on_lines() -> None:
    tenors, yields = np.array([1.0, 3.0, 5.0, 10.0]), np.array([0.01, 0.02, 0.021, 0.03])
    curve = cf.Curve("c", DAY, tenors, yields, interpolate="hermite")
    assert curve.at(tenors) == pytest.approx(yields)
    assert (np.diff(curve.at(np.linspace(1, 10, 400))) > 0).all()
    assert curve.at([0.2, 40.0]) == pytest.approx([0.01, 0.03])
    straight = cf.Curve("c", DAY, tenors, 0.01 + 0.002 * tenors, interpolate="hermite")
    assert straight.at(7.3) == pytest.approx(0.01 + 0.0146)
    assert float(curve.at(4.0)) != pytest.approx(float(cf.Curve("c", DAY, tenors, yields).at(4.0)), abs=1e-5)
    assert curve.zero().interpolate == "hermite"
    with pytest.raises(BadInput, match="linear, hermite"):
        cf.Curve("c", DAY, tenors, yields, interpolate="spline")


def test_a_leap_day_is_skipped_where_the_line_says_so() -> None:
    """100 at 3.65 % over a period with 29 February: 366 days against 365."""
    universe = made(
        [{"tranche_id": "a", "product": "enterprise_abs", "coupon": 0.0365, "repayment": "bullet", "factor": 1.0,
          "issue_date": "2023-06-30", "expected_maturity": "2024-06-30", "clean_price": 100.0}]
    )  # fmt: skip
    paid = {}
    for name in ("ACT/365F", "NL/365"):
        settings = cf.ValuationSettings(day_count={"enterprise_abs": name})
        paid[name] = cf.value_universe(universe, date(2023, 7, 1), settings=settings).flows.interest[0]
    assert paid == {"ACT/365F": pytest.approx(3.66), "NL/365": pytest.approx(3.65)}


CALENDAR = TradingCalendar(
    np.array(["2021-02-09", "2021-02-10", "2021-02-18", "2021-02-19"], "datetime64[D]"),
    date(2021, 2, 6), date(2021, 2, 21), "by hand",
)  # fmt: skip


def test_settlement_counts_trading_days() -> None:
    """Spring festival of 2021: closed from the 11th to the 17th; Sunday the 7th and Saturday the 20th made up."""
    assert cf.settlement_date(date(2021, 2, 10), 0, calendar=CALENDAR) == date(2021, 2, 10)
    assert cf.settlement_date(date(2021, 2, 10), 1, calendar=CALENDAR) == date(2021, 2, 18)
    assert cf.settlement_date(date(2021, 2, 9), 3, calendar=CALENDAR) == date(2021, 2, 19)
    weekend = (date(2021, 2, 7), date(2021, 2, 20))
    assert cf.settlement_date(date(2021, 2, 7), 1, calendar=CALENDAR, also_open=weekend) == date(2021, 2, 9)
    assert cf.settlement_date(date(2021, 2, 19), 1, calendar=CALENDAR, also_open=weekend) == date(2021, 2, 20)
    assert cf.settlement_date(date(2020, 9, 30)) == date(2020, 10, 9)  # over the national holiday, by the real calendar
    with pytest.raises(BadInput, match="not a trading day"):
        cf.settlement_date(date(2021, 2, 12), calendar=CALENDAR)
    with pytest.raises(BadInput, match="outside the trading calendar"):
        cf.settlement_date(date(2021, 2, 19), 2, calendar=CALENDAR)
    with pytest.raises(BadInput, match="0, 1, 2, 3"):
        cf.settlement_date(date(2021, 2, 9), 4, calendar=CALENDAR)


@given(st.floats(-0.02, 0.05), st.integers(1, 30))
def test_a_floater_worth_par_has_the_margin_it_pays(margin: float, count: int) -> None:
    tau = np.full(count, 0.25)
    index = np.linspace(0.02, 0.06, count)
    cash = 100 * (index + margin) * tau
    cash[-1] += 100
    assert cf.discount_margin(tau, cash, 100.0, index) == pytest.approx(margin, abs=1e-10)


def test_spreads_to_grade_curves_and_plain_bonds() -> None:
    line = {"product": "abn", "coupon": 0.04, "repayment": "bullet", "factor": 1.0, "seniority": "senior",
            "expected_maturity": "2027-06-30", "issue_date": "2024-06-30", "yield_source": "valuation"}  # fmt: skip
    bond = {**line, "product": "credit_bond", "seniority": None, "issuer": "甲", "originator": None}
    universe = made(
        [
            {**line, "tranche_id": "a", "yield": 0.040, "originator": "甲", "rating.x": "AA+", "lgfv": True},
            {**line, "tranche_id": "b", "yield": 0.035, "originator": "乙", "rating.x": "AAA", "lgfv": False},
            {**line, "tranche_id": "c", "yield": 0.050, "originator": "丙", "core_debtor": "甲", "rating.x": "AA"},
            {**bond, "tranche_id": "d", "yield": 0.030},
            {**bond, "tranche_id": "e", "yield": 0.032},
            {**bond, "tranche_id": "f", "yield": 0.090, "expected_maturity": "2035-06-30"},
        ]
    )

    def curve(role: str, level: float) -> cf.Curve:
        return cf.Curve(role, AS_OF, np.array([1.0, 10.0]), np.array([level, level]))

    curves = cf.CurveSet(
        AS_OF,
        {role: curve(role, level) for role, level in
         (("government", 0.015), ("notes.AAA", 0.020), ("notes.AA+", 0.025), ("lgfv.AA+", 0.027))},
    )  # fmt: skip
    found = cf.relative_spreads(cf.value_universe(universe, AS_OF), curves)
    assert found.government[:3] == pytest.approx([0.025, 0.020, 0.035])
    assert found.grade[:3].tolist() == ["AA+", "AAA", "AA"]
    assert found.notes[:3] == pytest.approx([0.015, 0.015, np.nan], nan_ok=True)  # no curve of AA is given
    assert found.lgfv[:3] == pytest.approx([0.013, np.nan, np.nan], nan_ok=True)
    assert found.plain[:3] == pytest.approx([0.009, np.nan, 0.019], nan_ok=True)  # 3.1 % in the median; 9 % is 10 years
    assert found.plain_count[:3].tolist() == [2, 0, 2]


def test_a_line_of_a_universe_takes_the_schedule_of_its_deal() -> None:
    """Level pay over a year, senior 80 of 100: the line's life is that of the waterfall on the same dates."""
    pool = cf.project_pool(100.0, 0.06, 12)
    run = cf.waterfall(cf.Structure((cf.Tranche("A", 80.0, rate=0.03), cf.Tranche("B", 20.0, rate=0.0))), pool)
    days = cf.add_months("2025-07-30", np.arange(12))
    universe = made(
        [{"tranche_id": "a", "product": "credit_abs", "coupon": 0.03, "factor": 1.0, "issue_date": "2025-06-30",
          "expected_maturity": "2026-06-30", "clean_price": 100.0, "repayment": "pass_through"}]
    )  # fmt: skip
    settings = cf.ValuationSettings(tables={"a": cf.schedule_table(run, "A", days)})
    valued = cf.value_universe(universe, AS_OF, settings=settings)
    times = cf.year_fraction(AS_OF, days)
    assert valued.wal[0] == pytest.approx(float(cf.wal(run.principal[:, 0], times)))
    assert valued.flows.principal.sum() == pytest.approx(100.0)
    assert "schedule:given_table" in valued.assumptions[0]
    short = cf.project_pool(100.0, 0.06, 12, cdr=0.5, severity=1.0)
    lost = cf.waterfall(cf.Structure((cf.Tranche("A", 80.0, rate=0.03), cf.Tranche("B", 20.0, rate=0.0))), short)
    with pytest.raises(BadInput, match="promise what the deal does not pay"):
        cf.schedule_table(lost, "B", days)
    with pytest.raises(BadInput, match="entries where 12"):
        cf.schedule_table(run, "A", days[:5])
