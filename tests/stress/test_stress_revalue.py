"""Revaluation under scenarios: hand-computed lines, parts that add up, monotonicity, defined results at the edge."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import stress_lines as made
from hypothesis import given
from hypothesis import strategies as some

from absalloc.cashflow import project_pool
from absalloc.cashflow.facts import Notes, line_facts
from absalloc.cashflow.settings import ValuationSettings
from absalloc.errors import BadInput
from absalloc.stress import Stressed, find_scenario, note_text, shipped_scenarios, stress_universe
from absalloc.stress.losses import break_even_cdr, pool_losses
from absalloc.stress.result import PARTS, PRICE_PARTS
from absalloc.units import exact

BULLET: dict[str, Any] = {
    "product": ["abn"], "repayment": ["bullet"], "coupon": [0.03], "factor": [1.0], "issue_date": ["2025-06-30"],
    "expected_maturity": ["2028-06-30"], "seniority": ["senior"], "yield": [0.03], "yield_source": ["valuation"],
}  # fmt: skip
POOL: dict[str, Any] = BULLET | {
    "product": ["credit_abs"], "repayment": ["pass_through"], "asset_type": ["rmbs"], "attachment": [0.1],
    "detachment": [1.0], "call_share": [0.0],
}  # fmt: skip


def run(columns: dict[str, Any], curves: Any = None, **keys: Any) -> Stressed:
    return stress_universe(made.valued(curves, **columns), made.scenario(**keys), made.DAY, curves=curves)


def together(*columns: dict[str, Any]) -> dict[str, Any]:
    names = sorted({name for one in columns for name in one})
    gap = {"attachment": np.nan, "detachment": np.nan, "call_share": np.nan, "next_put": "NaT"}
    return {name: [one[name][0] if name in one else gap.get(name) for one in columns] for name in names}


def test_a_parallel_move_reprices_a_bullet_at_its_moved_yield() -> None:
    found = run(BULLET, yields=[{"parallel": "50 bp"}])
    # 3 annual coupons of 3 (365/365, 365/365, 366/365 days) and par, at 3.5 %.
    times = np.array([365, 730, 1096]) / 365
    cash = np.array([3.0, 3.0, 100 + 3 * 366 / 365])
    assert found.dirty[0] == pytest.approx(float((1.0 + 0.035) ** -times @ cash), abs=2e-6)
    assert exact(found.parts["rate"][0]) == exact(found.dirty[0]) - exact(found.base[0])
    assert found.universe.column("yield")[0] == 0.035
    assert found.universe.column("modified_duration")[0] < made.valued(**BULLET).column("modified_duration")[0]


def test_points_are_read_at_the_average_life() -> None:
    found = run(BULLET, yields=[{"points": {"1y": "10 bp", "5y": "50 bp"}}])
    life = made.valued(**BULLET).column("wal")[0]
    assert found.universe.column("yield")[0] == pytest.approx(0.03 + (10 + (life - 1) * 10) * 1e-4, abs=1e-9)


def test_the_floor_holds_back_a_fall_and_lifts_nothing() -> None:
    curves = made.flat_curves(0.005)
    found = run(BULLET, curves, yields=[{"parallel": "-100 bp"}], yield_floor="0%")
    assert found.universe.column("yield")[0] == pytest.approx(0.025)
    below = run(BULLET, made.flat_curves(-0.002), yields=[{"parallel": "-100 bp"}], yield_floor="0%")
    assert below.universe.column("yield")[0] == pytest.approx(0.03)
    with pytest.raises(BadInput, match="no curve was given"):
        run(BULLET, yields=[{"parallel": "-100 bp"}], yield_floor="0%")


def test_prepayment_touches_pass_through_only_and_pays_sooner() -> None:
    both = together(POOL | {"tranche_id": ["P"]}, BULLET | {"tranche_id": ["B"]})
    found = run(both, speeds=[{"cpr": "40%"}])
    wal = made.valued(**both).column("wal")
    assert found.universe.column("wal")[0] < wal[0]
    assert found.universe.column("wal")[1] == wal[1]
    assert found.notes[1] == ("speed_untouched",)
    assert found.parts["life"][1] == 0


def test_a_vector_of_one_speed_is_that_speed() -> None:
    flat = run(POOL, speeds=[{"cpr": "20%"}])
    steps = run(POOL, speeds=[{"steps": [{"cpr": "20%", "months": "4 months"}, {"cpr": "20%"}]}])
    assert steps.dirty[0] == pytest.approx(flat.dirty[0], abs=1e-8)
    assert steps.universe.column("wal")[0] == pytest.approx(flat.universe.column("wal")[0], abs=1e-8)
    doubled = run(POOL, speeds=[{"multiple": "200%"}])
    assert doubled.dirty[0] == pytest.approx(flat.dirty[0], abs=1e-8)  # the base speed of RMBS is 10 %
    spike = run(POOL, speeds=[{"steps": [{"cpr": "20.81%", "months": "4 months"}, {"cpr": "10%"}]}])
    wal = [x.universe.column("wal")[0] for x in (flat, spike, run(POOL, speeds=[{"cpr": "10%"}]))]
    assert wal == sorted(wal)


def test_a_changed_life_takes_its_yield_along_the_curve() -> None:
    found = run(POOL, made.steep_curves(), speeds=[{"cpr": "50%"}])
    before = made.valued(made.steep_curves(), **POOL)
    curve = made.steep_curves()["notes.AAA"]
    roll = curve(found.universe.column("wal")[0]) - curve(before.column("wal")[0])
    assert roll < 0
    assert found.universe.column("yield")[0] == pytest.approx(0.03 + roll, abs=1e-9)


def test_the_pool_loss_is_that_of_the_standard_pool() -> None:
    universe = made.valued(**POOL)
    settings = ValuationSettings()
    facts = line_facts(universe, made.DAY, settings, Notes(1))
    for lag, severity, cdr in (("6 months", "60%", "5%"), (None, "100%", "30%")):
        shock = {"cdr": cdr, "severity": severity} | ({"lag": lag} if lag else {})
        [pool] = made.scenario(defaults=[shock]).part("defaults")
        flows = project_pool(
            1.0, 0.03, 36, cpr=0.10, cdr=float(pool.cdr), severity=float(pool.severity), recovery_lag=pool.lag or 0,
            advance=False,
        )  # fmt: skip
        assert pool_losses(facts, np.array([True]), pool)[0] == pytest.approx(float(flows.loss.sum()), rel=1e-12)


def test_the_break_even_default_rate_is_where_losses_reach_the_tranche() -> None:
    lines = together(
        POOL | {"tranche_id": ["senior"]},
        POOL | {"tranche_id": ["first"], "attachment": [0.0], "detachment": [0.1]},
        POOL | {"tranche_id": ["out of reach"], "attachment": [0.9]},
        POOL | {"tranche_id": ["unknown"], "attachment": [np.nan], "detachment": [np.nan]},
    )
    facts = line_facts(made.valued(**lines), made.DAY, ValuationSettings(), Notes(4))
    found = break_even_cdr(made.valued(**lines), facts, severity=0.5)
    assert found[1:].tolist() == pytest.approx([0.0, 1.0, np.nan], nan_ok=True)
    for step, sign in ((-1e-4, False), (1e-4, True)):
        cdr = f"{(found[0] + step) * 100:.4f}%"
        shock = run(lines, defaults=[{"cdr": cdr, "severity": "50%"}])
        assert bool(shock.parts["loss"][0] < 0) is sign
    with pytest.raises(BadInput, match="Rates are decimals"):
        break_even_cdr(made.valued(**lines), facts, severity=50)


def test_losses_reach_a_tranche_beyond_its_attachment_point() -> None:
    lines = together(
        POOL | {"tranche_id": ["senior"], "attachment": [0.1], "detachment": [1.0]},
        POOL | {"tranche_id": ["mezzanine"], "attachment": [0.05], "detachment": [0.1]},
        POOL | {"tranche_id": ["unknown"], "attachment": [np.nan], "detachment": [np.nan]},
    )
    found = run(lines, defaults=[{"cdr": "5%", "severity": "100%"}])
    facts = line_facts(made.valued(**lines), made.DAY, ValuationSettings(), Notes(3))
    [shock] = made.scenario(defaults=[{"cdr": "5%", "severity": "100%"}]).part("defaults")
    lost = float(pool_losses(facts, np.ones(3, bool), shock)[0])
    assert 0.05 < lost < 0.1
    paid = found.flows.total(found.flows.principal)
    assert paid == pytest.approx([100, 100 * (1 - (lost - 0.05) / 0.05), 100 * (1 - lost)], abs=1e-9)
    assert "attachment:unknown" in found.notes[2]
    assert found.parts["loss"][0] == 0


def test_a_direct_loss_takes_the_last_principal_and_its_interest() -> None:
    found = run(BULLET, losses=[{"share": "40%", "where": {"product": "abn"}}])
    assert found.flows.principal.tolist() == pytest.approx([0, 0, 60])
    assert found.flows.interest.tolist() == pytest.approx([1.8, 1.8, 1.8 * 366 / 365])
    assert found.dirty[0] == pytest.approx(60, abs=1e-4)


def test_a_scenario_that_defaults_everything_has_a_defined_result() -> None:
    found = run(BULLET, losses=[{"share": "100%", "where": {"product": "abn"}}], horizon="12 months")
    assert found.dirty[0] == 0
    assert found.universe.column("clean_price")[0] == 0
    assert found.parts["loss"][0] == -found.base[0]
    assert found.parts["carry"][0] == 0
    for name in ("wal", "modified_duration", "yield", "accrued"):
        assert np.isfinite(found.universe.column(name)[0]), name


def test_a_failed_supporter_costs_by_form_of_support() -> None:
    forms = ["guarantee", "shortfall_commitment", "liquidity_support", "none", None]
    lines = together(*(BULLET | {"tranche_id": [f"T{i}"], "support_type": [form]} for i, form in enumerate(forms)))
    shock = {"guarantee": "60%", "shortfall_commitment": "40%", "liquidity_support": "20%", "where": {"product": "abn"}}
    found = run(lines, support=[shock])
    assert found.flows.total(found.flows.principal) == pytest.approx([40, 60, 80, 100, 40])
    assert "support_form:guarantee" in found.notes[4]


def test_missing_revenue_is_paid_later_from_surplus_or_by_the_supporter() -> None:
    fee = BULLET | {"repayment": ["scheduled"], "asset_type": ["fee_rights"], "factor": [0.9]}
    lines = together(
        fee | {"tranche_id": ["alone"], "support_type": ["none"]},
        fee | {"tranche_id": ["backed"], "support_type": ["shortfall_commitment"]},
    )
    shock = {"fall": "100%", "days": "79", "coverage": "120%", "where": {"asset_type": "fee_rights"}}
    base, found = run(lines, redemption="1%"), run(lines, revenue=[shock])
    assert found.parts["loss"][1] == 0
    assert found.parts["loss"][0] < 0
    alone = found.flows.line == 0
    due, paid = base.flows.cash[alone], found.flows.cash[alone]
    inside = 79 / 92  # the first quarter ends on 2025-09-30
    assert paid[0] == pytest.approx(1.2 * due[0] * (1 - inside))
    assert paid.sum() == pytest.approx(due.sum())  # all arrears are caught up
    lasting = run(lines, revenue=[shock | {"days": "7000", "fall": "50%"}])
    assert lasting.flows.cash[lasting.flows.line == 0].sum() == pytest.approx(0.6 * due.sum())
    failed = {"guarantee": "0%", "shortfall_commitment": "0%", "liquidity_support": "0%", "where": {"product": "abn"}}
    both = run(lines, revenue=[shock], support=[failed])
    assert both.parts["loss"][1] == both.parts["loss"][0]


def test_lives_move_as_told() -> None:
    fee = BULLET | {"next_put": ["2027-06-30"]}
    assert run(fee, life=[{"to": "maturity"}]).universe.column("wal")[0] == pytest.approx(1096 / 365)
    assert run(fee, life=[{"to": "maturity"}]).universe.column("yield_basis")[0] == "maturity"
    assert run(BULLET, life=[{"delay": "12 months"}]).universe.column("expected_maturity")[0] == np.datetime64(
        "2029-06-30"
    )
    assert run(BULLET, life=[{"call": "6 months"}]).universe.column("wal")[0] == pytest.approx(183 / 365)


def test_ratings_fall_on_their_own_scales() -> None:
    lines = BULLET | {"rating_any": ["AA+"], "implied_rating": ["AA"]}
    one = run(lines, ratings=[{"notches": "1"}]).universe
    assert (one.column("rating.any")[0], one.column("implied_rating")[0]) == ("AA", "AA(2)")
    assert one.column("rating_date")[0] == np.datetime64(made.DAY)
    low = run(lines, ratings=[{"to": "BBB-"}]).universe
    assert (low.column("rating.any")[0], low.column("implied_rating")[0]) == ("BBB-", "BB")
    kept = run(lines, ratings=[{"to": "AAA"}]).universe
    assert kept.column("rating.any")[0] == "AA+"


def test_a_closed_market_restricts() -> None:
    assert run(BULLET, liquidity=[{}]).universe.column("market_restricted")[0] is True


def test_a_missing_value_leaves_a_line_out_and_says_so() -> None:
    shock = {"add": "50 bp", "where": {"rating": {"max": "AA+"}}}
    found = run(BULLET | {"rating_any": [None]}, spreads=[shock])
    assert (found.change[0], found.notes[0]) == (0, ("unclear:spreads",))
    stated = run(BULLET | {"rating_any": [""]}, spreads=[shock])  # rated NR: known to have no such grade
    assert stated.notes[0] == ()
    assert run(BULLET | {"rating_any": ["AA"]}, spreads=[shock]).change[0] < 0


def test_carry_is_the_return_at_the_stressed_yield() -> None:
    found = run(BULLET, yields=[{"parallel": "100 bp"}], horizon="12 months", reinvest="0%")
    growth = float(np.expm1(found.rate[0]))  # one year; the coupon is paid at its very end
    assert found.parts["carry"][0] == pytest.approx(found.dirty[0] * growth, abs=1e-6)
    assert found.total[0] == found.change[0] + found.parts["carry"][0]


def test_cash_keeps_its_price_and_earns_its_rate() -> None:
    found = run(
        {"product": ["cash", "deposit"], "coupon": [np.nan, 0.02]}, yields=[{"parallel": "1%"}], horizon="6 months"
    )
    assert found.dirty.tolist() == [100, 100]
    assert found.parts["carry"].tolist() == [0, 1]
    assert found.notes[0] == ("no_carry",)


def test_losses_and_arrears_move_the_life_that_is_reported() -> None:
    slow = BULLET | {"repayment": ["scheduled"], "factor": [0.9]}
    before = made.valued(**slow).column("wal")[0]
    lost = run(slow, losses=[{"share": "40%", "where": {"product": "abn"}}])
    assert lost.universe.column("wal")[0] == pytest.approx(lost.flows.average_life()[0], abs=1e-7)
    assert lost.universe.column("wal")[0] < before
    shock = {"fall": "100%", "days": "79", "coverage": "120%", "where": {"product": "abn"}}
    assert run(slow, revenue=[shock]).universe.column("wal")[0] > before


def test_a_floating_coupon_that_is_held_is_said_to_be() -> None:
    found = run(BULLET | {"rate_type": ["floating"]}, yields=[{"parallel": "50 bp"}])
    assert found.notes[0] == ("floating_held",)


def test_a_shock_that_strikes_nothing_is_named() -> None:
    shocks = [{"add": "5 bp"}, {"add": "5 bp", "where": {"asset_type": "rmbss"}}]
    found = run(POOL, spreads=shocks, losses=[{"share": "5%", "where": {"product": "abn"}}])
    assert found.idle == ("spreads[2]", "losses[1]")
    assert run(POOL, spreads=shocks[:1]).idle == ()


def test_a_universe_must_be_valued_first() -> None:
    with pytest.raises(BadInput, match="not valued"):
        stress_universe(made.raw(**BULLET), made.scenario(redemption="1%"), made.DAY)


MARKET = together(
    BULLET | {"tranche_id": ["A"], "support_type": ["guarantee"], "rating_any": ["AA"]},
    POOL | {"tranche_id": ["B"], "rating_any": ["AAA"]},
    POOL | {"tranche_id": ["C"], "seniority": ["subordinated"], "coupon": [np.nan], "yield": [np.nan],
            "attachment": [0.0], "detachment": [0.1]},
    BULLET | {"tranche_id": ["D"], "repayment": ["scheduled"], "asset_type": ["fee_rights"],
              "next_put": ["2026-12-30"]},
    {"tranche_id": ["E"], "product": ["cash"]},
    BULLET | {"tranche_id": ["F"], "product": ["government"]},
    BULLET | {"tranche_id": ["G"], "expected_maturity": ["2024-06-30"]},
)  # fmt: skip
for _name in ("coupon", "factor", "yield", "attachment", "detachment", "call_share"):
    MARKET[_name] = [np.nan if value is None else value for value in MARKET[_name]]
for _name in ("issue_date", "expected_maturity", "next_put"):
    MARKET[_name] = ["NaT" if value is None else value for value in MARKET[_name]]


def sums_exactly(found: Stressed) -> bool:
    change = [exact(a) - exact(b) for a, b in zip(found.dirty.tolist(), found.base.tolist(), strict=True)]
    parts = [sum((exact(found.parts[p][i]) for p in PRICE_PARTS), Fraction(0)) for i in range(len(change))]
    return change == parts


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_shipped_scenario_on_a_little_market(name: str) -> None:
    curves = made.steep_curves()
    universe = made.valued(curves, **MARKET)
    found = stress_universe(universe, find_scenario(name), made.DAY, curves=curves)
    assert sums_exactly(found)
    for column in universe.table.columns:
        if universe.table[column].dtype.kind == "f":
            was, now = (u.table[column].to_numpy(float) for u in (universe, found.universe))
            assert not (np.isnan(now) & ~np.isnan(was)).any(), column
    assert all(np.isfinite(found.parts[part]).all() for part in PARTS)
    assert all(note_text(code, lang) for code in found.note_counts() for lang in ("en", "zh"))


@given(
    up=some.integers(-150, 400), wide=some.integers(0, 400), cpr=some.integers(0, 60), cdr=some.integers(0, 40),
    share=some.integers(0, 100), months=some.integers(1, 36),
)  # fmt: skip
def test_parts_add_up_and_losses_only_cost(up: int, wide: int, cpr: int, cdr: int, share: int, months: int) -> None:
    found = run(
        MARKET, made.steep_curves(), yields=[{"parallel": f"{up} bp"}], spreads=[{"add": f"{wide} bp"}],
        speeds=[{"cpr": f"{cpr}%"}], defaults=[{"cdr": f"{cdr}%", "severity": "70%"}], horizon=f"{months} months",
        losses=[{"share": f"{share}%", "where": {"product": "abn"}}],
    )  # fmt: skip
    assert sums_exactly(found)
    assert (found.parts["loss"] <= 1e-9).all()
    assert (found.parts["spread"] <= 1e-9).all()
    assert (np.sign(found.parts["rate"]) * np.sign(up) <= 0).all()
    assert (found.dirty >= 0).all()
    paid = found.flows.total(found.flows.principal)
    assert ((paid >= -1e-9) & (paid <= 100 + 1e-9)).all()


@given(low=some.integers(0, 300), more=some.integers(1, 300))
def test_more_of_a_shock_costs_more(low: int, more: int) -> None:
    universe = made.valued(**MARKET)
    for key, unit in (("yields", "parallel"), ("spreads", "add")):
        small, large = (
            stress_universe(universe, made.scenario(**{key: [{unit: f"{bp} bp"}]}), made.DAY).dirty
            for bp in (low, low + more)
        )
        assert (large <= small).all()
        assert (large < small).any()


@given(first=some.integers(-100, 300), second=some.integers(-100, 300))
def test_moves_of_one_kind_compose_to_their_sum(first: int, second: int) -> None:
    universe = made.valued(**MARKET)
    both = made.scenario(yields=[{"parallel": f"{first} bp"}, {"parallel": f"{second} bp"}])
    once = made.scenario(yields=[{"parallel": f"{first + second} bp"}])
    found = [stress_universe(universe, item, made.DAY).dirty for item in (both, once)]
    assert np.allclose(found[0], found[1], atol=1e-7)
