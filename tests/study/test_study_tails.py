"""A book in the draws of a set, and plans whose worst draws are capped, on the shipped market."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import absalloc as aa
from absalloc.cashflow import load_curves
from absalloc.desk.changes import with_nav
from absalloc.desk.drawn import stress_draws
from absalloc.errors import BadInput
from absalloc.mandate.load import with_keys
from absalloc.plan.certificate import certificate_bytes, verify_certificate
from absalloc.plan.verify_standalone import canonical, decimal
from absalloc.stress import MonteCarlo, find_set, load_scenario
from absalloc.study.stress import stress_book
from absalloc.study.tails import draw_book

MARKET = Path(__file__).resolve().parents[2] / "examples" / "market"
SET = "monte-carlo-2025"
QUIET = """kind: monte_carlo
scenario: quiet
title: {en: rates alone, zh: 仅利率}
source: {document: a test, confidence: assumption}
draws: 20
seed: 5
horizon: 6 months
reinvest: 1.5%
rates:
  short: 2y
  long: 10y
  level: {speed: 20%, mean: 2%, volatility: 80 bp}
  slope: {speed: 100%, mean: 40 bp, volatility: 40 bp}
  correlation: 0%
"""


@cache
def universe() -> aa.Universe:
    return aa.load_universe(MARKET / "market.csv")


@cache
def plan(cvar: str | None, name: str = "bond-fund-open") -> Any:
    mandate = aa.load_mandate(MARKET / f"{name}.yaml")
    return aa.optimise(universe(), mandate, scenarios=[] if cvar is None else SET, cvar=cvar)


def test_a_draw_of_a_book_is_the_stress_it_stands_for(tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text(QUIET, encoding="utf-8")
    chosen = find_set(str(tmp_path / "quiet.yaml"))
    assert isinstance(chosen, MonteCarlo)
    state = plan(None).answer.state
    curves = load_curves(MARKET / "curves.csv", as_of=state.as_of)
    found = draw_book(state, chosen, curves=curves)
    assert found.unknown == ()
    drawn = found.returns.draws
    for k in (0, 7, 19):
        level, slope = (float(path[k, -1] - path[k, 0]) for path in (drawn.level, drawn.slope))
        text = (
            "scenario: one\ntitle: {en: a, zh: b}\nsource: {document: d, confidence: assumption}\n"
            f"horizon: 6 months\nreinvest: 1.5%\n"
            f"yields: [{{points: {{2y: {(level - slope / 2) * 100:.12f}%, 10y: {(level + slope / 2) * 100:.12f}%}}}}]\n"
        )
        (tmp_path / "one.yaml").write_text(text, encoding="utf-8")
        one = stress_book(state, load_scenario(tmp_path / "one.yaml"), curves=curves, forward_months=0)
        assert found.losses[k] == pytest.approx(-float(one.total_return), abs=50.0)  # of 5 bn: prices are to 1e-8


def test_the_tail_of_a_book_is_the_average_of_its_worst_draws() -> None:
    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    found = stress_draws(universe(), mandate, MARKET / "bond-fund-open-holdings.csv", scenario=SET)
    worst = np.sort(found.book.losses)[::-1]
    document = found.to_json("zh")
    for item, count in zip(document["book"]["tails"], (100, 50, 10), strict=True):
        assert item["cvar"] == pytest.approx(worst[:count].mean(), abs=0.01)
        assert item["var"] == pytest.approx(worst[count - 1], abs=0.01)
        assert item["cvar_on_nav"] == pytest.approx(item["cvar"] / 5e9, abs=1e-8)
    assert document["book"]["set"]["draws"] == 1000
    assert document["schema"] == "absalloc.draws/1"


def test_a_cap_on_the_tail_binds_costs_carry_and_is_proven() -> None:
    found, free = plan("95%:1%"), plan(None)
    assert found.status == "optimal"
    chosen, state = find_set(SET), found.answer.state
    assert chosen is not None
    curves = load_curves(MARKET / "curves.csv", as_of=state.as_of)
    _, tail = draw_book(state, chosen, curves=curves).tail(0.95)
    assert tail <= 50_000_000
    assert tail == pytest.approx(50_000_000, rel=1e-3)
    assert draw_book(free.answer.state, chosen, curves=curves).tail(0.95)[1] > 51_000_000
    document = found.to_json()
    assert document["scenarios"]["tail"]["cvar"] == pytest.approx(tail, abs=1.0)
    given = document["scenarios"]["given_up"]["carry_yuan"]
    assert given == pytest.approx(float(free.carry.yuan - found.carry.yuan), rel=1e-6)
    assert given > 0
    assert f"cvar [{SET}]" in found.binding
    assert verify_certificate(found.certificate).ok
    assert found.certificate["meta"]["draws"] == {SET: chosen.sha256}


def without_lots() -> Any:
    return with_keys(aa.load_mandate(MARKET / "bond-fund-open.yaml"), {"trading.lot": 1, "trading.min_ticket": 0})


@cache
def continuous() -> Any:
    """A plan without lots, tickets and names, whose tail binds."""
    return aa.optimise(universe(), without_lots(), scenarios=SET, cvar="95%:1%")


def test_without_whole_lots_a_cap_on_the_tail_is_proven_by_the_file_alone() -> None:
    found = continuous()
    assert found.status == "optimal"
    assert not found.program.problem.has_integers
    assert f"cvar [{SET}]" in found.binding
    result = verify_certificate(found.certificate)
    assert result.ok
    assert {"feasible", "bound", "optimal"} <= set(result.proven)
    assert result.claimed == ("inputs", "draws")
    assert len(certificate_bytes(found.certificate)) < 10_000_000
    # The row of the tail carries the proof: without its multiplier the bound is another one.
    row = found.certificate["problem"]["rows"]["names"].index(f"cvar [{SET}]")
    assert float(found.certificate["proof"]["row_dual"][row]) < 0


def test_whole_yuan_of_a_small_book_are_proven_to_the_gap_that_is_stated() -> None:
    # Of five million, rounding some sixty lines down to whole yuan costs more than one part in ten million.
    found = aa.optimise(universe(), with_nav(without_lots(), Fraction(5_000_000)))
    assert found.status == "optimal"
    assert not found.program.problem.has_integers
    result = verify_certificate(found.certificate)
    assert result.ok
    assert "optimal_within_gap" in result.proven
    assert found.certificate["claim"]["gap_allowed"] == "0.0001"
    assert 1e-7 < float(found.certificate["proof"]["gap"]) < 1e-5


def test_a_forged_tail_fails_though_the_hash_is_made_anew() -> None:
    made = continuous().certificate
    row = made["problem"]["rows"]["names"].index(f"cvar [{SET}]")
    first = made["problem"]["matrix"]["indptr"][row]
    held = made["solution"]["x"]
    cell = next(i for i in range(first, len(made["problem"]["matrix"]["indices"]))
                if held[made["problem"]["matrix"]["indices"][i]] != "0")  # fmt: skip
    for path, failing in [
        (("problem", "rows", "upper", row), "row_bounds"),
        (("problem", "matrix", "values", cell), "row_activity"),
        (("proof", "row_dual", row), "bound"),
        (("solution", "row_activity", row), "row_activity"),
    ]:
        forged = json.loads(json.dumps(made))
        parent: Any = forged
        for step in path[:-1]:
            parent = parent[step]
        # A tenth less: tighter than the tail of the plan, whatever the sign.
        parent[path[-1]] = decimal(Fraction(parent[path[-1]]) - abs(Fraction(parent[path[-1]])) / 10)
        forged["sha256"] = hashlib.sha256(canonical(forged)).hexdigest()
        failed = {check.name for check in verify_certificate(forged).checks if not check.ok}
        assert failing in failed, path
        assert "hash" not in failed


def test_a_loose_cap_changes_nothing() -> None:
    assert plan("95%:20%").answer.faces == plan(None).answer.faces


def test_a_cap_out_of_reach_is_named_as_the_conflict() -> None:
    found = plan("95%:-20%")
    assert found.status == "infeasible"
    assert found.answer.conflict == (f"cvar [{SET}]",)
    assert found.to_json()["scenarios"]["tail"]["cvar"] is None


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"scenarios": SET}, "desk.set_without_cvar"),
        ({"cvar": "95%:2%"}, "desk.cvar_one_set"),
        ({"scenarios": "bear-2020", "cvar": "95%:2%"}, "desk.cvar_one_set"),
        ({"scenarios": SET, "cvar": "95%"}, "desk.cvar_form"),
        ({"scenarios": SET, "cvar": "100%:2%"}, "desk.cvar_form"),
        ({"scenarios": SET, "cvar": "95:2"}, "base.percent_needed"),
    ],
)
def test_bad_input(how: dict[str, Any], code: str) -> None:
    with pytest.raises(BadInput) as error:
        aa.optimise(universe(), aa.load_mandate(MARKET / "bond-fund-open.yaml"), **how)
    assert error.value.code == code


def test_a_set_is_stressed_alone() -> None:
    mandate = aa.load_mandate(MARKET / "bond-fund-open.yaml")
    with pytest.raises(BadInput, match="bear-2020"):
        stress_draws(universe(), mandate, MARKET / "bond-fund-open-holdings.csv", scenario=[SET, "bear-2020"])
