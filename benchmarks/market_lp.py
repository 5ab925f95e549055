"""A synthetic LP of the size of the whole market, from a seed: no real tranche is in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

NAV = 2e9
TRANCHES, DEALS, ORIGINATORS = 9_295, 4_028, 1_200


def market_lp(tranches: int = TRANCHES, seed: int = 1) -> tuple[Any, ...]:
    """Return (c, A, row_lower, row_upper, col_lower, col_upper): minus carry over face, at most 10 % of each tranche.

    Ten rows of the whole book (budget, risk weight, WAL, duration, sectors, flags), an originator at most 10 % and a
    deal at most 5 % of NAV; deals and originators in the market's proportion to tranches.
    """
    rng = np.random.default_rng(seed)
    deals, originators = (max(1, round(tranches * k / TRANCHES)) for k in (DEALS, ORIGINATORS))
    deal = rng.integers(0, deals, tranches)
    deal[:deals] = np.arange(deals)  # every deal has a tranche
    originator = (rng.zipf(1.4, deals) % originators)[deal]
    outstanding = np.round(np.exp(rng.normal(np.log(2.5e8), 1.1, tranches)), -4)
    carry = np.round(0.018 + 0.012 * rng.beta(2, 4, tranches) + 0.004 * rng.standard_normal(tranches), 6)
    rows, lower, upper = _book_rows(rng, tranches)
    caps = [_groups(originator, originators), _groups(deal, deals)]
    A = sparse.vstack([sparse.csr_array(np.array(rows)), *caps]).tocsr()
    lower = np.concatenate((lower, np.full(originators + deals, -np.inf)))
    upper = np.concatenate((upper, np.full(originators, 0.10 * NAV), np.full(deals, 0.05 * NAV)))
    return -carry, A, lower, upper, np.zeros(tranches), 0.10 * outstanding


def _book_rows(rng: np.random.Generator, n: int) -> tuple[list[Any], Any, Any]:
    weight = rng.choice([0.15, 0.2, 0.5, 1.0], n, p=[0.3, 0.4, 0.2, 0.1])
    wal = rng.gamma(2, 1.1, n).round(4)
    sector = rng.integers(0, 3, n)
    table = [
        (np.ones(n), 1, 1),
        (weight, -np.inf, 0.4),
        (wal, -np.inf, 2.0),
        ((0.95 * wal).round(4), 0.8, 2.2),
        (sector == 0, -np.inf, 0.5),
        (sector == 1, 0.1, 0.4),
        (sector == 2, -np.inf, 0.45),
        (rng.random(n) < 0.4, -np.inf, 0.35),
        (rng.random(n) < 0.2, -np.inf, 0.15),
        (rng.random(n) < 0.6, 0.3, np.inf),
    ]
    rows = [np.asarray(values, dtype=float) for values, _, _ in table]
    return rows, NAV * np.array([low for _, low, _ in table]), NAV * np.array([high for _, _, high in table])


def _groups(group: Any, count: int) -> Any:
    return sparse.csr_array((np.ones(len(group)), (group, np.arange(len(group)))), shape=(count, len(group)))
