"""Run a deal's waterfall over pool flows, period by period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from absalloc.cashflow.backing import Backing
from absalloc.cashflow.coverage import passes
from absalloc.cashflow.deal_file import read_deal
from absalloc.cashflow.deal_pool import Collections, DealPool, PoolPeriods
from absalloc.cashflow.paying import Payer
from absalloc.cashflow.structure import Pay, Structure
from absalloc.cashflow.watching import Watch
from absalloc.errors import BadInput

Rates = Mapping[str, npt.ArrayLike] | Sequence[npt.ArrayLike]


@dataclass(frozen=True)
class CoverageRun:
    """A coverage test by period: ``ratio`` and whether it ``passes``; inf where nothing is owed."""

    ratio: np.ndarray
    passes: np.ndarray


@dataclass(frozen=True)
class Waterfall:
    """What each tranche got: arrays (periods, tranches) in the order of ``names``, yuan.

    ``shortfall`` is interest due and unpaid so far, at period end; ``balance`` at period end. ``fees`` paid by
    name, ``residual`` what is left over, ``tests`` by name; ``events`` the period (from 1) in which each trigger fired
    first, or None; ``support`` paid into the deal and ``repaid`` to it, by name; ``spent`` on purchases; ``reserve``
    and ``account`` at period end; ``put`` cash that holders got for notes they put, ``held`` the share still theirs at
    period end; ``pool`` what was collected. In every period collections + support + opening reserve and account =
    fees + interest + principal + repaid + spent + residual + closing reserve and account.
    """

    names: tuple[str, ...]
    interest: np.ndarray
    principal: np.ndarray
    balance: np.ndarray
    shortfall: np.ndarray
    fees: dict[str, np.ndarray]
    residual: np.ndarray
    tests: dict[str, CoverageRun]
    events: dict[str, int | None]
    support: dict[str, np.ndarray]
    repaid: dict[str, np.ndarray]
    spent: np.ndarray
    reserve: np.ndarray
    account: np.ndarray
    put: np.ndarray
    held: np.ndarray
    years: np.ndarray
    pool: PoolPeriods = field(repr=False)

    @property
    def overcollateralisation(self) -> np.ndarray:
        """Collateral and cash on account less the balance of all tranches, at period end; negative where short."""
        return np.asarray(self.pool.collateral + self.account - self.balance.sum(axis=1))

    @property
    def excess_spread(self) -> np.ndarray:
        """Pool interest less fees and tranche interest paid, a year, over the collateral at period start.

        0 where no collateral was left; negative where principal, reserve or support paid interest.
        """
        before = np.concatenate(([self.pool.opening], self.pool.collateral[:-1])) * self.years
        left = self.pool.interest - self.interest.sum(axis=1) - sum(self.fees.values(), np.zeros(before.size))
        return np.asarray(np.divide(left, before, out=np.zeros(before.size), where=before > 0))

    def holder(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return (interest, principal) by period of those who held the whole tranche at first: puts are principal."""
        if name not in self.names:
            raise BadInput("cashflow.rates", value=name, choices=self.names)
        place = self.names.index(name)
        share = np.concatenate(([1.0], self.held[:-1, place]))
        return self.interest[:, place] * share, self.principal[:, place] * share + self.put[:, place]


def _rate_table(structure: Structure, rates: Rates | None, periods: int) -> np.ndarray:
    """Return annual rates (periods, tranches). Raises BadInput for a missing one or a vector of another length."""
    if rates is None:
        return np.column_stack([tranche.rates(periods) for tranche in structure.tranches])
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


def _check_sizes(structure: Structure, flows: Collections) -> None:
    """Refuse tranches that exceed the pool where only principal can repay them, and all that exceed every source."""
    loss = getattr(flows, "loss", None)
    if loss is None or structure.revolving is not None:
        return
    pool = float(np.sum(flows.principal) + np.sum(loss))
    other_money = (structure.tests, structure.triggers, structure.support, structure.reserve)
    if structure.cash == "combined" or structure.excess == "turbo" or any(other_money):
        pool += float(np.sum(flows.interest)) + sum(item.limit for item in structure.support)
        pool += structure.reserve.initial if structure.reserve else 0.0
    sizes = float(sum(tranche.size for tranche in structure.tranches))
    if sizes > pool * (1.0 + 1e-9) + 1e-6:
        raise BadInput("cashflow.tranche_sizes", value=sizes, expected=pool)


def waterfall(structure: Structure | str | Path, flows: Collections, rates: Rates | None = None) -> Waterfall:
    """Return what the tranches of ``structure`` get from monthly pool ``flows``.

    ``structure``: a ``Structure``, or the path of a deal file (``load_deal``). ``flows`` has monthly ``.interest`` and
    ``.principal`` (``PoolFlows`` or the like); ``.collateral`` serves rate fees and OC tests (default: principal still
    to come), ``.default`` and ``.loss`` the triggers. ``rates``: annual rates by tranche name or in order, scalars or
    one a period; default the tranches' own. Raises BadInput for sizes that exceed the pool, rates that do not fit, or
    negative collections.
    """
    if not isinstance(structure, Structure):
        structure = read_deal(structure)[1]
    pool = DealPool(structure, flows)
    _check_sizes(structure, flows)
    return _Run(structure, pool, _rate_table(structure, rates, pool.years.size)).run()


class _Run:
    """One run: the pool, the payer, and what they leave behind by period."""

    def __init__(self, structure: Structure, pool: DealPool, rates: np.ndarray) -> None:
        periods = pool.years.size
        self.structure, self.pool, self.rates, self.periods = structure, pool, rates, periods
        self.backing = Backing(structure, periods)
        self.payer = Payer(structure, self.backing)
        self.watch = Watch(structure, periods)
        shape = (periods, len(structure.names))
        self.interest, self.principal, self.balance, self.shortfall, self.put = (np.zeros(shape) for _ in range(5))
        self.held, self.fees = np.ones(shape), np.zeros((periods, len(structure.fees)))
        self.residual, self.spent, self.reserve, self.account = (np.zeros(periods) for _ in range(4))

    def run(self) -> Waterfall:
        for period in range(self.periods):
            self._period(period)
        tests = {
            test.name: CoverageRun(ratio, np.array([passes(value, test.trigger) for value in ratio], bool))
            for test, ratio in zip(self.structure.tests, self.watch.ratios.values(), strict=True)
        }
        return Waterfall(
            names=self.structure.names, interest=self.interest, principal=self.principal, balance=self.balance,
            shortfall=self.shortfall, residual=self.residual, tests=tests, events=self.watch.first,
            fees={fee.name: self.fees[:, place] for place, fee in enumerate(self.structure.fees)},
            support=self.backing.paid, repaid=self.backing.repaid, spent=self.spent, reserve=self.reserve,
            account=self.account, put=self.put, held=self.held, years=self.pool.years, pool=self.pool.result(),
        )  # fmt: skip

    def _period(self, period: int) -> None:
        payer, pool, years = self.payer, self.pool, float(self.pool.years[period])
        pool.collect(period)
        self.backing.accrue(years)
        due = payer.arrears + payer.balance * self.rates[period] * years
        self._call(period, float(due.sum()), due)
        payer.open(period, float(pool.found["interest"][period]), float(pool.found["principal"][period]))
        self.fees[period] = payer.pay_fees(pool.before(period), years)
        self.watch.look(payer, pool, due)
        last = period == self.periods - 1
        if self.watch.effect() == "default":
            self.interest[period], self.principal[period] = payer.pay_all(due, last)
        else:
            self.interest[period] = payer.pay_interest(due)
            payer.refill()
            payer.turn(self.watch.diverted(payer, float(pool.found["collateral"][period])))
            self._principal(period, last)
        self._put(period)
        self.balance[period], self.shortfall[period] = payer.balance, payer.arrears
        self.residual[period] = payer.close(last)
        self.reserve[period], self.account[period] = payer.reserve, payer.account

    def _principal(self, period: int, last: bool) -> None:
        revolving, payer = self.structure.revolving, self.payer
        effect = self.watch.effect()
        if revolving is not None and period < revolving.periods and effect != "accelerate":
            cash, payer.principal_pot = payer.principal_pot, 0.0
            if cash >= revolving.minimum and cash > 0.0:
                self.spent[period] = cash
                self.pool.buy(period, cash, revolving.price)
            else:
                payer.account = cash
            return
        steps = self.structure.steps() if effect is None else (Pay(self.structure.names),)
        self.principal[period] = payer.pay_principal(steps, last)

    def _call(self, period: int, due_total: float, due: np.ndarray) -> None:
        """Sell the pool where the clean-up call is open and repays what it must."""
        call, pool, payer = self.structure.call, self.pool, self.payer
        left = float(pool.found["collateral"][period])
        revolving = self.structure.revolving is not None and period < self.structure.revolving.periods
        if call is None or revolving or left <= 0.0 or left > call.share * pool.opening * (1.0 + 1e-12):
            return
        cash = pool.found["interest"][period] + pool.found["principal"][period] + payer.account + payer.reserve
        owed = payer.notes(call.needs) + sum(float(due[payer.place[name]]) for name in call.needs)
        if cash + left * call.price >= owed * (1.0 - 1e-12):
            pool.call(period, call.price)

    def _put(self, period: int) -> None:
        """Let holders sell what they put to the provider, at par."""
        share = self.held[period - 1].copy() if period else np.ones(len(self.structure.names))
        for put in self.structure.puts:
            place = self.payer.place[put.tranche]
            wanted = float(self.payer.balance[place]) * share[place] * put.share
            if put.period != period + 1 or wanted <= 0.0:
                continue
            got = wanted if put.provider is None else self.backing.put(put.provider, wanted, period)
            self.put[period, place] = got
            share[place] *= 1.0 - put.share * got / wanted
        self.held[period] = share
