"""What is maximised: the carry of each yuan of face, net of funding, and where asked of capital."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from absalloc.errors import BadInput
from absalloc.mandate import LoadedMandate
from absalloc.plan.lines import PlanLines


@dataclass(frozen=True)
class Objective:
    """Per yuan of face and year, shape (n,): ``carry`` and ``capital`` (risk weight × ratio), NaN where unknown.

    ``gain`` is what the objective counts for it; lines whose gain is not known are not bought.
    """

    carry: np.ndarray
    capital: np.ndarray
    gain: np.ndarray
    kind: str


def funding_rate(mandate: LoadedMandate, wal: np.ndarray) -> np.ndarray:
    """Return the cost of money per line: one rate, or a curve by WAL, linear between its years and flat beyond."""
    funding = mandate.funding
    if funding is None:
        return np.zeros(len(wal))
    if funding.curve:
        points = sorted((float(Fraction(years)), float(rate.value)) for years, rate in funding.curve.items())
        return np.asarray(np.interp(wal, [p[0] for p in points], [p[1] for p in points]))
    return np.full(len(wal), 0.0 if funding.rate is None else float(funding.rate.value))


def objective(lines: PlanLines, price_of_capital: float = 0.0) -> Objective:
    """Return the objective of the mandate; ``price_of_capital`` is the λ of ``carry_per_capital``.

    Carry: Σ assets × (yield − funding) − repo × (repo rate − funding), as in docs/objective.md.
    Raises BadInput where the kind needs a key the mandate lacks.
    """
    mandate = lines.positions.state.mandate
    kind = mandate.objective.kind
    rate = lines.rate
    if kind == "horizon_income":
        rate = np.where(lines.liability | ~lines.security, rate, lines.positions.number("horizon_rate", {}))
    wal = np.nan_to_num(lines.positions.number("wal", {}), nan=0.0)
    cost = funding_rate(mandate, wal)
    sign = np.where(lines.liability, -1.0, 1.0)
    carry = sign * lines.worth * (rate - cost)
    capital = np.full(lines.n, np.nan)
    gain = carry
    if kind in ("carry_after_capital", "carry_per_capital"):
        ratio = _needed(mandate, "ratio")
        weight = np.where(lines.liability, 0.0, lines.positions.number("risk_weight", {}))
        capital = lines.worth * weight * ratio
        price = price_of_capital if kind == "carry_per_capital" else _needed(mandate, "hurdle") - cost
        gain = carry - capital * price
    return Objective(carry, capital, gain, kind)


def _needed(mandate: LoadedMandate, key: str) -> float:
    found = getattr(mandate.capital, key)
    if found is None:
        raise BadInput("plan.capital_key", where=mandate.document.where("objective"), value=f"capital.{key}")
    return float(found.value)
