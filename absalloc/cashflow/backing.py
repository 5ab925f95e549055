"""Support from outside the pool, in its order, with the supporters' own default."""

from __future__ import annotations

import numpy as np

from absalloc.cashflow.features import Support, support_order
from absalloc.cashflow.structure import Structure

_PAYS = {
    "interest": ("guarantee", "shortfall", "liquidity"),
    "principal": ("guarantee", "shortfall"),
    "accelerated": ("guarantee",),
    "put": ("guarantee", "shortfall", "liquidity"),
}
"""Which kinds pay for what is due."""


class Backing:
    """What supporters paid and are owed, by period."""

    def __init__(self, structure: Structure, periods: int) -> None:
        self.order = support_order(structure.support)
        self.paid = {item.name: np.zeros(periods) for item in self.order}
        self.repaid = {item.name: np.zeros(periods) for item in self.order}
        self.owed = {item.name: 0.0 for item in self.order}
        self._used = {item.name: 0.0 for item in self.order}
        self._lent = {item.name: 0.0 for item in self.order}

    def draw(self, tranche: str, wanted: float, what: str, period: int) -> float:
        """Return what the supporters pay of ``wanted`` yuan due to ``tranche`` (``what``: see ``_PAYS``)."""
        total, failed = 0.0, dict.fromkeys(self.paid, 0.0)
        for item in self.order:
            if tranche not in item.covers or item.kind not in _PAYS[what]:
                continue
            asked = wanted - total
            if item.behind is not None:
                asked = min(asked, failed[item.behind])
            if asked <= 0.0:
                continue
            got = self._ask(item, asked, period)
            failed[item.name] = asked - got
            total += got
        return total

    def put(self, name: str, wanted: float, period: int) -> float:
        """Return what the named supporter pays of ``wanted`` yuan of notes put to it: a purchase, not a loan."""
        item = next(item for item in self.order if item.name == name)
        got = self._able(item, wanted, period)
        self._used[name] += got
        return got

    def _able(self, item: Support, asked: float, period: int) -> float:
        room = max(item.limit - self._used[item.name] - self._lent[item.name], 0.0)
        share = item.recovery if item.defaults is not None and period + 1 >= item.defaults else 1.0
        return min(asked * share, room)

    def _ask(self, item: Support, asked: float, period: int) -> float:
        got = self._able(item, asked, period)
        if item.kind == "liquidity":
            self._lent[item.name] += got
            self.owed[item.name] += got
        else:
            self._used[item.name] += got
        self.paid[item.name][period] += got
        return got

    def accrue(self, years: float) -> None:
        """Add interest to what liquidity supporters are owed."""
        for item in self.order:
            self.owed[item.name] *= 1.0 + item.rate * years

    def repay(self, cash: float, period: int) -> float:
        """Repay liquidity supporters from ``cash``, in order; return what it took."""
        spent = 0.0
        for item in self.order:
            part = min(self.owed[item.name], cash - spent)
            if part > 0.0:
                self.owed[item.name] -= part
                self._lent[item.name] = min(self._lent[item.name], self.owed[item.name])
                self.repaid[item.name][period] += part
                spent += part
        return spent
