"""Small random programs of every temper, from a seed."""

from __future__ import annotations

import numpy as np

from absalloc.solve import Problem

INF = np.inf


def program(seed: int, kind: str) -> Problem:
    """``kind``: lp, degenerate, infeasible, open, integer, semi."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(2, 9)), int(rng.integers(1, 7))
    A = np.where(rng.random((m, n)) < 0.6, rng.integers(-4, 6, (m, n)), 0).astype(float)
    c = rng.integers(-9, 10, n).astype(float)
    point = rng.integers(0, 4, n).astype(float)
    activity = A @ point
    lower = np.where(rng.random(m) < 0.4, activity - rng.integers(0, 4, m), -INF)
    upper = np.where((rng.random(m) < 0.7) | np.isinf(lower), activity + rng.integers(0, 4, m), INF)
    low, high = np.zeros(n), np.full(n, float(rng.integers(3, 8)))
    integrality = np.zeros(n)
    if kind == "degenerate":
        A = np.vstack((A, A[0], A.sum(axis=0)))
        lower, upper = np.append(lower, (lower[0], -INF)), np.append(upper, (upper[0], activity.sum()))
        c = A[0] if rng.random() < 0.5 else np.zeros(n)
    if kind == "infeasible":
        A = np.vstack((A, np.ones(n), -np.ones(n)))
        lower, upper = np.append(lower, (point.sum() + 2, -INF)), np.append(upper, (INF, -INF))
        upper[-1], lower[-1] = INF, -point.sum() - 1
    if kind == "open":
        high = np.where(rng.random(n) < 0.6, INF, high)
        low = np.where(rng.random(n) < 0.3, -INF, low)
    if kind == "integer":
        integrality = (rng.random(n) < 0.7).astype(float)
        A, c = A + 0.5 * (A != 0), c + 0.25
    if kind == "semi":
        chosen = rng.random(n) < 0.7
        integrality = np.where(chosen, 2.0, 0.0)
        low = np.where(chosen, rng.integers(1, 3, n).astype(float), low)
    return Problem(c, A, lower, upper, low, high, integrality, offset=float(rng.integers(-5, 6)))
