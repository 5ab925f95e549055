"""A universe in every draw of a Monte-Carlo set: what each line returns to the horizon.

The same as ``stress_universe`` on each draw written as a scenario, done for all draws at once: a line's own yield moves
at its life, speeds move its schedule, defaults take from its last payments, and everything is valued at the horizon.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from absalloc.cashflow.curves import CurveSet
from absalloc.cashflow.facts import Facts, Notes, line_facts
from absalloc.cashflow.schedules import FACE, Flows, build_flows
from absalloc.cashflow.settings import ValuationSettings
from absalloc.cashflow.speeds import smm_from_cpr
from absalloc.errors import BadInput
from absalloc.stress.draw_lines import SAME, Moves, after_losses, line_rate, pool_loss, schedule, value_at
from absalloc.stress.draws import conditional_rate, normals, obligor_key
from absalloc.stress.losses import pool_terms, tranche_share
from absalloc.stress.models import TENORS
from absalloc.stress.monte_carlo import GOVERNMENT, Draws, MonteCarlo, ObligorRate, PoolRate, draw, season_of
from absalloc.stress.revalue import Line, base_lines
from absalloc.stress.shocks import VECTOR_MONTHS, choose_lines
from absalloc.universe.model import Universe

PARTS = 16
"""The lines are dealt out in so many parts, whatever the cores."""

Speeds = tuple[np.ndarray, list[np.ndarray]]


@dataclass(frozen=True, eq=False)
class HorizonReturns:
    """Total return of each line in each draw, per yuan of market value today: (draws, lines).

    ``returns`` to the horizon of ``set.horizon`` months: price change, carry and losses together. ``known`` (lines,):
    lines that were revalued; the others earn their yield, or nothing where they have none, in every draw. ``notes``:
    codes by line; ``draws`` what was drawn.
    """

    set: MonteCarlo
    as_of: date
    returns: np.ndarray
    known: np.ndarray
    draws: Draws
    notes: tuple[tuple[str, ...], ...] = field(repr=False)

    @property
    def losses(self) -> np.ndarray:
        """Loss of each line in each draw, per yuan of market value; a gain is negative."""
        return -self.returns


def revalue_draws(
    universe: Universe,
    chosen: MonteCarlo,
    as_of: date,
    *,
    curves: CurveSet | None = None,
    settings: ValuationSettings | None = None,
) -> HorizonReturns:
    """Return what every line of a valued universe returns to the horizon in every draw of ``chosen``.

    ``curves``: as they stood on ``as_of``; rates start there, yields follow a change of life, and a floor needs them.
    The same set and universe give the same numbers to the last bit. Raises BadInput for a universe that was not valued
    and a floor without a curve.
    """
    if "dirty_price" not in universe.table.columns:
        raise BadInput("stress.not_valued", value="dirty_price")
    rules, notes = settings or ValuationSettings(), Notes(len(universe.table))
    facts = line_facts(universe, as_of, rules, Notes(len(universe.table)))
    base = base_lines(universe, facts, rules)
    drawn = draw(chosen, curves)
    priced = np.isfinite(base.rate) & (base.flows.payments() > 0) & (base.dirty > 0)
    notes.add(~facts.unit & ~priced, "not_revalued")
    groups, alive = _speeds(facts, rules, chosen, drawn, as_of)
    lost = _losses(universe, facts, chosen, drawn, (groups, alive), notes)
    moves = _moves(chosen, drawn, curves, rules)
    horizon = (chosen.horizon / 12.0, 1.0 + (0.0 if chosen.file.reinvest is None else float(chosen.file.reinvest)))
    worth = _worth(_lines(facts, base, rules), base, moves, (groups, alive), lost, horizon, priced)
    # A yield at which no price exists in some draw: the line is not revalued in any, and says so.
    lost_price = priced & ~np.isfinite(worth).all(axis=1)
    notes.add(lost_price, "not_revalued")
    priced = priced & ~lost_price
    years = chosen.horizon / 12.0
    simple = np.asarray(universe.column("yield"), float) * years
    notes.add(~priced & ~np.isfinite(simple), "no_carry")
    returns = np.repeat(np.nan_to_num(simple)[None], chosen.file.draws, axis=0)
    returns[:, priced] = (worth[priced] / base.dirty[priced, None] - 1.0).T
    # What fails for good fails also where no price is known to fall from.
    held = ~priced & (lost > 0).any(axis=1)
    returns[:, held] = returns[:, held] * (1.0 - lost[held].T) - lost[held].T
    return HorizonReturns(chosen, as_of, returns, priced, drawn, notes.freeze())


def _speeds(facts: Facts, settings: ValuationSettings, chosen: MonteCarlo, drawn: Draws, as_of: date) -> Speeds:
    """Return (group of each line, share not prepaid (months + 1, draws) by group): one group for each base CPR."""
    tabled = np.isin(facts.tranche_id.astype(str), list(settings.tables))
    cpr = np.where((facts.repayment == "pass_through") & facts.schedulable & ~tabled, facts.cpr, 0.0)
    rates, groups = np.unique(cpr, return_inverse=True)
    multiple = _multiples(chosen, drawn, as_of)
    alive = []
    for rate in rates.tolist():
        smm = np.asarray(smm_from_cpr(np.minimum(rate * multiple, 1.0))) if rate > 0.0 else np.zeros((VECTOR_MONTHS, 1))
        alive.append(np.concatenate((np.ones((1, smm.shape[1])), np.cumprod(1.0 - smm, axis=0))))
    return groups, alive


def _multiples(chosen: MonteCarlo, drawn: Draws, as_of: date) -> np.ndarray:
    """Return what the base CPR is multiplied by: (months, draws). After the horizon rates stay, the season goes on."""
    count, rule = chosen.file.draws, chosen.file.prepayment
    if rule is None:
        return np.ones((VECTOR_MONTHS, count))
    at = np.minimum(np.arange(1, VECTOR_MONTHS + 1), chosen.horizon)
    fall = (drawn.level[:, :1] - drawn.level[:, at]) * 100.0
    power = np.clip((1.0 + float(rule.per_100bp)) ** fall, float(rule.least), float(rule.most))
    return np.asarray(power.T * season_of(chosen.file, as_of, VECTOR_MONTHS)[:, None])


def _losses(
    universe: Universe,
    facts: Facts,
    chosen: MonteCarlo,
    drawn: Draws,
    speeds: Speeds,
    notes: Notes,
) -> np.ndarray:
    """Return the share of principal lost, (lines, draws); several causes act one after the other."""
    kept = np.ones((facts.end.size, chosen.file.draws))
    for pool in chosen.file.defaults:
        hit = choose_lines(universe, pool.where, notes, "defaults") & facts.schedulable
        lost = _pool_losses(facts, hit, pool, (chosen, drawn), speeds)
        kept[hit] *= 1.0 - tranche_share(universe, hit, lost, notes)
        notes.add(hit, "pool_default")
    for obligor in chosen.file.obligors:
        hit = choose_lines(universe, obligor.where, notes, "losses")
        kept[hit] *= 1.0 - float(obligor.loss) * _fails(universe, obligor, hit, chosen, drawn, notes)
    return 1.0 - kept


def _pool_losses(
    facts: Facts, hit: np.ndarray, pool: PoolRate, case: tuple[MonteCarlo, Draws], speeds: Speeds
) -> np.ndarray:
    """Return the share of its pool that is lost, for the lines ``hit``: (hit, draws)."""
    (chosen, drawn), (groups, alive) = case, speeds
    early = np.asarray(smm_from_cpr(conditional_rate(float(pool.cdr), float(pool.correlation), drawn.factor)))
    later = float(smm_from_cpr(float(pool.cdr)))
    smm = [1.0 - np.divide(part[1:], part[:-1], out=np.zeros_like(part[1:]), where=part[:-1] > 0) for part in alive]
    how, until = (float(pool.severity), pool.lag or 0), (early, later, chosen.horizon)
    rates, terms = pool_terms(facts, hit)
    lost = np.empty((terms.size, early.size))
    # Lines of one coupon, term and speed share a pool's loss.
    found: dict[tuple[float, int, int], np.ndarray] = {}
    for row, key in enumerate(zip(rates.tolist(), terms.astype(int).tolist(), groups[hit].tolist(), strict=True)):
        if key not in found:
            found[key] = pool_loss(key[0], key[1], how, smm[key[2]], until)
        lost[row] = found[key]
    return lost


def _fails(
    universe: Universe, rule: ObligorRate, hit: np.ndarray, chosen: MonteCarlo, drawn: Draws, notes: Notes
) -> np.ndarray:
    """Return 1 where the obligor of a line defaults, (hit, draws): √ρ Z + √(1 − ρ) ε below Φ⁻¹(pd)."""
    from scipy.special import ndtri

    names = np.asarray(universe.column(rule.by), object)
    found = np.zeros((int(hit.sum()), drawn.factor.size))
    unknown = hit & np.array([value is None or value == "" for value in names.tolist()], bool)
    ids = np.asarray(universe.column("tranche_id"), object)
    notes.add(unknown, f"obligor:{rule.by}")
    share, bar = float(rule.correlation), float(ndtri(float(rule.pd)))
    drawn_for: dict[str, np.ndarray] = {}
    for row, line in enumerate(np.flatnonzero(hit).tolist()):
        # Without a name a line is an obligor of its own.
        name = str(ids[line]) if unknown[line] else str(names[line])
        if name not in drawn_for:
            own = normals(chosen.file.seed, obligor_key(name), (drawn.factor.size,), 0, bool(chosen.file.antithetic))
            drawn_for[name] = np.sqrt(share) * drawn.factor + np.sqrt(1.0 - share) * own <= bar
        found[row] = drawn_for[name]
    return found


def _moves(chosen: MonteCarlo, drawn: Draws, curves: CurveSet | None, settings: ValuationSettings) -> Moves:
    file, rates = chosen.file, chosen.file.rates
    level, slope = (path[:, -1] - path[:, 0] for path in (drawn.level, drawn.slope))
    tenors = (TENORS[rates.short], TENORS[rates.long])
    if curves is None:
        if file.yield_floor is not None:
            raise BadInput("stress.floor_needs_curve", value=chosen.name)
        return Moves(level, slope, tenors, None, None)
    benchmark = curves[settings.benchmark]
    held = benchmark
    if GOVERNMENT in curves:
        held = curves[GOVERNMENT]
    floor = None if file.yield_floor is None else (held.tenors, held.yields, float(file.yield_floor))
    return Moves(level, slope, tenors, floor, (benchmark.tenors, benchmark.yields))


@dataclass(frozen=True, eq=False)
class _Lines:
    """The lines as the revaluation takes them: payments flat over all lines, the rest by line."""

    offset: np.ndarray
    times: np.ndarray
    level: np.ndarray
    fraction: np.ndarray
    month: np.ndarray
    threshold: np.ndarray
    frequency: np.ndarray
    life: np.ndarray


def _lines(facts: Facts, base: Line, settings: ValuationSettings) -> _Lines:
    zero = np.zeros(facts.cpr.size)
    still = build_flows(replace(facts, cpr=zero, call_share=zero), settings.tables)
    tabled = np.isin(facts.tranche_id.astype(str), list(settings.tables))
    factor = np.where(np.isfinite(facts.factor) & (facts.factor > 0), facts.factor, 1.0)
    called = (facts.repayment == "pass_through") & ~tabled
    threshold = np.where(called, FACE * facts.call_share / factor, 0.0)
    frequency = np.ones(zero.size) if settings.compounding == "annual" else facts.frequency.astype(float)
    offset, times, level, fraction, month = _payments(still)
    return _Lines(offset, times, level, fraction, month, threshold, frequency, base.flows.average_life())


def _worth(
    lines: _Lines, base: Line, moves: Moves, speeds: Speeds, lost: np.ndarray,
    horizon: tuple[float, float], priced: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Return the value of every priced line at the horizon per 100, (lines, draws); NaN for the others."""
    groups, alive = speeds
    out = np.full(lost.shape, np.nan)

    def part(rows: np.ndarray) -> None:
        for row in rows.tolist():
            at = slice(lines.offset[row], lines.offset[row + 1])
            times, month = lines.times[at], lines.month[at]
            moving = alive[groups[row]]
            share = moving[month] if moving.shape[1] > 1 else np.ones((times.size, 1))
            opening, balance, count = schedule(lines.level[at], lines.fraction[at], share, lines.threshold[row])
            principal, interest = opening - balance, lines.fraction[at][:, None] * opening
            ratio = (times @ principal) / FACE / lines.life[row]
            life = np.where(np.abs(ratio - 1.0) < SAME, base.wal[row], base.wal[row] * ratio)
            target = base.yield_[row] + moves.at(life, float(base.wal[row]))
            rate = line_rate(times, count, target, float(lines.frequency[row]))
            touched = bool((lost[row] > 0).any())
            cash = after_losses(opening, principal, interest, lost[row]) if touched else principal + interest
            out[row] = value_at(times, cash, rate, horizon)

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        list(pool.map(part, np.array_split(np.flatnonzero(priced), PARTS)))
    return out


def _payments(still: Flows) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return offsets by line and, by payment: time, level left, interest by unit of opening balance, month."""
    count = still.payments()
    offset = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
    first = np.repeat(offset[:-1], count)
    paid = np.cumsum(still.principal)
    before = np.concatenate(([0.0], paid))[first]
    left = np.maximum(FACE - (paid - before), 0.0)
    number = np.arange(still.line.size) - first + 1
    opening = np.where(number == 1, FACE, np.concatenate(([FACE], left[:-1])))
    fraction = np.divide(still.interest, opening, out=np.zeros(opening.size), where=opening > 0)
    month = np.minimum(np.rint(number * 12 / still.frequency[still.line]).astype(np.int64), VECTOR_MONTHS)
    return offset, still.times, left / FACE, fraction, month
