"""Schedules from facts: hand-computed tables, properties, given tables, the extension case."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from cashflow_lines import lines
from hypothesis import given, settings
from hypothesis import strategies as st

import absalloc.cashflow as cf
from absalloc.cashflow.facts import Facts, Notes, line_facts
from absalloc.errors import BadInput

AS_OF = date(2025, 6, 30)
COMMON: dict[str, Any] = {"product": ["enterprise_abs"], "coupon": [0.0365], "factor": [1.0]}


def facts_of(how: cf.ValuationSettings | None = None, **columns: Any) -> Facts:
    merged = {**COMMON, **columns}
    size = max(len(values) for values in merged.values())
    full = {name: list(values) * (size if len(values) == 1 else 1) for name, values in merged.items()}
    return line_facts(lines(**full), AS_OF, how or cf.ValuationSettings(), Notes(size))


def test_bullet_by_hand() -> None:
    flows = cf.build_flows(facts_of(repayment=["bullet"], expected_maturity=["2027-09-28"], issue_date=["2024-09-28"]))
    assert flows.dates.astype(str).tolist() == ["2025-09-28", "2026-09-28", "2027-09-28"]
    assert flows.interest == pytest.approx([3.65, 3.65, 3.65])
    assert flows.principal.tolist() == [0.0, 0.0, 100.0]
    assert flows.times == pytest.approx([90 / 365, 455 / 365, 820 / 365])
    assert flows.accrued[0] == pytest.approx(2.75)  # 275 days at a hundredth a day


def test_scheduled_pays_equal_principal() -> None:
    flows = cf.build_flows(facts_of(repayment=["scheduled"], expected_maturity=["2026-06-30"]))
    assert flows.dates.astype(str).tolist() == ["2025-09-30", "2025-12-30", "2026-03-30", "2026-06-30"]
    assert flows.principal == pytest.approx([25.0] * 4)
    assert flows.interest == pytest.approx([0.92, 0.6825, 0.45, 0.23])
    assert flows.accrued[0] == 0.0


def test_pass_through_is_level_pay_with_prepayment() -> None:
    """Against ``project_pool``, which reaches the same pool by another road (months of 1/12 year)."""
    how = cf.ValuationSettings(call_share=0.0, day_count={"credit_abs": "30/360"})
    flows = cf.build_flows(
        facts_of(
            how,
            product=["credit_abs"],
            repayment=["pass_through"],
            asset_type=["个人住房抵押贷款"],
            expected_maturity=["2028-06-28"],
        )
    )
    pool = cf.project_pool(100.0, 0.0365, 36, cpr=0.10)
    assert flows.principal == pytest.approx(pool.principal, abs=1e-9)
    assert flows.interest == pytest.approx(pool.interest, abs=1e-9)


def test_clean_up_call_ends_the_line() -> None:
    base: dict[str, Any] = {"repayment": ["pass_through"], "expected_maturity": ["2030-06-30"], "coupon": [0.0]}
    called = cf.build_flows(facts_of(**base, factor=[0.5]))  # call at 10 % of issue = 20 of 100 remaining
    assert called.payments()[0] == 48
    assert called.principal[-1] == pytest.approx(100 * 13 / 60)
    assert cf.build_flows(facts_of(**base, factor=[0.5], call_share=[0.0])).payments()[0] == 60
    passed = cf.build_flows(facts_of(**base, factor=[0.08]))  # already below: the call was not used
    assert passed.payments()[0] == 60


def test_put_repays_what_is_left_and_the_extension_runs_on() -> None:
    facts = facts_of(repayment=["scheduled"], expected_maturity=["2027-06-30"], next_put=["2026-06-30"])
    flows, longer = cf.build_flows(facts), cf.build_flows(facts.at_maturity())
    assert flows.principal == pytest.approx([12.5, 12.5, 12.5, 62.5])
    assert longer.principal == pytest.approx([12.5] * 8)
    assert flows.dates[-1] == np.datetime64("2026-06-30")
    stays = cf.build_flows(
        facts_of(
            repayment=["bullet"], expected_maturity=["2027-06-30"], next_put=["2026-06-30"], yield_basis=["maturity"]
        )
    )
    assert stays.dates[-1] == np.datetime64("2027-06-30")


def test_month_ends_and_short_first_periods() -> None:
    flows = cf.build_flows(
        facts_of(repayment=["scheduled"], expected_maturity=["2026-02-28"], issue_date=["2025-06-20"])
    )
    assert flows.dates.astype(str).tolist() == ["2025-08-28", "2025-11-28", "2026-02-28"]
    assert flows.interest[0] == pytest.approx(0.69)  # 69 days from issue, not from the period's start
    assert flows.accrued[0] == pytest.approx(0.10)


def test_government_bonds_accrue_by_coupon_period() -> None:
    flows = cf.build_flows(facts_of(product=["government"], repayment=["bullet"], expected_maturity=["2026-09-30"]))
    assert flows.interest == pytest.approx([3.65, 3.65])
    lead = 92 / 365
    assert flows.times == pytest.approx([lead, lead + 1])
    assert flows.accrued[0] == pytest.approx(3.65 * (1 - lead))


def test_missing_coupon_gives_principal_only() -> None:
    flows = cf.build_flows(facts_of(coupon=[np.nan], repayment=["bullet"], expected_maturity=["2026-06-30"]))
    assert flows.interest.tolist() == [0.0]
    assert flows.principal.tolist() == [100.0]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["bullet", "scheduled", "pass_through"]),
            st.integers(1, 11000),
            st.integers(0, 4000),
            st.floats(0.0, 0.2),
            st.floats(0.01, 1.0),
            st.none() | st.integers(-200, 9000),
            st.sampled_from(["credit_abs", "abn", "government"]),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_principal_is_the_face_and_time_runs_forward(rows: list[tuple[Any, ...]]) -> None:
    form, term, age, coupon, factor, put, product = (list(part) for part in zip(*rows, strict=True))
    today = np.datetime64(AS_OF)
    facts = facts_of(
        repayment=form,
        expected_maturity=[today + days for days in term],
        issue_date=[today - days for days in age],
        coupon=coupon,
        factor=factor,
        next_put=[np.datetime64("NaT") if days is None else today + days for days in put],
        product=product,
        asset_type=["RMBS"],
    )
    for flows in (cf.build_flows(facts), cf.build_flows(facts.at_maturity())):
        has = flows.payments() > 0
        assert flows.total(flows.principal)[has] == pytest.approx(100.0, abs=1e-9)
        assert (flows.principal >= -1e-12).all()
        assert (flows.interest >= 0).all()
        assert (flows.times > 0).all()
        later = flows.line[1:] == flows.line[:-1]
        assert (np.diff(flows.times)[later] > 0).all()
        life = flows.average_life()[has]
        assert (life <= 11001 / 365).all()
        assert (flows.accrued[has] >= 0).all()


def test_a_given_table_replaces_the_schedule() -> None:
    table = cf.Table(dates=np.array(["2025-09-30", "2026-03-31"]), principal=np.array([40.0, 60.0]))
    facts = facts_of(repayment=["scheduled", "scheduled"], expected_maturity=["2026-06-30"])
    flows = cf.build_flows(facts, {"T1": table})
    assert flows.take(np.array([False, True])).principal.tolist() == [40.0, 60.0]
    assert flows.take(np.array([True, False])).principal == pytest.approx([25.0] * 4)
    assert flows.line.tolist() == [0, 0, 0, 0, 1, 1]
    assert flows.interest[-1] == pytest.approx(60 * 0.0365 * 182 / 365)


@pytest.mark.parametrize(
    ("name", "dates", "principal", "message"),
    [
        ("T0", ["2025-09-30", "2026-03-31"], [40.0, 50.0], "'T0' adds up to 90.0 per 100"),
        ("T0", ["2025-09-30", "2026-03-31"], [140.0, -40.0], "without negative amounts"),
        ("T0", ["2026-09-30", "2026-03-31"], [40.0, 60.0], "increasing payment dates after 2025-06-30"),
        ("T0", ["2025-03-31", "2026-03-31"], [40.0, 60.0], "increasing payment dates after 2025-06-30"),
        ("T9", ["2025-09-30", "2026-03-31"], [40.0, 60.0], "'T9', which is not a live line"),
    ],
)
def test_bad_tables_are_refused(name: str, dates: list[str], principal: list[float], message: str) -> None:
    table = cf.Table(dates=np.array(dates), principal=np.array(principal))
    with pytest.raises(BadInput, match=message):
        cf.build_flows(facts_of(repayment=["scheduled"], expected_maturity=["2026-06-30"]), {name: table})


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"basis": "call"}, "basis: 'call'"),
        ({"compounding": "monthly"}, "compounding: 'monthly'"),
        ({"call_share": 10}, "call_share: '10'"),
        ({"cpr": (cf.CprDefault("x", ("x",), 12.0),)}, r"cpr.x: '12.0' cannot be used; .*0.12 is 12 %"),
        ({"frequency": {"bullet": 5, "scheduled": 4, "pass_through": 12}}, "frequency.bullet: '5'"),
        ({"day_count": {"abn": "ACT/365"}}, r"day_count.abn: 'ACT/365'.*nearest valid one is 'ACT/365F'"),
        ({"missing_price": "zero"}, "missing_price: 'zero'"),
        ({"max_yield": 30}, "max_yield: '30'"),
    ],
)
def test_bad_settings_are_refused(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        cf.ValuationSettings(**setting)
