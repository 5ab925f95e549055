"""One book made ready to be asked "what if": the same model solved again with a limit moved, a rule or a line gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from absalloc.compliance.exact import evaluate_exact
from absalloc.compliance.finding import Finding
from absalloc.errors import BadInput
from absalloc.explain.asker import Adjust as Adjust
from absalloc.explain.asker import Asker
from absalloc.plan.binding import tight
from absalloc.plan.decided import cannot_decide
from absalloc.plan.holdings import total_of
from absalloc.plan.lines import PlanLines, plan_lines
from absalloc.plan.make import Answer, PlanSettings, _terms, budget_of, in_scope
from absalloc.plan.note import Note
from absalloc.plan.objective import Objective, objective
from absalloc.plan.program import Program, build_program
from absalloc.plan.rule_rows import Terms
from absalloc.plan.screen import assumed_lines
from absalloc.plan.soft import paid, priced, soft_rules
from absalloc.rows import Block, BookState, RowSystem, compile_rows
from absalloc.rows.compile import compile_rule
from absalloc.rows.lines import Positions
from absalloc.rulebook.active import ActiveRule, Limit
from absalloc.solve import Outcome, Problem, SolveSettings, solve_problem
from absalloc.terms import RATING_GRADES


@dataclass(frozen=True)
class Change:
    """Limits moved, by (rule id, sense), and rules left out."""

    limits: frozenset[tuple[str, str, Fraction]] = frozenset()
    without: frozenset[str] = frozenset()

    @classmethod
    def limit(cls, rule: str, sense: str, value: Fraction) -> Change:
        """Return the change of one limit."""
        return cls(limits=frozenset({(rule, sense, value)}))

    @classmethod
    def drop(cls, *rules: str) -> Change:
        """Return the change that leaves rules out."""
        return cls(without=frozenset(rules))


NOTHING = Change()


def loosening(rule: ActiveRule, limit: Limit) -> int:
    """Return 1 where a greater limit is looser, else -1.

    Grades count AAA = 1 upwards, and a line must have at least a grade: of these a greater number is looser.
    """
    sign = 1 if limit.sense == "max" else -1
    return -sign if limit.unit == "grade" and rule.kind == "eligibility" else sign


def limit_range(limit: Limit) -> tuple[Fraction, Fraction | None]:
    """Return the least and the greatest number a limit of this unit can be; None: there is no greatest."""
    if limit.unit == "grade":
        return Fraction(1), Fraction(len(RATING_GRADES))
    return Fraction(0), None


class Model:
    """A book, its rows and its best plan. ``stopped`` says why nothing can be asked of it, None where all can."""

    def __init__(self, state: BookState, settings: PlanSettings) -> None:
        self.given = state = in_scope(state)
        self.settings = settings
        self.state = replace(state, before=dict(state.held))
        self.stopped: Note | None = cannot_decide([self.state])
        self.current: tuple[Finding, ...] = evaluate_exact([state]) if state.held else ()
        self.known: dict[bytes, Outcome] = {}
        self.quick: Callable[[Change], tuple[Outcome, tuple[str, ...]]] | None = None
        """Answers the relaxation warm, with the rules that bind; set by those who ask many times."""

    @classmethod
    def of(cls, state: BookState, settings: PlanSettings, supply: Mapping[str, float] | None = None) -> Model:
        """Return a book with at most ``supply`` to be bought of some lines; as it is, where none is given."""
        made = cls(state, settings)
        return made.with_supply(supply) if supply and made.stopped is None else made

    @cached_property
    def system(self) -> RowSystem:
        """The rows of the book's rules."""
        return compile_rows([self.state])

    @cached_property
    def positions(self) -> Positions:
        """The positions of the book."""
        return Positions(self.state)

    @cached_property
    def lines(self) -> PlanLines:
        """What may be bought and sold of each line."""
        return plan_lines(self.positions, budget_of(self.state))

    def failed(self, answer: Answer) -> Model:
        """Return the book with its plan, ``infeasible``, which is known and need not be made again."""
        self.__dict__["base"] = answer
        return self

    def with_supply(self, supply: Mapping[str, float]) -> Model:
        """Return the book with at most so much face to be bought of some lines. Raises BadInput for an unknown one."""
        made = Model(self.given, self.settings)
        most = made.lines.most.copy()
        for name, face in supply.items():
            p = made.position(name)
            most[p] = min(most[p], made.lines.held[p] + face)
        made.__dict__["lines"] = replace(made.lines, most=most)
        return made

    @cached_property
    def assumed(self) -> np.ndarray:
        """True for lines whose only rating is assumed and which the mandate does not buy on that footing: (n,)."""
        return assumed_lines(self.lines)

    @cached_property
    def objective(self) -> Objective:
        """What each yuan of face earns."""
        return objective(self.lines, 0.0)

    @cached_property
    def rules(self) -> dict[str, ActiveRule]:
        """The rules in force by id."""
        return {rule.id: rule for rule in self.state.rules.active}

    @cached_property
    def levels(self) -> frozenset[str]:
        """The levels that bind: soft rules as well, unless no portfolio meets those that have no price."""
        both = frozenset({"hard", "soft"})
        if not self.ordered or self.stopped is not None:
            return both
        return frozenset({"hard"}) if self._ask(NOTHING, None, both).status == "infeasible" else both

    @cached_property
    def refused(self) -> Note | None:
        """Why nothing can be compared with the plan, None where all can.

        A soft rule without a price that no portfolio meets gives way by as little as it can, a limit of its own that
        moves with every rule: what another rule costs is then no difference of two plans under the same rules.
        """
        if self.stopped is not None or "soft" in self.levels:
            return self.stopped
        if self._ask(NOTHING, None, self.levels).faces is None:
            return None
        return Note("soft_in_order", rules=", ".join(self._given_way()))

    def _given_way(self) -> list[str]:
        """Return the soft rules without a price that give way in the plan; all there are where that is not found."""
        maker, terms = self._maker(NOTHING)
        found = maker.give_way(terms, self.ordered)
        return [r.id for r in self.ordered if found is None or r.id in found.skip or r.id in found.gives]

    @cached_property
    def ordered(self) -> tuple[ActiveRule, ...]:
        """The soft rules without a price, the most important first."""
        return tuple(rule for rule in soft_rules(self.system) if rule.id not in priced([rule]))

    def planned(self, change: Change) -> Answer:
        """Return the plan that is made under ``change``: soft rules without a price give way in it as they must.

        Where the best takes branch and bound long, a good one, ``stopped`` with its gap.
        """
        if self.stopped is not None:
            return Answer("stopped", self.stopped, self.state, None, self.current, None, None)
        maker, terms = self._maker(change)
        maker.brief = True
        return maker.run(terms, conflict=False) if self.ordered else maker.attempt(terms)

    def _maker(self, change: Change) -> tuple[Asker, Terms]:
        state, system, current = self.changed(change)
        terms = self.terms(state, system, current, frozenset({"hard", "soft"}))
        return Asker(state, system, self.lines, self.settings, current, known=self.known), terms

    @cached_property
    def base(self) -> Answer:
        """The best plan as the rules stand."""
        return self.answer()

    @property
    def binding_rules(self) -> tuple[ActiveRule, ...]:
        """The rules that are constraints of the plan."""
        return tuple(rule for rule in self.rules.values() if rule.level in self.levels)

    def rule(self, name: str) -> ActiveRule:
        """Return a rule by full or short id. Raises BadInput for one that is not in force, or for two of that name."""
        found = [rule for rule in self.rules.values() if name in (rule.id, rule.short)]
        if name in self.rules:
            return self.rules[name]
        if len(found) == 1:
            return found[0]
        if found:
            raise BadInput("explain.ambiguous_rule", value=name, expected=", ".join(r.id for r in found))
        known = [*self.rules, *(rule.short for rule in self.rules.values())]
        raise BadInput("explain.unknown_rule", value=name, choices=known)

    def position(self, tranche_id: str) -> int:
        """Return the position of a line. Raises BadInput for one that is neither in the universe nor held."""
        at = self.system.index[0].get(tranche_id)
        if at is None:
            raise BadInput("explain.unknown_tranche", value=tranche_id, choices=self.positions.ids)
        return int(at)

    def any(self, change: Change, nodes: int) -> Answer:
        """Return some plan under ``change``, rounded and re-checked exactly; ``stopped`` after so many branches."""

        def for_nothing(program: Program) -> Problem:
            return replace(program.problem, c=np.zeros(program.problem.n), offset=0.0)

        return self._ask(change, for_nothing, self.levels, nodes)

    def answer(self, change: Change = NOTHING, adjust: Adjust | None = None) -> Answer:
        """Return the best plan under ``change``: rounded, re-checked exactly, with its bound."""
        if change is NOTHING and adjust is None and "base" in self.__dict__:
            return self.base
        if self.refused is not None:
            return Answer("stopped", self.refused, self.state, None, self.current, None, None)
        return self._ask(change, adjust, self.levels)

    def _ask(
        self, change: Change, adjust: Adjust | None, levels: frozenset[str], nodes: int | None = None
    ) -> Answer:  # fmt: skip
        if self.stopped is not None:
            return Answer("stopped", self.stopped, self.state, None, self.current, None, None)
        state, system, current = self.changed(change)
        maker = Asker(state, system, self.lines, self.settings, current, adjust=adjust,
                       known=self.known, nodes=nodes)  # fmt: skip
        terms = self.terms(state, system, current, levels)
        return maker.attempt(terms)

    def terms(
        self, state: BookState, system: RowSystem, current: tuple[Finding, ...], levels: frozenset[str]
    ) -> Terms:  # fmt: skip
        """Return the terms of a plan: rules of some levels, and those that give way for a price."""
        return replace(_terms(state, current, self.settings), levels=levels, gives=priced(soft_rules(system)))

    def changed(self, change: Change) -> tuple[BookState, RowSystem, tuple[Finding, ...]]:
        """Return the book, its rows and the findings on what it holds under ``change``; only moved rules compile."""
        if change == NOTHING:
            return self.state, self.system, self.current
        moved = {rule: self._moved(rule, change) for rule, _, _ in change.limits}
        rules = tuple(moved.get(r.id, r) for r in self.state.rules.active if r.id not in change.without)
        state = replace(self.state, rules=replace(self.state.rules, active=rules))
        blocks: list[Block] = []
        done: set[str] = set()
        for block in self.system.blocks:
            name = block.rule.id
            if name not in moved and name not in change.without:
                blocks.append(block)
            elif name in moved and name not in change.without and name not in done:
                done.add(name)
                blocks += compile_rule(moved[name], (0,), [self.positions], self.system.offsets, None)
        return state, replace(self.system, blocks=tuple(blocks)), self._findings(state, moved, change)

    def at(self, change: Change) -> Model:
        """Return the book under ``change`` as a model of its own; what the change leaves as it is is not made again."""
        state, system, current = self.changed(change)
        made = Model.__new__(Model)
        kept = ("settings", "stopped", "known", "positions", "lines", "objective", "assumed", "total")
        made.__dict__.update({name: self.__dict__[name] for name in kept if name in self.__dict__})
        made.given, made.state = replace(self.given, rules=state.rules), state
        made.current, made.quick = current, None
        made.__dict__["system"] = system
        return made

    @property
    def turnover_cap(self) -> float | None:
        """The cap on trades in yuan, None where there is none."""
        cap = self.settings.max_turnover
        return None if cap is None else float(cap * (self.total or Fraction(0)))

    def relaxed(self, change: Change = NOTHING, adjust: Adjust | None = None) -> tuple[Program, Outcome]:
        """Return the plan's program under ``change`` and the answer of its LP relaxation, a bound of every plan."""
        state, system, current = self.changed(change)
        terms = self.terms(state, system, current, self.levels)
        program = build_program(
            system, self.lines, self.objective, terms, max_turnover=self.turnover_cap, least_change=False
        )
        program = program if adjust is None else replace(program, problem=adjust(program))
        settings = SolveSettings(time_limit=self.settings.time_limit)
        return program, solve_problem(program.problem.relaxed(), "highs", settings)

    def relaxation(self, change: Change = NOTHING) -> tuple[Outcome, tuple[str, ...]]:
        """Return the answer of the relaxation under ``change``, and the rules that bind in it."""
        if self.quick is not None:
            return self.quick(change)
        program, outcome = self.relaxed(change)
        return outcome, tight(program, outcome)

    @cached_property
    def relaxed_base(self) -> tuple[Program, Outcome]:
        """The plan's program as the rules stand, and the answer of its relaxation."""
        return self.relaxed()

    def ceiling(self, change: Change = NOTHING) -> Fraction | None:
        """Return a proven bound of the objective under ``change``, yuan a year; None where there is none."""
        return self.top(change)[1]

    def top(self, change: Change = NOTHING) -> tuple[str, Fraction | None]:
        """Return (status of the relaxation under ``change``, its proven bound in yuan a year)."""
        if self.rate:
            return "stopped", None
        found = self.relaxation(change)[0]
        return found.status, None if found.bound is None else Fraction(-float(found.bound)) * 10**6

    def _findings(self, state: BookState, moved: dict[str, ActiveRule], change: Change) -> tuple[Finding, ...]:
        kept = tuple(f for f in self.current if f.rule not in change.without and f.rule not in moved)
        if not self.state.held or not moved:
            return kept
        return (*kept, *evaluate_exact([replace(self.given, rules=state.rules)], rules=set(moved)))

    def _moved(self, name: str, change: Change) -> ActiveRule:
        rule = self.rules[name]
        new = {sense: value for each, sense, value in change.limits if each == name}
        limits = tuple(replace(item, value=new.get(item.sense, item.value)) for item in rule.limits)
        return replace(rule, limits=limits)

    @cached_property
    def total(self) -> Fraction | None:
        """What basis points are of: NAV, else the amount to be invested, in yuan."""
        return total_of(self.state)

    @property
    def rate(self) -> bool:
        """Whether the objective is a rate (carry per capital) and not an amount."""
        return self.objective.kind == "carry_per_capital"

    def value(self, answer: Answer) -> Fraction | None:
        """Return the objective of a plan at its exact faces, yuan a year net of the costs of its trades (or a rate).

        None where there is no plan.
        """
        if answer.faces is None:
            return None
        earned, capital = Fraction(0), Fraction(0)
        for name in {*answer.faces, *self.state.held}:
            p = self.system.index[0][name]
            face, before = answer.faces.get(name, Fraction(0)), self.state.held.get(name, Fraction(0))
            earned += face * _plain(self.objective.gain[p])
            earned -= abs(face - before) * _plain(self.lines.cost[p] * self.lines.worth[p])
            capital += face * _plain(self.objective.capital[p])
        earned -= _paid(answer)
        return earned if not self.rate else earned / capital if capital else Fraction(0)

    @property
    def earns(self) -> bool:
        """Whether plans maximise an amount: no rate, and not the least change first."""
        return not self.rate and not (self.settings.cure and self.settings.max_turnover is None)

    def bound(self, answer: Answer) -> Fraction | None:
        """Return the most the objective can be, yuan a year; None where the solver gives no such number."""
        if answer.outcome is None or answer.outcome.bound is None or not self.earns:
            return None
        return Fraction(-answer.outcome.bound) * 10**6

    def binding(self, answer: Answer) -> tuple[str, ...]:
        """Return the rules with a row at its bound, in a plan."""
        if answer.program is None or answer.outcome is None or answer.faces is None:
            return ()
        return tight(answer.program, answer.outcome, lots=True)

    def bp(self, yuan: Fraction | None) -> Fraction | None:
        """Return an amount a year (or a rate) in basis points of the total."""
        if yuan is None:
            return None
        if self.rate:
            return yuan * 10_000
        return yuan / self.total * 10_000 if self.total else None


def _paid(answer: Answer) -> Fraction:
    """Return what a plan pays for rules that gave way at a price, yuan a year."""
    if answer.program is None or answer.outcome is None or answer.outcome.x is None:
        return Fraction(0)
    return Fraction(paid(answer.program.problem, answer.program.builder, answer.outcome.x)) * 10**6


def _plain(value: float) -> Fraction:
    return Fraction(0) if np.isnan(value) else Fraction(float(value))
