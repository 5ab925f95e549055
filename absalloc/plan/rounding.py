"""From the solver's numbers to faces: whole lots, whole yuan elsewhere, cash to the fen; and what that moves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from absalloc.plan.builder import MILLION
from absalloc.plan.program import Program
from absalloc.plan.rule_rows import Key
from absalloc.plan.trades import BUDGET, NAV, TURNOVER, Legs
from absalloc.rows import BookState
from absalloc.solve import Outcome, Problem
from absalloc.solve.problem import CONTINUOUS
from absalloc.solve.proof import relative_gap, weak_duality
from absalloc.solve.scaling import typical_amount
from absalloc.units import exact

NEAR = 1e-3
"""Yuan from a whole yuan that are the solver's and nobody's trade."""
TOLERANCE = 2e-9
"""Share of the typical amount of a program that solvers take for nothing, a little widened."""
NAV_KEY: Key = (NAV, "", "max")
BUDGET_KEY: Key = (BUDGET, "", "max")
TURNOVER_KEY: Key = (TURNOVER, "", "max")


@dataclass(frozen=True)
class _Rounded:
    """Amounts of the columns of a program at ``x``, yuan of face; less than ``dust`` yuan is none."""

    program: Program
    x: np.ndarray = field(repr=False)
    dust: float

    def bought(self, column: int, rounding: Callable[[float], int]) -> Fraction:
        """Return what a purchase column buys, never more than it may."""
        meaning, most = self.program.builder.columns[column], exact(self.program.problem.col_upper[column])
        room = most * exact(meaning.size)
        return min(self._amount(column, rounding), Fraction(math.floor(room)) if room < 10**18 else room)

    def sold(self, column: int, face: Fraction, rounding: Callable[[float], int]) -> Fraction:
        """Return what a sale column sells of ``face``: all of it where no more than dust would stay."""
        amount = self._amount(column, rounding)
        everything = not self.program.builder.whole[column] and face - amount < self.dust
        return face if everything else min(amount, face)

    def _amount(self, column: int, rounding: Callable[[float], int]) -> Fraction:
        size = self.program.builder.columns[column].size
        if self.program.builder.whole[column]:
            return round(float(self.x[column])) * exact(size)
        yuan = float(self.x[column]) * size
        near = round(yuan)
        return Fraction(0 if yuan < self.dust else near if abs(yuan - near) < NEAR else rounding(yuan))


def faces(program: Program, x: np.ndarray) -> dict[str, Fraction]:
    """Return the face of each line after the trades ``x``, exact: whole lots, whole yuan elsewhere, cash to the fen."""
    lines, legs = program.lines, program.legs
    state = lines.positions.state
    result: dict[str, Fraction] = {}
    rounded = _Rounded(program, x, dust_of(program))
    for p in np.flatnonzero((lines.held != 0) | traded(legs, x)).tolist():
        name = lines.positions.ids[p]
        face = state.held.get(name, Fraction(0))
        # Rounding never leaves the book short of cash: buy a little less, sell and borrow a little more.
        less, more = (math.ceil, math.floor) if lines.liability[p] else (math.floor, math.ceil)
        if legs.buy[p] >= 0:
            face += rounded.bought(int(legs.buy[p]), less)
        for leg in (legs.sell, legs.odd):
            if leg[p] >= 0:
                face -= rounded.sold(int(leg[p]), face, more)
        if face > 0:
            result[name] = face
    cash = cash_line(program)
    if cash is not None:
        result[cash] = Fraction(math.floor(_left(program, result, cash) * 100), 100)
        if result[cash] == 0:
            del result[cash]
    return result


def traded(legs: Legs, x: np.ndarray) -> np.ndarray:
    """Return True for positions of which some column of a trade is not nothing at ``x``: shape (n,)."""
    padded = np.append(x, 0.0)  # where a leg is -1
    return np.asarray((padded[legs.buy] != 0) | (padded[legs.sell] != 0) | (padded[legs.odd] != 0))


def dust_of(program: Program) -> float:
    """Return the yuan that a solver takes for nothing in this program."""
    return max(NEAR, TOLERANCE * typical_amount(program.problem) * MILLION)


def cash_line(program: Program) -> str | None:
    """Return the line that takes up what rounding leaves; None where none does."""
    lines, mandate = program.lines, program.lines.positions.state.mandate
    if mandate.amount("nav") is None or mandate.portfolio.invest is not None:
        return None
    at = np.flatnonzero(lines.cash & lines.allocated)
    return lines.positions.ids[int(at[0])] if len(at) else None


def _left(program: Program, held: Mapping[str, Fraction], cash: str | None) -> Fraction:
    """Return NAV + repo − costs − all assets but ``cash``, yuan."""
    lines = program.lines
    state = lines.positions.state
    total = Fraction(state.mandate.amount("nav") or 0)
    bp = Fraction(state.mandate.trading.cost_bp or 0) / 10_000
    for name in dict.fromkeys([*state.held, *held]):
        p = lines.positions.ids.index(name) if name not in state.index else state.index[name]
        worth = state.unit("market_value", lines.positions.row(p))[0]
        face, before = held.get(name, Fraction(0)), state.held.get(name, Fraction(0))
        if name != cash:
            total += face * worth if lines.liability[p] else -face * worth
        if lines.security[p]:
            total -= abs(face - before) * worth * bp
    return total


def missed(program: Program, after: BookState, turnover: Fraction | None) -> dict[Key, float]:
    """Return by how many yuan a plan exceeds its money, the amount to invest or ``turnover``, by the key of the row.

    The rows of these are no rules, so no other exact check sees them.
    """
    lines, invest = program.lines, after.mandate.portfolio.invest
    over = {NAV_KEY: -min(after.held.values(), default=Fraction(0))}
    if lines.positions.state.mandate.amount("nav") is not None:
        over[NAV_KEY] = max(over[NAV_KEY], -_left(program, after.held, None))
    if invest is not None:
        over[BUDGET_KEY] = _worth(program, after.held, lines.allocated & ~lines.liability) - Fraction(invest.amount)
    if turnover is not None:
        before = after.before or {}
        moved = {n: abs(after.held.get(n, Fraction(0)) - before.get(n, Fraction(0))) for n in {*after.held, *before}}
        over[TURNOVER_KEY] = _worth(program, moved, lines.security) - turnover
    return {key: float(yuan) for key, yuan in over.items() if yuan > 0}


def _worth(program: Program, held: Mapping[str, Fraction], counted: np.ndarray) -> Fraction:
    """Return the market value of the lines that are ``counted`` (n,), yuan."""
    lines, state = program.lines, program.lines.positions.state
    at = [(p, held[name]) for p, name in enumerate(lines.positions.ids) if held.get(name) and counted[p]]
    parts = [face * state.unit("market_value", lines.positions.row(p))[0] for p, face in at]
    return sum(parts, Fraction(0))


def moved_by(program: Program, x: np.ndarray, point: Sequence[Fraction], margins: Mapping[Key, float]) -> np.ndarray:
    """Return (n,) by how much rounding moved each column from ``x`` to ``point``, in the units of the columns.

    A trade moves by a yuan at most, and what the solver takes for nothing; cash, and what follows from other
    columns, by all of these together and what was held back of NAV. More is no rounding, and is not counted.
    """
    builder, problem = program.builder, program.problem
    whole = problem.integrality != CONTINUOUS
    size = np.array([column.size if column.leg in ("buy", "sell", "odd") else MILLION for column in builder.columns])
    apart = np.abs(np.array([float(value) for value in point]) - x)
    yuan = 1.0 + dust_of(program)
    together = yuan * (1 + int(((apart > 0) & ~whole).sum())) + margins.get(NAV_KEY, 0.0)
    cash = np.append(program.lines.cash, False)[
        np.array([column.position for column in builder.columns], dtype=np.int64)
    ]
    follows = cash | np.array([column.leg in ("on", "after") for column in builder.columns], dtype=bool)
    return np.asarray(np.where(whole, 0.0, np.minimum(apart, np.where(follows, together, yuan) / size)))


def with_gap(problem: Problem, outcome: Outcome, point: Sequence[Fraction]) -> Outcome:
    """Return the outcome with the gap of the rounded ``point``, which may be dearer than the solver's own."""
    if outcome.bound is None or outcome.x is None:
        return outcome
    bound = outcome.bound
    x = np.array([float(value) for value in point])
    if outcome.row_dual is not None:
        # What rounding breaks the certificate gives way in, and its bound is that of the wider program.
        at, inside = problem.A.times(x), (np.minimum(problem.col_lower, x), np.maximum(problem.col_upper, x))
        low, high = np.minimum(problem.row_lower, at), np.maximum(problem.row_upper, at)
        wider = replace(problem, row_lower=low, row_upper=high, col_lower=inside[0], col_upper=inside[1])
        bound = weak_duality(wider, x, outcome.row_dual)[0]
    return replace(outcome, gap=relative_gap(problem, x, problem.value(x), bound))
