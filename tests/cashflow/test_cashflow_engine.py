"""The engine of many deals against the pool, the sequence and the prices of one deal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import absalloc.cashflow as cf
from absalloc.cashflow.engine import BUMP, DealBatch, run_engine
from absalloc.errors import BadInput

DEALS, SCENARIOS, TRANCHES, MONTHS = 5, 4, 3, 48


def market(seed: int = 7) -> tuple[DealBatch, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    balance = rng.uniform(50, 200, DEALS)
    shape = (DEALS, TRANCHES)
    deals = DealBatch(
        balance, np.append(rng.uniform(0.01, 0.08, DEALS - 1), 0.0), rng.integers(10, MONTHS + 1, DEALS),
        balance[:, None] * np.array([0.7, 0.15, 0.1]), rng.uniform(0.02, 0.05, shape), rng.uniform(0.01, 0.06, shape),
    )  # fmt: skip
    return deals, rng.uniform(0, 0.03, (SCENARIOS, MONTHS)), rng.uniform(0, 0.01, (SCENARIOS, MONTHS))


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("lag", [0, 5])
def test_every_figure_is_that_of_the_deal_on_its_own(lag: int, engine: Any) -> None:
    if engine == "numba":
        pytest.importorskip("numba")
    deals, smm, mdr = market()
    prices = np.full((DEALS, TRANCHES), 0.99)
    found = run_engine(deals, smm, mdr, severity=0.6, lag=lag, prices=prices, batch=2, engine=engine)
    assert found.engine == engine
    paid = np.zeros((2, SCENARIOS, MONTHS))
    for i in range(DEALS):
        for s in range(SCENARIOS):
            term = int(deals.term[i])
            how: dict[str, Any] = {"smm": smm[s, :term], "mdr": mdr[s, :term], "severity": 0.6, "recovery_lag": lag}
            flows = cf.project_pool(deals.balance[i], deals.wac[i], term, advance=False, **how)
            principal = cf.sequential(flows.principal, deals.sizes[i])
            opening = deals.sizes[i] - np.vstack([np.zeros(TRANCHES), np.cumsum(principal, 0)[:-1]])
            left, times = flows.interest.copy(), np.arange(1, term + 1) / 12
            for t in range(TRANCHES):
                interest = np.minimum(opening[:, t] * deals.coupons[i, t] / 12, left)
                left -= interest
                paid[0, s, :term] += principal[:, t]
                paid[1, s, :term] += interest
                cash, size, y = principal[:, t] + interest, deals.sizes[i, t], deals.yields[i, t]
                repaid = principal[:, t].sum()
                assert found.short[i, s, t] == pytest.approx(1 - repaid / size, abs=1e-12)
                if repaid > 0:
                    assert found.wal[i, s, t] == pytest.approx(cf.wal(principal[:, t]), abs=1e-12)
                worth = [cf.price(times, cash, y + step, 12) for step in (0.0, BUMP, -BUMP)]
                assert found.price[i, s, t] == pytest.approx(worth[0] / size, abs=1e-12)
                assert found.duration[i, s, t] == pytest.approx(cf.effective_duration(*worth, BUMP)[0], abs=1e-9)
                expected = cf.yield_to_maturity(times, cash, 0.99 * size, 12)
                assert found.yield_[i, s, t] == pytest.approx(expected, abs=1e-11)
    months = int(deals.term.max())
    assert np.allclose(found.principal, paid[0, :, :months], rtol=1e-11, atol=1e-10)
    assert np.allclose(found.interest, paid[1, :, :months], rtol=1e-11, atol=1e-10)


def test_the_batch_changes_nothing() -> None:
    deals, smm, mdr = market()
    one, all_ = (run_engine(deals, smm, mdr, severity=0.4, batch=size) for size in (1, 99))
    for name in ("wal", "price", "duration", "short"):
        assert np.array_equal(getattr(one, name), getattr(all_, name), equal_nan=True)


def test_principal_and_losses_account_for_the_pool() -> None:
    deals, smm, mdr = market()
    rest = DealBatch(
        deals.balance,
        deals.wac,
        deals.term,
        deals.balance[:, None] * np.array([0.8, 0.2, 0.0]),
        deals.coupons,
        deals.yields,
    )
    none = run_engine(rest, smm, np.zeros_like(mdr))
    assert np.allclose(none.short[:, :, :2], 0.0, atol=1e-12)
    lossy = run_engine(rest, smm, mdr, severity=1.0)
    lost = np.einsum("dst,dt->ds", np.nan_to_num(lossy.short), rest.sizes)
    for i in range(DEALS):
        for s in range(SCENARIOS):
            term = int(rest.term[i])
            pool = cf.project_pool(
                rest.balance[i], rest.wac[i], term, smm=smm[s, :term], mdr=mdr[s, :term], severity=1.0, advance=False
            )
            assert lost[i, s] == pytest.approx(float(pool.loss.sum()), abs=1e-9)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"smm": 12.0}, "12 % is 0.12"), ({"mdr": -0.1}, "outside 0 - 1"), ({"smm": np.nan}, "outside 0 - 1")],
)
def test_rates_that_are_none_are_refused(change: dict[str, float], words: str) -> None:
    deals, smm, mdr = market()
    with pytest.raises(BadInput, match=words):
        run_engine(deals, smm * 0 + change.get("smm", 0.01), mdr * 0 + change.get("mdr", 0.0))


def test_months_and_sizes_must_fit() -> None:
    deals, smm, mdr = market()
    with pytest.raises(BadInput, match="entries where"):
        run_engine(deals, smm[:, :9], mdr[:, :9])
    with pytest.raises(BadInput, match="tranches exceed the pool"):
        DealBatch(deals.balance, deals.wac, deals.term, deals.sizes * 2, deals.coupons, deals.yields)
