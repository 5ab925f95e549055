"""The pool of a deal as its waterfall sees it: cash by period, purchases, and a clean-up call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from absalloc.cashflow.structure import Structure
from absalloc.errors import BadInput


class Collections(Protocol):
    """Monthly pool cash: ``PoolFlows`` or the like (``default``, ``loss``, ``collateral`` where known)."""

    @property
    def interest(self) -> np.ndarray: ...  # noqa: D102

    @property
    def principal(self) -> np.ndarray: ...  # noqa: D102


@dataclass(frozen=True)
class PoolPeriods:
    """The pool by payment period, yuan, purchases and a call included.

    ``interest``, ``principal`` collected (a call's price in ``principal``); ``default`` new, ``loss`` (a call below par
    in ``loss``); ``purchase`` balance bought after the payments; ``collateral`` at the end, the call and purchases
    counted; ``opening`` before the first period. In every period collateral before + purchase = principal + loss +
    collateral after.
    """

    interest: np.ndarray
    principal: np.ndarray
    default: np.ndarray
    loss: np.ndarray
    purchase: np.ndarray
    collateral: np.ndarray
    opening: float


def _monthly(flows: Collections) -> dict[str, np.ndarray]:
    """Return the monthly arrays of ``flows``. Raises BadInput as ``DealPool``."""
    interest, principal = np.asarray(flows.interest, float), np.asarray(flows.principal, float)
    if interest.shape != principal.shape or interest.ndim != 1 or interest.size == 0:
        raise BadInput("cashflow.lengths", value=interest.size, expected=principal.size, name="flows.interest")
    nothing = np.zeros(principal.size)
    arrays = {"interest": interest, "principal": principal}
    arrays |= {name: np.asarray(getattr(flows, name, nothing), float) for name in ("default", "loss")}
    arrays["collateral"] = np.asarray(getattr(flows, "collateral", principal.sum() - np.cumsum(principal)), float)
    for name, values in arrays.items():
        if values.shape != principal.shape:
            raise BadInput("cashflow.lengths", value=values.size, expected=principal.size, name=f"flows.{name}")
        if not np.isfinite(values).all():
            raise BadInput("cashflow.not_finite", value=float(values[~np.isfinite(values)][0]), name=f"flows.{name}")
        # What is left after summing to the end may miss zero by the last bit.
        least = -1e-9 * max(float(np.abs(values).max()), 1.0) if name == "collateral" else 0.0
        if not (values >= least).all():
            raise BadInput("cashflow.negative", value=float(np.min(values)), name=f"flows.{name}")
    arrays["collateral"] = np.maximum(arrays["collateral"], 0.0)
    return arrays


def _extra_months(structure: Structure, term: int) -> int:
    """Return the months that purchases may add behind the pool's own ``term``."""
    if structure.revolving is None:
        return 0
    count = structure.revolving.periods
    last = structure.months * count if not structure.dates else sum((structure.collections or (1,) * count)[:count])
    return max(last + structure.revolving.assets.term - term, 0)


class DealPool:
    """Monthly arrays of a pool and its purchases, gathered by the periods of ``structure``."""

    def __init__(self, structure: Structure, flows: Collections) -> None:
        """Gather ``flows``.

        Raises BadInput for lengths that differ, negative amounts, and triggers on defaults or losses that ``flows``
        does not give: such a trigger would never fire.
        """
        for trigger in structure.triggers:
            name = trigger.measure.removeprefix("cumulative_")
            if trigger.measure.startswith("cumulative_") and not hasattr(flows, name):
                raise BadInput("cashflow.trigger_blind", value=trigger.name, name=name)
        arrays = _monthly(flows)
        term = arrays["principal"].size
        pad = _extra_months(structure, term)
        self._arrays = {name: np.append(values, np.zeros(pad)) for name, values in arrays.items()}
        self._template = None if structure.revolving is None else structure.revolving.assets.project()
        self.edges, self.years = structure.periods(term + pad)
        self.opening = float(arrays["collateral"][0] + arrays["principal"][0] + arrays["loss"][0])
        self.bought = 0.0
        self._over = False
        self.found = {
            name: np.zeros(self.years.size)
            for name in ("interest", "principal", "default", "loss", "purchase", "collateral")
        }

    def collect(self, period: int) -> None:
        """Gather the months of ``period``; nothing once the pool was called."""
        if self._over:
            return
        span = slice(self.edges[period], self.edges[period + 1])
        for name in ("interest", "principal", "default", "loss"):
            self.found[name][period] = self._arrays[name][span].sum()
        self.found["collateral"][period] = self._left(self.edges[period + 1])

    def _left(self, month: int) -> float:
        return self.opening if month == 0 else float(self._arrays["collateral"][month - 1])

    def before(self, period: int) -> float:
        """Return the collateral at the start of ``period``."""
        return self.opening if period == 0 else float(self.found["collateral"][period - 1])

    def buy(self, period: int, cash: float, price: float) -> None:
        """Buy assets for ``cash`` at the end of ``period``."""
        if self._template is None or cash <= 0.0:
            return
        face, start = cash / price, int(self.edges[period + 1])
        span = slice(start, start + self._template.interest.size)
        for name in ("interest", "principal", "default", "loss", "collateral"):
            self._arrays[name][span] += face * getattr(self._template, name)
        # The new balance counts from now on; its own array starts a month later.
        if start > 0:
            self._arrays["collateral"][start - 1] += face
        self.found["purchase"][period] = face
        self.found["collateral"][period] += face
        self.bought += face

    def call(self, period: int, price: float) -> float:
        """Sell the pool at the end of ``period`` at ``price`` a yuan of balance; return the cash."""
        left = float(self.found["collateral"][period])
        cash = left * price
        self.found["principal"][period] += cash
        self.found["loss"][period] += left - cash
        self.found["collateral"][period] = 0.0
        self._over = True
        return cash

    def to_date(self, name: str, period: int) -> float:
        """Return the share of the opening balance and purchases that ``name`` took until ``period``."""
        base = self.opening + self.bought
        return float(self.found[name][: period + 1].sum()) / base if base > 0 else 0.0

    def result(self) -> PoolPeriods:
        """Return what was collected."""
        return PoolPeriods(opening=self.opening, **self.found)
