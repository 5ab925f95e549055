"""One line in all draws: its schedule, its yield and its value at the horizon. Arrays are (payments, draws).

Where the draws do not differ the second axis is 1 long and numpy stretches it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from absalloc.cashflow.schedules import FACE

SAME = 1e-12
"""A life this near to the computed base life, relatively, is the base life: nothing rolls along the curve."""


def pool_loss(
    rate: float, term: int, how: tuple[float, int], smm: np.ndarray, speeds: tuple[np.ndarray, float, int]
) -> np.ndarray:
    """Return the share of a level-pay pool lost over its life, by draw, as ``losses.pool_losses`` has it.

    ``rate`` a month; ``how``: severity and lag; ``smm`` (months, draws); ``speeds``: MDR by draw until a month, then
    the base MDR, and that month.
    """
    (severity, lag), (early, later, until) = how, speeds
    balance, lost = np.ones(early.size), np.zeros(early.size)
    for month in range(1, term + 1):
        left = term - month + 1
        paid = rate / np.expm1(left * np.log1p(rate)) if rate > 1e-12 else 1.0 / left
        dying = np.zeros(1) if month > term - lag else early if month <= until else np.array([later])
        lost += balance * dying * severity
        balance *= (1.0 - paid) * np.maximum(1.0 - dying - smm[month - 1], 0.0)
    return lost


def schedule(
    level: np.ndarray, fraction: np.ndarray, alive: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return opening balances and balances per 100 (payments, draws), and the number of payments by draw.

    ``level``: what scheduled amortisation leaves after each payment; ``alive`` (payments, draws) the share not prepaid;
    at or below ``threshold`` the rest is repaid (clean-up call).
    """
    balance = FACE * level[:, None] * alive
    balance[-1] = 0.0
    count = np.full(balance.shape[1], float(level.size))
    if threshold > 0.0:
        called = np.logical_or.accumulate(balance <= threshold, axis=0)
        balance[called] = 0.0
        count = 1.0 + (~called).sum(axis=0)
    return np.vstack((np.full((1, balance.shape[1]), FACE), balance[:-1])), balance, count


@dataclass(frozen=True, eq=False)
class Moves:
    """How yields move, by draw: of ``level`` and ``slope`` of two ``tenors`` (years).

    ``floor``: tenors and yields of the government curve and the least yield it falls to, or None. ``benchmark``: tenors
    and yields of the curve that a change of life follows, or None.
    """

    level: np.ndarray
    slope: np.ndarray
    tenors: tuple[float, float]
    floor: tuple[np.ndarray, np.ndarray, float] | None
    benchmark: tuple[np.ndarray, np.ndarray] | None

    def at(self, life: np.ndarray, before: float) -> np.ndarray:
        """Return the move of a line's yield by draw, its life going from ``before`` to ``life``."""
        short, long = self.tenors
        shape = np.clip((life - short) / (long - short), 0.0, 1.0) - 0.5
        move = self.level + self.slope * shape
        if self.floor is not None:
            now = np.interp(life, self.floor[0], self.floor[1])
            least = np.minimum(now, self.floor[2])
            move = np.where(now + move < least, least - now, move)
        if self.benchmark is not None:
            roll = np.interp(life, *self.benchmark) - np.interp(before, *self.benchmark)
            move = move + np.where(life != before, roll, 0.0)
        return np.asarray(move)


def line_rate(times: np.ndarray, count: np.ndarray, yield_: np.ndarray, frequency: float) -> np.ndarray:
    """Return the continuous rate of a line's yield by draw; simple interest where one payment is left."""
    last = times[count.astype(np.int64) - 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        simple = np.log1p(yield_ * last) / last
        return np.where(count == 1.0, simple, frequency * np.log1p(yield_ / frequency))


def value_at(times: np.ndarray, cash: np.ndarray, rate: np.ndarray, horizon: tuple[float, float]) -> np.ndarray:
    """Return the value at the horizon by draw: what comes later at ``rate``, what was paid reinvested.

    ``horizon``: years, and the yearly growth of cash.
    """
    years, growth = horizon
    late = times > years
    ahead = np.exp(-(times[late] - years)[:, None] * rate)
    paid = (growth ** (years - times[~late])) @ cash[~late]
    if cash.shape[1] == 1:
        return np.asarray(cash[late, 0] @ ahead + paid)
    return np.asarray(np.einsum("pd,pd->d", cash[late], ahead) + paid)


def after_losses(opening: np.ndarray, principal: np.ndarray, interest: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Return the cash left where ``lost`` (draws,) of the principal comes off the last payments, with its interest."""
    surviving = np.maximum(FACE * (1.0 - lost) - (FACE - opening), 0.0)
    kept = np.minimum(surviving, opening)
    ratio = np.divide(kept, opening, out=np.zeros(kept.shape), where=opening > 0.0)
    return np.asarray(interest * ratio + np.minimum(principal, surviving))
