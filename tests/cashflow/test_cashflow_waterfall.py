"""Waterfalls: cash in = cash out in every period, hand-computed deals, and bad structures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import absalloc.cashflow as cf
from absalloc.errors import BadInput


def collected(interest: list[float], principal: list[float], collateral: list[float] | None = None) -> Any:
    """Pool cash as given, with the collateral left at each month's end."""
    paid = np.array(principal, float)
    left = paid.sum() - np.cumsum(paid) if collateral is None else np.array(collateral, float)
    return SimpleNamespace(interest=np.array(interest, float), principal=paid, collateral=left)


STEPS: tuple[tuple[cf.Pay, ...], ...] = (
    (),
    (cf.Pay(("A", "B"), how="pro_rata"), cf.Pay(("C",))),
    (cf.Pay(("A",), to="target"), cf.Pay(("B",)), cf.Pay(("A", "C"))),
)


@st.composite
def deals(draw: st.DrawFn) -> tuple[cf.Structure, cf.PoolFlows, dict[str, float]]:
    share = draw(st.floats(0.3, 0.95))
    mezzanine = draw(st.floats(0.0, 1.0 - share))
    sizes = {"A": share, "B": mezzanine, "C": max(1.0 - share - mezzanine, 0.0)}
    cap = draw(st.none() | st.floats(0.0, 0.2))
    targets = draw(
        st.none() | st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12).map(lambda x: tuple(sorted(x, reverse=True)))
    )
    tranches = (
        cf.Tranche("A", 1e6 * sizes["A"], targets=targets),
        cf.Tranche("B", 1e6 * sizes["B"], cap=None if cap is None else 1e6 * cap),
        cf.Tranche("C", 1e6 * sizes["C"]),
    )
    steps = draw(st.sampled_from(STEPS))
    structure = cf.Structure(
        tranches,
        fees=(cf.Fee("trustee", amount=draw(st.floats(0, 500))), cf.Fee("service", rate=draw(st.floats(0, 0.03)))),
        principal=steps,
        cash=draw(st.sampled_from(["separate", "combined"])),
        excess=draw(st.sampled_from(["release", "turbo"])),
        principal_covers=draw(st.booleans()),
        interest=draw(st.sampled_from(["sequential", "pro_rata"])),
        tests=(
            cf.CoverageTest("oc", "oc", ("A",), draw(st.floats(1.0, 2.0))),
            cf.CoverageTest("ic", "ic", ("A", "B"), 1.1),
        ),
        months=draw(st.sampled_from([1, 3, 6])),
    )
    flows = cf.project_pool(
        1e6, 0.06, draw(st.integers(1, 60)), smm=draw(st.floats(0, 0.2)), mdr=draw(st.floats(0, 0.2)),
        severity=draw(st.floats(0, 1)), recovery_lag=draw(st.integers(0, 6)),
    )  # fmt: skip
    return structure, flows, {"A": 0.04, "B": draw(st.floats(0, 0.2)), "C": 0.0}


@given(deals())
def test_every_period_pays_out_exactly_what_came_in(deal: tuple[cf.Structure, cf.PoolFlows, dict[str, float]]) -> None:
    structure, flows, rates = deal
    paid = cf.waterfall(structure, flows, rates)
    step, periods = structure.months, paid.residual.size
    cash = np.concatenate((flows.cash, np.zeros(periods * step - flows.cash.size))).reshape(periods, step).sum(axis=1)
    out = paid.interest.sum(axis=1) + paid.principal.sum(axis=1) + sum(paid.fees.values()) + paid.residual
    assert out == pytest.approx(cash, abs=1e-9 * 1e6)
    sizes = np.array([tranche.size for tranche in structure.tranches])
    assert paid.balance == pytest.approx(sizes - np.cumsum(paid.principal, axis=0), abs=1e-4)
    for part in (paid.interest, paid.principal, paid.balance, paid.shortfall, paid.residual):
        assert np.isfinite(part).all()
        assert (part >= -1e-6).all()
    for run in paid.tests.values():
        assert not np.isnan(run.ratio).any()


def test_two_tranches_by_hand() -> None:
    """100 of collateral at 12 % over three months, principal 30, 30, 40; A 60 at 6 %, B 40 at 9 %; fee 0.1.

    A: 0.30 0.15 0.00 interest, 30 30 0 principal. B: 0.30 0.30 0.30 interest, 0 0 40. Left: 0.30, 0.15, 0.00.
    """
    structure = cf.Structure((cf.Tranche("A", 60.0), cf.Tranche("B", 40.0)), fees=(cf.Fee("trustee", amount=0.1),))
    paid = cf.waterfall(structure, collected([1.0, 0.7, 0.4], [30, 30, 40]), {"A": 0.06, "B": 0.09})
    assert paid.interest == pytest.approx(np.array([[0.3, 0.3], [0.15, 0.3], [0.0, 0.3]]))
    assert paid.principal == pytest.approx(np.array([[30, 0], [30, 0], [0, 40]]))
    assert paid.residual == pytest.approx([0.3, 0.15, 0.0])
    assert paid.fees["trustee"] == pytest.approx([0.1, 0.1, 0.1])


def test_unpaid_interest_is_carried_and_caught_up() -> None:
    structure = cf.Structure((cf.Tranche("A", 100.0), cf.Tranche("B", 100.0)))
    paid = cf.waterfall(structure, collected([1.5, 2.5, 2.0], [0, 0, 200]), {"A": 0.12, "B": 0.12})
    assert paid.shortfall[:, 1] == pytest.approx([0.5, 0.0, 0.0])
    assert paid.interest[:, 1] == pytest.approx([0.5, 1.5, 1.0])
    shared = cf.Structure((cf.Tranche("A", 100.0), cf.Tranche("B", 100.0)), interest="pro_rata")
    paid = cf.waterfall(shared, collected([1.5, 2.5, 2.0], [0, 0, 200]), {"A": 0.12, "B": 0.12})
    assert paid.interest[0] == pytest.approx([0.75, 0.75])


def test_principal_covers_interest_where_the_deal_says_so() -> None:
    structure = cf.Structure((cf.Tranche("A", 100.0),), principal_covers=True)
    paid = cf.waterfall(structure, collected([0.0, 1.0], [50, 50]), {"A": 0.12})
    assert paid.interest[0, 0] == pytest.approx(1.0)
    assert paid.principal[0, 0] == pytest.approx(49.0)
    assert paid.balance[-1, 0] == pytest.approx(1.0)  # what the interest took is missing at the end


def test_a_failing_oc_test_turns_just_enough_interest() -> None:
    """Collateral 110, notes 100, trigger 1.2: the cure is 100 - 110 / 1.2 = 8.33; with 5 of excess all goes."""
    test = cf.CoverageTest("oc", "oc", ("A",), 1.2)
    structure = cf.Structure((cf.Tranche("A", 100.0),), tests=(test,))
    paid = cf.waterfall(structure, collected([5.0, 20.0], [0, 0], [110.0, 110.0]), {"A": 0.0})
    assert paid.tests["oc"].ratio == pytest.approx([1.1, 110 / 95])
    assert not paid.tests["oc"].passes.any()
    assert paid.principal[:, 0] == pytest.approx([5.0, 95 - 110 / 1.2])
    assert 110.0 / paid.balance[1, 0] == pytest.approx(1.2)
    assert paid.residual[1] == pytest.approx(20.0 - (95 - 110 / 1.2))


def test_a_failing_ic_test_turns_all_excess() -> None:
    test = cf.CoverageTest("ic", "ic", ("A",), 1.5)
    structure = cf.Structure((cf.Tranche("A", 100.0),), tests=(test,))
    paid = cf.waterfall(structure, collected([1.2], [0], [100.0]), {"A": 0.12})
    assert paid.tests["ic"].ratio == pytest.approx([1.2])
    assert paid.principal[0, 0] == pytest.approx(0.2)


def test_pro_rata_shares_what_a_capped_member_leaves() -> None:
    tranches = (cf.Tranche("A", 50.0, cap=10.0), cf.Tranche("B", 50.0))
    structure = cf.Structure(tranches, principal=(cf.Pay(("A", "B"), how="pro_rata"),))
    paid = cf.waterfall(structure, collected([0.0] * 2, [40, 60]), {"A": 0.0, "B": 0.0})
    assert paid.principal[0] == pytest.approx([10.0, 30.0])
    assert paid.principal[1] == pytest.approx([10.0, 20.0])
    assert paid.residual == pytest.approx([0.0, 30.0])


def test_fees_are_carried_when_cash_is_short() -> None:
    structure = cf.Structure((cf.Tranche("A", 100.0),), fees=(cf.Fee("service", rate=0.12),))
    paid = cf.waterfall(structure, collected([0.4, 1.6], [50, 50]), {"A": 0.0})
    assert paid.fees["service"] == pytest.approx([0.4, 0.6 + 0.5])


def test_dated_periods_accrue_by_day_count() -> None:
    structure = cf.Structure(
        (cf.Tranche("A", 100.0),),
        dates=(date(2025, 3, 31), date(2025, 6, 30)),
        closing=date(2025, 1, 1),
        collections=(3, 3),
    )
    paid = cf.waterfall(structure, collected([1.0] * 6, [0.0] * 5 + [100.0]), {"A": 0.0365})
    assert paid.interest[:, 0] == pytest.approx([0.89, 0.91])
    assert paid.principal[:, 0] == pytest.approx([0.0, 100.0])


def test_cash_after_the_last_date_is_not_paid_out() -> None:
    dates = (date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31))
    structure = cf.Structure(
        (cf.Tranche("A", 100.0),), cash="combined", dates=dates, closing=date(2025, 1, 1), collections=(2, 0, 1)
    )
    paid = cf.waterfall(structure, collected([1.0, 2.0, 4.0, 8.0, 16.0], [0.0] * 5), {"A": 0.0})
    assert paid.principal[:, 0] == pytest.approx([3.0, 0.0, 4.0])


BAD: list[tuple[Callable[[], Any], str]] = [
    (lambda: cf.Tranche("A", -1.0), "tranche A: '-1.0'"),
    (lambda: cf.Tranche("A", 1.0, targets=()), "targets >= 0"),
    (lambda: cf.Tranche("A", 1.0, cap=-5.0), "cap >= 0"),
    (lambda: cf.Fee("f", rate=4.0), "0 <= rate <= 1"),
    (lambda: cf.Pay(("A",), how="prorata"), "pay: 'prorata'.*The nearest valid one is 'pro_rata'"),
    (lambda: cf.Pay(("A",), to="end"), "zero, target"),
    (lambda: cf.CoverageTest("t", "od", ("A",), 1.2), "test t: 'od'"),
    (lambda: cf.CoverageTest("t", "oc", ("A",), 0.0), "trigger > 0"),
    (lambda: cf.Structure(()), "at least one tranche"),
    (lambda: cf.Structure((cf.Tranche("A", 1.0), cf.Tranche("A", 1.0))), "different names"),
    (lambda: cf.Structure((cf.Tranche("A", 1.0),), principal=(cf.Pay(("B",)),)), "pay: 'B'"),
    (lambda: cf.Structure((cf.Tranche("A", 1.0),), cash="pooled"), "cash: 'pooled'"),
    (lambda: cf.Structure((cf.Tranche("A", 1.0),), months=0), "months: '0'"),
    (lambda: cf.Structure((cf.Tranche("A", 1.0),), dates=(date(2025, 1, 1),)), "closing: 'None'"),
    (lambda: cf.Structure((cf.Tranche("A", 1.0),), closing=date(2025, 1, 1)), "dates where closing"),
    (
        lambda: cf.Structure((cf.Tranche("A", 1.0),), dates=(date(2025, 1, 1),), closing=date(2025, 2, 1)),
        "increasing dates",
    ),
]


@pytest.mark.parametrize(("make", "message"), BAD, ids=range(len(BAD)))
def test_bad_structures_are_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        make()


def test_bad_runs_are_refused() -> None:
    structure, flows = cf.Structure((cf.Tranche("A", 100.0),)), cf.project_pool(100.0, 0.06, 12)
    with pytest.raises(BadInput, match="No rate is given for the tranche 'A'"):
        cf.waterfall(structure, flows, {})
    with pytest.raises(BadInput, match="rates: 'B'"):
        cf.waterfall(structure, flows, {"A": 0.01, "B": 0.01})
    with pytest.raises(BadInput, match=r"'rates' has 2 entries where 1"):
        cf.waterfall(structure, flows, [0.01, 0.02])
    with pytest.raises(BadInput, match=r"'rates A' of 5\.0"):
        cf.waterfall(structure, flows, {"A": 5.0})
    with pytest.raises(BadInput, match="tranches exceed the pool"):
        cf.waterfall(cf.Structure((cf.Tranche("A", 150.0),)), flows, {"A": 0.01})
    with pytest.raises(BadInput, match=r"'flows.principal' must not be negative"):
        cf.waterfall(structure, collected([1.0], [-1.0]), {"A": 0.01})
    dated = cf.Structure(
        (cf.Tranche("A", 100.0),), dates=(date(2025, 2, 1),), closing=date(2025, 1, 1), collections=(13,)
    )
    with pytest.raises(BadInput, match="at most 12 pool months"):
        cf.waterfall(dated, flows, {"A": 0.01})


def test_bad_coverage_is_refused() -> None:
    with pytest.raises(BadInput, match="can never cure"):
        cf.cure_amount(80.0, 100.0, 0.9)
    with pytest.raises(BadInput, match="can never cure"):
        cf.cure_amount(90.0, 100.0, 1.25)  # the formula would ask for 140 of 100
    assert cf.cure_amount(100.0, 100.0, 1.25) == 100.0
    with pytest.raises(BadInput, match="'collateral' must not be negative"):
        cf.oc_ratio(-1.0, 100.0)
    assert cf.cure_amount(130.0, 100.0, 1.2) == 0.0
    assert cf.oc_ratio(1.0, 0.0) == float("inf")
    assert cf.ic_ratio(1.0, 0.0, 0.05) == float("inf")


def test_sequential_refuses_negatives() -> None:
    with pytest.raises(BadInput, match="'sizes' must not be negative"):
        cf.sequential([1.0], [-1.0])
    assert cf.sequential([5.0, 5.0], [4.0, 4.0]) == pytest.approx(np.array([[4.0, 1.0], [0.0, 3.0]]))
