"""Which rules cannot hold together, what each would have to give, and what is earned after that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from absalloc.explain.feasible import feasible_program, numbers
from absalloc.explain.model import Change, Model
from absalloc.explain.relaxation import relax
from absalloc.explain.repairs import Repair, Ways
from absalloc.explain.whatif import Session
from absalloc.explain.words import Words, spoken
from absalloc.plan.make import Answer, PlanSettings
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
    model = free.with_supply(supply) if supply and free.stopped is None else free
    return _told_apart(free, conflicts_in(model, most=most, repairs=repairs), supply or {})


def conflicts_of(state: BookState, failed: Answer, settings: PlanSettings, supply: Mapping[str, float]) -> Conflicts:
    """Return the same of a book whose plan, under these settings and this supply, is known to fail."""
    free = Model(state, settings)
    model = free.with_supply(supply) if supply and free.stopped is None else free
    return _told_apart(free, conflicts_in(model.failed(failed)), supply)


def _told_apart(free: Model, found: Conflicts, supply: Mapping[str, float]) -> Conflicts:
    """Return the sets, each of which says so where it is one only for want of supply."""
    return replace(found, sets=tuple(_by_supply(free, item, supply) for item in found.sets)) if supply else found


def conflicts_in(model: Model, *, most: int = MOST_SETS, repairs: bool = True) -> Conflicts:
    """Return the same of a book that is made ready, the plan of which may be known to fail already."""
    if model.stopped is not None:
        return Conflicts("stopped", (), complete=False, reason=model.stopped)
    if model.refused is not None:
        # There is a portfolio: ``optimise`` finds it, with the soft rules as near as they come.
        return Conflicts("optimal", (), complete=True, reason=model.refused)
    if model.base.status != "infeasible":
        reason = model.base.reason
        return Conflicts(model.base.status, (), complete=model.base.status == "optimal", reason=reason)
    search = _Search(model, Session.of(model), most)
    sets = search.sets()
    ways = Ways(model, search.session, relax(model), search.names) if repairs and sets else None
    found = tuple(_described(search, rules, ways) for rules in sets)
    if not found and search.complete:
        # The plan found no point where the search finds one: both are right within their tolerances.
        return Conflicts("infeasible", (), complete=False, reason=Note("conflict_edge"))
    return Conflicts("infeasible", found, complete=search.complete, reason=model.base.reason)


class _Search:
    """Minimal infeasible sets by deletion; further ones behind each smallest way to break all found so far."""

    def __init__(self, model: Model, session: Session, most: int) -> None:
        self.model, self.session, self.most = model, session, most
        rules, levels = model.rules, model.levels
        self.names = tuple(n for n in session.standing.names if n not in rules or rules[n].level in levels)
        self.known: dict[tuple[frozenset[str], bool], bool | None] = {}
        self.proofs: dict[frozenset[str], tuple[frozenset[str], frozenset[str]]] = {}
        self.complete = True

    def feasible(self, kept: frozenset[str], *, whole: bool) -> bool | None:
        """Say whether a portfolio meets the rules ``kept``: ``whole`` by a program that the plan builds afresh."""
        key = (kept, whole)
        if key not in self.known:
            # What meets more rules meets these; what fails fewer fails these.
            for (rules, sort), answer in self.known.items():
                if sort == whole and ((answer is True and kept < rules) or (answer is False and rules < kept)):
                    return answer
            if len(self.known) >= MOST_TESTS:
                self.complete = False
                return None
            self.known[key] = feasible_program(self.model, kept) if whole else self._relaxed(kept)
        return self.known[key]

    def _relaxed(self, kept: frozenset[str]) -> bool | None:
        """Say the same of the LP relaxation, warm; where there is none, keep which rules its proof names."""
        found = self.session.relaxed(Change(without=frozenset(self.names) - kept))[0]
        if found.status == "infeasible":
            self.proofs[kept] = self.session.standing.behind(found)
        return {"optimal": True, "infeasible": False}.get(found.status)

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
        kept = kept if whole else self.named(kept)
        for name in self.names:
            if name in kept and self.feasible(kept - {name}, whole=whole) is False:
                kept = kept - {name} if whole else self.named(kept - {name})
        return kept

    def named(self, kept: frozenset[str]) -> frozenset[str]:
        """Return the rules that the proof of an infeasible relaxation names, where these alone are infeasible too."""
        combined, barring = self.proofs.get(kept, (kept, frozenset()))
        for fewer in (combined, combined | barring):
            if fewer < kept and self.feasible(fewer, whole=False) is False:
                return fewer
        return kept

    def minimal(self, kept: frozenset[str]) -> frozenset[str]:
        """Return a minimal infeasible part, lots and names included, of one that is minimal without them."""
        for name in (n for n in self.names if n in kept):
            # Where all other rules can be met these can; which of them cannot is asked further on anyway.
            rest = frozenset(self.names) - {name}
            if self.feasible(rest, whole=False) and self.feasible(rest, whole=True):
                continue
            if self.feasible(kept - {name}, whole=True) is False:
                kept = kept - {name}
        return kept

    def on_relaxation(self, rules: frozenset[str]) -> bool:
        return self.feasible(rules, whole=False) is False

    def verified(self, rules: frozenset[str]) -> bool:
        """Say whether programs built afresh by the plan agree: no portfolio with all, one without any one."""
        if self.feasible(rules, whole=True) is not False:
            return False
        return all(self.feasible(rules - {name}, whole=True) is True for name in sorted(rules))


def hitting_sets(sets: list[frozenset[str]]) -> Iterator[frozenset[str]]:
    """Yield the minimal sets of names that meet every one of ``sets``, smallest first; the empty set for none."""
    cuts: set[frozenset[str]] = {frozenset()}
    for each in sets:
        # Berge: what meets the sets so far, and this one as well; only the minimal ones are kept.
        grown = {cut if cut & each else cut | {name} for cut in cuts for name in each}
        cuts = {cut for cut in grown if not any(other < cut for other in grown)}
    yield from sorted(cuts, key=lambda cut: (len(cut), sorted(cut)))


def _described(search: _Search, rules: tuple[str, ...], ways: Ways | None) -> Conflict:
    kept = frozenset(rules)
    made = () if ways is None else ways.out_of(rules)
    sentences = [Words("conflict_together", rules=", ".join(rules)) if rules else Words("conflict_background")]
    standing = search.session.standing
    sentences += [told for name in rules if (told := numbers(standing, name)) is not None]
    return Conflict(rules, search.verified(kept), search.on_relaxation(kept), made, tuple(sentences))


def _by_supply(free: Model, made: Conflict, supply: Mapping[str, float]) -> Conflict:
    """Return a set that says first that it is one only for want of what may be bought, where that is so."""
    if feasible_program(free, frozenset(made.rules)) is not True:
        return made
    names = sorted(supply)
    told = names if len(names) <= MOST_NAMED else [*names[:MOST_NAMED], f"… ({len(names)})"]
    text = Words("conflict_supply", lines=", ".join(told))
    return replace(made, sentences=(text, *made.sentences))
