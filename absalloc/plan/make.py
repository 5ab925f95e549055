"""A plan: solve, round, re-check exactly, tighten what failed; or the rules that conflict."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from absalloc.compliance.exact import evaluate_exact
from absalloc.compliance.finding import Finding
from absalloc.plan.after import LossCap
from absalloc.plan.conflict import find_conflict
from absalloc.plan.decided import cannot_decide
from absalloc.plan.ending import best_of, ended
from absalloc.plan.lines import PlanLines, allocated_lines, plan_lines
from absalloc.plan.note import Note, no_answer
from absalloc.plan.objective import objective
from absalloc.plan.point import exact_point, settled
from absalloc.plan.program import Program, build_program
from absalloc.plan.rate import gain_per_capital, lost
from absalloc.plan.recheck import Outlook, carried, key_of, look, not_allowed, too_low, wider
from absalloc.plan.rounding import faces, missed, with_gap
from absalloc.plan.rule_rows import Branch, Key, Terms
from absalloc.plan.soft import Give, gave, in_order, only_excess, priced, soft_rules
from absalloc.plan.tail import TailRule, within
from absalloc.plan.tax import tax_of
from absalloc.plan.weights import weight_notes
from absalloc.rows import BookState, RowSystem, Scenario, compile_rows
from absalloc.rows.lines import Positions
from absalloc.rulebook.active import ActiveRule
from absalloc.solve import Outcome, SolveSettings, solve_cvar, solve_problem

TRIES = 3
"""How often rows that fail the exact re-check are tightened before the plan is given up."""
MIP_GAP = 1e-4
DINKELBACH_STEPS = 30
MOST_OPEN = 3
"""Up to so many purchase-tested rows above their limits are tried branch by branch; more are left to switches."""


@dataclass(frozen=True)
class PlanSettings:
    """How a plan is made. ``max_turnover`` is a share of NAV (of the invested amount without one).

    ``cure`` makes limits bind that a passive breach may otherwise exceed, and trades as little as that takes where no
    turnover cap is given. ``backend``: highs, cvxpy or pyomo. ``worst_loss``: the most that may be lost to the horizon
    of any scenario, a share like ``max_turnover``. ``tail``: a cap on CVaR over the draws of a Monte-Carlo set.
    """

    backend: str = "highs"
    max_turnover: Fraction | None = None
    cure: bool = False
    time_limit: float | None = None
    mip_gap: float = MIP_GAP
    worst_loss: Fraction | None = None
    tail: TailRule | None = None


@dataclass(frozen=True)
class Answer:
    """What came out: faces after the trades, the findings on them, and the proof; faces None where there is no plan."""

    status: str  # optimal infeasible stopped
    reason: Note | None
    state: BookState = field(repr=False)
    faces: dict[str, Fraction] | None
    findings: tuple[Finding, ...]
    outcome: Outcome | None
    program: Program | None = field(repr=False)
    conflict: tuple[str, ...] = ()
    gave_way: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    seconds: float = 0.0
    outlooks: tuple[Outlook, ...] = ()
    """The plan in each scenario asked for; its findings there stand in ``findings`` too."""
    margins: Mapping[Key, float] = field(default_factory=dict, repr=False)
    """Yuan by which rows were held back so that whole yuan pass the exact re-check."""


def make_plan(
    state: BookState, settings: PlanSettings, scenarios: Sequence[Scenario] = (), *, conflict: bool = True
) -> Answer:
    """Return the best portfolio of one book under its rules, from what it holds.

    ``state.held`` is what is held now (empty for a new book); ``state.before`` the book before, where
    known, decides what is a passive breach. Rules hold in every scenario as well (but for those tested at purchase),
    and no scenario loses more than ``settings.worst_loss``. Not ``conflict``: no search for rules that conflict.
    Raises BadInput for a rule that has no rows in a scenario.
    """
    start = time.perf_counter()
    state = in_scope(state)
    current = evaluate_exact([state]) if state.held else ()
    # From here on, what is held now is the book before the trades of this plan.
    opening = replace(state, before=dict(state.held))
    stopped = cannot_decide([opening])
    if stopped is not None:
        return Answer("stopped", stopped, opening, None, current, None, None, seconds=time.perf_counter() - start)
    system = compile_rows([opening], scenarios)
    positions = Positions(opening)
    lines = plan_lines(positions, budget_of(opening))
    was = tuple(look(opening, item) for item in scenarios) if state.held else ()
    terms = _terms(opening, current, settings, was)
    answer = _Maker(opening, system, lines, settings, current, tuple(scenarios), was).run(terms, conflict=conflict)
    return replace(answer, seconds=time.perf_counter() - start)


def in_scope(state: BookState) -> BookState:
    """Return the book without the lines that ``portfolio.fixed: none`` leaves to others."""
    if state.mandate.portfolio.fixed != "none" or state.mandate.portfolio.allocate is None:
        return state
    positions = Positions(state)
    inside = {name for name, ok in zip(positions.ids, allocated_lines(positions), strict=True) if ok}

    def only(faces: Mapping[str, Fraction]) -> dict[str, Fraction]:
        return {name: face for name, face in faces.items() if name in inside}

    return replace(state, held=only(state.held), before=None if state.before is None else only(state.before))


def budget_of(state: BookState) -> Fraction:
    """Return the yuan that are to be invested: the amount the mandate sets, else net assets."""
    invest = state.mandate.portfolio.invest
    return Fraction(invest.amount) if invest is not None else Fraction(state.mandate.amount("nav") or 0)


def base_of(state: BookState) -> Fraction:
    """Return what shares are of: net assets, or the invested amount without them."""
    nav = state.mandate.amount("nav")
    return budget_of(state) if nav is None else nav


def _terms(
    state: BookState, current: tuple[Finding, ...], settings: PlanSettings, was: Sequence[Outlook] = ()
) -> Terms:
    """Read the law of active and passive off the findings on what is held.

    What may stay in breach today may do so in a scenario too, no worse than what is held would stand there.
    """
    passive = [] if settings.cure else [f for f in current if f.verdict == "fail" and f.cause == "passive"]
    bars = {rule.id: rule.passive_breach for rule in state.rules.active}
    keys = [key_of(f) for f in passive]
    later = [key_of(f) for item in was for f in item.findings if key_of(replace(f, scenario=None)) in keys]
    no_new = [key for key in keys if (found := bars.get(key[0])) is not None and found.meanwhile == "no_new"]
    levels = frozenset({"hard", "soft"})
    return Terms(levels=levels, stay=frozenset([*keys, *later]), no_new=frozenset(no_new), cure=settings.cure)


@dataclass
class _Maker:
    state: BookState
    system: RowSystem
    lines: PlanLines
    settings: PlanSettings
    current: tuple[Finding, ...]
    scenarios: tuple[Scenario, ...] = ()
    was: tuple[Outlook, ...] = ()

    def run(self, terms: Terms, *, conflict: bool = True) -> Answer:
        soft = soft_rules(self.system)
        prices = priced(soft)
        terms = replace(terms, gives=prices)
        answer = self.attempt(terms)
        if answer.status == "infeasible" and soft:
            given = self.give_way(terms, [rule for rule in soft if rule.id not in prices])
            again = None if given is None else self.attempt(given)
            if given is not None and again is not None:
                answer, terms = again, given
        if answer.faces is not None and soft:
            broken = gave(answer.findings)
            notes = (Note("soft_gave_way", rules=", ".join(broken)),) if broken else ()
            return replace(answer, gave_way=broken, notes=(*answer.notes, *notes))
        if answer.status == "infeasible" and conflict:
            caps = [cap.label for cap in self.caps(terms)]
            caps += [] if self.settings.tail is None else [self.settings.tail.label]
            rule = self.settings.tail
            if rule is not None and self.feasible(terms, frozenset()):
                # Whole lots and the cap together cannot be met: with parts of lots they could.
                return replace(answer, conflict=(rule.label,))
            clash = find_conflict(lambda skip: self.feasible(terms, skip), self.system, terms, caps)
            return replace(answer, conflict=clash)
        return answer

    def give_way(self, terms: Terms, soft: Sequence[ActiveRule]) -> Terms | None:
        """Return the terms with each soft rule as far as it can be met, the most important first; None: no answer."""

        def least(gives: Mapping[str, Give], skip: frozenset[str], rule: str) -> Outcome:
            wanted = {**terms.gives, **gives}
            program = self.program(replace(terms, gives=wanted, skip=terms.skip | skip), 0.0)
            return solve_problem(only_excess(program.problem, program.builder, rule), "highs", self.solve_settings())

        found = in_order(soft, least)
        return None if found is None else replace(terms, gives={**terms.gives, **found[0]}, skip=terms.skip | found[1])

    def feasible(self, terms: Terms, skip: frozenset[str]) -> bool:
        program = self.program(replace(terms, skip=skip, ordered=True), 0.0)
        found = solve_problem(program.problem, "highs", self.solve_settings())
        rule = self.settings.tail
        if found.status != "infeasible" and rule is not None and rule.label not in skip:
            cap = rule.cap(program, self.most(rule, terms))
            found = solve_cvar(program.problem.relaxed(), cap, self.solve_settings()).outcome
        return found.status != "infeasible"

    def most(self, rule: TailRule, terms: Terms) -> float:
        """Return the cap on the tail in yuan, a little lower after a miss."""
        return float(rule.share * base_of(self.state)) - terms.margins.get(rule.key, 0.0)

    def solve_settings(self) -> SolveSettings:
        return SolveSettings(time_limit=self.settings.time_limit, mip_gap=self.settings.mip_gap)

    def program(self, terms: Terms, price: float) -> Program:
        cap = self.settings.max_turnover
        most = None if cap is None else float(cap * base_of(self.state))
        change = self.settings.cure and cap is None
        return build_program(
            self.system, self.lines, objective(self.lines, price), terms, max_turnover=most, least_change=change,
            caps=self.caps(terms),
        )  # fmt: skip

    def caps(self, terms: Terms) -> list[LossCap]:
        """Return the caps on what may be lost, a little lower after a miss."""
        share = self.settings.worst_loss
        if share is None:
            return []
        most, rest = float(share * base_of(self.state)), np.zeros(self.lines.n - self.lines.positions.rows)
        found = [LossCap(item.name, np.append(item.returns[0], rest), most) for item in self.scenarios]
        back = terms.margins
        return [
            replace(cap, most=most - back.get((cap.label, "", "max"), 0.0))
            for cap in found
            if cap.label not in terms.skip
        ]

    def solve(self, terms: Terms) -> tuple[Program, Outcome]:
        """Solve, each way open to a purchase-tested row above its limit on its own: without big numbers, and faster."""
        first = self.program(terms, 0.0)
        keys = first.builder.open
        if not keys or len(keys) > MOST_OPEN:
            return self.solve_one(terms, first)
        ways: list[tuple[Branch, ...]] = list(itertools.product(("within", "nothing bought"), repeat=len(keys)))
        found = [self.solve_one(replace(terms, branches=dict(zip(keys, way, strict=True)))) for way in ways]
        unsure = [pair for pair in found if pair[1].status not in ("optimal", "infeasible")]
        if unsure:
            return unsure[0]
        return min(found, key=lambda pair: lost(*pair))

    def solve_one(self, terms: Terms, first: Program | None = None) -> tuple[Program, Outcome]:
        """Solve once; for carry per capital, take Dinkelbach's steps on the price of capital until it stands still.

        ``first``: the program of these terms at no price, where it is at hand.
        """
        price = 0.0
        for step in range(DINKELBACH_STEPS):
            program = first if first is not None and step == 0 else self.program(terms, price)
            program, outcome = self.best(program, terms)
            if program.objective.kind != "carry_per_capital" or outcome.status != "optimal" or outcome.x is None:
                return program, outcome
            ratio = price + gain_per_capital(program, outcome)
            if ratio <= price * (1 + 1e-7):
                # At the best price any amount of the best lines is worth as much as none; a hair below, all of them.
                program = self.program(terms, price * (1 - 1e-6))
                return self.best(program, terms)
            price = ratio
        return program, replace(outcome, status="stopped")

    def best(self, program: Program, terms: Terms) -> tuple[Program, Outcome]:
        """Return the best answer, ties broken, and the program it is proven for: one row wider where a tail binds."""
        outcome, rule = self.tie_broken(program), self.settings.tail
        if rule is None or rule.label in terms.skip:
            return program, outcome
        return within(program, outcome, rule, self.most(rule, terms), self.solve_settings())

    def tie_broken(self, program: Program) -> Outcome:
        return best_of(
            program.problem, program.builder, self.lines.n, self.settings.backend, self.solve_settings()
        )  # fmt: skip

    def attempt(self, terms: Terms) -> Answer:
        for _ in range(TRIES + 2):
            program, outcome = self.solve(terms)
            if outcome.x is None or outcome.status in ("infeasible", "unbounded"):
                status = "infeasible" if outcome.status == "infeasible" else "stopped"
                reason = no_answer(outcome.status, outcome.reason)
                return Answer(status, reason, self.state, None, self.current, outcome, program, notes=self.lines.notes)
            held = faces(program, outcome.x)
            after = replace(self.state, held=held, book_value=carried(self.state, held))
            outlooks = tuple(look(after, item) for item in self.scenarios)
            findings = (*evaluate_exact([after]), *(f for item in outlooks for f in item.findings))
            failed, over = not_allowed(findings, terms, self.was_values()), self.lost(outlooks, program, after)
            if not failed and not over:
                loose = not terms.ordered and any(item.redeemed.asked for item in outlooks)
                sure = settled(program, after, outcome, outlooks, self.solve_settings()) if loose else outcome
                if sure is not None:
                    return self.answer(program, sure, after, findings, (outlooks, terms.margins))
            if not terms.ordered and any(item.redeemed.asked for item in outlooks):
                terms = replace(terms, ordered=True)
                continue
            more = {key: terms.margins.get(key, 0.0) + 2 * yuan + 10.0 for key, yuan in over.items()}
            terms = replace(terms, margins={**wider(terms.margins, failed), **more})
        names = ", ".join(sorted({*(key_of(f)[0] for f in failed), *(key[0] for key in over)}))
        return Answer(
            "stopped",
            Note("recheck_failed", rules=names),
            self.state,
            None,
            findings,
            outcome,
            program,
            notes=self.lines.notes,
        )

    def was_values(self) -> dict[Key, Fraction | None]:
        """Return the values at what is held, today and in every scenario."""
        return {key_of(f): f.value for f in (*self.current, *(f for item in self.was for f in item.findings))}

    def lost(self, outlooks: Sequence[Outlook], program: Program, after: BookState) -> dict[Key, float]:
        """Return by how many yuan the plan loses, spends or trades too much, by the key of the row."""
        share, rule, total = self.settings.worst_loss, self.settings.tail, base_of(self.state)
        turnover = None if self.settings.max_turnover is None else self.settings.max_turnover * total
        found = {**too_low(outlooks, None if share is None else share * total), **missed(program, after, turnover)}
        return found if rule is None else {**found, **rule.over(self.lines, after.held, total)}

    def answer(
        self, program: Program, outcome: Outcome, after: BookState, findings: tuple[Finding, ...],
        looked: tuple[tuple[Outlook, ...], Mapping[Key, float]],
    ) -> Answer:  # fmt: skip
        """Return the answer at a plan that passed; ``looked``: the plan in each scenario, and the margins it took."""
        outlooks, margins = looked
        outcome = with_gap(program.problem, outcome, exact_point(program, after, outcome, outlooks))
        status, reason, outcome = ended(outcome, self.settings.mip_gap)
        return Answer(
            status, reason, after, dict(after.held), findings, outcome, program, notes=self.notes(program, after),
            outlooks=outlooks, margins=margins,
        )  # fmt: skip

    def notes(self, program: Program, after: BookState) -> tuple[Note, ...]:
        """Return what was assumed for a plan."""
        notes = [*self.lines.notes, *program.notes]
        silent = int(np.sum(np.isnan(program.objective.carry) & (self.lines.held > 0)))
        if silent:
            notes.append(Note("held_without_yield", lines=silent))
        notes += weight_notes([after])
        if "tax" in after.mandate.objective.parts:
            notes.append(tax_of(after).note())
        return tuple(notes)
