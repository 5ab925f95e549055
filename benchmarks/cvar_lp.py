"""Losses of a synthetic market in many draws, from a seed: one factor (easy tails), or many and jumps (hard tails)."""

from __future__ import annotations

from typing import Any

import numpy as np

FACTORS = 20


def losses(count: int, draws: int, hard: bool, seed: int = 1) -> Any:
    """Return (draws, count): the loss of one yuan of each line. Hard: t(4) factors and deals that jump to a loss."""
    rng = np.random.default_rng(seed)
    if not hard:
        beta = rng.uniform(0.2, 1.5, count)
        market = rng.standard_normal((draws, 1))
        return 0.01 * (beta * market + 0.15 * rng.standard_normal((draws, count)) - 1.0)
    chi = rng.chisquare(4, (draws, 1)) / 4
    factors = rng.standard_normal((draws, FACTORS)) / np.sqrt(chi)
    loads = rng.standard_normal((FACTORS, count)) * (rng.random((FACTORS, count)) < 0.3)
    own = rng.standard_normal((draws, count)) / np.sqrt(chi)
    # Deals of about two lines fail together, each in about one draw of two hundred.
    deal = rng.integers(0, max(1, count * 4 // 9), count)
    jump = (rng.random((draws, deal.max() + 1)) < 0.005) * rng.uniform(0.1, 0.6, (draws, deal.max() + 1))
    return 0.006 * (factors @ loads) + 0.004 * own - 0.01 + jump[:, deal]
