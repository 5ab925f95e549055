"""Urban-investment, credit and enterprise ABS like for like, as ``docs/scenarios.md`` defines it.

Capacity first; then each sector alone in the same sleeve, the smallest of the three capacities, with the duration of
the whole book matched by government and policy bonds and cash; its loss under its own driver; what each sector is worth
to the free mix; the fall of its yield at which it is worth nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import pandas as pd

from absalloc.cashflow import CurveSet
from absalloc.errors import BadInput
from absalloc.plan.make import PlanSettings, make_plan
from absalloc.plan.result import Plan
from absalloc.rows import BookState
from absalloc.stress import Scenario, Stressed, find_scenario, stress_universe
from absalloc.study.sectors import cheaper, gross, only, rewarded, with_bands, without
from absalloc.study.shocked import per_hundred, worth
from absalloc.terms import ABS_PRODUCTS, SECTORS
from absalloc.units import exact

DRIVERS: Mapping[str, str] = {
    "credit": "consumer-arrears-2023",
    "urban_investment": "urban-investment-spread-100",
    "enterprise": "supporter-failure-2021",
}
"""What stresses each sector, unless told otherwise."""
DURATION_BAND = Fraction(1, 20)
"""Years on either side of the duration that all sectors are matched to."""
SLEEVE_SLACK = Fraction(1, 1000)
"""A sleeve is met to one thousandth: lots leave no finer choice."""
BREAK_EVEN_STEPS = 6
BREAK_EVEN_MOST = 0.02
DIGITS = 10


@dataclass(frozen=True)
class SectorView:
    """One sector in one mandate. Money in yuan, rates decimals; None where a plan could not be made.

    ``capacity`` the most the rules let the book hold; ``carry`` yuan a year of the plan with this sector alone in the
    common sleeve, ``on_nav`` of NAV; ``duration`` of that book; ``stressed_loss`` its value change under ``driver``
    (negative is a loss); ``leave_one_out`` carry of the free mix less that without the sector; ``break_even`` the fall
    of the sector's yields at which that value is gone (``None``: beyond 200 bp, or nothing to lose).
    """

    sector: str
    status: str
    capacity: Fraction | None
    carry: Fraction | None
    on_nav: Fraction | None
    duration: float | None
    duration_matched: bool
    driver: str
    stressed_loss: Fraction | None
    leave_one_out: Fraction | None
    break_even: float | None
    plan: Plan | None = field(repr=False)


@dataclass(frozen=True)
class Comparison:
    """The three sectors in one mandate. ``sleeve``: the common size in yuan; ``mix``: the free optimum.

    ``data_dates``: the dates of the universe's data; more than one is a comparison across dates, and is said to be.
    """

    state: BookState = field(repr=False)
    sleeve: Fraction
    duration: float | None
    mix: Plan = field(repr=False)
    sectors: tuple[SectorView, ...]
    notes: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row a sector: figures in yuan and bp of NAV (of the money invested where there is no NAV)."""
        rows = [_row(view, self.base) for view in self.sectors]
        return pd.DataFrame(rows)

    @property
    def base(self) -> Fraction:
        """NAV, or the money invested where the mandate has none: what bp are of."""
        return _base(self.state)

    def to_json(self) -> dict[str, Any]:
        """Return one mandate as plain data: one of those in an ``absalloc.compare/1`` document."""
        table = self.table.astype(object)
        return {
            "mandate": self.state.name,
            "as_of": self.state.as_of.isoformat(),
            "mode": self.state.mandate.mode,
            "sleeve_yuan": round(float(self.sleeve), 2),
            "duration_matched": self.duration,
            "mix": {"status": self.mix.status, "carry_yuan": _yuan(_carry(self.mix)), "weights": _weights(self.mix)},
            "sectors": table.where(table.notna(), None).to_dict("records"),
            "notes": list(self.notes),
        }


def compare(
    states: Sequence[BookState],
    scenarios: Mapping[str, Scenario] | None = None,
    *,
    curves: CurveSet | None = None,
    settings: PlanSettings | None = None,
    break_even: bool = True,
) -> tuple[Comparison, ...]:
    """Return the sectors like for like in each book, one after the other.

    ``states``: as for an empty book, or with what is held. ``scenarios``: the driver of each sector, by default
    ``DRIVERS``. ``break_even`` costs about eight more plans a sector. A sector that the rules keep out has capacity 0
    and leaves the common sleeve.
    Raises BadInput for a driver of an unknown sector.
    """
    drivers = {name: find_scenario(driver) for name, driver in DRIVERS.items()}
    for name, scenario in (scenarios or {}).items():
        if name not in SECTORS:
            raise BadInput("study.sector_unknown", value=name, expected=", ".join(SECTORS), choices=SECTORS)
        drivers[name] = scenario
    return tuple(_Book(state, drivers, curves, settings or PlanSettings()).compare(break_even) for state in states)


@dataclass
class _Book:
    state: BookState
    drivers: Mapping[str, Scenario]
    curves: CurveSet | None
    settings: PlanSettings

    def plan(self, state: BookState) -> Plan:
        return Plan(make_plan(state, self.settings), (), self.settings)

    def compare(self, break_even: bool) -> Comparison:
        mix = self.plan(self.state)
        capacity = {name: self.capacity(name) for name in SECTORS}
        open_ = [size for size in capacity.values() if size is not None and size > 0]
        sleeve = min(open_, default=Fraction(0))
        duration = _duration(mix)
        views = tuple(
            self.view(name, capacity[name], (sleeve, duration), mix, break_even=break_even) for name in SECTORS
        )
        return Comparison(self.state, sleeve, duration, mix, views, _notes(self.state, capacity))

    def capacity(self, sector: str) -> Fraction | None:
        """Return the most market value of a sector that the rules allow, alone beside what is no ABS."""
        plan = self.plan(rewarded(with_bands(self.state, only(sector)), sector))
        return None if plan.answer.faces is None else _held(plan, sector)

    def view(
        self, sector: str, capacity: Fraction | None, common: tuple[Fraction, float | None], mix: Plan, *,
        break_even: bool,
    ) -> SectorView:  # fmt: skip
        driver = self.drivers[sector]
        plan, matched = self.alone(sector, *common) if capacity else (None, False)
        done = plan is not None and plan.answer.faces is not None
        value = self.leave_one_out(self.state, sector, mix)
        return SectorView(
            sector=sector,
            status="no_capacity" if plan is None else plan.status,
            capacity=capacity,
            carry=_carry(plan) if plan is not None else None,
            on_nav=None if plan is None or not done else plan.carry.yuan / _base(self.state),
            duration=_duration(plan) if plan is not None else None,
            duration_matched=matched,
            driver=driver.name,
            stressed_loss=self.loss(plan, driver) if plan is not None and done else None,
            leave_one_out=value,
            break_even=self.break_even(sector) if break_even and value is not None and value > 0 else None,
            plan=plan,
        )

    def alone(self, sector: str, sleeve: Fraction, duration: float | None) -> tuple[Plan, bool]:
        """Return the best book with this sector alone in the common sleeve, and whether its duration is the common one.

        Where the overlay cannot match the duration the book is made without it. A book without NAV invests the sleeve;
        its funding is charged to what comes out, so that a sector of negative carry is shown and not left out.
        """
        if self.state.mandate.amount("nav") is None:
            plan = self.plan(gross(with_bands(self.state, only(sector)), sleeve))
            own = replace(plan.answer, state=replace(plan.answer.state, mandate=self.state.mandate))
            return Plan(own, plan.notes, plan.settings), False
        share = sleeve / _base(self.state)
        bands = only(sector) | {sector: (share * (1 - SLEEVE_SLACK), share)}
        if duration is not None:
            middle = exact(round(duration, 6))
            around = (max(middle - DURATION_BAND, Fraction(0)), middle + DURATION_BAND)
            matched = self.plan(with_bands(self.state, bands, around))
            if matched.answer.faces is not None:
                return matched, True
        return self.plan(with_bands(self.state, bands)), False

    def leave_one_out(self, state: BookState, sector: str, mix: Plan) -> Fraction | None:
        """Return the carry of the free mix less that of the best book without the sector, in yuan a year."""
        rest = _carry(self.plan(with_bands(state, without(sector))))
        whole = _carry(mix)
        # The smaller mix is open to the free one too: where it comes out better by the solver's gap, nothing is lost.
        return None if rest is None or whole is None else max(whole - rest, Fraction(0))

    def break_even(self, sector: str) -> float | None:
        """Return the fall of the sector's yields at which it is worth nothing to the mix, to about 3 bp."""
        floor = _carry(self.plan(with_bands(self.state, without(sector))))
        tolerance = 2 * exact(self.settings.mip_gap) * abs(floor or Fraction(0))

        def worthless(spread: float) -> bool:
            carry = _carry(self.plan(cheaper(self.state, sector, spread)))
            return carry is not None and floor is not None and carry - floor <= tolerance

        if not worthless(BREAK_EVEN_MOST):
            return None
        low, high = 0.0, BREAK_EVEN_MOST
        for _ in range(BREAK_EVEN_STEPS):
            middle = 0.5 * (low + high)
            low, high = (low, middle) if worthless(middle) else (middle, high)
        return round(high, DIGITS)

    def loss(self, plan: Plan, driver: Scenario) -> Fraction:
        """Return the change in value of the plan's book under the driver, in yuan."""
        state = plan.answer.state
        stressed: Stressed = stress_universe(state.universe, driver, state.as_of, curves=self.curves)
        total = Fraction(0)
        for name in state.held:
            scale = per_hundred(state, name)
            if scale is not None:
                row = state.index[name]
                total += scale * (exact(float(stressed.dirty[row])) - exact(float(stressed.base[row])))
        return total


def _base(state: BookState) -> Fraction:
    nav, invest = state.mandate.amount("nav"), state.mandate.portfolio.invest
    return Fraction(nav) if nav is not None else Fraction(invest.amount) if invest is not None else Fraction(1)


def _carry(plan: Plan) -> Fraction | None:
    return None if plan.answer.faces is None else plan.carry.yuan


def _held(plan: Plan, sector: str) -> Fraction:
    return sum((h.market_value for h in plan.holdings if h.sector == sector and h.market_value), Fraction(0))


def _duration(plan: Plan) -> float | None:
    """Return the duration of the plan's assets by market value; cash and repo lent count as 0 where it is unknown."""
    if plan.answer.faces is None:
        return None
    total, weight = 0.0, 0.0
    for line in plan.holdings:
        if line.product != "repo" and line.market_value:
            total += float(line.market_value) * (line.modified_duration or 0.0)
            weight += float(line.market_value)
    return total / weight if weight else None


def _weights(plan: Plan) -> dict[str, float]:
    whole = sum((h.market_value for h in plan.holdings if h.market_value and h.product in ABS_PRODUCTS), Fraction(0))
    if not whole:
        return {}
    return {sector: round(float(_held(plan, sector) / whole), DIGITS) for sector in SECTORS}


def _yuan(value: Fraction | None) -> float | None:
    return None if value is None else round(float(value), 2)


def _row(view: SectorView, base: Fraction) -> dict[str, Any]:
    def bp(value: Fraction | None) -> float | None:
        return None if value is None else round(float(value / base) * 1e4, 6)

    return {
        "sector": view.sector, "status": view.status, "capacity_yuan": _yuan(view.capacity),
        "carry_yuan": _yuan(view.carry), "carry_bp": bp(view.carry), "duration": view.duration,
        "duration_matched": view.duration_matched, "driver": view.driver,
        "stressed_loss_yuan": _yuan(view.stressed_loss), "stressed_loss_bp": bp(view.stressed_loss),
        "leave_one_out_yuan": _yuan(view.leave_one_out), "leave_one_out_bp": bp(view.leave_one_out),
        "break_even_bp": None if view.break_even is None else round(view.break_even * 1e4, 4),
    }  # fmt: skip


def _notes(state: BookState, capacity: Mapping[str, Fraction | None]) -> tuple[str, ...]:
    """Return codes of what a reader must know, each ``study.compare_<code>``."""
    found = [f"no_capacity:{name}" for name, size in capacity.items() if not size]
    data = state.universe.data_date
    if data is not None and data != state.as_of:
        found.append(f"data_date:{data.isoformat()}")
    if len({source.file for source in state.universe.provenance}) > 1:
        found.append("several_files")
    unknown = [name for name, value in worth(state, state.universe, state.held).items() if value is None]
    if unknown:
        found.append(f"unknown_value:{len(unknown)}")
    return tuple(found)
