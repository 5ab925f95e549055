"""The best plan of several books at once: one program, rounded book by book, checked exactly all together."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from absalloc.compliance.exact import BOOKS, evaluate_exact
from absalloc.compliance.finding import Finding
from absalloc.errors import BadInput
from absalloc.plan.decided import cannot_decide
from absalloc.plan.ending import best_of, ended
from absalloc.plan.joint_conflict import Item, minimal_conflict
from absalloc.plan.joint_program import SUPPLY, JointProgram, join, own_system, shared_blocks, supply_key, tag_of
from absalloc.plan.lines import PlanLines, market_supply, plan_lines
from absalloc.plan.make import PlanSettings, base_of, budget_of
from absalloc.plan.note import Note, no_answer
from absalloc.plan.objective import objective
from absalloc.plan.point import exact_point
from absalloc.plan.program import Program, build_program
from absalloc.plan.recheck import key_of, not_allowed, wider
from absalloc.plan.rounding import faces, missed, with_gap
from absalloc.plan.rule_rows import Key, Terms, undecided_positions
from absalloc.plan.soft import Give, priced, soft_rules
from absalloc.plan.weights import weight_notes
from absalloc.rows import Block, BookState, RowSystem, compile_rows
from absalloc.rows.lines import Positions
from absalloc.solve import Outcome, SolveSettings, solve_problem
from absalloc.units import exact

TRIES = 5
"""How often rows that fail the exact re-check are tightened before the plan is given up."""
LEVELS = frozenset({"hard", "soft"})


@dataclass(frozen=True)
class JointAnswer:
    """What came out, book by book: the books after their purchases (before them where there is no plan).

    ``findings`` are those on all books together. ``conflict``: (books, rule) pairs that no books can meet at once;
    ``margins`` as in a plan of one book, by the books of the row.
    """

    status: str  # optimal infeasible stopped
    reason: Note | None
    states: tuple[BookState, ...] = field(repr=False)
    planned: bool
    findings: tuple[Finding, ...]
    outcome: Outcome | None
    program: JointProgram | None = field(repr=False)
    conflict: tuple[Item, ...] = ()
    notes: tuple[tuple[Note, ...], ...] = ()
    seconds: float = 0.0
    margins: Mapping[str, Mapping[Key, float]] = field(default_factory=dict, repr=False)
    sets: Mapping[str, tuple[int, ...]] = field(default_factory=dict, repr=False)
    """The books that findings may be on, by how a finding names them -> their numbers from 0."""


def make_joint(states: Sequence[BookState], settings: Sequence[PlanSettings], *, conflict: bool = True) -> JointAnswer:
    """Return the plans of several books, which hold nothing yet, with the greatest sum of what they earn.

    Each keeps its own rules, all together keep the rules over several books and buy no more of a line than there is.
    ``settings``: one a book, whose back end and limits are those of the first. Not ``conflict``: no search for
    rules that conflict. Raises BadInput for books that hold something, buy from different markets, or maximise what
    does not add up, and for rules over several books that have no exact rows.
    """
    start = time.perf_counter()
    _together(states)
    empty = [replace(state, before={}) for state in states]
    system = compile_rows(empty)
    shared_blocks(system)
    stopped = cannot_decide(empty, system)
    if stopped is not None:
        return JointAnswer("stopped", stopped, tuple(empty), False, (), None, None, notes=tuple(() for _ in empty))
    lines = [plan_lines(Positions(state), budget_of(state)) for state in empty]
    maker = _Maker(empty, system, lines, settings)
    answer = maker.run(conflict=conflict)
    return replace(answer, seconds=time.perf_counter() - start, sets=maker.sets)


def _together(states: Sequence[BookState]) -> None:
    """Raise BadInput for books that no joint program is for."""
    first = states[0].mandate
    for state in states:
        mandate, where = state.mandate, state.mandate.document.where
        if state.held:
            raise BadInput("plan.joint_holdings", where=where("name"), value=state.name)
        if mandate.objective.kind == "carry_per_capital":
            raise BadInput("plan.joint_rate", where=where("objective"), value=mandate.objective.kind)
        for key, one, other in (
            ("objective.kind", mandate.objective.kind, first.objective.kind),
            ("mode", mandate.mode, first.mode),
            ("as_of", state.as_of.isoformat(), states[0].as_of.isoformat()),
        ):
            if one != other:
                raise BadInput(
                    "plan.joint_differs", where=where(key.partition(".")[0]), value=one, key=key, book=state.name,
                    other=other, first=states[0].name,
                )  # fmt: skip


@dataclass
class _Maker:
    states: Sequence[BookState]
    system: RowSystem
    lines: Sequence[PlanLines]
    settings: Sequence[PlanSettings]
    known: dict[tuple[int, frozenset[str]], Program] = field(default_factory=dict)

    def run(self, *, conflict: bool) -> JointAnswer:
        answer = self.attempt()
        if answer.status != "infeasible":
            return answer
        ordered = frozenset((tag, rule) for tag, rule in self.items() if self.ordered(tag, rule))
        if ordered and self.feasible(ordered):
            names = ", ".join(sorted(f"[{tag}] {rule}" for tag, rule in ordered))
            return replace(answer, status="stopped", reason=Note("joint_soft_order", rules=names))
        if not conflict:
            return answer
        hard = [item for item in self.items() if item not in ordered]
        found = minimal_conflict(hard, lambda held: self.feasible(frozenset({*self.items()} - {*held})))
        return replace(answer, conflict=found)

    def items(self) -> list[Item]:
        """Return all that may conflict: (books, rule), own rules before shared ones, the supply last."""
        found = dict.fromkeys((tag_of(block.books), block.rule.id) for block in self.blocks())
        return [*sorted(found, key=lambda item: "+" in item[0]), (SUPPLY, "")]

    def blocks(self) -> list[Block]:
        return [block for block in self.system.blocks if block.rule.level in LEVELS]

    def ordered(self, tag: str, rule: str) -> bool:
        """Say whether a rule is soft without a price."""
        return any(
            (tag_of(b.books), b.rule.id) == (tag, rule) and b.rule.level == "soft" and b.rule.id not in self.gives[tag]
            for b in self.blocks()
        )

    @cached_property
    def gives(self) -> dict[str, dict[str, Give]]:
        """Per book: its soft rules that have a price."""
        return {tag_of([b]): priced(soft_rules(own_system(self.system, b))) for b in range(len(self.states))}

    def feasible(self, skip: frozenset[Item]) -> bool:
        problem = self.program({}, skip).problem
        nothing = replace(problem, c=np.zeros(problem.n), offset=0.0)
        return solve_problem(nothing, "highs", self.limits()).status != "infeasible"

    def limits(self) -> SolveSettings:
        return SolveSettings(time_limit=self.settings[0].time_limit, mip_gap=self.settings[0].mip_gap)

    def program(self, margins: Mapping[str, Mapping[Key, float]], skip: frozenset[Item] = frozenset()) -> JointProgram:
        books = []
        for b in range(len(self.states)):
            mine = frozenset(rule for tag, rule in skip if tag == tag_of([b]))
            back = margins.get(tag_of([b]))
            if back:
                books.append(self.own(b, back, mine))
                continue
            if (b, mine) not in self.known:
                self.known[b, mine] = self.own(b, {}, mine)
            books.append(self.known[b, mine])
        return join(books, self.system, margins, skip)

    def own(self, b: int, margins: Mapping[Key, float], skip: frozenset[str]) -> Program:
        """Return the program of one book under its own rules, without the lines that shared rules cannot place."""
        system, lines, state = own_system(self.system, b), self.lines[b], self.states[b]
        cap = self.settings[b].max_turnover
        terms = Terms(skip, LEVELS, margins=margins, gives=self.gives[tag_of([b])])
        over = replace(self.system, blocks=tuple(shared_blocks(self.system)))
        return build_program(
            system, lines, objective(lines), terms, least_change=False,
            max_turnover=None if cap is None else float(cap * base_of(state)),
            unclear=undecided_positions(over, Terms(), self.system.offsets[b], lines.n),
        )  # fmt: skip

    def attempt(self) -> JointAnswer:
        margins: dict[str, dict[Key, float]] = {}
        failed: list[str] = []
        for _ in range(TRIES):
            joint = self.program(margins)
            n = sum(one.n for one in self.lines)
            outcome = best_of(joint.problem, joint.builder, n, self.settings[0].backend, self.limits())
            if outcome.x is None or outcome.status in ("infeasible", "unbounded"):
                return self.none(joint, outcome)
            after = self.rounded(joint, outcome.x)
            findings = evaluate_exact(after)
            more = self.too_much(joint, after, findings)
            if not more:
                return self.answer(joint, outcome, after, findings, margins)
            failed = sorted({key[0] for keys in more.values() for key in keys})
            for tag, keys in more.items():
                back = margins.setdefault(tag, {})
                back.update({key: back.get(key, 0.0) + yuan for key, yuan in keys.items()})
        reason = Note("recheck_failed", rules=", ".join(failed))
        return JointAnswer(
            "stopped", reason, tuple(self.states), False, findings, outcome, joint, notes=self.notes(joint, None)
        )

    def none(self, joint: JointProgram, outcome: Outcome) -> JointAnswer:
        status = "infeasible" if outcome.status == "infeasible" else "stopped"
        reason = no_answer(outcome.status, outcome.reason)
        states = tuple(self.states)
        return JointAnswer(status, reason, states, False, (), outcome, joint, notes=self.notes(joint, None))

    def rounded(self, joint: JointProgram, x: np.ndarray) -> list[BookState]:
        """Return the books after their purchases, in whole lots and yuan."""
        pairs = zip(self.states, joint.books, strict=True)
        return [replace(state, held=faces(own, joint.own(b, x))) for b, (state, own) in enumerate(pairs)]

    def too_much(
        self, joint: JointProgram, after: Sequence[BookState], findings: Sequence[Finding]
    ) -> dict[str, dict[Key, float]]:
        """Return the margins of what the rounded books break, by the books of the row; none where all is kept."""
        found: dict[str, dict[Key, float]] = {}
        for item in findings:
            tag = tag_of(self.sets[item.book])
            if not_allowed([item], Terms(levels=LEVELS, gives=self.gives.get(tag, {})), {}):
                found.setdefault(tag, {}).update({key_of(item): wider({}, [item])[key_of(item)]})
        for b, (own, state) in enumerate(zip(joint.books, after, strict=True)):
            cap = self.settings[b].max_turnover
            over = missed(own, state, None if cap is None else cap * base_of(state))
            if over:
                found.setdefault(tag_of([b]), {}).update({key: 2 * yuan + 10.0 for key, yuan in over.items()})
        for name, beyond in oversold(after).items():
            found.setdefault(SUPPLY, {})[supply_key(name)] = 2 * float(beyond) + 10.0
        return found

    @cached_property
    def sets(self) -> dict[str, tuple[int, ...]]:
        """The sets of books that rules speak of, each book alone among them, by how findings name them."""
        found = {(b,) for b in range(len(self.states))} | {block.books for block in self.system.blocks}
        return {BOOKS.join(self.states[b].name for b in books): books for books in sorted(found)}

    def answer(
        self, joint: JointProgram, outcome: Outcome, after: Sequence[BookState], findings: tuple[Finding, ...],
        margins: Mapping[str, Mapping[Key, float]],
    ) -> JointAnswer:  # fmt: skip
        outcome = with_gap(joint.problem, outcome, joint_point(joint, after, outcome))
        status, reason, outcome = ended(outcome, self.settings[0].mip_gap)
        notes = self.notes(joint, after)
        return JointAnswer(
            status, reason, tuple(after), True, findings, outcome, joint, notes=notes, margins=margins
        )  # fmt: skip

    def notes(self, joint: JointProgram, after: Sequence[BookState] | None) -> tuple[tuple[Note, ...], ...]:
        """Return what was assumed for each book."""
        found = []
        for b, (lines, own) in enumerate(zip(self.lines, joint.books, strict=True)):
            notes = [*lines.notes, *own.notes]
            found.append((*notes, *(weight_notes([after[b]]) if after is not None else ())))
        return tuple(found)


def oversold(after: Sequence[BookState]) -> dict[str, Fraction]:
    """Return what the books together hold of each line beyond what there is, yuan of face, exact."""
    there = market_supply(Positions(after[0]))
    found = {}
    for name in sorted({name for state in after for name in state.held}):
        most = float(there[after[0].index[name]])
        bought = sum((state.held.get(name, Fraction(0)) for state in after), Fraction(0))
        if most < np.inf and bought > exact(most):
            found[name] = bought - exact(most)
    return found


def joint_point(joint: JointProgram, after: Sequence[BookState], outcome: Outcome) -> list[Fraction]:
    """Return the columns of the program at the faces of the plans: what was rounded, not what the solver returned."""
    assert outcome.x is not None
    point: list[Fraction] = []
    for b, (own, state) in enumerate(zip(joint.books, after, strict=True)):
        point += exact_point(own, state, replace(outcome, x=joint.own(b, outcome.x)))
    for column in range(len(point), joint.problem.n):
        value = float(outcome.x[column])
        whole = joint.builder.whole[column]
        point.append(Fraction(round(value)) if whole else exact(float(f"{value:.12g}")))
    return point
