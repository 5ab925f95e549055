"""Why a line cannot be bought at all: the rules that keep it out, or what it lacks."""

from __future__ import annotations

from functools import cache

import numpy as np

from absalloc.explain.model import Model
from absalloc.explain.relaxation import Relaxation
from absalloc.explain.words import Words
from absalloc.plan.trades import LOT_MATTERS


def out_of_reach(model: Model, p: int) -> tuple[Words, ...]:
    """Return what no rule decides: supply, the mandate's allocation, a missing yield or price, an assumed rating."""
    lines = model.lines
    room = lines.most[p] - lines.held[p]
    found = []
    if not lines.allocated[p]:
        found.append(_words("barred_allocate"))
    if not room > 0:
        found.append(_words("barred_price" if not lines.worth[p] > 0 else "barred_supply"))
    elif room < max(lines.ticket[p], lines.lot[p] if lines.lot[p] > LOT_MATTERS else 0.0):
        found.append(_words("barred_ticket"))
    if np.isnan(model.objective.gain[p]):
        found.append(_words("barred_yield"))
    if model.assumed[p]:
        found.append(_words("barred_assumed"))
    return tuple(found)


def barring_rules(relaxation: Relaxation, p: int) -> tuple[str, ...]:
    """Return the rules that bar a line by themselves: failed, undecided, or a breach that stops buying."""
    return relaxation.barring.get(p, ())


def reasons(model: Model, relaxation: Relaxation, p: int) -> tuple[Words, ...]:
    """Return every reason why a line cannot be bought, in words; none for one that can."""
    rules = [
        _words("barred_rule" if model.rules[rule].kind == "eligibility" else "barred_unknown", rule)
        for rule in barring_rules(relaxation, p)
    ]
    return (*out_of_reach(model, p), *rules)


@cache
def _words(code: str, rule: str | None = None) -> Words:
    """Return a sentence, made once: a market of lines asks for few of them very often."""
    return Words(code) if rule is None else Words(code, rule=rule)
