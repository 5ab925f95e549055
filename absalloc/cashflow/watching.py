"""Watch a deal: coverage ratios by period, and the triggers that change its order of payment."""

from __future__ import annotations

import numpy as np

from absalloc.cashflow.coverage import cure_amount, oc_ratio, passes
from absalloc.cashflow.deal_pool import DealPool
from absalloc.cashflow.features import EFFECTS, Trigger
from absalloc.cashflow.paying import Payer
from absalloc.cashflow.structure import Structure


class Watch:
    """Ratios of the tests and states of the triggers of one run."""

    def __init__(self, structure: Structure, periods: int) -> None:
        self.structure = structure
        self.ratios = {test.name: np.empty(periods) for test in structure.tests}
        self.first: dict[str, int | None] = {trigger.name: None for trigger in structure.triggers}
        self.active = {trigger.name: False for trigger in structure.triggers}

    def look(self, payer: Payer, pool: DealPool, due: np.ndarray) -> None:
        """Measure everything before the payments of the period: fees are paid, interest ``due`` is not."""
        period = payer.period
        for test in self.structure.tests:
            self.ratios[test.name][period] = _ratio(test.kind, test.tranches, payer, pool, due)
        for trigger in self.structure.triggers:
            past = trigger.past(_measure(trigger, payer, pool, due))
            if past and self.first[trigger.name] is None:
                self.first[trigger.name] = period + 1
            self.active[trigger.name] = past or (self.active[trigger.name] and not trigger.cure)

    def effect(self) -> str | None:
        """Return the gravest effect in force."""
        found = [trigger.effect for trigger in self.structure.triggers if self.active[trigger.name]]
        return max(found, key=EFFECTS.index) if found else None

    def diverted(self, payer: Payer, collateral: float) -> float:
        """Return the excess interest that turns to principal in this period."""
        structure, excess = self.structure, payer.interest_pot
        if structure.excess == "turbo" or structure.cash == "combined" or self.effect() in ("accelerate", "default"):
            return excess
        wanted = 0.0
        for test in structure.tests:
            if passes(float(self.ratios[test.name][payer.period]), test.trigger):
                continue
            if test.kind == "ic":
                return excess
            notes = max(payer.notes(test.tranches) - payer.principal_pot, 0.0)
            wanted = max(wanted, cure_amount(collateral, notes, test.trigger, cash_in_numerator=False))
        return min(wanted, excess)


def _ratio(kind: str, tranches: tuple[str, ...], payer: Payer, pool: DealPool, due: np.ndarray) -> float:
    interest, principal = payer.cash()
    if kind == "oc":
        collateral = float(pool.found["collateral"][payer.period])
        return oc_ratio(collateral, payer.notes(tranches), principal)
    owed = float(sum(due[payer.place[name]] for name in tranches))
    return float(interest) / owed if owed > 0 else float("inf")


def _measure(trigger: Trigger, payer: Payer, pool: DealPool, due: np.ndarray) -> float:
    if trigger.measure in ("oc", "ic"):
        return _ratio(trigger.measure, trigger.of, payer, pool, due)
    if trigger.measure == "interest_shortfall":
        return float(sum(payer.arrears[payer.place[name]] for name in trigger.of))
    if trigger.measure == "pool_factor":
        return float(pool.found["collateral"][payer.period]) / pool.opening if pool.opening > 0 else 0.0
    if trigger.measure == "period":
        return float(payer.period + 1)
    return pool.to_date(trigger.measure.removeprefix("cumulative_"), payer.period)
