"""What a comparison of the sectors hands back, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pandas as pd

from absalloc.plan.result import Plan
from absalloc.rows import BookState
from absalloc.stress import Scenario
from absalloc.study.costs import NetCarry
from absalloc.study.like import MIX, base_of, carry, held_in
from absalloc.terms import ABS_PRODUCTS, SECTORS

DIGITS = 10


@dataclass(frozen=True)
class Point:
    """A book on a curve: ``cap`` on its stressed loss as a share of that of most carry; yuan, losses negative."""

    cap: float
    stressed: Fraction
    carry: Fraction
    net: NetCarry = field(repr=False)
    sleeve: Fraction
    match: str
    status: str


@dataclass(frozen=True)
class SectorView:
    """One sector in one mandate. Money in yuan, rates decimals; None where a plan could not be made.

    ``capacity`` the most the rules let the book hold; ``carry`` yuan a year of the plan with this sector alone in the
    common sleeve; ``net`` the same after costs; ``duration`` of that book, ``match`` how far it is the common one
    (key_rates, duration, none); ``stressed_loss`` its value change under ``driver`` (negative is a loss); ``equal``
    the best book whose loss is no more than the common one; ``leave_one_out`` carry of the free mix less that without
    the sector; ``break_even`` the fall of the sector's yields at which that value is gone (``None``: beyond 200 bp, or
    nothing to lose); ``curve`` where asked for.
    """

    sector: str
    status: str
    capacity: Fraction | None
    carry: Fraction | None
    net: NetCarry | None
    duration: float | None
    key_rates: Mapping[float, float] | None
    match: str
    driver: Scenario = field(repr=False)
    stressed_loss: Fraction | None
    equal: Point | None
    leave_one_out: Fraction | None
    break_even: float | None
    curve: tuple[Point, ...]
    plan: Plan | None = field(repr=False)

    @property
    def duration_matched(self) -> bool:
        """Whether the duration of the book is the common one, within the band."""
        return self.match != "none"


@dataclass(frozen=True)
class Comparison:
    """The three sectors in one mandate.

    ``counted``: the costs that carry after costs is net of, those known for every sector; ``sleeve``: the common size
    in yuan; ``equal_loss``: the common stressed loss in yuan, the smallest of the three,
    None where no sector has a book; ``mix``: the free optimum; ``mix_like``: the best mix in the common sleeve, and
    ``mix_curve`` its curve under all drivers at once. ``notes``: codes of what a reader must know.
    """

    state: BookState = field(repr=False)
    severity: float
    counted: tuple[str, ...]
    sleeve: Fraction
    duration: float | None
    key_rates: Mapping[float, float] | None
    equal_loss: Fraction | None
    mix: Plan = field(repr=False)
    mix_like: Point | None
    mix_curve: tuple[Point, ...]
    sectors: tuple[SectorView, ...]
    notes: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row a sector: figures in yuan and bp of NAV (of the money invested where there is no NAV)."""
        return pd.DataFrame([_row(view, self.base, self.counted) for view in self.sectors])

    @property
    def base(self) -> Fraction:
        """NAV, or the money invested where the mandate has none: what bp are of."""
        return base_of(self.state)

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return one mandate as plain data: one of those in an ``absalloc.compare/1`` document, but for its notes."""
        views = [(MIX, self.mix_curve), *((view.sector, view.curve) for view in self.sectors)]
        return {
            "mandate": self.state.name,
            "as_of": self.state.as_of.isoformat(),
            "mode": self.state.mandate.mode,
            "base_yuan": _yuan(self.base),
            "severity": self.severity,
            "costs_counted": list(self.counted),
            "sleeve_yuan": _yuan(self.sleeve),
            "duration_matched": self.duration,
            "key_rate_durations": _rates(self.key_rates),
            "equal_loss_yuan": _yuan(self.equal_loss),
            "mix": {"status": self.mix.status, "carry_yuan": _yuan(carry(self.mix)), "weights": _weights(self.mix)},
            "mix_in_sleeve": None if self.mix_like is None else _point(self.mix_like, self),
            "sectors": [_row(view, self.base, self.counted) | _more(view, self, lang) for view in self.sectors],
            "curves": [
                {"book": name, "points": [_point(point, self) for point in curve]} for name, curve in views if curve
            ],
            "notes": list(self.notes),
        }


def _weights(plan: Plan) -> dict[str, float]:
    whole = sum((h.market_value for h in plan.holdings if h.market_value and h.product in ABS_PRODUCTS), Fraction(0))
    if not whole:
        return {}
    return {sector: round(float(held_in(plan, (sector,)) / whole), DIGITS) for sector in SECTORS}


def _yuan(value: Fraction | None) -> float | None:
    return None if value is None else round(float(value), 2)


def _rates(rates: Mapping[float, float] | None) -> dict[str, float] | None:
    return None if rates is None else {f"{node:g}": round(value, 6) for node, value in rates.items()}


def _bp(value: Fraction | None, base: Fraction) -> float | None:
    return None if value is None else round(float(value / base) * 1e4, 6)


def _point(point: Point, of: Comparison) -> dict[str, Any]:
    base = of.base
    return {
        "cap": round(point.cap, DIGITS), "stressed_loss_yuan": _yuan(point.stressed), "carry_yuan": _yuan(point.carry),
        "stressed_loss_bp": _bp(point.stressed, base), "carry_bp": _bp(point.carry, base),
        "net_carry_yuan": _yuan(point.net.after(of.counted)), "sleeve_yuan": _yuan(point.sleeve), "match": point.match,
        "status": point.status,
    }  # fmt: skip


def _row(view: SectorView, base: Fraction, counted: tuple[str, ...]) -> dict[str, Any]:
    """Return the flat figures of a sector; the keys of one row of ``Comparison.table``."""
    net, equal = None if view.net is None else view.net.after(counted), view.equal
    return {
        "sector": view.sector, "status": view.status, "capacity_yuan": _yuan(view.capacity),
        "carry_yuan": _yuan(view.carry), "carry_bp": _bp(view.carry, base), "net_carry_yuan": _yuan(net),
        "net_carry_bp": _bp(net, base), "duration": view.duration, "duration_matched": view.duration_matched,
        "match": view.match, "driver": view.driver.name, "stressed_loss_yuan": _yuan(view.stressed_loss),
        "stressed_loss_bp": _bp(view.stressed_loss, base),
        "equal_loss_carry_yuan": None if equal is None else _yuan(equal.carry),
        "equal_loss_carry_bp": None if equal is None else _bp(equal.carry, base),
        "leave_one_out_yuan": _yuan(view.leave_one_out), "leave_one_out_bp": _bp(view.leave_one_out, base),
        "break_even_bp": None if view.break_even is None else round(view.break_even * 1e4, 4),
    }  # fmt: skip


def _more(view: SectorView, of: Comparison, lang: str) -> dict[str, Any]:
    """Return what of a sector is no single figure."""
    costs = None if view.net is None else {name: _yuan(value) for name, value in view.net.costs.items()}
    return {
        "key_rate_durations": _rates(view.key_rates),
        "costs": costs,
        "driver_title": getattr(view.driver.title, lang),
        "driver_sources": [source.model_dump() for source in view.driver.sources],
        "equal_loss": None if view.equal is None else _point(view.equal, of),
    }
