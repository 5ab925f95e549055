"""Structures as sold in China: each part by hand, the shipped examples, and files with faults at their lines."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import absalloc.cashflow as cf
from absalloc.errors import BadInput

DEALS = Path(__file__).resolve().parent.parent.parent / "examples" / "deals"
A, B = cf.Tranche("A", 60.0, rate=0.12), cf.Tranche("B", 40.0, rate=0.0)
PRO_RATA = (cf.Pay(("A", "B"), how="pro_rata"),)


def flows(principal: list[float], interest: float = 0.0, default: list[float] | None = None) -> Any:
    paid, dead = np.array(principal, float), np.array(default or [0.0] * len(principal), float)
    left = paid.sum() + dead.sum() - np.cumsum(paid + dead)
    return SimpleNamespace(
        interest=np.full(paid.size, interest), principal=paid, default=dead, loss=dead, collateral=left
    )


def test_pro_rata_turns_sequential_when_defaults_pass_the_limit() -> None:
    """100 in all; 5 default in month 2: past 4 %, so from that date on A comes first. 5 in 100 is not past 5 %."""
    pool = flows([20.0, 20.0, 20.0, 35.0], default=[0.0, 5.0, 0.0, 0.0])
    for limit, first, wanted in ((0.04, 2, [12.0, 20.0, 20.0, 8.0]), (0.05, None, [12.0, 12.0, 12.0, 21.0])):
        trigger = cf.Trigger("d", "cumulative_default", limit, "sequential")
        run = cf.waterfall(cf.Structure((A, B), principal=PRO_RATA, triggers=(trigger,)), pool)
        assert run.events == {"d": first}
        assert run.principal[:, 0] == pytest.approx(wanted)


def test_a_cured_trigger_brings_pro_rata_back() -> None:
    """Collateral over A: 80/60, 20/48... an OC below 140 % in period 1 alone."""
    pool = flows([20.0, 20.0, 60.0])
    ratio = cf.Trigger("oc", "oc", 1.7, "sequential", of=("A",), cure=True)
    run = cf.waterfall(cf.Structure((A, B), principal=PRO_RATA, triggers=(ratio,)), pool)
    assert run.principal[0, 0] == pytest.approx(20.0)  # (80 + 20) / 60 = 1.67
    assert run.principal[1, 0] == pytest.approx(10.0)  # (60 + 20) / 40 = 2.0: half each of 40 and 40
    kept = cf.Trigger("oc", "oc", 1.7, "sequential", of=("A",))
    run = cf.waterfall(cf.Structure((A, B), principal=PRO_RATA, triggers=(kept,)), pool)
    assert run.principal[1, 0] == pytest.approx(20.0)


def test_acceleration_turns_all_excess_and_ends_purchases() -> None:
    revolving = cf.Revolving(3, cf.Assets(0.12, 2))
    trigger = cf.Trigger("time", "period", 2, "accelerate")
    run = cf.waterfall(
        cf.Structure((A, B), revolving=revolving, triggers=(trigger,)), flows([50.0, 50.0], interest=2.0)
    )
    assert run.spent == pytest.approx([50.0, 0.0, 0.0, 0.0, 0.0])  # as long as purchases of period 3 could last
    # Month 2: 50 of the old pool, 50 bought for two months: payment 50 / (1/1.01 + 1/1.0201) = 25.3756, interest 0.5.
    assert run.pool.principal[1] == pytest.approx(50 + 24.8756, abs=1e-4)
    assert run.principal[1].sum() == pytest.approx(74.8756 + 2.0 + 0.5 - 0.6, abs=1e-4)


def test_a_revolving_deal_by_hand() -> None:
    """100 due in month 1; a year of nothing else. Bought at 80 %: 125 of one-month loans at 12 %, twice."""
    revolving = cf.Revolving(2, cf.Assets(0.12, 1), price=0.8)
    run = cf.waterfall(cf.Structure((A, B), revolving=revolving), flows([100.0]))
    assert run.spent == pytest.approx([100.0, 125.0, 0.0])
    assert run.pool.purchase == pytest.approx([125.0, 156.25, 0.0])
    assert run.pool.interest == pytest.approx([0.0, 1.25, 1.5625])
    assert run.pool.collateral == pytest.approx([125.0, 156.25, 0.0])
    assert run.principal[2] == pytest.approx([60.0, 40.0])
    assert run.residual == pytest.approx([0.0, 0.05, 0.9625 + 56.25])  # 0.6 of interest due twice, then 0.6 once


def test_losses_count_over_the_pool_and_what_was_bought() -> None:
    """10 lost of 100 and of 90 bought: 10 / 190 is not past 6 %; of the opening balance alone it would be."""
    revolving, late = cf.Revolving(1, cf.Assets(0.0, 2)), cf.Trigger("l", "cumulative_loss", 0.06, "default")
    pool = flows([90.0, 0.0], default=[0.0, 10.0])
    assert cf.waterfall(cf.Structure((A, B), revolving=revolving, triggers=(late,)), pool).events == {"l": None}
    assert cf.waterfall(cf.Structure((A, B), triggers=(late,)), pool).events == {"l": 2}


def test_small_collections_wait_for_the_next_purchase() -> None:
    revolving = cf.Revolving(3, cf.Assets(0.0, 1), minimum=30.0)
    run = cf.waterfall(cf.Structure((A, B), revolving=revolving), flows([20.0, 20.0, 60.0]))
    assert run.spent[:3] == pytest.approx([0.0, 40.0, 100.0])
    assert run.account[:3] == pytest.approx([20.0, 0.0, 0.0])


def test_an_event_of_default_pays_tranche_by_tranche() -> None:
    """A 60 at 12 % a year, B 40 at 12 %: from the first missed yuan of A's interest all cash is A's first."""
    deal = cf.Structure(
        (A, cf.Tranche("B", 40.0, rate=0.12)), principal=PRO_RATA,
        triggers=(cf.Trigger("missed", "interest_shortfall", 0.0, "default", of=("A",)),),
    )  # fmt: skip
    pool = SimpleNamespace(interest=np.array([0.0, 2.0, 2.0]), principal=np.array([0.0, 10.0, 90.0]))
    run = cf.waterfall(deal, pool)
    assert run.events == {"missed": 2}
    assert run.interest[1] == pytest.approx([1.2, 0.0])
    assert run.principal[1] == pytest.approx([10.8, 0.0])
    assert run.interest[2] == pytest.approx([0.492, 1.2])
    assert run.principal[2] == pytest.approx([49.2, 40.0])
    assert run.residual[2] == pytest.approx(92 - 0.492 - 49.2 - 1.2 - 40.0)


def test_the_reserve_is_drawn_refilled_and_released() -> None:
    """Interest due 0.6, 0.6, 0.5 …; collected 0, 2, 2: drawn in month 1, refilled to 3 % of the notes in month 2."""
    reserve = cf.Reserve(initial=2.0, share=0.03)
    pool = SimpleNamespace(interest=np.array([0.0, 2.0, 2.0]), principal=np.array([0.0, 50.0, 50.0]))
    run = cf.waterfall(cf.Structure((A, B), reserve=reserve), pool)
    assert run.interest[:, 0] == pytest.approx([0.6, 0.6, 0.1])
    assert run.reserve == pytest.approx([1.4, 2.8, 0.0])
    assert run.residual == pytest.approx([0.0, 0.0, 2.0 - 0.1 + 2.8])


def test_a_reserve_that_covers_all_pays_the_last_principal() -> None:
    reserve = cf.Reserve(initial=5.0, amount=5.0, covers="all")
    pool = flows([50.0, 40.0], default=[0.0, 10.0])
    run = cf.waterfall(cf.Structure((A, B), reserve=reserve), pool, [0.0, 0.0])
    assert run.principal[-1] == pytest.approx([10.0, 30.0 + 5.0])
    assert run.balance[-1] == pytest.approx([0.0, 5.0])
    plain = cf.Structure((A, B), reserve=cf.Reserve(initial=5.0, amount=5.0))
    assert cf.waterfall(plain, pool, [0.0, 0.0]).residual[-1] == pytest.approx(5.0)


def test_the_call_sells_the_pool_once_it_is_small() -> None:
    pool = flows([60.0, 31.0, 4.0, 5.0])
    run = cf.waterfall(cf.Structure((A, B), call=cf.CleanUpCall()), pool)  # 9 left after month 2
    assert run.pool.principal == pytest.approx([60.0, 40.0, 0.0, 0.0])
    assert run.balance[1] == pytest.approx([0.0, 0.0])
    cheap = cf.waterfall(cf.Structure((A, B), call=cf.CleanUpCall(price=0.5)), pool)
    assert cheap.pool.loss == pytest.approx([0.0, 4.5, 0.0, 0.0])
    waits = cf.waterfall(cf.Structure((A, B), call=cf.CleanUpCall(price=0.5, needs=("B",))), pool)
    assert waits.pool.principal == pytest.approx([60.0, 31.0, 4.0, 5.0])  # 31 + 4.5 never repays the 40 of B


def test_held_principal_waits_for_the_bullet() -> None:
    bullet = cf.Tranche("A", 100.0, rate=0.12, targets=(100.0, 100.0, 0.0))
    deal = cf.Structure((bullet,), principal=(cf.Pay(("A",), to="target"),), surplus="hold")
    run = cf.waterfall(deal, flows([30.0, 30.0, 40.0], interest=1.0))
    assert run.principal[:, 0] == pytest.approx([0.0, 0.0, 100.0])
    assert run.account == pytest.approx([30.0, 60.0, 0.0])
    assert run.overcollateralisation == pytest.approx([0.0, 0.0, 0.0])
    assert run.interest[:, 0] == pytest.approx([1.0, 1.0, 1.0])


def test_liquidity_support_is_a_loan() -> None:
    """Interest of 0.6 is missing in month 1; lent at 12 %, 0.606 comes back in month 2 before principal turns."""
    bank = cf.Support("bank", "liquidity", ("A",), limit=1.0, rate=0.12)
    pool = SimpleNamespace(interest=np.array([0.0, 2.0]), principal=np.array([0.0, 90.0]))
    run = cf.waterfall(cf.Structure((A, B), support=(bank,), excess="turbo"), pool)
    assert run.support["bank"] == pytest.approx([0.6, 0.0])
    assert run.repaid["bank"] == pytest.approx([0.0, 0.606])
    assert run.principal[1].sum() == pytest.approx(90 + 2 - 0.6 - 0.606)
    assert run.balance[-1, 1] > 0  # it lends for interest, never for principal


def test_the_guarantee_alone_pays_the_whole_after_a_default() -> None:
    fired = (cf.Trigger("late", "period", 1, "default"),)
    for kind, paid in (("guarantee", 60.0), ("shortfall", 0.0), ("liquidity", 0.0)):
        supporter = cf.Support("s", kind, ("A",))
        run = cf.waterfall(cf.Structure((cf.Tranche("A", 60.0, rate=0.0), B), triggers=fired, support=(supporter,)),
                           flows([0.0, 0.0]))  # fmt: skip
        assert run.support["s"][0] == paid
    last = cf.Structure((cf.Tranche("A", 60.0, rate=0.0), B), support=(cf.Support("s", "shortfall", ("A",)),))
    assert cf.waterfall(last, flows([0.0, 0.0])).support["s"] == pytest.approx([0.0, 60.0])


def test_a_put_moves_the_notes_to_the_provider() -> None:
    """Half is put after month 1 at par: 0.5 x 50; the rest of the flows is shared."""
    run = cf.waterfall(cf.Structure((A, B), puts=(cf.Put("A", 1, share=0.5),)), flows([10.0, 50.0, 40.0], interest=1.0))
    interest, principal = run.holder("A")
    assert interest == pytest.approx([0.6, 0.25, 0.0])
    assert principal == pytest.approx([10.0 + 25.0, 25.0, 0.0])
    assert run.principal[:, 0] == pytest.approx([10.0, 50.0, 0.0])
    failing = (cf.Support("parent", "guarantee", ("A",), defaults=1),)
    run = cf.waterfall(cf.Structure((A, B), puts=(cf.Put("A", 1, provider="parent"),), support=failing),
                       flows([10.0, 50.0, 40.0], interest=1.0))  # fmt: skip
    assert run.holder("A")[1] == pytest.approx([10.0, 50.0, 0.0])  # the extension: nobody bought
    assert run.put.sum() == 0


def test_a_coupon_is_set_anew() -> None:
    tranche = cf.Tranche("A", 100.0, rate=0.12, resets=((2, 0.06),))
    run = cf.waterfall(cf.Structure((tranche,)), flows([0.0, 0.0, 100.0], interest=1.0))
    assert run.interest[:, 0] == pytest.approx([1.0, 0.5, 0.5])


def test_floating_coupons_hold_between_resets() -> None:
    index = [0.04, 0.05, 0.01, 0.02]
    assert cf.floating_rates(index, 0.01, every=2) == pytest.approx([0.05, 0.05, 0.02, 0.02])
    assert cf.floating_rates(index, -0.03, floor=0.005) == pytest.approx([0.01, 0.02, 0.005, 0.005])
    for bad in ({"every": 0}, {"floor": 0.5, "cap": 0.1}):
        with pytest.raises(BadInput):
            cf.floating_rates(index, 0.0, **bad)
    with pytest.raises(BadInput, match="finite"):
        cf.floating_rates([np.nan], 0.0)


def test_everything_defaults_is_a_defined_result() -> None:
    pool = cf.project_pool(100.0, 0.06, 12, mdr=1.0, severity=1.0)
    run = cf.waterfall(cf.Structure((A, B)), pool)
    assert run.principal.sum() == 0
    assert run.balance[-1] == pytest.approx([60.0, 40.0])
    assert run.overcollateralisation == pytest.approx(np.full(12, -100.0))
    assert run.shortfall[-1, 0] == pytest.approx(12 * 0.6)


def test_a_common_pot_does_not_pass_principal_off_as_interest() -> None:
    """Interest 1.0 against 0.6 due is a cover of 167 %, whatever principal lies in the same pot; OC (60 + 40) / 60."""
    tests = (cf.CoverageTest("ic", "ic", ("A",), 2.0), cf.CoverageTest("oc", "oc", ("A",), 1.5))
    for cash in ("separate", "combined"):
        run = cf.waterfall(cf.Structure((A, B), tests=tests, cash=cash), flows([40.0, 60.0], interest=1.0))
        assert run.tests["ic"].ratio[0] == pytest.approx(1.0 / 0.6)
        assert run.tests["oc"].ratio[0] == pytest.approx(100.0 / 60.0)


EXAMPLES = ("bullet", "fee-right-put", "pass-through", "revolving", "scheduled", "switch")


def test_the_examples_are_these() -> None:
    assert sorted(path.stem for path in DEALS.glob("*.yaml")) == list(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_repays_its_notes_and_accounts_for_every_fen(name: str) -> None:
    deal = cf.load_deal(DEALS / f"{name}.yaml")
    run = deal.run()
    assert run.balance[-1, 0] == pytest.approx(0.0, abs=0.01)
    started = deal.structure.reserve.initial if deal.structure.reserve else 0.0
    before = np.concatenate(([started], (run.reserve + run.account)[:-1]))
    came = run.pool.interest + run.pool.principal + sum(run.support.values(), np.zeros(run.residual.size)) + before
    went = run.interest.sum(axis=1) + run.principal.sum(axis=1) + sum(run.fees.values(), np.zeros(run.residual.size))
    went += sum(run.repaid.values(), np.zeros(run.residual.size)) + run.spent + run.residual + run.reserve + run.account
    assert went == pytest.approx(came, abs=0.01)


def test_a_path_runs_as_a_structure() -> None:
    deal = cf.load_deal(DEALS / "scheduled.yaml")
    assert deal.flows is not None
    run = cf.waterfall(DEALS / "scheduled.yaml", deal.flows, {"A1": 0.018, "A2": 0.021, "subordinated": 0.0})
    assert run.principal.tolist() == deal.run().principal.tolist()


FAULTS = [
    ("pass-through", "cpr: 9%", "cpr: 9", ":8:3: ", "9%"),
    ("pass-through", "wac: 5.2%", "wca: 5.2%", ":5:3: ", "wac"),
    ("pass-through", "  age: 4", "  age: four", ":7:3: ", "whole number"),
    ("pass-through", "balance: 4000000000 yuan", "balance: 4000000000", ":4:3: ", "yuan"),
    ("pass-through", "kind: ic", "kind: id", ":23:7: ", "oc, ic"),
    ("pass-through", "needs: [senior, mezzanine]", "needs: [senior, mezanine]", ":", "mezzanine"),
    ("pass-through", "size: 320000000 yuan", "size: -320000000 yuan", ":16:7: ", "size >= 0"),
    ("scheduled", "to: target", "to: targets", ":", "target"),
    ("switch", "limit: 3%", "limit: 3", ":15:7: ", "5 %"),
    ("revolving", "periods: 12", "periods: 0", ":", "periods 1 - 1200"),
    ("fee-right-put", "behind: operator", "behind: parent", ":", "parent > parent"),
    ("fee-right-put", "defaults: 6", "behind: parent", ":", "operator > parent > operator"),
    ("fee-right-put", "provider: parent}", "provider: granny}", ":", "bank, operator, parent"),
    ("fee-right-put", "wac: 8%, term: 120", "wac: 8%", ":", "term"),
]


@pytest.mark.parametrize(("name", "old", "new", "place", "words"), FAULTS, ids=range(len(FAULTS)))
def test_a_fault_in_a_file_is_named_with_its_line(
    tmp_path: Path, name: str, old: str, new: str, place: str, words: str
) -> None:
    text = (DEALS / f"{name}.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "案例.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        cf.load_deal(path)
    for lang in ("en", "zh"):
        assert caught.value.text(lang).startswith(f"{path}{place}")
        assert caught.value.where.line is not None
    assert words in caught.value.text()


def test_a_pool_table_that_misses_its_balance_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pool.csv").write_text("principal,interest\n60,1\n30,0.5\n", encoding="utf-8")
    text = "deal: d\npool: {table: pool.csv, balance: 100 yuan}\nstructure:\n  tranches: [{name: A, size: 1 yuan}]\n"
    path = tmp_path / "d.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r":2:1: .*adds up to 90.*gap of -10"):
        cf.load_deal(path)
    path.write_text(text.replace("100 yuan", "90 yuan"), encoding="utf-8")
    found = cf.load_deal(path).flows
    assert found is not None
    assert found.cash == pytest.approx([61.0, 30.5])
    path.write_text(text.replace("100 yuan", "91 yuan, tolerance: 1 yuan"), encoding="utf-8")
    assert cf.load_deal(path).flows is not None
    path.write_text(text.replace("100 yuan", "90 yuan, wac: 3%"), encoding="utf-8")
    with pytest.raises(BadInput, match="wac"):
        cf.load_deal(path)
    path.write_text(text, encoding="utf-8")
    (tmp_path / "pool.csv").write_text("principal,interest\n60,1\nx,0.5\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"pool.csv:3:principal: 'x'"):
        cf.load_deal(path)


BAD = [
    (lambda: cf.Trigger("t", "oc", 1.2, "sequential"), "'of'"),
    (lambda: cf.Trigger("t", "period", 3, "sequentially"), "nearest valid one is 'sequential'"),
    (lambda: cf.Reserve(share=1.5), "1 %"),
    (lambda: cf.CleanUpCall(share=10), "10 %"),
    (lambda: cf.Support("s", "guaranty", ("A",)), "nearest valid one is 'guarantee'"),
    (lambda: cf.Support("s", "guarantee", ("A",), rate=0.1), "liquidity support alone"),
    (lambda: cf.Put("A", 0), "a period from 1"),
    (lambda: cf.Revolving(2, cf.Assets(0.05, 12), price=95.0), "95 %"),
    (lambda: cf.Revolving(2, cf.Assets(0.05, 12, cpr=12.0)), "12 % is 0.12"),
    (lambda: cf.Tranche("A", 1.0, rate=3.0), "3 %"),
    (lambda: cf.Tranche("A", 1.0, rate=0.1, resets=((3, 0.1), (2, 0.1))), "increasing"),
    (lambda: cf.waterfall(cf.Structure((cf.Tranche("A", 1.0),)), cf.project_pool(1.0, 0.05, 2)), "a rate, 0 for none"),
]


@pytest.mark.parametrize(("make", "words"), BAD, ids=range(len(BAD)))
def test_bad_parts_are_refused(make: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        make()


def test_cumulative_defaults_follow_their_curve() -> None:
    curve = np.minimum(np.arange(1, 25) / 20 * 0.06, 0.06)
    pool = cf.project_pool(1000.0, 0.08, 24, smm=0.02, cumulative_default=curve, severity=0.5, recovery_lag=4)
    assert np.cumsum(pool.default) / 1000 == pytest.approx(curve)
    assert pool.principal.sum() + pool.loss.sum() == pytest.approx(1000.0)
    with pytest.raises(BadInput, match="still rises after month 20"):
        cf.project_pool(1000.0, 0.08, 24, cumulative_default=np.arange(1, 25) / 1000, recovery_lag=4)
    with pytest.raises(BadInput, match="more than the pool still has"):
        cf.project_pool(1000.0, 0.08, 24, smm=0.5, cumulative_default=np.repeat([0.0, 0.9], 12))
    with pytest.raises(BadInput, match="Two speeds"):
        cf.project_pool(1000.0, 0.08, 24, mdr=0.1, cumulative_default=curve)


def test_an_early_end_of_a_table_keeps_its_losses() -> None:
    """Rows of nothing behind the last payment must not let late defaults amortise away unliquidated."""
    short = cf.project_table([50.0, 50.0], [1.0, 0.5], mdr=0.1, severity=1.0, recovery_lag=1)
    padded = cf.project_table([50.0, 50.0, 0.0, 0.0], [1.0, 0.5, 0.0, 0.0], mdr=0.1, severity=1.0, recovery_lag=1)
    assert padded.loss[:2] == pytest.approx(short.loss)
    assert short.loss.sum() > 0
    with pytest.raises(BadInput, match="must not be negative"):
        cf.project_table([50.0, -1.0], [1.0, 1.0])


def test_a_trigger_that_could_never_fire_is_refused() -> None:
    pool = SimpleNamespace(interest=np.ones(2), principal=np.array([50.0, 50.0]))
    watched = cf.Structure((A, B), triggers=(cf.Trigger("d", "cumulative_default", 0.05, "sequential"),))
    with pytest.raises(BadInput, match="the pool flows have no 'default'"):
        cf.waterfall(watched, pool)


def test_tranches_beyond_every_source_are_refused() -> None:
    """Excess interest may repay more than the pool's principal; nothing repays more than all its cash."""
    pool = cf.project_pool(100.0, 0.12, 12)
    turbo = {"excess": "turbo"}
    assert cf.waterfall(cf.Structure((cf.Tranche("A", 103.0),), **turbo), pool, [0.0]).balance[-1, 0] == 0.0
    with pytest.raises(BadInput, match="tranches exceed the pool"):
        cf.waterfall(cf.Structure((cf.Tranche("A", 1000.0),), **turbo), pool, [0.0])
    backed = cf.Structure((cf.Tranche("A", 150.0),), support=(cf.Support("parent", "guarantee", ("A",)),))
    assert cf.waterfall(backed, pool, [0.0]).support["parent"][-1] == pytest.approx(50.0)


def test_excess_spread_is_what_the_pool_earns_over_its_costs() -> None:
    """100 earn 1.0; 0.6 goes to A and 1 % a year to the servicer: 12 - 7.2 - 1 = 3.8 % a year, then 60 earn 1.0."""
    structure = cf.Structure((A, B), fees=(cf.Fee("servicer", rate=0.01),))
    run = cf.waterfall(structure, flows([40.0, 60.0, 0.0], interest=1.0))
    assert run.excess_spread[0] == pytest.approx(0.038)
    assert run.excess_spread[1] == pytest.approx(12 * (1.0 - 0.2 - 0.05) / 60)
    assert run.excess_spread[2] == 0.0


SHAPES = [
    ("scheduled", "    - {tranches: [A1], to: target}\n", "    {tranches: [A1], to: target}\n", "a list"),
    ("pass-through", "needs: [senior, mezzanine]", "needs: senior", "a list"),
    ("pass-through", "size: 200000000 yuan", "size: [200000000 yuan]", "one value"),
    ("pass-through", "term: 36", "term: [36]", "one value"),
    ("revolving", "  revolving:\n    periods: 12", "  revolving:\n  - periods: 12", "one value"),
    ("pass-through", "cdr: 0.6%", "cumulative_default: 0.6%", "a list"),
    ("pass-through", "deal: auto pass-through", "deal: [auto]", "text"),
]


@pytest.mark.parametrize(("name", "old", "new", "words"), SHAPES, ids=range(len(SHAPES)))
def test_a_list_for_a_value_or_a_value_for_a_list_is_named(
    tmp_path: Path, name: str, old: str, new: str, words: str
) -> None:
    text = (DEALS / f"{name}.yaml").read_text(encoding="utf-8")
    assert old in text
    if "\n    {" in new or "  - periods" in new:
        text = text.split("    assets")[0]
    text = text.replace("    - {tranches: [A2]}\n    - {tranches: [A1, subordinated]}\n", "")
    path = tmp_path / "d.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadInput, match=words):
        cf.load_deal(path)


ODD = ["", "x", "-1", "0", "[]", "{}", "[1, 2]", "{a: 1}", "12", "1%", "-5%", "1 yuan", "999999999999", "null", "true"]
TOKENS = re.compile(r"(?<=: )[^,{}\[\]\n]+")


@given(st.sampled_from(EXAMPLES), st.integers(0, 200), st.sampled_from(ODD))
@settings(max_examples=200)
def test_any_word_of_a_file_may_be_wrong_and_is_answered(name: str, place: int, odd: str) -> None:
    """Whatever stands in place of one value: the deal runs, or the fault is named; nothing else happens."""
    text = (DEALS / f"{name}.yaml").read_text(encoding="utf-8")
    found = list(TOKENS.finditer(text))
    spot = found[place % len(found)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "d.yaml"
        path.write_text(text[: spot.start()] + odd + text[spot.end() :], encoding="utf-8")
        try:
            run = cf.load_deal(path).run()
        except BadInput:
            return  # any other exception fails the test
    for part in (run.interest, run.principal, run.balance, run.residual, run.excess_spread):
        assert np.isfinite(part).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_numbers_that_are_none_never_enter(bad: float) -> None:
    for make in (
        lambda: cf.Fee("f", amount=bad), lambda: cf.Reserve(initial=bad), lambda: cf.Reserve(amount=bad),
        lambda: cf.Tranche("A", bad), lambda: cf.Trigger("t", "period", bad, "default"),
        lambda: cf.Revolving(1, cf.Assets(0.05, 3), minimum=bad), lambda: cf.Put("A", 1, share=bad),
        lambda: cf.waterfall(cf.Structure((A, B)), flows([50.0, 50.0], interest=bad)),
        lambda: cf.waterfall(cf.Structure((A, B)), flows([50.0, 50.0]), [bad, 0.0]),
        lambda: cf.project_pool(bad, 0.05, 12), lambda: cf.project_pool(1.0, bad, 12),
        lambda: cf.project_pool(1.0, 0.05, 12, cpr=bad), lambda: cf.project_table([bad], [0.0]),
        lambda: cf.project_table([1.0], [bad]),
    ):  # fmt: skip
        with pytest.raises(BadInput):
            make()
