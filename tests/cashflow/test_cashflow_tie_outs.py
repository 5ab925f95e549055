"""Tie-outs from pool to tranche: the page, the hand arithmetic of ``docs/tie_outs.py``, and the package, to 1 fen."""

from __future__ import annotations

import csv
import importlib.util
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import absalloc.cashflow as cf

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
PAGE = (DOCS / "tie-outs.md").read_text(encoding="utf-8")
FEN = 0.005


def by_hand() -> Any:
    spec = importlib.util.spec_from_file_location("tie_outs", DOCS / "tie_outs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["tie_outs"] = module
    spec.loader.exec_module(module)
    return module


HAND = by_hand()


def test_the_page_shows_the_tables_by_hand() -> None:
    assert HAND.table(HAND.revolving()) in PAGE
    assert HAND.table(HAND.fee_right()) in PAGE


def test_a_revolving_deal_ties_out() -> None:
    pool = cf.project_pool(1e6, 0.12, 4, mdr=0.01, severity=1.0, amortisation="equal")
    bought = cf.Assets(0.12, 2, mdr=0.01, severity=1.0, amortisation="equal")
    notes = (cf.Tranche("senior", 8e5, rate=0.036), cf.Tranche("junior", 2e5, rate=0.0))
    run = cf.waterfall(cf.Structure(notes, revolving=cf.Revolving(2, bought)), pool)
    found = {
        "interest": run.pool.interest, "principal": run.pool.principal, "loss": run.pool.loss, "bought": run.spent,
        "coupon": run.interest[:, 0], "senior": run.principal[:, 0], "junior": run.principal[:, 1],
        "senior left": run.balance[:, 0], "junior left": run.balance[:, 1], "pool": run.pool.collateral,
        "residual": run.residual,
    }  # fmt: skip
    for name, values in found.items():
        assert values == pytest.approx([float(row[name]) for row in HAND.revolving()], abs=FEN), name


def test_a_fee_right_with_a_put_ties_out() -> None:
    receipts = np.array(HAND.TOLLS, float)
    flows = SimpleNamespace(interest=receipts, principal=np.zeros(5), collateral=receipts.sum() - np.cumsum(receipts))
    run = cf.waterfall(
        cf.Structure(
            (
                cf.Tranche("T1", 1e8, targets=(5e7, 0.0), rate=0.03),
                cf.Tranche("T2", 3e8, rate=0.04, resets=((4, 0.035),), maturity=5),
            ),
            principal=(cf.Pay(("T1",), to="target"), cf.Pay(("T2",))), cash="combined", dates=HAND.TOLL_DATES,
            closing=date(2023, 6, 30), support=(cf.Support("operator", "shortfall", ("T1",)),),
            puts=(cf.Put("T2", 3, share=0.4),),
        ),
        flows,
    )  # fmt: skip
    interest, principal = run.holder("T2")
    found = {
        "T1 interest": run.interest[:, 0], "T2 interest": run.interest[:, 1], "T1 principal": run.principal[:, 0],
        "T2 principal": run.principal[:, 1], "support": run.support["operator"], "T1": run.balance[:, 0],
        "T2": run.balance[:, 1], "put": run.put[:, 1], "holders of T2": interest + principal, "residual": run.residual,
    }  # fmt: skip
    for name, values in found.items():
        assert values == pytest.approx([float(row[name]) for row in HAND.fee_right()], abs=FEN), name


def pool_of(shared: Path, key: str) -> cf.PoolFlows:
    with (shared / "data" / "pools" / "china_deals_pool_cashflows.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["deal_id"] == key]
    principal = [float(row["principal_cny"]) for row in rows]
    opening = float(rows[0]["closing_balance_cny"]) + principal[0]  # the source rounds balances to the yuan
    return cf.project_table(principal, [float(row["interest_cny"]) for row in rows], opening, tolerance=1.0)


def run_of(shared: Path, deal: Any) -> cf.Waterfall:
    flows, notes = pool_of(shared, deal.key), HAND.tranches(shared, deal)
    count = flows.interest.size - deal.first + 1
    plan = HAND.targets(deal, notes, count)
    names = [note["name"] for note in notes]
    free = tuple(name for name in names if name not in plan and name != "次级")
    structure = cf.Structure(
        tuple(
            cf.Tranche(
                note["name"], float(note["balance"]), rate=float(note["rate"]),
                targets=tuple(map(float, plan[note["name"]])) if note["name"] in plan else None,
            )
            for note in notes
        ),
        principal=(*(cf.Pay((name,), to="target") for name in plan), cf.Pay(free), cf.Pay((*plan, "次级"))),
        principal_covers=True, dates=tuple(HAND.payment_dates(deal, count)), closing=HAND.start(shared, deal),
        collections=(deal.first,) + (1,) * (count - 1),
    )  # fmt: skip
    return cf.waterfall(structure, flows)


@pytest.mark.real
@pytest.mark.parametrize("deal", HAND.DEALS, ids=lambda deal: deal.key)
def test_a_real_deal_ties_out_in_every_period(shared: Path, deal: Any) -> None:
    wanted, run = HAND.pay_real(shared, deal), run_of(shared, deal)
    assert len(wanted) == run.residual.size
    for name, column in (("interest", run.interest), ("principal", run.principal), ("balance", run.balance)):
        hand = np.array([[float(period[name][note]) for note in run.names] for period in wanted])
        assert column == pytest.approx(hand, abs=FEN), name
    for name, values in (("pool", run.pool.collateral), ("oc", run.overcollateralisation), ("residual", run.residual)):
        assert values == pytest.approx([float(period[name]) for period in wanted], abs=FEN), name
    # The roll of OC itself: it falls by interest paid from principal and by principal that leaves, by nothing else.
    taken = run.pool.principal - run.principal.sum(axis=1)
    opening = run.pool.opening - sum(float(note["balance"]) for note in HAND.tranches(shared, deal))
    assert run.overcollateralisation == pytest.approx(opening - np.cumsum(taken), abs=0.01)
    assert run.pool.collateral[-1] == pytest.approx(0.0, abs=0.01)


@pytest.mark.real
def test_the_page_shows_the_first_three_dates_of_the_real_deals(shared: Path) -> None:
    for deal in HAND.DEALS:
        assert HAND.first_three(shared, deal) in PAGE, deal.key


@pytest.mark.real
def test_tranches_start_from_the_recorded_balances(shared: Path) -> None:
    """Recorded balances of five deals: sizes of the tranches that are left, and the gap to the pool."""
    gaps = {}
    for deal in HAND.DEALS:
        flows = pool_of(shared, deal.key)
        notes = sum((note["balance"] for note in HAND.tranches(shared, deal)), Decimal(0))
        gaps[deal.key] = round(float(flows.principal.sum()) - float(notes), 2)
    assert gaps == {"test07": 326403365.17, "test08": -0.04, "test12": 367957167.58, "test23": 683394681.26,
                    "test24": 0.17}  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize("deal", HAND.DEALS, ids=lambda deal: deal.key)
def test_real_pools_under_stress_account_for_every_fen(shared: Path, deal: Any) -> None:
    base = pool_of(shared, deal.key)
    stressed = cf.project_table(
        base.principal, base.interest, cpr=0.12, cdr=0.02, severity=0.6, recovery_lag=6, advance=False
    )
    assert stressed.principal.sum() + stressed.loss.sum() == pytest.approx(base.principal.sum(), abs=0.01)
    assert cf.wal(stressed.principal) < cf.wal(base.principal)
