"""From a book, its rows and its objective to one mathematical program, and back from its answer to faces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from absalloc.plan.after import LossCap, add_after, add_loss_caps
from absalloc.plan.builder import Builder
from absalloc.plan.linear_rows import Relief, add_linear
from absalloc.plan.lines import PlanLines
from absalloc.plan.note import Note
from absalloc.plan.objective import Objective
from absalloc.plan.rule_rows import Terms, label, washable_positions
from absalloc.plan.screen import screened
from absalloc.plan.soft import add_gives
from absalloc.plan.special_rows import add_special
from absalloc.plan.trades import Legs, add_budget, add_trades, add_turnover
from absalloc.rows.system import RowSystem
from absalloc.solve import Problem
from absalloc.units import exact


@dataclass(frozen=True)
class Program:
    """A program with its meaning: the Problem minimises −gain in million yuan a year."""

    problem: Problem
    builder: Builder = field(repr=False)
    lines: PlanLines = field(repr=False)
    legs: Legs = field(repr=False)
    objective: Objective = field(repr=False)
    rules: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    def to_cvxpy(self) -> object:
        """Return the model as a cvxpy Problem, to add a convex term of one's own."""
        from absalloc.solve import to_cvxpy

        return to_cvxpy(self.problem)

    def to_pyomo(self) -> object:
        """Return the model as a pyomo ConcreteModel, to add a logical condition of one's own."""
        from absalloc.solve import to_pyomo

        return to_pyomo(self.problem)

    def write(self, path: str) -> None:
        """Write the model as ``.mps`` or ``.lp``."""
        from absalloc.solve import write

        write(self.problem, path)


def build_program(
    system: RowSystem,
    lines: PlanLines,
    objective: Objective,
    terms: Terms,
    *,
    max_turnover: float | None,
    least_change: bool,
    caps: Sequence[LossCap] = (),
) -> Program:
    """Return the program of one book; ``max_turnover`` in yuan; ``least_change`` minimises trades before carry.

    ``caps``: losses that may not be exceeded in a scenario.
    """
    builder = Builder()
    state = lines.positions.state
    screen = screened(system, lines, objective, terms)
    gain = np.nan_to_num(objective.gain, nan=0.0)
    legs = add_trades(builder, lines, screen.barred, gain, washable_positions(system, terms, lines))
    builder.offset = -float(gain @ lines.held) / 1e6
    nav = state.mandate.amount("nav")
    add_budget(builder, lines, legs, nav=nav)
    cols, data = add_turnover(builder, lines, legs, max_turnover)
    if least_change:
        _prefer_least_change(builder, cols, data)
    add_loss_caps(builder, lines, legs, caps)
    seen = {
        name: add_after(builder, lines, legs, (name, shocks[0]), ordered=terms.ordered)
        for name, shocks in system.shocks
    }
    used: dict[str, None] = {}
    reliefs = _alternatives(builder, system, terms)
    for block in system.blocks:
        if not terms.binds(block):
            continue
        before, mine = len(builder.rows), legs if block.scenario is None else seen[block.scenario]
        relief = reliefs.get((block.rule.id, block.scenario))
        if block.form != "linear":
            add_special(builder, block, lines, mine, system, terms)
        elif relief is None:
            add_linear(builder, block, lines, mine, system, terms)
        else:
            when = 1 if block.branch == "main" else 0
            add_linear(builder, block, lines, mine, system, terms, Relief(relief, when))
        if len(builder.rows) > before:
            used[label(block)] = None
    add_gives(builder, terms.gives)
    return Program(builder.problem(), builder, lines, legs, objective, tuple(used), screen.notes)


def _alternatives(builder: Builder, system: RowSystem, terms: Terms) -> dict[tuple[str, str | None], int]:
    """Return the switch of each rule with an alternative: on where its own rows hold, off where the others do."""
    keys = dict.fromkeys((b.rule.id, b.scenario) for b in system.blocks if terms.binds(b) and b.branch == "alternative")
    return {key: builder.switch(f"{key[0]} itself") for key in keys}


def _prefer_least_change(builder: Builder, cols: np.ndarray, data: np.ndarray) -> None:
    """Make a yuan traded cost more than any carry can earn, so that trades are least first and carry most second."""
    dearest = max((abs(c) for c in builder.cost), default=0.0)
    sizes = np.abs(data)
    weight = 100 * max(dearest / sizes.min(initial=1.0, where=sizes > 0), 1.0)
    for column, size in zip(cols, sizes, strict=True):
        builder.cost[int(column)] += weight * float(size)


def faces(program: Program, x: np.ndarray) -> dict[str, Fraction]:
    """Return the face of each line after the trades ``x``, exact: whole lots, whole yuan elsewhere, cash to the fen."""
    lines, legs = program.lines, program.legs
    state = lines.positions.state
    result: dict[str, Fraction] = {}
    cash_line: str | None = None
    for p, name in enumerate(lines.positions.ids):
        face = state.held.get(name, Fraction(0))
        # Rounding never leaves the book short of cash: buy a little less, sell and borrow a little more.
        less, more = (math.ceil, math.floor) if lines.liability[p] else (math.floor, math.ceil)
        if legs.buy[p] >= 0:
            face += _amount(program, x, int(legs.buy[p]), less)
        for leg in (legs.sell, legs.odd):
            if leg[p] >= 0:
                face -= min(_amount(program, x, int(leg[p]), more), face)
        if lines.cash[p] and lines.allocated[p] and cash_line is None:
            cash_line = name
        if face > 0:
            result[name] = face
    if cash_line is not None and state.mandate.amount("nav") is not None:
        _balance(program, result, cash_line)
    return result


def _amount(program: Program, x: np.ndarray, column: int, rounding: object) -> Fraction:
    meaning = program.builder.columns[column]
    if program.builder.whole[column]:
        return round(float(x[column])) * exact(meaning.size)
    # A thousandth of a yuan is the solver's dust, not a trade.
    yuan = float(x[column]) * meaning.size
    near = round(yuan)
    whole = near if abs(yuan - near) < 1e-3 else rounding(yuan)  # type: ignore[operator]
    return Fraction(whole)


def _balance(program: Program, result: dict[str, Fraction], cash_line: str) -> None:
    """Let cash take up what rounding left: NAV + repo − costs − all other assets, down to the fen."""
    lines = program.lines
    state = lines.positions.state
    if state.mandate.portfolio.invest is not None:
        return
    total = Fraction(state.mandate.amount("nav") or 0)
    bp = Fraction(state.mandate.trading.cost_bp or 0) / 10_000
    names = dict.fromkeys([*state.held, *result])
    for name in names:
        p = lines.positions.ids.index(name) if name not in state.index else state.index[name]
        worth = state.unit("market_value", lines.positions.row(p))[0]
        face, before = result.get(name, Fraction(0)), state.held.get(name, Fraction(0))
        if name != cash_line:
            total += face * worth if lines.liability[p] else -face * worth
        if lines.security[p]:
            total -= abs(face - before) * worth * bp
    result[cash_line] = Fraction(math.floor(total * 100), 100)
    if result[cash_line] == 0:
        del result[cash_line]
