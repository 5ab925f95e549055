"""Urban-investment, credit and enterprise ABS like for like, as ``docs/compare.md`` defines it.

Capacity first; then each sector alone in the same sleeve, the smallest of the three capacities, with the duration of
the whole book matched by government and policy bonds and cash; its loss under its own driver at the same severity; its
carry after costs, and at equal stressed loss; what each sector is worth to the free mix; the fall of its yield at which
it is worth nothing; carry against stressed loss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from absalloc.cashflow import CurveSet
from absalloc.errors import BadInput
from absalloc.plan.make import PlanSettings
from absalloc.rows import BookState
from absalloc.stress import Scenario
from absalloc.study.comparison import Comparison, Point, SectorView
from absalloc.study.costs import COSTS, counted_in_all, net_carry
from absalloc.study.key_rates import profile
from absalloc.study.like import MIX, Alone, Books, Common, duration_of, held_in
from absalloc.study.severity import scaled, sector_driver
from absalloc.study.shocked import worth
from absalloc.terms import SECTORS

__all__ = ["Comparison", "Point", "SectorView", "compare"]


def compare(
    states: Sequence[BookState],
    scenarios: Mapping[str, Scenario] | None = None,
    *,
    severity: float = 1.0,
    curves: CurveSet | None = None,
    settings: PlanSettings | None = None,
    break_even: bool = True,
    curve: bool = False,
    step: Callable[[str], Any] = lambda done: None,
) -> tuple[Comparison, ...]:
    """Return the sectors like for like in each book, one after the other.

    ``states``: as for an empty book, or with what is held. ``scenarios``: the driver of each sector, by default
    ``study.severity.sector_driver``; ``severity`` multiplies all of them. ``break_even`` costs about eight more plans
    a sector, ``curve`` about four, and four for the mix; ``step`` is called after each plan. A sector that the rules
    keep out has capacity 0 and leaves the common sleeve.
    Raises BadInput for a driver of an unknown sector, and for a severity outside 0.1 to 5.
    """
    drivers = {name: sector_driver(name, severity) for name in SECTORS}
    for name, scenario in (scenarios or {}).items():
        if name not in SECTORS:
            raise BadInput("study.sector_unknown", value=name, expected=", ".join(SECTORS), choices=SECTORS)
        drivers[name] = scaled(scenario, severity)
    return tuple(
        _Compared(
            Books(state, drivers, curves, settings or PlanSettings(), step), drivers, severity, break_even, curve
        ).found()
        for state in states
    )


@dataclass
class _Compared:
    books: Books
    drivers: Mapping[str, Scenario]
    severity: float
    break_even: bool
    curve: bool

    def found(self) -> Comparison:
        books = self.books
        probes = {name: books.capacity(name) for name in SECTORS}
        capacity = {name: size for name, (size, _) in probes.items()}
        sleeve = min([size for size in capacity.values() if size is not None and size > 0], default=Fraction(0))
        like = books.common(sleeve)
        alone = {name: books.alone(name, like) for name in SECTORS if capacity[name] and sleeve}
        losses = [-books.gain(item.plan, name) for name, item in alone.items() if item.done]
        common = max(min(losses), Fraction(0)) if losses else None
        views = tuple(self.view(name, probes[name], alone.get(name), (like, common)) for name in SECTORS)
        mixed = books.alone(MIX, like) if sleeve else None
        together = None if mixed is None or not mixed.done else mixed
        counted = counted_in_all([view.net for view in views if view.net is not None])
        return Comparison(
            state=books.state, severity=self.severity, counted=counted, sleeve=sleeve,
            duration=like.duration, key_rates=like.key_rates,
            equal_loss=common, mix=books.mix, mix_like=None if together is None else self.point(1.0, MIX, together),
            mix_curve=self.points(MIX, like, together), sectors=views,
            notes=self.notes(views, counted),
        )  # fmt: skip

    def view(
        self,
        sector: str,
        probe: tuple[Fraction | None, str],
        alone: Alone | None,
        common: tuple[Common, Fraction | None],
    ) -> SectorView:
        (capacity, status), (like, loss) = probe, common
        status = status if capacity is None else "no_capacity" if alone is None else alone.plan.status
        done = alone if alone is not None and alone.done else None
        plan = None if alone is None else alone.plan
        value = self.books.leave_one_out(sector)
        seek = self.break_even and value is not None and value > 0
        return SectorView(
            sector=sector, status=status, capacity=capacity,
            carry=None if done is None else done.plan.carry.yuan,
            net=None if done is None else net_carry(done.plan.answer.state),
            duration=None if done is None else duration_of(done.plan),
            key_rates=None if done is None else profile(self.books.state, done.plan.answer.state.held),
            match="none" if done is None else done.match, driver=self.drivers[sector],
            stressed_loss=None if done is None else self.books.gain(done.plan, sector),
            equal=None if done is None or loss is None else self.equal(sector, like, (done, loss)),
            leave_one_out=value, break_even=self.books.break_even(sector) if seek else None,
            curve=self.points(sector, like, done), plan=plan,
        )  # fmt: skip

    def equal(self, sector: str, like: Common, which: tuple[Alone, Fraction]) -> Point | None:
        """Return the best book of a sector that loses no more than the common loss; its own where it already does."""
        own, loss = which
        if -self.books.gain(own.plan, sector) <= loss:
            return self.point(1.0, sector, own)
        found = self.books.alone(sector, like, loss)
        return self.point(float(loss / -self.books.gain(own.plan, sector)), sector, found) if found.done else None

    def points(self, whose: str, like: Common, top: Alone | None) -> tuple[Point, ...]:
        if top is None or not self.curve:
            return ()
        return tuple(self.point(share, whose, item) for share, item in self.books.curve(whose, like, top))

    def point(self, cap: float, whose: str, item: Alone) -> Point:
        plan = item.plan
        sectors = SECTORS if whose == MIX else (whose,)
        net = net_carry(plan.answer.state)
        return Point(
            cap, self.books.gain(plan, whose), plan.carry.yuan, net, held_in(plan, sectors), item.match, plan.status
        )  # fmt: skip

    def notes(self, views: Sequence[SectorView], counted: tuple[str, ...]) -> tuple[str, ...]:
        """Return codes of what a reader must know, each ``study.compare_<code>``."""
        state = self.books.state
        found = [f"no_capacity:{view.sector}" for view in views if view.capacity == 0]
        data = state.universe.data_date
        if data is not None and data != state.as_of:
            found.append(f"data_date:{data.isoformat()}")
        files = dict.fromkeys(Path(source.file).name for source in state.universe.provenance)
        if len(files) > 1:
            found.append(f"several_files:{', '.join(files)}")
        unknown = [name for name, value in worth(state, state.universe, state.held).items() if value is None]
        if unknown:
            found.append(f"unknown_value:{len(unknown)}")
        found += [f"no_equal:{view.sector}" for view in views if view.carry is not None and view.equal is None]
        found += [f"not_struck:{view.sector}" for view in views if view.stressed_loss == 0]
        done = any(view.net is not None for view in views)
        silent = sum(
            self.books.silent(view.plan, view.sector) for view in views if view.carry is not None and view.plan
        )
        if silent:
            found.append(f"silent:{silent}")
        return (*found, *(f"cost_missing:{name}" for name in COSTS if done and name not in counted))
