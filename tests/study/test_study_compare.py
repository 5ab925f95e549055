"""The sectors like for like: capacities against brute probes, like sleeves, values that bound each other."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import absalloc as aa
from absalloc.cashflow import load_curves
from absalloc.desk import Book, prepare
from absalloc.errors import BadInput
from absalloc.mandate import load_mandate
from absalloc.plan.make import PlanSettings, make_plan
from absalloc.plan.result import Plan
from absalloc.rows import BookState
from absalloc.stress import LineShocks, find_scenario, python_scenario, stress_universe
from absalloc.study.compare import Comparison, compare
from absalloc.study.key_rates import key_rates
from absalloc.study.sectors import cheaper, only, with_bands, without
from absalloc.study.severity import scaled, sector_driver
from absalloc.terms import SECTORS
from absalloc.universe import load_universe
from absalloc.universe.model import as_series

MARKET = Path(__file__).resolve().parents[2] / "examples" / "market"


@cache
def book(name: str) -> BookState:
    mandate = load_mandate(MARKET / f"{name}.yaml")
    return prepare(Book(load_universe(MARKET / "market.csv"), mandate), extra=("desk",)).state


@cache
def compared(name: str) -> Comparison:
    curves = load_curves(MARKET / "curves.csv", as_of=date(2025, 6, 30))
    [found] = compare([book(name)], curves=curves, break_even=False, curve=name == "wealth-closed-18m")
    return found


def carry(state: BookState) -> Fraction:
    plan = Plan(make_plan(state, PlanSettings()))
    assert plan.answer.faces is not None
    return plan.carry.yuan


@pytest.mark.parametrize("name", ["bond-fund-open", "wealth-closed-18m", "city-bank"])
def test_the_sleeve_is_the_smallest_capacity_and_all_are_like_it(name: str) -> None:
    found = compared(name)
    sizes = [view.capacity for view in found.sectors]
    assert all(size is not None and size > 0 for size in sizes)
    assert found.sleeve == min(size for size in sizes if size is not None)
    for view in found.sectors:
        assert view.plan is not None
        assert view.plan.answer.faces is not None
        held = {h.sector: Fraction(0) for h in view.plan.holdings}
        for line in view.plan.holdings:
            held[line.sector] += line.market_value or 0
        assert {sector for sector in SECTORS if held.get(sector)} == {view.sector}
        assert float(held[view.sector]) <= float(found.sleeve) * (1 + 1e-9)
        assert float(held[view.sector]) >= float(found.sleeve) * 0.998


def test_durations_are_matched_by_the_overlay_where_it_can() -> None:
    found = compared("bond-fund-open")
    assert all(view.duration_matched for view in found.sectors)
    lives = [view.duration for view in found.sectors]
    assert all(life is not None and found.duration is not None and abs(life - found.duration) < 0.06 for life in lives)
    # The product may hold nothing but ABS and cash: no overlay, and it says so.
    assert not any(view.duration_matched for view in compared("wealth-closed-18m").sectors)


def test_a_sector_is_worth_what_the_mix_loses_without_it() -> None:
    found = compared("wealth-closed-18m")
    whole = found.mix.carry.yuan
    for view in found.sectors:
        assert view.leave_one_out is not None
        assert view.leave_one_out >= 0
        rest = carry(with_bands(found.state, without(view.sector)))
        assert view.leave_one_out == max(whole - rest, Fraction(0))
    alone = carry(with_bands(found.state, only("enterprise")))
    assert alone <= whole * (1 + Fraction(1, 1000)) + 1000


def test_a_cheaper_sector_earns_the_mix_no_more() -> None:
    state = book("wealth-closed-18m")
    gains = [carry(cheaper(state, "enterprise", spread)) for spread in (0.0, 0.005, 0.02)]
    assert gains[0] >= gains[1] >= gains[2]


def test_the_bands_of_the_mandate_stand() -> None:
    state = with_bands(book("bond-fund-open"), {"credit": (None, Fraction(1, 10))}, (Fraction(1), Fraction(9)))
    again = with_bands(state, {"credit": (None, Fraction(1, 2))})
    targets = again.mandate.targets
    assert targets.sectors["credit"].max.value == Fraction(1, 10)
    assert targets.duration.max == Fraction(7, 2)  # the fund's own
    assert [rule.id for rule in again.rules.active].count("target/sector-credit") == 1


def test_the_driver_of_each_sector_takes_its_toll() -> None:
    found = compared("bond-fund-open")
    assert [view.driver.name for view in found.sectors] == [
        "credit-driver", "urban-investment-driver", "enterprise-driver",
    ]  # fmt: skip
    assert all(view.stressed_loss is not None and view.stressed_loss < 0 for view in found.sectors)


def test_the_document_is_plain_and_without_nan() -> None:
    text = json.dumps(compared("city-bank").to_json(), allow_nan=False)
    assert json.loads(text)["mandate"] == book("city-bank").name
    assert list(compared("city-bank").table["sector"]) == list(SECTORS)


def test_no_room_for_a_sector_is_no_error() -> None:
    state = with_bands(book("wealth-closed-18m"), without("urban_investment"))
    [found] = compare([replace(state)], break_even=False)
    views = {view.sector: view for view in found.sectors}
    assert views["urban_investment"].status == "no_capacity"
    assert "no_capacity:urban_investment" in found.notes
    assert views["credit"].carry is not None


def test_a_driver_of_an_unknown_sector_is_refused() -> None:
    with pytest.raises(BadInput, match="is no sector"):
        compare([book("city-bank")], {"lgfv": find_scenario("parallel-up-50")})


@pytest.mark.parametrize("name", ["bond-fund-open", "wealth-closed-18m", "city-bank"])
def test_at_equal_loss_no_sector_loses_more_than_the_common_loss(name: str) -> None:
    found = compared(name)
    losses = {view.sector: -(view.stressed_loss or 0) for view in found.sectors}
    assert found.equal_loss == min(losses.values()) > 0
    for view in found.sectors:
        assert view.equal is not None
        assert view.carry is not None
        lost = -view.equal.stressed
        assert lost <= found.equal_loss + 1
        assert view.equal.sleeve <= found.sleeve * (1 + Fraction(1, 10**9))
        # What a smaller loss costs is carry, but for the solver's gap.
        assert view.equal.carry <= view.carry + abs(view.carry) * Fraction(1, 5000)
        if losses[view.sector] == found.equal_loss:
            assert (lost, view.equal.carry) == (found.equal_loss, view.carry)
        else:
            # The cap binds: a lot of 100,000 yuan, or the solver's gap in carry, is all that is left of it.
            assert lost >= found.equal_loss * Fraction(97, 100)


def test_a_loss_is_what_the_stressed_prices_say() -> None:
    found = compared("wealth-closed-18m")
    curves = load_curves(MARKET / "curves.csv", as_of=date(2025, 6, 30))
    for view in found.sectors:
        assert view.plan is not None
        state = view.plan.answer.state
        stressed = stress_universe(state.universe, sector_driver(view.sector), state.as_of, curves=curves)
        factor = state.universe.column("factor")
        total = 0.0
        for name, face in state.held.items():
            row = state.index[name]
            if state.product[row] not in ("cash", "deposit", "repo", "reverse_repo"):
                total += float(face) * factor[row] * (stressed.dirty[row] - stressed.base[row]) / 100
        assert float(view.stressed_loss or 0) == pytest.approx(total, abs=1.0)


def test_a_curve_rises_with_the_loss_it_may_take_and_is_concave_to_the_gap() -> None:
    found = compared("wealth-closed-18m")
    for curve in (found.mix_curve, *(view.curve for view in found.sectors)):
        assert len(curve) == 5
        most = -curve[-1].stressed
        for point in curve:
            assert -point.stressed <= most * Fraction(point.cap) + 1
        carries = [float(point.carry) for point in curve]
        slack = 2e-4 * max(abs(value) for value in carries)
        assert all(one <= other + slack for one, other in pairwise(carries))
        slopes = [
            ((b - a) / (two.cap - one.cap), slack / (two.cap - one.cap))
            for (a, one), (b, two) in pairwise(zip(carries, curve, strict=True))
        ]
        assert all(late[0] <= early[0] + late[1] + early[1] for early, late in pairwise(slopes))
    [view] = [view for view in found.sectors if view.sector == "credit"]
    assert view.curve[-1].carry == view.carry
    assert found.mix_like is not None
    assert all(found.mix_like.carry >= (view.carry or 0) - 20_000 for view in found.sectors)


def test_key_rate_durations_add_up_and_are_matched_node_by_node() -> None:
    state = book("bond-fund-open")
    rates = key_rates(state)
    whole = sum(rates.values())
    known = np.isfinite(state.universe.column("modified_duration"))
    assert np.allclose(whole[known], state.universe.column("modified_duration")[known], atol=1e-9)
    # A zero-coupon line of 2 years stands half on 1 and half on 3 years; a bullet of 5 years almost all on 5.
    row = state.index["SYN250012.IB"]  # government, 4.96 years
    assert rates[5.0][row] > 0.85 * state.universe.column("modified_duration")[row]
    found = compared("bond-fund-open")
    for view in found.sectors:
        assert view.match == "key_rates"
        assert view.key_rates is not None
        assert found.key_rates is not None
        assert all(abs(view.key_rates[node] - years) <= 0.0501 for node, years in found.key_rates.items())


def test_costs_are_counted_for_all_sectors_or_for_none() -> None:
    found = compared("city-bank")
    assert found.counted == ("entry", "exit", "capital")
    assert {"cost_missing:tax", "cost_missing:expected_loss"} <= set(found.notes)
    for view in found.sectors:
        assert view.net is not None
        assert view.plan is not None
        held = [line for line in view.plan.holdings if line.product not in ("cash", "deposit", "repo", "reverse_repo")]
        exit_ = sum((line.market_value or 0 for line in held), Fraction(0)) * Fraction(2, 10_000)
        assert view.net.costs["exit"] == exit_
        state = view.plan.answer.state
        weight = state.universe.column("risk_weight")
        charge = sum(float(line.market_value or 0) * weight[state.index[line.tranche_id]] for line in held)
        assert float(view.net.costs["capital"] or 0) == pytest.approx(charge * 0.105 * (0.10 - 0.016), rel=1e-9)
        after = view.net.after(found.counted)
        assert after is not None
        assert float(after) == pytest.approx(
            float(view.carry or 0) - float(view.net.costs["entry"] or 0) - float(exit_)
            - float(view.net.costs["capital"] or 0), abs=0.01,
        )  # fmt: skip
        assert view.net.after(["tax"]) is None
    assert all(view.net is not None and view.net.costs["capital"] == 0 for view in compared("bond-fund-open").sectors)


def test_a_severity_multiplies_what_happens() -> None:
    once, twice = sector_driver("enterprise"), sector_driver("enterprise", 2.0)
    assert [move.moves for move in twice.spreads] == [(0.02,)]
    [support] = twice.part("support")
    assert [float(getattr(support, n)) for n in ("guarantee", "shortfall_commitment", "liquidity_support")] == [
        1,
        0.8,
        0.4,
    ]
    [loss] = once.part("losses")
    assert float(loss.share) == 0.6
    [toll] = sector_driver("urban_investment", 0.5).part("revenue")
    assert toll.days == 40
    speeds = sector_driver("credit", 2.0).part("speeds")
    assert float(speeds[0].steps[0].cpr) == pytest.approx(1 - (1 - 0.2081) ** 2)
    assert [float(pool.multiple) for pool in sector_driver("credit", 2.0).part("defaults")] == [2.0, 2.0]
    assert scaled(once, 1.0) is once
    assert len({once.sha256, twice.sha256, find_scenario("supporter-failure-2021").sha256}) == 3
    widenings = {sector: sector_driver(sector).spreads[0].moves for sector in SECTORS}
    assert set(widenings.values()) == {(0.01,)}
    state = book("wealth-closed-18m")
    falls = [stress_universe(state.universe, sector_driver("enterprise", t), state.as_of).dirty for t in (1.0, 2.0)]
    assert (falls[1] <= falls[0] + 1e-9).all()


@pytest.mark.parametrize("times", [0.0, -1.0, 6.0, float("nan")])
def test_a_severity_out_of_range_is_refused(times: float) -> None:
    with pytest.raises(BadInput, match="outside"):
        sector_driver("credit", times)


def test_a_scenario_of_functions_is_not_made_harder() -> None:
    own = python_scenario("own", lambda universe: LineShocks(spread_move=0.01))
    assert scaled(own, 1.0) is own
    with pytest.raises(BadInput, match="leave the severity at 1"):
        scaled(own, 2.0)


def test_a_mandate_that_allows_no_abs_has_no_sleeve_and_says_so() -> None:
    state = with_bands(book("wealth-closed-18m"), {name: (None, Fraction(0)) for name in SECTORS})
    [found] = compare([state], break_even=False)
    assert found.sleeve == 0
    assert found.equal_loss is None
    assert found.mix_like is None
    assert {view.status for view in found.sectors} == {"no_capacity"}
    assert [note for note in found.notes if note.startswith("no_capacity")] == [f"no_capacity:{s}" for s in SECTORS]
    assert all(view.leave_one_out in (0, None) for view in found.sectors)
    json.dumps(found.to_json("zh"), allow_nan=False)


def test_a_mandate_without_a_plan_says_why() -> None:
    """A hard rule that lacks a fact: nothing can be proven, and nothing is made up."""
    mandate = load_mandate(MARKET / "wealth-closed-18m.yaml")
    model = mandate.model
    facts = {key: value for key, value in model.facts.items() if key != "product_type"}
    bare = replace(mandate, model=model.model_copy(update={"facts": facts}))
    found = aa.compare(load_universe(MARKET / "market.csv"), [bare])
    assert found.answered is False
    [item] = found.to_json()["mandates"]
    assert "product_type" in item["notes"][0]
    assert {row["carry_yuan"] for row in item["sectors"]} == {None}
    assert not any("is not known for every sector" in note for note in item["notes"])


def test_sectors_that_may_not_be_left_out_are_said_to_be_infeasible_not_empty() -> None:
    state = with_bands(book("wealth-closed-18m"), {"credit": (Fraction(1, 20), None)})
    [found] = compare([state], break_even=False)
    views = {view.sector: view for view in found.sectors}
    assert views["enterprise"].capacity is None
    assert views["enterprise"].status == "infeasible"
    assert views["credit"].leave_one_out is None
    assert found.sleeve == views["credit"].capacity


def test_a_universe_without_lgfv_facts_has_no_urban_investment_sector() -> None:
    state = book("wealth-closed-18m")
    kinds = state.universe.column("sector")
    table = state.universe.table.assign(sector=as_series(np.where(kinds == "urban_investment", None, kinds)))
    [found] = compare([replace(state, universe=state.universe.replace(table=table))], break_even=False)
    views = {view.sector: view for view in found.sectors}
    assert (views["urban_investment"].capacity, views["urban_investment"].status) == (0, "no_capacity")
    assert "no_capacity:urban_investment" in found.notes
    assert views["enterprise"].carry is not None
