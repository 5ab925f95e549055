"""Which rules cannot hold together, what each would have to give, and what is earned after that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from absalloc.explain.model import Change, Model
from absalloc.explain.relaxation import Relaxation, relax
from absalloc.explain.repairs import Repair, capacity, feasible_program, repairs_of
from absalloc.explain.whatif import Session
from absalloc.explain.words import Words, spoken
from absalloc.plan.make import PlanSettings
from absalloc.plan.note import Note
from absalloc.rows import BookState

MOST_SETS = 8
MOST_NAMED = 5
"""Lines of scarce supply that a sentence names."""
MOST_TESTS = 400
"""Feasibility solves after which the search for further sets ends; ``complete`` then is False."""


@dataclass(frozen=True)
class Conflict:
    """A minimal set of rules that no portfolio meets together. ``background``: what stands beside them, not a rule.

    ``verified``: proven again on programs built afresh: infeasible together, feasible without any one of them.
    ``on_relaxation``: infeasible even where lots, tickets and names were no matter.
    """

    rules: tuple[str, ...]
    verified: bool
    on_relaxation: bool
    repairs: tuple[Repair, ...]
    sentences: tuple[Words, ...]

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return plain data."""
        return {
            "rules": list(self.rules),
            "verified": self.verified,
            "on_relaxation": self.on_relaxation,
            "text": spoken(self.sentences, lang),
            "repairs": [item.to_json(lang) for item in self.repairs],
        }


@dataclass(frozen=True)
class Conflicts:
    """All minimal sets found. ``status`` of the plan as it stands; ``complete``: there are no further sets."""

    status: str
    sets: tuple[Conflict, ...]
    complete: bool
    reason: Note | None = None

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return plain data."""
        return {
            "schema": "absalloc.conflict/1",
            "status": self.status,
            "reason": None if self.reason is None else self.reason.text(lang),
            "complete": self.complete,
            "conflict": [item.to_json(lang) for item in self.sets],
        }


def conflicts(
    state: BookState, settings: PlanSettings, *, most: int = MOST_SETS, supply: Mapping[str, float] | None = None,
    repairs: bool = True,
) -> Conflicts:  # fmt: skip
    """Return up to ``most`` minimal sets of conflicting rules, with repairs; none where a portfolio exists.

    Not ``repairs``: the sets alone, sooner, verified all the same. ``supply``: the most face that may be bought of some
    lines; each set says so where only that makes it one.
    The cap on turnover and an amount to be invested exactly count as rules of the names ``turnover`` and ``budget``.
    An empty set of rules means that what is held, supply and tickets alone leave no portfolio.
    """
    free = Model(state, settings)
    model = free.with_supply(supply) if supply else free
    if model.stopped is not None:
        return Conflicts("stopped", (), complete=False, reason=model.stopped)
    if model.refused is not None:
        # There is a portfolio: ``optimise`` finds it, with the soft rules as near as they come.
        return Conflicts("optimal", (), complete=True, reason=model.refused)
    if model.base.status != "infeasible":
        reason = model.base.reason
        return Conflicts(model.base.status, (), complete=model.base.status == "optimal", reason=reason)
    session = Session.of(model)
    model.quick = session.relaxed
    search = _Search(model, relax(model), session, most)
    found = tuple(_described(model, search, rules, repairs) for rules in search.sets())
    if supply:
        found = tuple(_by_supply(free, item, supply) for item in found)
    return Conflicts(
        "infeasible",
        found,
        complete=search.complete,
        reason=model.base.reason,
    )


class _Search:
    """Minimal infeasible sets by deletion; further ones behind each smallest way to break all found so far."""

    def __init__(self, model: Model, relaxation: Relaxation, session: Session, most: int) -> None:
        self.model, self.relaxation, self.session, self.most = model, relaxation, session, most
        self.names = relaxation.names
        self.known: dict[tuple[frozenset[str], bool], bool | None] = {}
        self.fresh: dict[frozenset[str], bool | None] = {}
        self.complete = True

    def feasible(self, kept: frozenset[str], *, whole: bool) -> bool | None:
        """Say whether a portfolio meets the rules ``kept``."""
        key = (kept, whole)
        if key not in self.known:
            if len(self.known) >= MOST_TESTS:
                self.complete = False
                return None
            without = frozenset(self.names) - kept
            self.known[key] = self.relaxation.feasible(without) if whole else self._relaxed(without)
        return self.known[key]

    def _relaxed(self, without: frozenset[str]) -> bool | None:
        """Say the same of the LP relaxation, warm."""
        status = self.session.relaxed(Change(without=without))[0].status
        return {"optimal": True, "infeasible": False}.get(status)

    def sets(self) -> list[tuple[str, ...]]:
        found: list[frozenset[str]] = []
        tried: set[frozenset[str]] = set()
        while len(found) < self.most:
            todo = next((cut for cut in hitting_sets(found) if cut not in tried), None)
            if todo is None:
                break
            tried.add(todo)
            kept = frozenset(self.names) - todo
            # Where the relaxation has no portfolio, whole lots have none either.
            relaxed = self.feasible(kept, whole=False)
            answer = relaxed if relaxed is False else self.feasible(kept, whole=True)
            if answer is False:
                found.append(self.minimal(self.shrink(kept, whole=relaxed is not False)))
                if not found[-1]:
                    break
            elif answer is None:
                self.complete = False
        else:
            self.complete = False
        order = {name: i for i, name in enumerate(self.names)}
        return [tuple(sorted(rules, key=order.__getitem__)) for rules in found]

    def shrink(self, kept: frozenset[str], *, whole: bool) -> frozenset[str]:
        """Return a minimal infeasible part of an infeasible set: on the relaxation where that is infeasible too."""
        if self.feasible(frozenset(), whole=whole) is False:
            return frozenset()
        for name in (n for n in self.names if n in kept):
            if self.feasible(kept - {name}, whole=whole) is False:
                kept = kept - {name}
        return kept

    def minimal(self, kept: frozenset[str]) -> frozenset[str]:
        """Return a minimal infeasible part, lots and names included, of one that is minimal without them."""
        for name in (n for n in self.names if n in kept):
            if self.anew(kept - {name}) is False:
                kept = kept - {name}
        return kept

    def anew(self, kept: frozenset[str]) -> bool | None:
        """Say whether a portfolio meets the rules ``kept``, by a program that the plan builds afresh."""
        if kept not in self.fresh:
            self.fresh[kept] = feasible_program(self.model, kept)
        return self.fresh[kept]

    def verified(self, kept: frozenset[str]) -> bool:
        """Say whether programs built afresh by the plan itself agree: no portfolio with all, one without any one."""
        return self.anew(kept) is False and all(self.anew(kept - {name}) is True for name in kept)

    def on_relaxation(self, rules: frozenset[str]) -> bool:
        return self.feasible(rules, whole=False) is False


def hitting_sets(sets: list[frozenset[str]]) -> Iterator[frozenset[str]]:
    """Yield the minimal sets of names that meet every one of ``sets``, smallest first; the empty set for none."""
    cuts: set[frozenset[str]] = {frozenset()}
    for each in sets:
        # Berge: what meets the sets so far, and this one as well; only the minimal ones are kept.
        grown = {cut if cut & each else cut | {name} for cut in cuts for name in each}
        cuts = {cut for cut in grown if not any(other < cut for other in grown)}
    yield from sorted(cuts, key=lambda cut: (len(cut), sorted(cut)))


def _described(model: Model, search: _Search, rules: tuple[str, ...], repairs: bool) -> Conflict:
    kept = frozenset(rules)
    made = repairs_of(model, search.relaxation, rules) if repairs else ()
    sentences = [Words("conflict_together", rules=", ".join(rules)) if rules else Words("conflict_background")]
    sentences += [
        Words("conflict_capacity", **found) for name in rules if (found := capacity(model, search.relaxation, name))
    ]
    sentences += [item.words for item in made if item.limit is not None]
    return Conflict(rules, search.verified(kept), search.on_relaxation(kept), made, tuple(sentences))


def _by_supply(free: Model, made: Conflict, supply: Mapping[str, float]) -> Conflict:
    """Return a set that says first that it is one only for want of what may be bought, where that is so."""
    if feasible_program(free, frozenset(made.rules)) is not True:
        return made
    names = sorted(supply)
    told = names if len(names) <= MOST_NAMED else [*names[:MOST_NAMED], f"… ({len(names)})"]
    text = Words("conflict_supply", lines=", ".join(told))
    return replace(made, sentences=(text, *made.sentences))
