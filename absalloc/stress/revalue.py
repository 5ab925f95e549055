"""The stress stage: every line revalued through its cash flows under a scenario.

A line's own yield is the one at which its base flows are worth its base price. Moves of yields and spreads are read
at its average life and added to that yield; where the life changes, the yield follows the benchmark curve, if one is
given, to the new life. Nothing is approximated by a duration.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from absalloc.cashflow.arrays import rounded
from absalloc.cashflow.curves import Curve, CurveSet
from absalloc.cashflow.facts import Facts, Notes, line_facts
from absalloc.cashflow.schedules import Flows, build_flows
from absalloc.cashflow.settings import ValuationSettings
from absalloc.cashflow.yields import annual, compounding, continuous, modified_duration, present_value, solve_rate
from absalloc.errors import BadInput
from absalloc.stress.custom import Own, own_shocks
from absalloc.stress.filling import fill_stressed
from absalloc.stress.load import Scenario
from absalloc.stress.losses import loss_shares, with_arrears, with_losses
from absalloc.stress.marks import with_marks
from absalloc.stress.result import PRICE_PARTS, Stressed
from absalloc.stress.shocks import choose_lines, idle_shocks, with_lives, with_speeds
from absalloc.universe.model import Universe

PRICE_DIGITS = 8
GOVERNMENT = "government"


@dataclass(frozen=True)
class Line:
    """The base of every line: dirty price, flows, the continuous rate that ties them, the yield, the life."""

    dirty: np.ndarray
    flows: Flows
    rate: np.ndarray
    yield_: np.ndarray
    wal: np.ndarray


def stress_universe(
    universe: Universe,
    scenario: Scenario,
    as_of: date,
    *,
    curves: CurveSet | None = None,
    settings: ValuationSettings | None = None,
) -> Stressed:
    """Return a valued universe under a scenario; the lines stay the same, their numbers move.

    ``curves``: as they stood on ``as_of``; needed for a yield floor, and for yields to follow a change of life.
    ``settings``: those the universe was valued with. A line without flows or without a price keeps its price,
    noted. Raises BadInput for a universe that was not valued and a floor without a curve.
    """
    if "dirty_price" not in universe.table.columns:
        raise BadInput("stress.not_valued", value="dirty_price")
    chosen, notes = settings or ValuationSettings(), Notes(len(universe.table))
    facts = line_facts(universe, as_of, chosen, Notes(len(universe.table)))
    base = base_lines(universe, facts, chosen)
    notes.add(~facts.unit & ~np.isfinite(base.rate), "not_revalued")
    if scenario.yields:
        floating = np.asarray(universe.column("rate_type"), object) == "floating"
        notes.add(floating & facts.schedulable, "floating_held")
    own = own_shocks(universe, scenario)
    other = with_lives(own.speeds(with_speeds(facts, universe, scenario, notes), notes), universe, scenario, notes)
    changed = build_flows(other, chosen.tables)
    wal = _stressed_life(base, changed)
    spared = with_losses(changed, own.losses(loss_shares(universe, other, scenario, notes), other, notes))
    final = with_arrears(spared, universe, other, scenario, notes)
    moves = _Moves(universe, scenario, curves, chosen, notes, own)
    yields = [
        (base.flows, base.yield_ + moves.rate(base.wal)),
        (base.flows, base.yield_ + moves.rate(base.wal) + moves.spread(base.wal)),
        (changed, base.yield_ + moves.rate(wal) + moves.spread(wal) + moves.roll(base.wal, wal)),
    ]
    yields.append((final, yields[2][1]))
    prices, rate = _walk(base, yields, chosen, notes)
    carry = _carry(universe, scenario, final, rate, prices[-1], notes)
    parts = {name: rounded(prices[i + 1] - prices[i], PRICE_DIGITS) for i, name in enumerate(PRICE_PARTS)}
    marked = with_marks(universe, scenario, facts.as_of, notes)
    stressed = fill_stressed(
        marked,
        (facts, other),
        {
            "dirty": prices[-1],
            "shift": yields[-1][1] - base.yield_,
            "spread": moves.spread(wal),
            "wal": _stressed_life(base, final),
            "duration": _durations(universe, base, final, rate, chosen),
        },
        chosen,
        notes.freeze(),
    )
    return Stressed(
        scenario, as_of, stressed, base.dirty, prices[-1], parts | {"carry": carry}, final, other, rate, notes.freeze(),
        idle_shocks(universe, scenario),
    )  # fmt: skip


def base_lines(universe: Universe, facts: Facts, settings: ValuationSettings) -> Line:
    """Return the base of every line, from the columns of a valued universe."""
    flows = build_flows(facts, settings.tables)
    dirty = np.asarray(universe.column("dirty_price"), float)
    rate = solve_rate(flows, np.where(facts.unit, np.nan, dirty))
    yield_ = annual(flows, rate, compounding(flows, settings.compounding))
    return Line(dirty, flows, rate, yield_, np.asarray(universe.column("wal"), float))


def _stressed_life(base: Line, changed: Flows) -> np.ndarray:
    """Return lives under the changed flows: the base life times the ratio of the computed ones."""
    before, after = base.flows.average_life(), changed.average_life()
    ratio = np.divide(after, before, out=np.ones(before.size), where=(before > 0) & np.isfinite(after))
    return rounded(np.where(ratio == 1.0, base.wal, base.wal * ratio), PRICE_DIGITS)


class _Moves:
    """Moves of yields by life, as the scenario says."""

    def __init__(
        self, universe: Universe, scenario: Scenario, curves: CurveSet | None, settings: ValuationSettings,
        notes: Notes, own: Own,
    ) -> None:  # fmt: skip
        self.own = own
        self.scenario, self.notes, self.size = scenario, notes, len(universe.table)
        self.benchmark = None if curves is None else curves[settings.benchmark]
        self.floor_curve = _floor_curve(scenario, curves, settings)
        self.spreads = [(move, choose_lines(universe, move.where, notes, "spreads")) for move in scenario.spreads]

    def rate(self, wal: np.ndarray) -> np.ndarray:
        """Return the move of yields at each life; the floor holds back a fall of the government curve."""
        life = np.nan_to_num(wal)
        total = self.own.yield_move
        for move in self.scenario.yields:
            total = total + move.at(life)
        if self.floor_curve is None or self.scenario.floor is None:
            return total
        level = self.floor_curve.at(life)
        least = np.minimum(level, self.scenario.floor)
        return np.where(level + total < least, least - level, total)

    def spread(self, wal: np.ndarray) -> np.ndarray:
        """Return the move of spreads at each life."""
        life = np.nan_to_num(wal)
        total = self.own.spread_move
        for move, hit in self.spreads:
            total = total + np.where(hit, move.at(life), 0.0)
        return total

    def roll(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Return how far the benchmark curve differs between two lives; 0 without a curve, noted."""
        moved = np.isfinite(before) & np.isfinite(after) & (before != after)
        if self.benchmark is None:
            self.notes.add(moved, "no_roll")
            return np.zeros(self.size)
        return np.where(
            moved, self.benchmark.at(np.where(moved, after, 1.0)) - self.benchmark.at(np.where(moved, before, 1.0)), 0.0
        )


def _floor_curve(scenario: Scenario, curves: CurveSet | None, settings: ValuationSettings) -> Curve | None:
    if scenario.floor is None:
        return None
    if curves is None:
        raise BadInput("stress.floor_needs_curve", value=scenario.name)
    return curves[GOVERNMENT] if GOVERNMENT in curves else curves[settings.benchmark]


def _walk(
    base: Line, steps: list[tuple[Flows, np.ndarray]], settings: ValuationSettings, notes: Notes
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the price after each step, the base first, and the last continuous rate.

    A line that cannot be revalued at a step keeps the price before it, noted. A line whose flows and yield a step
    leaves alone keeps its price to the last digit.
    """
    prices, rate = [base.dirty], base.rate
    flows, yield_ = base.flows, base.yield_
    for following, target in steps:
        same = _unchanged(flows, following) & (np.nan_to_num(target) == np.nan_to_num(yield_))
        # What defaults make of the last payments must not change how a yield compounds.
        periods = compounding(following, settings.compounding)
        moved = np.where(same, rate, continuous(following, target, periods))
        worth = rounded(present_value(following, moved), PRICE_DIGITS)
        usable = np.isfinite(base.rate) & np.isfinite(worth) & ~same
        notes.add(np.isfinite(base.rate) & ~np.isfinite(worth), "price_kept")
        prices.append(np.where(usable, worth, prices[-1]))
        rate = np.where(usable, moved, rate)
        flows, yield_ = following, target
    return prices, rate


def _unchanged(one: Flows, other: Flows) -> np.ndarray:
    """Return the lines whose payments are the same in both."""
    if one is other:
        return np.ones(one.count, bool)
    same = one.payments() == other.payments()
    left, right = one.take(same), other.take(same)
    differs = (left.times != right.times) | (left.interest != right.interest) | (left.principal != right.principal)
    same[np.unique(left.line[differs])] = False
    return np.asarray(same)


def _carry(
    universe: Universe, scenario: Scenario, flows: Flows, rate: np.ndarray, dirty: np.ndarray, notes: Notes
) -> np.ndarray:
    """Return what each line earns from its stressed price to the horizon, per 100 of remaining face.

    Value at the horizon of what is still to come, at the same rate, plus what was paid, reinvested, less the price.
    """
    if scenario.horizon is None:
        return np.zeros(flows.count)
    years = scenario.horizon / 12.0
    if scenario.reinvest is None:
        notes.add(flows.payments() > 0, "not_reinvested")
    growth = 1.0 + (scenario.reinvest or 0.0)
    late = flows.times > years
    each = np.where(
        late, np.exp(-rate[flows.line] * (flows.times - years)), growth ** np.maximum(years - flows.times, 0.0)
    )
    priced = np.isfinite(rate)
    earned = flows.total(flows.cash * np.where(priced[flows.line], each, 0.0)) - dirty
    simple = np.asarray(universe.column("yield"), float) * years * dirty
    notes.add(~priced & ~np.isfinite(simple), "no_carry")
    return rounded(np.where(priced, earned, np.nan_to_num(simple)), PRICE_DIGITS)


def _durations(
    universe: Universe, base: Line, final: Flows, rate: np.ndarray, settings: ValuationSettings
) -> np.ndarray:
    """Return stressed durations: the base column times the ratio of the computed ones; as it was where none is."""
    given = np.asarray(universe.column("modified_duration"), float)
    before = modified_duration(base.flows, base.rate, compounding(base.flows, settings.compounding))
    after = modified_duration(final, rate, compounding(final, settings.compounding))
    usable = (before > 0) & np.isfinite(after)
    ratio = np.divide(after, before, out=np.ones(given.size), where=usable)
    return rounded(np.where(ratio == 1.0, given, given * ratio), PRICE_DIGITS)
