"""Parts of a deal beside its tranches: triggers, revolving purchases, reserve, clean-up call, support, puts.

Periods count from 1. What each part does, and in which order, is in ``docs/structures.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from absalloc.cashflow.pool import MAX_TERM, PoolFlows, project_pool
from absalloc.errors import BadInput

MEASURES = (
    "cumulative_default", "cumulative_loss", "oc", "ic", "interest_shortfall", "pool_factor", "period",
)  # fmt: skip
FALLING = ("oc", "ic", "pool_factor")
"""Measures that fire below their limit; the others fire above it, ``period`` at it."""
EFFECTS = ("sequential", "accelerate", "default")
SUPPORT_KINDS = ("guarantee", "shortfall", "liquidity")


def need(condition: bool, part: str, value: object, expected: str, choices: tuple[str, ...] | None = None) -> None:
    """Raise BadInput, naming the part of the deal, where ``condition`` does not hold."""
    if not condition:
        raise BadInput("cashflow.structure", value=value, expected=expected, choices=choices, part=part)


@dataclass(frozen=True)
class Trigger:
    """An event that changes the order of payment when ``measure`` passes ``limit``; exactly at it, it does not.

    ``cumulative_default`` and ``cumulative_loss``: to date, over the opening balance and what was bought since;
    ``oc`` and ``ic``: ratio over the tranches ``of``, before payment; ``interest_shortfall``: yuan of interest of the
    tranches ``of`` left unpaid on the last date; ``pool_factor``: collateral over opening; ``period``: fires in it.
    Effects: ``sequential`` pays principal in order of the tranches; ``accelerate`` (加速清偿) also ends the revolving
    period and turns all excess interest to principal; ``default`` (违约) pays all cash tranche by tranche, interest
    then principal. Once fired it stays, unless ``cure``: then it holds only while the measure is past its limit.
    """

    name: str
    measure: str
    limit: float
    effect: str
    of: tuple[str, ...] = ()
    cure: bool = False

    def __post_init__(self) -> None:
        part = f"trigger {self.name}"
        need(self.measure in MEASURES, part, self.measure, ", ".join(MEASURES), MEASURES)
        need(self.effect in EFFECTS, part, self.effect, ", ".join(EFFECTS), EFFECTS)
        need(bool(np.isfinite(self.limit)) and self.limit >= 0, part, self.limit, "limit >= 0")
        shares = ("cumulative_default", "cumulative_loss", "pool_factor")
        need(self.measure not in shares or self.limit <= 1, part, self.limit, "0 - 1 (0.05 is 5 %)")
        wants = self.measure in ("oc", "ic", "interest_shortfall")
        need(bool(self.of) == wants, part, self.of, "tranches in 'of' for oc, ic, interest_shortfall alone")

    def past(self, value: float) -> bool:
        """Return whether ``value`` is past the limit (1e-12 relative, for the last bit of a division)."""
        if self.measure == "period":
            return value >= self.limit
        slack = 1e-12 * max(abs(self.limit), 1.0)
        return value < self.limit - slack if self.measure in FALLING else value > self.limit + slack


@dataclass(frozen=True)
class Assets:
    """What a revolving deal buys: pools of this kind, arguments as ``project_pool``; ``balance`` is what is bought."""

    wac: float
    term: int
    smm: float | None = None
    cpr: float | None = None
    mdr: float | None = None
    cdr: float | None = None
    severity: float = 0.0
    recovery_lag: int = 0
    advance: bool = True
    amortisation: str = "level"
    interest_only: int = 0

    def project(self, balance: float = 1.0) -> PoolFlows:
        """Return the flows of ``balance`` yuan of these assets. Raises BadInput as ``project_pool``."""
        return project_pool(
            balance, self.wac, self.term, smm=self.smm, cpr=self.cpr, mdr=self.mdr, cdr=self.cdr,
            severity=self.severity, recovery_lag=self.recovery_lag, advance=self.advance,
            amortisation=self.amortisation, interest_only=self.interest_only,
        )  # fmt: skip

    def __post_init__(self) -> None:
        self.project()


@dataclass(frozen=True)
class Revolving:
    """循环购买: in the first ``periods`` principal buys ``assets`` at ``price`` a yuan of balance, not notes.

    Cash below ``minimum`` yuan is kept for the next date. An ``accelerate`` or ``default`` trigger ends it.
    """

    periods: int
    assets: Assets
    price: float = 1.0
    minimum: float = 0.0

    def __post_init__(self) -> None:
        need(self.periods in range(1, MAX_TERM + 1), "revolving", self.periods, f"periods 1 - {MAX_TERM}")
        need(0.1 <= self.price <= 2.0, "revolving", self.price, "price 0.1 - 2 (0.95 is 95 %)")
        need(0 <= self.minimum < np.inf, "revolving", self.minimum, "minimum >= 0")


@dataclass(frozen=True)
class Reserve:
    """A reserve account: ``initial`` yuan at closing, kept at ``amount`` yuan plus ``share`` of the tranches' balance.

    It pays fees and interest that collections do not; with ``covers="all"`` also principal that is due, and what is
    left of the notes in the last period. It is filled from interest after the tranches' interest; what is above its
    target goes back to interest, and all of it to the residual once the notes are repaid.
    """

    initial: float = 0.0
    amount: float = 0.0
    share: float = 0.0
    covers: str = "interest"

    def __post_init__(self) -> None:
        amounts = (self.initial, self.amount)
        need(all(0 <= amount < np.inf for amount in amounts), "reserve", amounts, "amounts >= 0")
        need(0 <= self.share <= 1, "reserve", self.share, "0 <= share <= 1 (0.01 is 1 %)")
        need(self.covers in ("interest", "all"), "reserve", self.covers, "interest, all", ("interest", "all"))

    def target(self, notes: float) -> float:
        """Return the balance the account is to hold for ``notes`` yuan outstanding."""
        return self.amount + self.share * notes if notes > 0 else 0.0


@dataclass(frozen=True)
class CleanUpCall:
    """清仓回购: when the collateral is at most ``share`` of opening, the originator buys it at ``price`` a yuan.

    Only in a period in which the cash then at hand repays the tranches ``needs`` with their interest.
    """

    share: float = 0.10
    price: float = 1.0
    needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        need(0 < self.share < 1, "call", self.share, "0 < share < 1 (0.1 is 10 %)")
        need(0 <= self.price <= 1, "call", self.price, "0 <= price <= 1")


@dataclass(frozen=True)
class Support:
    """Support from outside the pool for the tranches ``covers``, called in the order of the structure.

    What each kind pays (strongest first): ``guarantee`` (担保) interest, principal due on a date, and after a
    ``default`` trigger the whole balance; ``shortfall`` (差额支付) interest and principal due on a date; ``liquidity``
    (流动性支持) interest alone, as a loan at ``rate`` that is repaid from interest before principal is.
    Principal is due where a tranche has ``targets`` or at its ``maturity``.

    ``limit``: most yuan outstanding (liquidity) or in all. From period ``defaults`` on the supporter pays ``recovery``
    of what it is asked for: its own default stress. ``behind``: called only for what the named support was asked for
    and did not pay.
    """

    name: str
    kind: str
    covers: tuple[str, ...]
    limit: float = float("inf")
    defaults: int | None = None
    recovery: float = 0.0
    behind: str | None = None
    rate: float = 0.0

    def __post_init__(self) -> None:
        part = f"support {self.name}"
        need(self.kind in SUPPORT_KINDS, part, self.kind, ", ".join(SUPPORT_KINDS), SUPPORT_KINDS)
        need(len(self.covers) > 0, part, "()", "the tranches it covers")
        need(self.limit >= 0, part, self.limit, "limit >= 0")
        need(self.defaults is None or self.defaults >= 1, part, self.defaults, "a period from 1")
        need(0 <= self.recovery <= 1, part, self.recovery, "0 <= recovery <= 1")
        need(0 <= self.rate <= 1, part, self.rate, "0 <= rate <= 1 (0.05 is 5 %)")
        need(self.rate == 0 or self.kind == "liquidity", part, self.rate, "a rate for liquidity support alone")


@dataclass(frozen=True)
class Put:
    """回售: in ``period`` holders of ``share`` of a tranche sell it at par, after that date's payments.

    ``provider``: the support that pays, with its limit and default stress; None takes the money for granted. The
    tranche stays outstanding, held by the provider: see ``Waterfall.holder``.
    """

    tranche: str
    period: int
    share: float = 1.0
    provider: str | None = None

    def __post_init__(self) -> None:
        part = f"put {self.tranche}"
        need(self.period == int(self.period) and self.period >= 1, part, self.period, "a period from 1")
        need(0 < self.share <= 1, part, self.share, "0 < share <= 1")


def support_order(support: tuple[Support, ...]) -> tuple[Support, ...]:
    """Return supports in the order they are called: as listed, each after the one it stands behind.

    Raises BadInput for an unknown name in ``behind`` and for a circle.
    """
    names = {item.name: item for item in support}
    ordered: list[Support] = []
    for item in support:
        chain: list[Support] = []
        step: Support | None = item
        while step is not None and step not in ordered:
            if step in chain:
                path = " > ".join([*(link.name for link in chain), step.name])
                raise BadInput("cashflow.support_circle", value=step.name, path=path)
            chain.append(step)
            need(
                step.behind is None or step.behind in names, f"support {step.name}", step.behind,
                ", ".join(names), tuple(names),
            )  # fmt: skip
            step = None if step.behind is None else names[step.behind]
        ordered += reversed(chain)
    return tuple(ordered)
