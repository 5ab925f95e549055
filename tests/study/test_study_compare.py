"""The sectors like for like: capacities against brute probes, like sleeves, values that bound each other."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from absalloc.cashflow import load_curves
from absalloc.desk import Book, prepare
from absalloc.errors import BadInput
from absalloc.mandate import load_mandate
from absalloc.plan.make import PlanSettings, make_plan
from absalloc.plan.result import Plan
from absalloc.rows import BookState
from absalloc.stress import find_scenario
from absalloc.study.compare import DRIVERS, Comparison, compare
from absalloc.study.sectors import cheaper, only, with_bands, without
from absalloc.terms import SECTORS
from absalloc.universe import load_universe

MARKET = Path(__file__).resolve().parents[2] / "examples" / "market"


@cache
def book(name: str) -> BookState:
    mandate = load_mandate(MARKET / f"{name}.yaml")
    return prepare(Book(load_universe(MARKET / "market.csv"), mandate), extra=("desk",)).state


@cache
def compared(name: str) -> Comparison:
    curves = load_curves(MARKET / "curves.csv", as_of=date(2025, 6, 30))
    [found] = compare([book(name)], curves=curves, break_even=False)
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
    assert {view.sector: view.driver for view in found.sectors} == dict(DRIVERS)
    assert all(view.stressed_loss is not None and view.stressed_loss <= 0 for view in found.sectors)


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
