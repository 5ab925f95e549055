"""Run a deal's waterfall over pool flows, period by period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from absalloc.cashflow.coverage import cure_amount, oc_ratio, passes
from absalloc.cashflow.structure import CoverageTest, Pay, Structure, Tranche
from absalloc.errors import BadInput

_DUST = 1e-12
Rates = Mapping[str, npt.ArrayLike] | Sequence[npt.ArrayLike]


class Collections(Protocol):
    """Monthly pool cash: ``PoolFlows`` or anything with these arrays (``loss`` and ``collateral`` if known)."""

    @property
    def interest(self) -> np.ndarray: ...  # noqa: D102

    @property
    def principal(self) -> np.ndarray: ...  # noqa: D102


@dataclass(frozen=True)
class CoverageRun:
    """A coverage test by period: ``ratio`` and whether it ``passes``; inf where nothing is owed."""

    ratio: np.ndarray
    passes: np.ndarray


@dataclass(frozen=True)
class Waterfall:
    """What each tranche got: arrays (periods, tranches) in the order of ``names``, yuan.

    ``shortfall`` is interest due and unpaid so far, at period end; ``balance`` at period end. ``fees`` paid by
    name, ``residual`` what is left over, ``tests`` by name. In every period interest + principal + fees +
    residual = pool cash.
    """

    names: tuple[str, ...]
    interest: np.ndarray
    principal: np.ndarray
    balance: np.ndarray
    shortfall: np.ndarray
    fees: dict[str, np.ndarray]
    residual: np.ndarray
    tests: dict[str, CoverageRun]


def _rate_table(structure: Structure, rates: Rates, periods: int) -> np.ndarray:
    """Return annual rates (periods, tranches). Raises BadInput for a missing one or a vector of another length."""
    table = np.empty((periods, len(structure.names)))
    if not isinstance(rates, Mapping) and len(rates) != len(structure.names):
        raise BadInput("cashflow.lengths", value=len(rates), expected=len(structure.names), name="rates")
    for place, name in enumerate(structure.names):
        if isinstance(rates, Mapping) and name not in rates:
            raise BadInput("cashflow.rates", value=name, choices=rates)
        values = np.asarray(rates[name] if isinstance(rates, Mapping) else rates[place], float)
        if values.ndim > 1 or (values.ndim == 1 and values.size != periods):
            raise BadInput("cashflow.lengths", value=values.size, expected=periods, name=f"rates {name}")
        if not ((values >= 0) & (values <= 1)).all():
            raise BadInput("cashflow.speed_range", value=float(np.max(values)), expected="0 - 1", name=f"rates {name}")
        table[:, place] = values
    if isinstance(rates, Mapping) and (unknown := set(rates) - set(structure.names)):
        raise BadInput(
            "cashflow.structure",
            value=sorted(unknown)[0],
            expected=", ".join(structure.names),
            choices=structure.names,
            part="rates",
        )
    return table


class _Run:
    """The state of one run: balances, arrears, and the pots of the period at hand."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.place = {name: place for place, name in enumerate(structure.names)}
        self.balance = np.array([tranche.size for tranche in structure.tranches], float)
        self.arrears = np.zeros(self.balance.size)
        self.fee_arrears = np.zeros(len(structure.fees))
        self.interest_pot = self.principal_pot = 0.0

    def open(self, interest: float, principal: float) -> None:
        """Start a period with its collections."""
        combined = self.structure.cash == "combined"
        self.interest_pot = interest + principal if combined else interest
        self.principal_pot = 0.0 if combined else principal

    def _draw(self, wanted: float) -> float:
        """Pay up to ``wanted`` from interest, then from principal where the deal lets it."""
        paid = min(wanted, self.interest_pot)
        self.interest_pot -= paid
        if self.structure.principal_covers and paid < wanted:
            more = min(wanted - paid, self.principal_pot)
            self.principal_pot -= more
            paid += more
        return paid

    def pay_fees(self, collateral: float, years: float) -> np.ndarray:
        """Pay the fees in order and return what each got."""
        paid = np.zeros(self.fee_arrears.size)
        for place, fee in enumerate(self.structure.fees):
            due = self.fee_arrears[place] + fee.due(collateral, years)
            paid[place] = self._draw(due)
            self.fee_arrears[place] = due - paid[place]
        return paid

    def pay_interest(self, due: np.ndarray) -> np.ndarray:
        """Pay interest ``due`` (arrears included) in order or pro rata and return what each tranche got."""
        if self.structure.interest == "pro_rata":
            total = float(due.sum())
            share = self._draw(total) / total if total > 0 else 0.0
            paid = due * share
        else:
            paid = np.array([self._draw(float(wanted)) for wanted in due])
        self.arrears = np.maximum(due - paid, 0.0)
        return paid

    def pay_principal(self, period: int) -> np.ndarray:
        """Run the principal steps over the principal pot and return what each tranche got."""
        opening = self.balance.copy()
        for step in self.structure.steps():
            self._step(step, period, opening)
        paid = opening - self.balance
        self.balance[self.balance < _DUST * np.array([tranche.size for tranche in self.structure.tranches])] = 0.0
        return np.asarray(paid)

    def _room(self, tranche: Tranche, step: Pay, period: int, opening: np.ndarray) -> float:
        place = self.place[tranche.name]
        floor = tranche.floor(period) if step.to == "target" else 0.0
        allowed = tranche.limit(period) - (opening[place] - self.balance[place])
        return float(max(min(self.balance[place] - floor, allowed), 0.0))

    def _step(self, step: Pay, period: int, opening: np.ndarray) -> None:
        members = [self.structure.tranches[self.place[name]] for name in step.tranches]
        if step.how == "sequential":
            for tranche in members:
                self._reduce(tranche, min(self._room(tranche, step, period, opening), self.principal_pot))
            return
        for _ in members:
            # A capped member's share goes to the others, so the split is repeated until nothing moves.
            rooms = {tranche.name: self._room(tranche, step, period, opening) for tranche in members}
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


def _ratio(test: CoverageTest, run: _Run, cash: tuple[float, float], due: np.ndarray) -> float:
    """Return a test's ratio before payment; ``cash`` is (collateral at period end, interest after fees)."""
    places = [run.place[name] for name in test.tranches]
    if test.kind == "oc":
        return oc_ratio(cash[0], float(run.balance[places].sum()), run.principal_pot)
    owed = float(due[places].sum())
    return float(cash[1]) / owed if owed > 0 else float("inf")


def _diverted(run: _Run, ratios: dict[str, float], collateral: float) -> float:
    """Return the excess interest that turns to principal in this period."""
    structure = run.structure
    if structure.excess == "turbo" or structure.cash == "combined":
        return run.interest_pot
    wanted = 0.0
    for test in structure.tests:
        if passes(ratios[test.name], test.trigger):
            continue
        if test.kind == "ic":
            return run.interest_pot
        notes = float(sum(run.balance[run.place[name]] for name in test.tranches)) - run.principal_pot
        wanted = max(wanted, cure_amount(collateral, max(notes, 0.0), test.trigger, cash_in_numerator=False))
    return min(wanted, run.interest_pot)


def _check_sizes(structure: Structure, flows: Collections) -> None:
    """Refuse tranches that exceed the pool where only principal can repay them."""
    loss = getattr(flows, "loss", None)
    only_principal = structure.cash == "separate" and structure.excess == "release" and not structure.tests
    if loss is None or not only_principal:
        return
    pool = float(np.sum(flows.principal) + np.sum(loss))
    sizes = float(sum(tranche.size for tranche in structure.tranches))
    if sizes > pool * (1.0 + 1e-9) + 1e-6:
        raise BadInput("cashflow.tranche_sizes", value=sizes, expected=pool)


def waterfall(structure: Structure, flows: Collections, rates: Rates) -> Waterfall:
    """Return what the tranches of ``structure`` get from monthly pool ``flows``.

    ``flows`` has monthly ``.interest`` and ``.principal`` (``PoolFlows`` or the like); ``.collateral`` serves
    rate fees and OC tests (default: principal still to come). ``rates``: annual rates by tranche name or in
    order, scalars or one a period. Raises BadInput for sizes that exceed the pool, rates that do not fit, or
    negative collections.
    """
    interest, principal = np.asarray(flows.interest, float), np.asarray(flows.principal, float)
    if interest.shape != principal.shape or interest.ndim != 1:
        raise BadInput("cashflow.lengths", value=interest.size, expected=principal.size, name="flows.interest")
    for name, values in (("flows.interest", interest), ("flows.principal", principal)):
        if not (values >= 0).all():
            raise BadInput("cashflow.negative", value=float(np.min(values)), name=name)
    _check_sizes(structure, flows)
    edges, years = structure.periods(principal.size)
    table = _rate_table(structure, rates, years.size)
    after = np.asarray(getattr(flows, "collateral", principal.sum() - np.cumsum(principal)), float)
    gone = np.asarray(getattr(flows, "loss", np.zeros(principal.size)), float)
    start = after[0] + principal[0] + gone[0]
    collateral = np.concatenate(([start], after))[edges]
    gathered = tuple(_per_period(flow, edges) for flow in (interest, principal))
    return _run_periods(structure, gathered, (collateral, years, table))


def _per_period(flow: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the sum of ``flow`` between consecutive ``edges``; an empty period gathers nothing."""
    return np.asarray(np.add.reduceat(np.append(flow[: edges[-1]], 0.0), edges[:-1]) * (np.diff(edges) > 0))


def _run_periods(
    structure: Structure, gathered: tuple[np.ndarray, ...], terms: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> Waterfall:
    collateral, years, table = terms
    shape = (years.size, len(structure.names))
    paid, repaid, balance, short = (np.zeros(shape) for _ in range(4))
    fees, residual = np.zeros((years.size, len(structure.fees))), np.zeros(years.size)
    ratios = {test.name: np.empty(years.size) for test in structure.tests}
    run = _Run(structure)
    for period in range(years.size):
        run.open(float(gathered[0][period]), float(gathered[1][period]))
        fees[period] = run.pay_fees(float(collateral[period]), float(years[period]))
        due = run.arrears + run.balance * table[period] * years[period]
        cash = (float(collateral[period + 1]), run.interest_pot)
        found = {test.name: _ratio(test, run, cash, due) for test in structure.tests}
        paid[period] = run.pay_interest(due)
        turned = _diverted(run, found, cash[0])
        run.interest_pot -= turned
        run.principal_pot += turned
        repaid[period] = run.pay_principal(period)
        balance[period], short[period] = run.balance, run.arrears
        residual[period] = run.interest_pot + run.principal_pot
        for name, ratio in found.items():
            ratios[name][period] = ratio
    tests = {
        test.name: CoverageRun(
            ratios[test.name], np.array([passes(ratio, test.trigger) for ratio in ratios[test.name]], bool)
        )
        for test in structure.tests
    }
    by_name = {fee.name: fees[:, place] for place, fee in enumerate(structure.fees)}
    return Waterfall(structure.names, paid, repaid, balance, short, by_name, residual, tests)
