"""The program of a book with every rule in it, from which rules are left out by masks: fast, for many questions.

Rows of all rules and columns of all lines stand once; each rule knows its rows and the lines it bars. With
``whole`` the integers stay, so that feasibility and optima are those of the plan's own model (a test holds the two
together); without, it is the LP relaxation, and what comes of it is labelled so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from absalloc.explain.model import Model
from absalloc.plan.builder import MILLION, Builder
from absalloc.plan.linear_rows import Relief, add_linear
from absalloc.plan.lines import PlanLines
from absalloc.plan.program import Program, _alternatives
from absalloc.plan.rule_rows import Terms, barred_positions, undecided_positions, washable_positions
from absalloc.plan.soft import add_gives
from absalloc.plan.special_rows import add_special
from absalloc.plan.trades import LOT_MATTERS, add_budget, add_trades, add_turnover
from absalloc.rows import Block, RowSystem
from absalloc.solve import Outcome, Problem, SolveSettings, solve_problem

TURNOVER, BUDGET = "turnover", "budget"
"""Names of what is not a rule and can conflict with rules: the cap on turnover, the amount to be invested exactly."""


@dataclass(frozen=True)
class Relaxation:
    """``program`` without any barring; ``row_of`` (m,) the rule of each row ("" for none); ``bars`` its lines (n,)."""

    program: Program
    row_of: np.ndarray
    bars: dict[str, np.ndarray]
    always: np.ndarray
    settings: SolveSettings

    @cached_property
    def scale(self) -> np.ndarray:
        """The greatest coefficient of each row (m,): what makes rows of different units comparable."""
        return np.asarray(self.program.problem.A.greatest())

    @cached_property
    def barring(self) -> dict[int, tuple[str, ...]]:
        """The rules that bar a line by themselves, by its position; positions that no rule bars are left out."""
        found: dict[int, tuple[str, ...]] = {}
        for rule, lines in self.bars.items():
            for p in np.flatnonzero(lines).tolist():
                found[p] = (*found.get(p, ()), rule)
        return found

    def problem(self, without: frozenset[str] = frozenset(), *, whole: bool = False) -> Problem:
        """Return the program without the rules ``without``; ``whole`` keeps the integers."""
        made = self.program.problem
        high = made.col_upper.copy()
        barred = self.always.copy()
        for rule, lines in self.bars.items():
            if rule not in without:
                barred |= lines
        buys = self.program.legs.buy[barred]
        high[buys[buys >= 0]] = 0.0
        keep = ~np.isin(self.row_of, list(without - {BUDGET}))
        # An amount that need not be invested exactly is still the most there is.
        low = np.where((self.row_of == BUDGET) & (BUDGET in without), -np.inf, made.row_lower)
        problem = replace(
            made, A=made.A.rows(keep), row_lower=low[keep], row_upper=made.row_upper[keep],
            col_upper=high, row_names=None,
        )  # fmt: skip
        return problem if whole else problem.relaxed()

    def solve(self, without: frozenset[str] = frozenset(), *, whole: bool = False) -> Outcome:
        """Return the best of the program without some rules."""
        return solve_problem(self.problem(without, whole=whole), "highs", self.settings)

    def feasible(self, without: frozenset[str], *, whole: bool = True) -> bool | None:
        """Say whether a portfolio exists without some rules: proven both ways, None where a limit of time ended it."""
        problem = self.problem(without, whole=whole)
        found = solve_problem(replace(problem, c=np.zeros(problem.n), offset=0.0), "highs", self.settings)
        if found.status == "infeasible":
            return False
        return True if found.x is not None else None

    @property
    def names(self) -> tuple[str, ...]:
        """The rules that have a row or bar a line, and the structural rows that may conflict with them."""
        rows = dict.fromkeys(str(name) for name in self.row_of if name)
        return (*rows, *(name for name, lines in self.bars.items() if name not in rows and np.any(lines)))


def relax(model: Model, *, tickets: bool = True) -> Relaxation:
    """Return the relaxation of a book. The turnover cap and an exact budget stand as rules of their own.

    Not ``tickets``: without the least amounts of a purchase, for who minds them himself.
    """
    terms = model.terms(model.state, model.system, model.current, model.levels)
    bars = {rule.id: barred_by(model, rule.id, terms) for rule in model.binding_rules}
    program = open_program(model, terms, bars, traded=None if tickets else untied(model.lines))
    row_of = np.array([owner(model, program.builder, i) for i in range(len(program.builder.rows))], dtype=object)
    settings = SolveSettings(time_limit=model.settings.time_limit, mip_gap=model.settings.mip_gap)
    return Relaxation(program, row_of, bars, barred_always(model), settings)


def untied(lines: PlanLines) -> PlanLines:
    """Return the lines without tickets: a switch that only a ticket needs says nothing once it may be a fraction."""
    room = lines.most - lines.held
    least = np.maximum(lines.ticket, np.where(lines.lot > LOT_MATTERS, lines.lot, 0.0))
    most = np.where((room > 0) & (room >= least), lines.most, lines.held)
    return replace(lines, most=most, ticket=np.zeros(lines.n))


def barred_always(model: Model) -> np.ndarray:
    """Return True for lines that no rule keeps from being bought, but a missing yield or an assumed rating: (n,)."""
    return np.asarray(np.isnan(model.objective.gain) | model.assumed)


def owner(model: Model, builder: Builder, row: int) -> str:
    """Return the rule a row belongs to, ``budget`` or ``turnover`` where these may conflict with rules, else ""."""
    meaning = builder.rows[row]
    if meaning.rule is not None:
        return meaning.rule
    invest = model.state.mandate.portfolio.invest
    if meaning.name == "budget" and invest is not None and invest.how == "exactly":
        return BUDGET
    return TURNOVER if meaning.name == "turnover" else ""


def _only(model: Model, rule: str) -> RowSystem:
    blocks = tuple(b for b in model.system.blocks if b.rule.id == rule)
    return replace(model.system, blocks=blocks)


def barred_by(model: Model, rule: str, terms: Terms) -> np.ndarray:
    """Return True for lines that this rule alone keeps from being bought, or cannot decide: shape (n,)."""
    system = _only(model, rule)
    found = barred_positions(system, terms, 0, model.lines.n)
    if model.state.mandate.unknown == "exclude":
        found = found | undecided_positions(system, terms, 0, model.lines.n)
    return found


def undecided_by(model: Model, rule: str) -> np.ndarray:
    """Return True for lines of which this rule cannot say how they count, for want of a fact: shape (n,)."""
    terms = model.terms(model.state, model.system, model.current, model.levels)
    return undecided_positions(_only(model, rule), terms, 0, model.lines.n)


def open_program(
    model: Model, terms: Terms, bars: dict[str, np.ndarray], *,
    traded: PlanLines | None = None, left_out: Callable[[Block], bool] = lambda block: False,
) -> Program:  # fmt: skip
    """Return the program of all rules with a column for every line that any set of rules lets be bought.

    The same steps as ``build_program`` but for the barring. A rule's rows leave out the lines it bars itself: with
    these rows the line cannot be bought, without them they are gone. ``traded``: the lines as they are traded, where
    not as the plan does; ``left_out``: blocks whose rows the caller adds.
    """
    builder, lines, made = Builder(), model.lines, model.objective
    gain = np.nan_to_num(made.gain, nan=0.0)
    apart = washable_positions(model.system, terms, lines)
    legs = add_trades(builder, traded or lines, np.isnan(made.gain), gain, apart)
    builder.offset = -float(gain @ lines.held) / MILLION
    add_budget(builder, lines, legs, nav=model.state.mandate.amount("nav"))
    add_turnover(builder, lines, legs, model.turnover_cap)
    reliefs = _alternatives(builder, model.system, terms)
    for block in model.system.blocks:
        if not terms.binds(block) or left_out(block):
            continue
        mine = replace(legs, buy=np.where(bars[block.rule.id], -1, legs.buy))
        switch = reliefs.get((block.rule.id, block.scenario))
        if block.form != "linear":
            add_special(builder, block, lines, mine, model.system, terms)
        else:
            relief = None if switch is None else Relief(switch, 1 if block.branch == "main" else 0)
            add_linear(builder, block, lines, mine, model.system, terms, relief)
    add_gives(builder, terms.gives)
    return Program(builder.problem(), builder, lines, legs, made)
