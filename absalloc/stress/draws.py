"""Draws of a Monte-Carlo set: rates by mean reversion, prepayment that follows them, defaults by one common factor.

Streams: ``SeedSequence(seed)`` with spawn key (0,) gives rates, (1,) the common factor, and (2, …) one stream for each
obligor by the digest of its name, so that an obligor draws the same whatever else a universe holds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from absalloc.errors import BadInput

MONTHS_A_YEAR = 12.0
LEAST_HISTORY = 24
RATES, FACTOR, OBLIGOR = 0, 1, 2


@dataclass(frozen=True)
class MeanReverting:
    """dX = speed (mean − X) dt + volatility dW: annual decimals; ``speed`` 0 is a random walk."""

    speed: float
    mean: float
    volatility: float

    def expected(self, start: float, years: float) -> float:
        """Return E[X] after ``years``: mean + (start − mean) exp(−speed · years)."""
        return self.mean + (start - self.mean) * float(np.exp(-self.speed * years))

    def variance(self, years: float) -> float:
        """Return Var[X] after ``years``: volatility² (1 − exp(−2 speed · years)) / (2 speed)."""
        return self.volatility**2 * _decay(2.0 * self.speed, years)


def _decay(speed: float, years: float) -> float:
    """Return ∫ exp(−speed · t) dt over ``years``."""
    return years if speed == 0.0 else float(-np.expm1(-speed * years) / speed)


def paths(
    processes: tuple[MeanReverting, MeanReverting],
    start: tuple[float, float],
    correlation: float,
    normals: np.ndarray,
) -> np.ndarray:
    """Return (2, draws, months + 1) of two correlated processes, monthly and exact at every step.

    ``normals`` (2, draws, months), independent. Covariance of a step: correlation · σ₁ σ₂ ∫ exp(−(κ₁ + κ₂) t) dt.
    """
    one, two = processes
    step = 1.0 / MONTHS_A_YEAR
    across = correlation * one.volatility * two.volatility * _decay(one.speed + two.speed, step)
    deviation = [np.sqrt(process.variance(step)) for process in processes]
    lean = across / (deviation[0] * deviation[1]) if deviation[0] * deviation[1] > 0 else 0.0
    shocks = np.stack((normals[0], lean * normals[0] + np.sqrt(max(0.0, 1.0 - lean * lean)) * normals[1]))
    found = np.empty((2, normals.shape[1], normals.shape[2] + 1))
    for k, process in enumerate(processes):
        keep = np.exp(-process.speed * step)
        found[k, :, 0] = start[k]
        for month in range(normals.shape[2]):
            drift = process.mean + (found[k, :, month] - process.mean) * keep
            found[k, :, month + 1] = drift + deviation[k] * shocks[k, :, month]
    return found


def fit_mean_reversion(history: np.ndarray, step: float = 1.0 / MONTHS_A_YEAR) -> MeanReverting:
    """Return the process fitted to ``history``, equally spaced by ``step`` years, by least squares of X' on X.

    X' = mean (1 − φ) + φ X + ε, φ = exp(−speed · step), exact for the process. Raises BadInput for fewer than 24
    values, for NaN, and where φ is not between 0 and 1: such a history does not revert.
    """
    values = np.asarray(history, float)
    if values.ndim != 1 or values.size < LEAST_HISTORY:
        raise BadInput("stress.history", value=values.size, expected=LEAST_HISTORY)
    if not np.isfinite(values).all():
        raise BadInput("cashflow.not_finite", value="nan", name="history")
    before, after = values[:-1], values[1:]
    spread = float(((before - before.mean()) ** 2).sum())
    slope = float(((before - before.mean()) * (after - after.mean())).sum()) / spread if spread > 0 else 0.0
    if not 0.0 < slope < 1.0:
        raise BadInput("stress.no_reversion", value=f"{slope:.4g}", expected="0 < φ < 1")
    constant = float(after.mean() - slope * before.mean())
    error = after - constant - slope * before
    speed = -float(np.log(slope)) / step
    variance = float((error**2).sum()) / (values.size - 3)
    return MeanReverting(speed, constant / (1.0 - slope), float(np.sqrt(variance / _decay(2.0 * speed, step))))


def conditional_rate(rate: float, correlation: float, factor: np.ndarray) -> np.ndarray:
    """Return the default rate of a large pool given the common factor: Φ((Φ⁻¹(rate) − √ρ Z) / √(1 − ρ)).

    Source: Vasicek, The distribution of loan portfolio value (2002). A low Z is a bad year; the mean is ``rate``.
    """
    from scipy.special import ndtr, ndtri

    if rate <= 0.0:
        return np.zeros(factor.shape)
    return np.asarray(ndtr((ndtri(rate) - np.sqrt(correlation) * factor) / np.sqrt(1.0 - correlation)))


def default_distribution(share: np.ndarray, rate: float, correlation: float) -> np.ndarray:
    """Return P(default rate of the pool ≤ share): Φ((√(1 − ρ) Φ⁻¹(share) − Φ⁻¹(rate)) / √ρ), Vasicek's distribution."""
    from scipy.special import ndtr, ndtri

    return np.asarray(ndtr((np.sqrt(1.0 - correlation) * ndtri(share) - ndtri(rate)) / np.sqrt(correlation)))


def normals(seed: int, key: tuple[int, ...], shape: tuple[int, ...], axis: int, antithetic: bool) -> np.ndarray:
    """Return standard normals of the stream ``key``. Antithetic: the second half of ``axis`` mirrors the first."""
    stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    if not antithetic:
        return stream.standard_normal(shape)
    half = list(shape)
    half[axis] //= 2
    drawn = stream.standard_normal(half)
    return np.concatenate((drawn, -drawn), axis=axis)


def obligor_key(name: str) -> tuple[int, ...]:
    """Return the spawn key of an obligor's stream: 2 and four words of the SHA-256 of its name."""
    digest = hashlib.sha256(name.encode("utf-8")).digest()
    return (OBLIGOR, *(int.from_bytes(digest[4 * k : 4 * k + 4], "big") for k in range(4)))
