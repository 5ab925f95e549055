"""Books that are like each other but for the sector they hold: capacity, common sleeve, equal loss, curve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from absalloc.cashflow import CurveSet
from absalloc.plan.make import PlanSettings, make_plan
from absalloc.plan.result import Plan
from absalloc.plan.tail import TailRule
from absalloc.rows import BookState
from absalloc.stress import Scenario, Stressed, stress_universe
from absalloc.study.key_rates import matched, profile, with_columns
from absalloc.study.sectors import cheaper, gross, only, rewarded, with_bands, with_sleeve, without
from absalloc.terms import LIABILITY_PRODUCTS, SECTORS, UNIT_PRICE_PRODUCTS
from absalloc.units import exact

DURATION_BAND = Fraction(1, 20)
"""Years on either side of the duration, and of each key-rate duration, that all sectors are matched to."""
SLEEVE_SLACK = Fraction(1, 1000)
"""A sleeve is met to one thousandth: lots leave no finer choice."""
BREAK_EVEN_STEPS = 6
BREAK_EVEN_MOST = 0.02
DIGITS = 10
MIX = "mix"
CURVE_STEPS = (0.1, 0.25, 0.5)
"""Points of a curve, closer where it is steep: shares of the loss of the book of most carry, the last; 0 is first."""


@dataclass(frozen=True)
class Common:
    """What the books have in common: ``sleeve`` yuan, duration and key-rate durations in years."""

    sleeve: Fraction
    duration: float | None
    key_rates: Mapping[float, float] | None


@dataclass(frozen=True)
class Alone:
    """A book with one sector (or the mix of them) in the sleeve; ``match``: key_rates, duration or none."""

    plan: Plan = field(repr=False)
    match: str

    @property
    def done(self) -> bool:
        """Whether there is a book."""
        return self.plan.answer.faces is not None


class Books:
    """The books of one mandate; ``step`` is called after each plan."""

    def __init__(
        self, state: BookState, drivers: Mapping[str, Scenario], curves: CurveSet | None, settings: PlanSettings,
        step: Callable[[str], Any],
    ) -> None:  # fmt: skip
        self.state, self.settings, self.step = with_columns(state), settings, step
        tolls = {name: _toll(self.state, driver, curves) for name, driver in drivers.items()}
        worst = np.fmin.reduce([tolls[name] for name in SECTORS])
        kinds = np.asarray(self.state.universe.column("sector"), object)
        self.tolls = tolls | {MIX: np.select([kinds == name for name in SECTORS], [tolls[n] for n in SECTORS], worst)}
        self.mix = self.plan(self.state)

    def plan(self, state: BookState, cap: tuple[str, Fraction] | None = None) -> Plan:
        """Return the best book; ``cap``: whose driver, and the most yuan it may lose under it."""
        chosen = self.settings
        if cap is not None:
            chosen = replace(chosen, tail=self._row(state, *cap))
        found = Plan(make_plan(state, chosen, conflict=False), (), chosen)
        self.step(state.name)
        return found

    def _row(self, state: BookState, whose: str, most: Fraction) -> TailRule:
        """Return the stressed-loss row: a tail of one draw, whose average is the draw itself."""
        share = max(most, Fraction(0)) / base_of(state)
        return TailRule(f"{whose}-stress", "", Fraction(1, 2), share, 0, self.tolls[whose][None, :])

    def capacity(self, sector: str) -> tuple[Fraction | None, str]:
        """Return the most market value of a sector that the rules allow, alone beside what is no ABS, and the status.

        None where no book without the other sectors keeps the rules, or none was found.
        """
        plan = self.plan(rewarded(with_bands(self.state, only(sector)), sector))
        return (None if plan.answer.faces is None else held_in(plan, (sector,))), plan.status

    def common(self, sleeve: Fraction) -> Common:
        """Return what all books are matched to: the sleeve, and the durations of the free mix."""
        faces = self.mix.answer.faces
        rates = None if faces is None else profile(self.state, faces)
        return Common(sleeve, duration_of(self.mix), rates)

    def alone(self, whose: str, like: Common, cap: Fraction | None = None) -> Alone:
        """Return the best book with one sector, or the mix, in the common sleeve.

        Key-rate durations are matched, else the duration, else neither, whatever the overlay can do. With a ``cap`` on
        its stressed loss the sleeve may be smaller, and the loss is no more than the cap. A book without NAV invests
        the sleeve; its funding is charged to what comes out, so that negative carry is shown and not left out.
        """
        named = None if cap is None else (whose, cap)
        if self.state.mandate.amount("nav") is None:
            bands = {} if whose == MIX else only(whose)
            plan = self.plan(gross(with_bands(self.state, bands), like.sleeve), named)
            own = replace(plan.answer, state=replace(plan.answer.state, mandate=self.state.mandate))
            return Alone(Plan(own, plan.notes, plan.settings), "none")
        tried = None
        for match, state in self._matches(whose, like, least=cap is None):
            tried = Alone(self.plan(state, named), match)
            if tried.done:
                break
        assert tried is not None
        return tried

    def _matches(self, whose: str, like: Common, *, least: bool) -> list[tuple[str, BookState]]:
        share = like.sleeve / base_of(self.state)
        band = (share * (1 - SLEEVE_SLACK) if least else None, share)
        bands = {} if whose == MIX else only(whose)
        plain = with_sleeve(with_bands(self.state, bands), band)
        if like.duration is None:
            return [("none", plain)]
        middle = exact(round(like.duration, 6))
        around = (max(middle - DURATION_BAND, Fraction(0)), middle + DURATION_BAND)
        same = with_sleeve(with_bands(self.state, bands, around), band)
        found = [("duration", same), ("none", plain)]
        return (
            found if like.key_rates is None else [("key_rates", matched(same, like.key_rates, DURATION_BAND)), *found]
        )

    def leave_one_out(self, sector: str) -> Fraction | None:
        """Return the carry of the free mix less that of the best book without the sector, in yuan a year."""
        rest, whole = carry(self.plan(with_bands(self.state, without(sector)))), carry(self.mix)
        # The smaller mix is open to the free one too: where it comes out better by the solver's gap, nothing is lost.
        return None if rest is None or whole is None else max(whole - rest, Fraction(0))

    def break_even(self, sector: str) -> float | None:
        """Return the fall of the sector's yields at which it is worth nothing to the mix, to about 3 bp."""
        floor = carry(self.plan(with_bands(self.state, without(sector))))
        tolerance = 2 * exact(self.settings.mip_gap) * abs(floor or Fraction(0))

        def worthless(spread: float) -> bool:
            found = carry(self.plan(cheaper(self.state, sector, spread)))
            return found is not None and floor is not None and found - floor <= tolerance

        if not worthless(BREAK_EVEN_MOST):
            return None
        low, high = 0.0, BREAK_EVEN_MOST
        for _ in range(BREAK_EVEN_STEPS):
            middle = 0.5 * (low + high)
            low, high = (low, middle) if worthless(middle) else (middle, high)
        return round(high, DIGITS)

    def gain(self, plan: Plan, whose: str) -> Fraction:
        """Return the change in value of a plan's book under a driver, yuan; a loss is negative."""
        tolls, state = self.tolls[whose], plan.answer.state
        rows = [(state.index[name], face) for name, face in state.held.items() if name in state.index]
        return sum((face * exact(float(tolls[row])) for row, face in rows if tolls[row] == tolls[row]), Fraction(0))

    def silent(self, plan: Plan, whose: str) -> int:
        """Return how many securities held have no value under a driver, and so stand in no loss."""
        return sum(bool(np.isnan(self.tolls[whose][plan.answer.state.index[name]])) for name in plan.answer.state.held)

    def curve(self, whose: str, like: Common, top: Alone) -> list[tuple[float, Alone]]:
        """Return books of least to most loss with the share of the most that each may take; ``top`` is the last."""
        most = -self.gain(top.plan, whose)
        if most <= 0:
            return [(1.0, top)]
        steps = [(share, self.alone(whose, like, exact(share) * most)) for share in (0.0, *CURVE_STEPS)]
        return [pair for pair in steps if pair[1].done] + [(1.0, top)]


def _toll(state: BookState, driver: Scenario, curves: CurveSet | None) -> np.ndarray:
    """Return the change in value (rows,) under a driver, yuan per yuan of original face; NaN where not known."""
    stressed: Stressed = stress_universe(state.universe, driver, state.as_of, curves=curves)
    products = state.product.astype(str)
    factor = np.where(np.isin(products, UNIT_PRICE_PRODUCTS), 1.0, np.asarray(state.universe.column("factor"), float))
    sign = np.where(np.isin(products, LIABILITY_PRODUCTS), -1.0, 1.0)
    return np.asarray(np.round(sign * factor * stressed.change / 100.0, 12))


def base_of(state: BookState) -> Fraction:
    """Return NAV, or the money invested where the mandate has none: what bp are of."""
    nav, invest = state.mandate.amount("nav"), state.mandate.portfolio.invest
    return Fraction(nav) if nav is not None else Fraction(invest.amount) if invest is not None else Fraction(1)


def carry(plan: Plan) -> Fraction | None:
    """Return the carry of a plan in yuan a year, None where there is none."""
    return None if plan.answer.faces is None else plan.carry.yuan


def held_in(plan: Plan, sectors: tuple[str, ...]) -> Fraction:
    """Return the market value of some sectors in a plan, yuan."""
    return sum((h.market_value for h in plan.holdings if h.sector in sectors and h.market_value), Fraction(0))


def duration_of(plan: Plan) -> float | None:
    """Return the duration of the plan's assets by market value; cash and repo lent count as 0 where it is unknown."""
    if plan.answer.faces is None:
        return None
    total, weight = 0.0, 0.0
    for line in plan.holdings:
        if line.product not in LIABILITY_PRODUCTS and line.market_value:
            total += float(line.market_value) * (line.modified_duration or 0.0)
            weight += float(line.market_value)
    return total / weight if weight else None
