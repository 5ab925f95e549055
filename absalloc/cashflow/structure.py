"""What a deal pays to whom: tranches, fees, the order of principal, tests, payment dates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

import numpy as np

from absalloc.cashflow.daycount import CONVENTIONS, year_fraction
from absalloc.cashflow.features import (
    CleanUpCall,
    Put,
    Reserve,
    Revolving,
    Support,
    Trigger,
    need,
    support_order,
)


@dataclass(frozen=True)
class Tranche:
    """A tranche of ``size`` yuan.

    ``targets``: balance to pay down to by each period, for steps that pay ``to="target"``; after the last entry
    the last one holds (a planned-amortisation or scheduled tranche). ``cap``: most principal in a period, one
    number for every period, or one a period and none after the last. ``maturity``: the period (from 1) in which all
    of it is due. ``rate``: annual decimal where the run gets none; ``resets`` (票面调整): (period, rate) from which
    another one holds.
    """

    name: str
    size: float
    targets: tuple[float, ...] | None = None
    cap: float | tuple[float, ...] | None = None
    maturity: int | None = None
    rate: float | None = None
    resets: tuple[tuple[int, float], ...] = ()

    def __post_init__(self) -> None:
        part = f"tranche {self.name}"
        need(bool(np.isfinite(self.size)) and self.size >= 0, part, self.size, "size >= 0")
        if self.targets is not None:
            need(
                len(self.targets) > 0 and all(amount >= 0 for amount in self.targets),
                part,
                self.targets,
                "targets >= 0",
            )
        caps = self.cap if isinstance(self.cap, tuple) else () if self.cap is None else (self.cap,)
        need(all(amount >= 0 for amount in caps), part, self.cap, "cap >= 0")
        need(self.maturity is None or self.maturity >= 1, part, self.maturity, "maturity in a period from 1")
        given = (*(() if self.rate is None else (self.rate,)), *(rate for _, rate in self.resets))
        need(all(0 <= rate <= 1 for rate in given), part, given, "0 <= rate <= 1 (0.03 is 3 %)")
        starts = [period for period, _ in self.resets]
        need(
            starts == sorted(set(starts)) and min(starts, default=1) >= 1, part, starts, "resets in increasing periods"
        )
        need(not self.resets or self.rate is not None, part, self.rate, "a rate where there are resets")

    def floor(self, period: int) -> float:
        """Return the balance that ``period`` (from 0) pays down to, for steps that pay to target."""
        return 0.0 if self.targets is None else self.targets[min(period, len(self.targets) - 1)]

    def due(self, period: int, balance: float) -> float:
        """Return the principal that is due in ``period`` (from 0) of ``balance``: to the target, all at maturity."""
        if self.maturity is not None and period + 1 >= self.maturity:
            return balance
        return max(balance - self.floor(period), 0.0) if self.targets is not None else 0.0

    def rates(self, periods: int) -> np.ndarray:
        """Return its own annual rate by period. Raises BadInput where it has none."""
        need(self.rate is not None, f"tranche {self.name}", None, "a rate, 0 for none")
        run = np.full(periods, float(self.rate or 0.0))
        for start, rate in self.resets:
            run[start - 1 :] = rate
        return run

    def limit(self, period: int) -> float:
        """Return the most principal of ``period`` (from 0)."""
        if isinstance(self.cap, tuple):
            return self.cap[period] if period < len(self.cap) else float("inf")
        return float("inf") if self.cap is None else self.cap


@dataclass(frozen=True)
class Fee:
    """A fee paid before the tranches: ``amount`` yuan a period plus annual ``rate`` on the opening collateral."""

    name: str
    amount: float = 0.0
    rate: float = 0.0

    def __post_init__(self) -> None:
        need(
            0 <= self.amount < np.inf and 0 <= self.rate <= 1,
            f"fee {self.name}",
            (self.amount, self.rate),
            "amount >= 0, 0 <= rate <= 1",
        )

    def due(self, collateral: float, years: float) -> float:
        """Return the fee of a period of ``years`` on ``collateral``."""
        return self.amount + self.rate * collateral * years


@dataclass(frozen=True)
class Pay:
    """A step of the principal waterfall: pay ``tranches`` in order, or pro rata by balance, to zero or target."""

    tranches: tuple[str, ...]
    how: str = "sequential"
    to: str = "zero"

    def __post_init__(self) -> None:
        need(
            self.how in ("sequential", "pro_rata"), "pay", self.how, "sequential, pro_rata", ("sequential", "pro_rata")
        )
        need(self.to in ("zero", "target"), "pay", self.to, "zero, target", ("zero", "target"))


@dataclass(frozen=True)
class CoverageTest:
    """An ``oc`` or ``ic`` test over ``tranches``; failing turns excess interest to principal."""

    name: str
    kind: str
    tranches: tuple[str, ...]
    trigger: float

    def __post_init__(self) -> None:
        need(self.kind in ("oc", "ic"), f"test {self.name}", self.kind, "oc, ic", ("oc", "ic"))
        need(self.trigger > 0, f"test {self.name}", self.trigger, "trigger > 0")


@dataclass(frozen=True)
class Structure:
    """A deal's waterfall.

    ``tranches`` in order of interest. ``principal``: steps in order (default: all tranches in sequence).
    ``cash``: ``separate`` pays fees and interest from interest and principal from principal; ``combined``
    pools both, fees and interest first, principal from what is left. ``excess``: interest left over is
    ``release``d (to the residual) or ``turbo`` (to principal). ``surplus``: principal that no step takes is
    ``release``d, or kept (``hold``) on the deal's account for the next date. ``principal_covers`` lets principal pay
    unpaid fees and interest (separate cash). ``interest``: ``sequential`` or ``pro_rata`` by interest due. Unpaid
    fees and interest are carried, without interest on them. ``triggers``, ``revolving``, ``reserve``, ``call``,
    ``support`` and ``puts``: see ``features``.

    Periods: ``months`` of pool flows each, interest for months / 12 years; or dated: ``dates`` with
    ``closing`` as start of accrual, ``day_count``, and ``collections`` pool months gathered before each date
    (default one each); pool cash after the last date is not distributed.
    """

    tranches: tuple[Tranche, ...]
    fees: tuple[Fee, ...] = ()
    principal: tuple[Pay, ...] = ()
    cash: str = "separate"
    excess: str = "release"
    principal_covers: bool = False
    interest: str = "sequential"
    tests: tuple[CoverageTest, ...] = ()
    months: int = 1
    dates: tuple[date, ...] = ()
    closing: date | None = None
    day_count: str = "ACT/365F"
    collections: tuple[int, ...] = field(default=())
    surplus: str = "release"
    triggers: tuple[Trigger, ...] = ()
    revolving: Revolving | None = None
    reserve: Reserve | None = None
    call: CleanUpCall | None = None
    support: tuple[Support, ...] = ()
    puts: tuple[Put, ...] = ()

    def __post_init__(self) -> None:
        names = self.names
        need(len(names) > 0, "tranches", "()", "at least one tranche")
        for part, listed in (
            ("tranches", names),
            ("fees", tuple(fee.name for fee in self.fees)),
            ("tests", tuple(test.name for test in self.tests)),
            ("triggers", tuple(trigger.name for trigger in self.triggers)),
            ("support", tuple(item.name for item in self.support)),
            ("puts", tuple(f"{put.tranche} {put.period}" for put in self.puts)),
        ):
            need(len(set(listed)) == len(listed), part, ", ".join(listed), "different names")
        for name, value, choices in (
            ("cash", self.cash, ("separate", "combined")), ("excess", self.excess, ("release", "turbo")),
            ("interest", self.interest, ("sequential", "pro_rata")), ("day_count", self.day_count, CONVENTIONS),
            ("surplus", self.surplus, ("release", "hold")),
        ):  # fmt: skip
            need(value in choices, name, value, ", ".join(choices), choices)
        self._check_names()
        need(isinstance(self.months, int) and 1 <= self.months <= 120, "months", self.months, "1, 3, 6, 12")
        self._check_dates()

    def _check_names(self) -> None:
        """Refuse tranches and supports that the deal does not have, and supports that stand behind each other."""
        named = [("pay", step.tranches) for step in self.principal]
        named += [("coveragetest", test.tranches) for test in self.tests]
        named += [(f"trigger {trigger.name}", trigger.of) for trigger in self.triggers]
        named += [(f"support {item.name}", item.covers) for item in self.support]
        named += [("puts", (put.tranche,)) for put in self.puts]
        named += [("call", self.call.needs)] if self.call is not None else []
        for part, wanted in named:
            for name in wanted:
                need(name in self.names, part, name, ", ".join(self.names), self.names)
        providers = tuple(item.name for item in self.support)
        for put in self.puts:
            need(
                put.provider is None or put.provider in providers, "puts", put.provider, ", ".join(providers), providers
            )
        support_order(self.support)

    def _check_dates(self) -> None:
        if not self.dates:
            need(
                self.closing is None and not self.collections,
                "dates",
                "()",
                "dates where closing or collections are given",
            )
            return
        need(self.closing is not None, "closing", None, "the date interest starts to accrue")
        run = (self.closing, *self.dates)
        need(
            all(a < b for a, b in pairwise(run) if a is not None and b is not None),
            "dates",
            self.dates,
            "increasing dates after closing",
        )
        need(
            len(self.collections) in (0, len(self.dates)) and min(self.collections, default=0) >= 0,
            "collections",
            self.collections,
            "one count a date",
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tranches in order."""
        return tuple(tranche.name for tranche in self.tranches)

    def steps(self) -> tuple[Pay, ...]:
        """Return the principal steps: as given, or all tranches in sequence."""
        return self.principal or (Pay(self.names),)

    def periods(self, term: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (first pool month of each period and the end, years of each period) for ``term`` pool months.

        Raises BadInput where ``collections`` take more months than the pool has.
        """
        if not self.dates:
            edges = np.append(np.arange(0, term, self.months), term)
            return edges, np.full(edges.size - 1, self.months / 12.0)
        edges = np.concatenate(([0], np.cumsum(self.collections or (1,) * len(self.dates))))
        need(int(edges[-1]) <= term, "collections", int(edges[-1]), f"at most {term} pool months")
        days = np.array([self.closing, *self.dates], "datetime64[D]")
        return edges, year_fraction(days[:-1], days[1:], self.day_count)
