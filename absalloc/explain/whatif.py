"""What if: one book kept warm. Each question gets a proven answer of the LP at once, and a plan on demand."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd

from absalloc.explain.live import Live, Probe, Shift
from absalloc.explain.model import Change, Model
from absalloc.explain.needed import kept, needed
from absalloc.explain.readings import HELD, readings
from absalloc.explain.relaxation import barred_by
from absalloc.explain.standing import Moved, NotPlain, Standing
from absalloc.plan.builder import MILLION
from absalloc.plan.make import Answer, PlanSettings, _Maker, _terms, make_plan
from absalloc.plan.note import no_answer
from absalloc.plan.soft import priced
from absalloc.rows import BookState
from absalloc.solve import Outcome
from absalloc.universe import Universe


class Versions:
    """The numbers of questions: they rise, and whoever asks knows whether a newer one has come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.latest = 0

    def next(self, version: int | None) -> int:
        """Return the version of a new question: the next one, where none is given."""
        with self._lock:
            found = self.latest + 1 if version is None else version
            self.latest = max(self.latest, found)
            return found


class Session:
    """One book kept warm; safe for several threads, and sharing nothing with other sessions."""

    def __init__(self, state: BookState, settings: PlanSettings, versions: Versions | None = None) -> None:
        self._open(Model(state, settings), versions)

    @classmethod
    def of(cls, model: Model) -> Session:
        """Return a session of a book that is made ready already."""
        made = cls.__new__(cls)
        made._open(model, None)
        return made

    def _open(self, model: Model, versions: Versions | None) -> None:
        self._solving = threading.Lock()
        self.versions = versions or Versions()
        self.given, self.settings = model, model.settings
        self._base = Moved()
        self._standing = None if model.stopped is not None else Standing(model)
        self._pinned: Live | None = None
        self.rebuilt = 0

    def ask(self, moved: Moved, *, version: int | None = None, every: bool = False) -> Live:
        """Return the answer with everything as in ``moved``, all else as given.

        Of questions that wait, only the one with the greatest ``version`` is solved. ``every``: readings of all rules
        and not only of those whose limits moved. Raises BadInput for an unknown rule or line.
        """
        start = time.perf_counter()
        number = self.versions.next(version)
        with self._solving:
            if number < self.versions.latest:
                return Live(number, "superseded")
            if self._standing is None:
                return Live(number, "stopped", self.given.stopped)
            self._as_given()
            found = self._compared(self._answer(number, moved, every=every))
        return replace(found, seconds=time.perf_counter() - start)

    def pin(self, answer: Live | None) -> None:
        """Make an answer the one that others are compared with; None: the book as given."""
        with self._solving:
            self._pinned = answer

    def pinned(self) -> Live | None:
        """Return the answer that others are compared with; None where the book can be asked nothing."""
        with self._solving:
            if self._standing is not None:
                self._as_given()
            return self._pinned

    def _as_given(self) -> None:
        if self._pinned is None:
            self._pinned = self._answer(0, Moved(), every=False)

    def _answer(self, number: int, moved: Moved, *, every: bool) -> Live:
        # Those with a price give way in the program itself.
        free = [rule for rule in self.given.rules.values() if rule.level == "soft"]
        soft = frozenset(rule.id for rule in free) - set(priced(free)) - moved.off
        standing, found, warm = self._solved(moved)
        gave: frozenset[str] = frozenset()
        if found.status == "infeasible" and soft:
            standing, found, again = self._solved(replace(moved, off=moved.off | soft))
            warm, gave = warm and again, soft
        if found.status != "optimal" or found.x is None or found.objective is None:
            none = found.status == "infeasible"
            return Live(
                number, "infeasible" if none else "stopped", no_answer(found.status, found.reason), warm=warm
            )  # fmt: skip
        wanted = None if every else [key[0] for key in moved.limits]
        faces, tight = standing.faces(found.x), standing.tight(found)
        told = readings(standing, found, wanted, faces, frozenset(tight))
        return Live(
            number, "optimal", None, self._value(standing, found, faces), None, None, found.gap,
            standing.ids, faces, (), tight,
            told, tuple(sorted(gave)), warm,
        )  # fmt: skip

    def _value(self, standing: Standing, found: Outcome, faces: np.ndarray) -> float:
        assert found.objective is not None
        if not self.given.rate:
            return -found.objective * MILLION
        made = standing.objective(standing.now, 0.0)
        capital = float(np.nan_to_num(made.capital) @ faces)
        cost = float(
            (standing.model.lines.cost * standing.model.lines.worth) @ np.abs(faces - standing.model.lines.held)
        )
        return (float(np.nan_to_num(made.carry) @ faces) - cost) / capital if capital > 0 else 0.0

    def _solved(self, moved: Moved) -> tuple[Standing, Outcome, bool]:
        """Return the standing program, its answer under ``moved``, and whether nothing whole had to be solved."""
        assert self._standing is not None
        colds = self._standing.warm.cold
        try:
            found = self._standing.solve(self._relative(moved))
            return self._standing, found, self._standing.warm.cold == colds
        except NotPlain:
            self._rebuild(moved)
        return self._standing, self._standing.solve(self._relative(moved)), False

    def relaxed(self, change: Change) -> tuple[Outcome, tuple[str, ...]]:
        """Return the proven answer of the relaxation under a change, and the rules that bind there; levels as planned.

        The book must not be one that nothing can be asked of.
        """
        with self._solving:
            standing, found = self._relaxed(change)
            return found, standing.tight(found)

    def probe(self, change: Change) -> Probe:
        """Return ``relaxed`` with the faces of its point and what its duals prove."""
        with self._solving:
            standing, found = self._relaxed(change)
            faces = None if found.x is None else standing.faces(found.x)
            return Probe(found, standing.tight(found), needed(standing, found), faces)

    def _relaxed(self, change: Change) -> tuple[Standing, Outcome]:
        soft = frozenset(r.id for r in self.given.rules.values() if r.level not in self.given.levels)
        limits = {(rule, sense): value for rule, sense, value in change.limits}
        moved = Moved(limits, change.without | soft)
        assert self._standing is not None
        try:
            return self._standing, self._standing.solve(self._relative(moved))
        except NotPlain:
            # A program of its own, so that the one that stands need not be built again for the next question.
            apart = self._built(moved)
            return apart, apart.solve(moved)

    @property
    def standing(self) -> Standing:
        """The program as it stands now. The book must not be one that nothing can be asked of."""
        assert self._standing is not None
        return self._standing

    def idle(self, rule: str, change: Change) -> bool:
        """Say whether a rule binds no portfolio at all, as given and under a change of its limit alone."""
        limits = {(name, sense): value for name, sense, value in change.limits}
        with self._solving:
            assert self._standing is not None
            for moved in (Moved(), Moved(limits)):
                try:
                    self._standing.move(self._relative(moved))
                except NotPlain:
                    return False
                if rule not in self._standing.code or not self._standing.idle(rule):
                    return False
        return True

    def bars_more(self, change: Change) -> np.ndarray | None:
        """Return the lines (n,) that one rule bars at its moved limit and not as written; None for a rule with rows."""
        (name,) = {rule for rule, _, _ in change.limits}
        with self._solving:
            standing = self._standing
            if standing is None or self._base != Moved() or name not in standing.bars:
                return None
            if len(standing.rows_of[standing.code[name]]) or any(key[0] == name for key in standing.blocks):
                return None
            there = self.given.at(change)
            return np.asarray(barred_by(there, name, standing.terms) & ~standing.bars[name])

    def keeps(self, change: Change, probe: Probe) -> bool:
        """Say whether the point of the book as given keeps one limit as moved; no where rows do not tell."""
        ((rule, sense, value),) = change.limits
        with self._solving:
            standing = self._standing
            if standing is None or self._base != Moved() or rule not in standing.code:
                return False
            return kept(standing, probe.outcome, (rule, sense), value)

    def _relative(self, moved: Moved) -> Moved:
        """Return ``moved`` as seen from the program that stands, which may have taken some changes into its base."""
        if self._base == Moved():
            return moved
        limits = {key: self._given_limit(key) for key in self._base.limits}
        yields = {name: float(self.given.lines.rate[self.given.position(name)]) for name in self._base.yields}
        if any(np.isnan(rate) and name not in moved.yields for name, rate in yields.items()):
            # A line that had no yield gets none again: only a program built anew is without it.
            raise NotPlain
        return replace(moved, limits={**limits, **moved.limits}, yields={**yields, **moved.yields})

    def _given_limit(self, key: tuple[str, str]) -> Fraction:
        found = next(item.value for item in self.given.rules[key[0]].limits if item.sense == key[1])
        assert found is not None
        return found

    def _rebuild(self, moved: Moved) -> None:
        self.rebuilt += 1
        self._standing = self._built(moved)
        self._base = Moved(limits=dict(moved.limits), yields=dict(moved.yields))

    def _built(self, moved: Moved) -> Standing:
        """Return a program with the limits and yields of ``moved`` as its own."""
        if moved.yields:
            return Standing(Model(self.state(replace(moved, off=frozenset())), self.settings))
        limits = frozenset((rule, sense, value) for (rule, sense), value in moved.limits.items())
        return Standing(self.given.at(Change(limits)))

    def _compared(self, found: Live) -> Live:
        """Return an answer with what differs from the pinned one."""
        pinned = self._pinned
        if pinned is None or pinned.faces is None or found.faces is None or pinned.value is None or found.value is None:
            return found
        gain = found.value - pinned.value
        change = found.faces - pinned.faces
        worth = change * self.given.lines.worth
        shifts = tuple(
            Shift(found.ids[p], float(found.faces[p]), float(pinned.faces[p]), float(worth[p]))
            for p in np.flatnonzero(np.abs(change) > HELD)
        )
        bp = self.given.bp(Fraction(gain))
        return replace(found, gain=gain, bp=None if bp is None else float(bp), changed=shifts)

    def state(self, moved: Moved) -> BookState:
        """Return the book with limits, rules and yields as in ``moved``; supply is the business of the plan."""
        limits = frozenset((rule, sense, value) for (rule, sense), value in moved.limits.items())
        rules = self.given.changed(Change(limits, moved.off))[0].rules
        state = replace(self.given.given, rules=rules)
        if not moved.yields:
            return state
        return replace(state, universe=with_yields(state, moved.yields))

    def plan(self, moved: Moved, settings: PlanSettings | None = None) -> Answer:
        """Return the plan under ``moved`` as ``optimise`` makes it: whole lots, re-checked exactly, with its proof.

        It does not wait for questions, nor they for it.
        """
        how = settings or self.settings
        state = self.state(moved)
        if not moved.supply:
            return make_plan(state, how, conflict=False)
        start = time.perf_counter()
        model = Model(state, how)
        if model.stopped is not None:
            return Answer("stopped", model.stopped, model.state, None, model.current, None, None)
        model = model.with_supply(moved.supply)
        made = _Maker(model.state, model.system, model.lines, how, model.current).run(
            _terms(model.state, model.current, how), conflict=False
        )
        return replace(made, seconds=time.perf_counter() - start)


def with_yields(state: BookState, yields: Mapping[str, float]) -> Universe:
    """Return the universe with other yields; whatever else is known of the lines stays as it is."""
    table = state.universe.table
    rate = np.asarray(table["yield"], dtype=float).copy()
    for name, value in yields.items():
        rate[state.index[name]] = value
    return state.universe.replace(table=table.assign(**{"yield": pd.Series(rate, dtype=float)}))
