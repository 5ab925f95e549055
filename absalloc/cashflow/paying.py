"""Pay a period's cash: the pots, and what goes from them to fees, interest and principal."""

from __future__ import annotations

import numpy as np

from absalloc.cashflow.backing import Backing
from absalloc.cashflow.structure import Pay, Structure, Tranche

_DUST = 1e-12


class Payer:
    """Balances, arrears and accounts of a deal, and the pots of the period at hand."""

    def __init__(self, structure: Structure, backing: Backing) -> None:
        self.structure, self.backing = structure, backing
        self.place = {name: place for place, name in enumerate(structure.names)}
        self.sizes = np.array([tranche.size for tranche in structure.tranches], float)
        self.balance = self.sizes.copy()
        self.arrears = np.zeros(self.balance.size)
        self.fee_arrears = np.zeros(len(structure.fees))
        self.reserve = structure.reserve.initial if structure.reserve else 0.0
        self.account = self.interest_pot = self.principal_pot = self.from_principal = 0.0
        self.period = 0

    def open(self, period: int, interest: float, principal: float) -> None:
        """Start ``period`` with its collections and what the account holds."""
        combined = self.structure.cash == "combined"
        self.period, self.from_principal = period, principal + self.account
        self.interest_pot = interest + principal + self.account if combined else interest
        self.principal_pot = 0.0 if combined else principal + self.account
        self.account = 0.0

    def cash(self) -> tuple[float, float]:
        """Return what is left of interest and principal collections; fees of a common pot come out of interest."""
        if self.structure.cash == "separate":
            return self.interest_pot, self.principal_pot
        principal = min(self.from_principal, self.interest_pot)
        return self.interest_pot - principal, principal

    def notes(self, names: tuple[str, ...] | None = None) -> float:
        """Return the balance of the tranches ``names``, by default of all."""
        if names is None:
            return float(self.balance.sum())
        return float(sum(self.balance[self.place[name]] for name in names))

    def _draw(self, wanted: float) -> float:
        """Pay up to ``wanted`` from interest, then principal where the deal lets it, then the reserve."""
        paid = min(wanted, self.interest_pot)
        self.interest_pot -= paid
        if self.structure.principal_covers and paid < wanted:
            more = min(wanted - paid, self.principal_pot)
            self.principal_pot -= more
            paid += more
        return paid + self._from_reserve(wanted - paid)

    def _from_reserve(self, wanted: float) -> float:
        more = min(max(wanted, 0.0), self.reserve)
        self.reserve -= more
        return more

    def pay_fees(self, collateral: float, years: float) -> np.ndarray:
        """Pay the fees in order and return what each got."""
        paid = np.zeros(self.fee_arrears.size)
        for place, fee in enumerate(self.structure.fees):
            due = self.fee_arrears[place] + fee.due(collateral, years)
            paid[place] = self._draw(due)
            self.fee_arrears[place] = due - paid[place]
        return paid

    def pay_interest(self, due: np.ndarray) -> np.ndarray:
        """Pay interest ``due`` (arrears included) in order or pro rata, then by support; return what each got."""
        if self.structure.interest == "pro_rata":
            total = float(due.sum())
            share = self._draw(total) / total if total > 0 else 0.0
            paid = due * share
        else:
            paid = np.array([self._draw(float(wanted)) for wanted in due])
        for place, name in enumerate(self.structure.names):
            paid[place] += self.backing.draw(name, float(due[place] - paid[place]), "interest", self.period)
        self.arrears = np.maximum(due - paid, 0.0)
        return paid

    def refill(self) -> None:
        """Repay liquidity support and bring the reserve to its target, from what interest is left."""
        self.interest_pot = max(self.interest_pot - self.backing.repay(self.interest_pot, self.period), 0.0)
        if self.structure.reserve is None:
            return
        gap = self.structure.reserve.target(self.notes()) - self.reserve
        moved = min(gap, self.interest_pot)  # negative: above its target, back to interest
        self.reserve += moved
        self.interest_pot -= moved

    def turn(self, amount: float) -> None:
        """Move excess interest to principal."""
        self.interest_pot -= amount
        self.principal_pot += amount

    def pay_principal(self, steps: tuple[Pay, ...], last: bool) -> np.ndarray:
        """Run the principal ``steps``, then reserve and support for what is due; return what each tranche got."""
        opening = self.balance.copy()
        covers_all = self.structure.reserve is not None and self.structure.reserve.covers == "all"
        if last and covers_all:
            self.principal_pot += self._from_reserve(self.notes())
        for step in steps:
            self._step(step, opening)
        for tranche in self.structure.tranches:
            self._pay_due(tranche, covers_all, last)
        return self._settle(opening)

    def _pay_due(self, tranche: Tranche, covers_all: bool, last: bool) -> None:
        place = self.place[tranche.name]
        left = float(self.balance[place])
        due = left if last else tranche.due(self.period, left)
        paid = self._from_reserve(due) if covers_all else 0.0
        paid += self.backing.draw(tranche.name, due - paid, "principal", self.period)
        self.balance[place] = max(left - paid, 0.0)

    def _settle(self, opening: np.ndarray) -> np.ndarray:
        # A balance of dust is repaid, not owed: what is paid is the opening balance to the last bit.
        self.balance[self.balance < _DUST * self.sizes] = 0.0
        return np.asarray(opening - self.balance)

    def pay_all(self, due: np.ndarray, last: bool) -> tuple[np.ndarray, np.ndarray]:
        """After a default: all cash tranche by tranche, interest ``due`` then principal; return what each got."""
        self.interest_pot += self.principal_pot + self._from_reserve(self.reserve)
        self.principal_pot = 0.0
        opening, interest = self.balance.copy(), np.zeros(due.size)
        for place, name in enumerate(self.structure.names):
            interest[place] = self._draw(float(due[place]))
            interest[place] += self.backing.draw(name, float(due[place] - interest[place]), "interest", self.period)
            left = float(self.balance[place])
            paid = self._draw(left)
            paid += self.backing.draw(name, left - paid, "accelerated", self.period)
            if last:
                paid += self.backing.draw(name, left - paid, "principal", self.period)
            self.balance[place] = max(left - paid, 0.0)
        self.arrears = np.maximum(due - interest, 0.0)
        self.interest_pot = max(self.interest_pot - self.backing.repay(self.interest_pot, self.period), 0.0)
        return interest, self._settle(opening)

    def close(self, last: bool) -> float:
        """End the period: keep what is to be kept, and return the rest, the residual."""
        done = last or self.notes() <= 0.0
        if self.structure.surplus == "hold" and not done:
            self.account, self.principal_pot = self.account + self.principal_pot, 0.0
        if done:
            self.principal_pot += self._from_reserve(self.reserve) + self.account
            self.account = 0.0
        residual = self.interest_pot + self.principal_pot
        self.interest_pot = self.principal_pot = 0.0
        return residual

    def _room(self, tranche: Tranche, step: Pay, opening: np.ndarray) -> float:
        place = self.place[tranche.name]
        floor = tranche.floor(self.period) if step.to == "target" else 0.0
        allowed = tranche.limit(self.period) - (opening[place] - self.balance[place])
        return float(max(min(self.balance[place] - floor, allowed), 0.0))

    def _step(self, step: Pay, opening: np.ndarray) -> None:
        members = [self.structure.tranches[self.place[name]] for name in step.tranches]
        if step.how == "sequential":
            for tranche in members:
                self._reduce(tranche, min(self._room(tranche, step, opening), self.principal_pot))
            return
        for _ in members:
            # A capped member's share goes to the others, so the split is repeated until nothing moves.
            rooms = {tranche.name: self._room(tranche, step, opening) for tranche in members}
            open_ = [tranche for tranche in members if rooms[tranche.name] > 0]
            weight = sum(self.balance[self.place[tranche.name]] for tranche in open_)
            pot = self.principal_pot
            if not open_ or pot <= 0:
                return
            for tranche in open_:
                share = pot * self.balance[self.place[tranche.name]] / weight
                self._reduce(tranche, min(share, rooms[tranche.name], self.principal_pot))

    def _reduce(self, tranche: Tranche, amount: float) -> None:
        self.balance[self.place[tranche.name]] -= amount
        self.principal_pot = max(self.principal_pot - amount, 0.0)
