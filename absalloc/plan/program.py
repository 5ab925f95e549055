"""From a book, its rows and its objective to one mathematical program, and back from its answer to faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
from absalloc.plan.trades import BUDGET, NAV, TURNOVER, Legs, add_budget, add_trades, add_turnover
from absalloc.rows.system import RowSystem
from absalloc.solve import Problem


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
    unclear: np.ndarray | None = None,
) -> Program:
    """Return the program of one book; ``max_turnover`` in yuan; ``least_change`` minimises trades before carry.

    ``caps``: losses that may not be exceeded in a scenario. ``unclear`` (n,): lines of which a rule that is none of
    these rows cannot say how they count.
    """
    builder = Builder()
    state = lines.positions.state
    screen = screened(system, lines, objective, terms, unclear)
    gain = np.nan_to_num(objective.gain, nan=0.0)
    legs = add_trades(builder, lines, screen.barred, gain, washable_positions(system, terms, lines))
    builder.offset = -float(gain @ lines.held) / 1e6
    nav = state.mandate.amount("nav")
    back = {name: terms.margins.get((name, "", "max"), 0.0) for name in (NAV, BUDGET, TURNOVER)}
    add_budget(builder, lines, legs, nav=nav, back=(back[NAV], back[BUDGET]))
    most = None if max_turnover is None else max_turnover - back[TURNOVER]
    cols, data = add_turnover(builder, lines, legs, most)
    if least_change:
        _prefer_least_change(builder, cols, data)
    add_loss_caps(builder, lines, legs, caps)
    seen: dict[str | None, Legs] = {None: legs}
    for name, shocks in system.shocks:
        seen[name] = add_after(builder, lines, legs, (name, shocks[0]), ordered=terms.ordered)
    used = _add_rules(builder, system, terms, lines, seen)
    add_gives(builder, terms.gives)
    return Program(builder.problem(), builder, lines, legs, objective, used, screen.notes)


def _add_rules(
    builder: Builder, system: RowSystem, terms: Terms, lines: PlanLines, legs: Mapping[str | None, Legs]
) -> tuple[str, ...]:
    """Add the rows of all rules that bind; return the rules that have some. ``legs`` by scenario, None for today."""
    used: dict[str, None] = {}
    reliefs = _alternatives(builder, system, terms)
    for block in system.blocks:
        if not terms.binds(block):
            continue
        before, mine = len(builder.rows), legs[block.scenario]
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
    return tuple(used)


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
