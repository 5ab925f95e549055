"""Why a ratio moved between two dated books: split by driver, exactly, and who caused the breach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from absalloc.compliance.between import Between
from absalloc.compliance.exact import Call, assessor_of
from absalloc.compliance.exact_kinds import Result
from absalloc.compliance.finding import Finding, Moves, Part, Reason, Verdict
from absalloc.compliance.worlds import DRIVERS, World, Worlds
from absalloc.rows.state import BookState
from absalloc.rulebook.active import ActiveRule
from absalloc.rulebook.joint import counterpart, joint_rules
from absalloc.rulebook.models import HoldingsSum, ReferenceTotal, Signed, UniverseSum
from absalloc.terms import AMOUNTS

Key = tuple[str | None, str]
CAUSES = ("passive", "cause_unknown")


@dataclass(frozen=True)
class Point:
    """One bound of a rule on one group in one world; ``excess`` is positive beyond the limit."""

    verdict: Verdict
    value: Fraction | None
    limit: Fraction | None
    excess: Fraction | None
    lines: frozenset[str]


def with_moves(
    findings: Sequence[Finding], states: Sequence[BookState], way: Between, *, every: bool = False
) -> tuple[Finding, ...]:
    """Return the findings of the first book with how each ratio moved since the book before.

    Those beyond their limit, or ``every`` one. Where the parts are known the cause follows from them: a breach is
    active where the trades made it or made it worse, else passive.
    """
    wanted = {item.rule for item in findings if _wanted(item, states[0], every)}
    rules = {rule.id: rule for rule in states[0].rules.active if rule.id in wanted and not rule.of_trade}
    splitter = _Splitter(way, states)
    found = {name: splitter.rule(rule, [f for f in findings if f.rule == name]) for name, rule in rules.items()}
    return tuple(
        caused(item, found[item.rule][item.group, item.sense], rules[item.rule])
        if item.rule in found and _wanted(item, states[0], every)
        else item
        for item in findings
    )


def _wanted(item: Finding, first: BookState, every: bool) -> bool:
    if item.book.split(" + ")[0] != first.name:
        return False
    return every or item.verdict == "fail" or (excess_of(item) or 0) > 0


def excess_of(item: Finding | Result) -> Fraction | None:
    """Return by how much a ratio is beyond its limit, ``n - limit * d`` or its negative; None where not known."""
    if item.numerator is None or item.denominator is None or item.limit is None:
        return None
    excess = item.numerator - item.limit * item.denominator
    return excess if item.sense == "max" else -excess


def caused(item: Finding, moves: Moves, rule: ActiveRule) -> Finding:
    """Return a finding with its moves, and the cause that follows from them; a breach at purchase is active."""
    item = replace(item, moves=moves)
    trades, rest = moves.part("trades").excess, moves.part("unexplained").excess
    if item.verdict != "fail" or rule.tested == "purchase" or trades is None or rest is None:
        return item
    cause: Literal["active", "passive"] | None = "active"
    why: tuple[Reason, ...] = (Reason("moves_active"),)
    if trades <= 0:
        cause, why = ("passive", (Reason("moves_passive"),)) if rest <= 0 else (None, (Reason("moves_unexplained"),))
    kept = tuple(reason for reason in item.reasons if reason.code not in CAUSES)
    return replace(item, cause=cause, reasons=(*kept, *why))


class _Splitter:
    """Evaluates rules in every world; what a world's tables keep serves all rules."""

    def __init__(self, way: Between, states: Sequence[BookState]) -> None:
        self.way, self.states = way, states
        self._worlds = Worlds(way)
        self._steps: list[tuple[World, Call]] = [(world, Call()) for world in self._worlds.steps()]

    def rule(self, rule: ActiveRule, findings: Sequence[Finding]) -> dict[Key, Moves]:
        """Return the moves of a rule's findings by group and sense."""
        keys: list[Key] = [(item.group, item.sense) for item in findings]
        groups = {group for group, _ in keys if group is not None}
        old = counterpart(rule, self.way.before.rules.active)
        points: list[tuple[str | None, dict[Key, Point]]] = []
        for number, (world, call) in enumerate(self._steps):
            version = (old or rule) if number == 0 else rule
            points.append((world.driver, self._points(call, version, world.state, groups)))
            if world.driver == "amortisation":
                middle = self._own(rule, points[-2][1], points[-1][1], keys)
                points.insert(-1, ("amortisation", middle))
                points[-1] = ("amortisation_others", points[-1][1])
        return {key: self._moves(key, points, new_rule=old is None) for key in keys}

    def _points(self, call: Call, rule: ActiveRule, state: BookState, groups: set[str]) -> dict[Key, Point]:
        joint = [(state, rule)]
        if rule.scope != "portfolio":
            known = [(each.name, each.mandate.manager, each.rules.active) for each in self.states]
            mine = counterpart(rule, self.states[0].rules.active) or rule
            joint += [(_agreeing(self.states[i], state), own) for i, own in joint_rules(mine, 0, known) if i]
        assessor, _ = assessor_of(call, rule, joint)
        assessor.also = frozenset(groups)
        return {(r.group, r.sense): _point(r) for r in assessor.results()}

    def _own(
        self, rule: ActiveRule, before: dict[Key, Point], after: dict[Key, Point], keys: Sequence[Key]
    ) -> dict[Key, Point]:
        """Return the points where only the lines of each group have amortised."""
        if not _others_matter(rule):
            return after
        found: dict[Key, Point] = {}
        world = self._steps[[step.driver for step, _ in self._steps].index("amortisation") - 1][0].state
        for key in keys:
            lines = before[key].lines if key in before else frozenset()
            if not lines:
                found.update({key: before[key]} if key in before else {})
                continue
            state = self._worlds.amortised(world, lines)
            part = self._points(Call(), rule, state, {key[0]} if key[0] is not None else set())
            found.update({key: part[key]} if key in part else {})
        return found

    def _moves(self, key: Key, points: Sequence[tuple[str | None, dict[Key, Point]]], *, new_rule: bool) -> Moves:
        none = Point("pass", None, None, None, frozenset())
        path = [(driver, found.get(key, none)) for driver, found in points]
        parts: dict[str, list[tuple[Fraction | None, Fraction | None]]] = {driver: [] for driver in DRIVERS}
        for (_, one), (driver, two) in pairwise(path):
            parts[str(driver)].append((_minus(two.value, one.value), _minus(two.excess, one.excess)))
        first = path[0][1]
        summed = tuple(
            Part(driver, _sum([v for v, _ in steps]), _sum([e for _, e in steps])) for driver, steps in parts.items()
        )
        return Moves(
            self.way.before.as_of, first.verdict, first.value, first.limit, first.excess,
            tuple(part for part in summed if part.value != 0 or part.excess != 0), new_rule,
        )  # fmt: skip


def _point(result: Result) -> Point:
    return Point(
        result.verdict, result.value, result.limit, excess_of(result),
        frozenset(member.cell.code for member in result.members),
    )  # fmt: skip


def _agreeing(other: BookState, world: BookState) -> BookState:
    """Return a further book that takes shared amounts and totals from the world: it has no earlier day of its own."""
    model = other.mandate.model.model_copy(update={"amounts": {}})
    lists = {**other.lists, **{name: world.lists[name] for name in world.lists if name in other.lists}}
    return replace(other, mandate=replace(other.mandate, model=model), lists=lists)


def _others_matter(rule: ActiveRule) -> bool:
    """Return whether lines outside a group can move its ratio by amortising."""
    if rule.kind in ("count", "threshold_sum", "average"):
        return True
    parts = rule.of if isinstance(rule.of, tuple) else (rule.of,)
    inner = [part.part if isinstance(part, Signed) else part for part in parts]
    sums = any(isinstance(part, HoldingsSum | UniverseSum | ReferenceTotal) for part in inner)
    sizes = any(isinstance(part, str) and part not in AMOUNTS for part in inner)
    # Cash is what amortisation turns into: it counts wherever cash may.
    return sums or sizes or rule.by is None


def _minus(one: Fraction | None, two: Fraction | None) -> Fraction | None:
    return None if one is None or two is None else one - two


def _sum(values: Sequence[Fraction | None]) -> Fraction | None:
    found = Fraction(0)
    for value in values:
        if value is None:
            return None
        found += value
    return found
