"""Why lines cannot be bought at all: the rules that keep them out, or what they lack."""

from __future__ import annotations

import numpy as np

from absalloc.explain.model import Model
from absalloc.explain.relaxation import Relaxation, undecided_by
from absalloc.explain.words import Words
from absalloc.plan.trades import LOT_MATTERS


def out_of_reach(model: Model) -> tuple[tuple[str, np.ndarray], ...]:
    """Return (code of a sentence, the lines it is true of (n,)): no rule but supply, allocation, yield or rating."""
    lines = model.lines
    room = lines.most - lines.held
    some, priced = room > 0, lines.worth > 0
    least = np.maximum(lines.ticket, np.where(lines.lot > LOT_MATTERS, lines.lot, 0.0))
    return (
        ("barred_allocate", ~lines.allocated),
        ("barred_price", ~some & ~priced),
        ("barred_supply", ~some & priced),
        ("barred_ticket", some & (room < least)),
        ("barred_yield", np.isnan(model.objective.gain)),
        ("barred_assumed", model.assumed),
    )


def barring_rules(relaxation: Relaxation, p: int) -> tuple[str, ...]:
    """Return the rules that bar a line by themselves: failed, undecided, or a breach that stops buying."""
    return relaxation.barring.get(p, ())


def reasons(model: Model, relaxation: Relaxation) -> dict[int, tuple[Words, ...]]:
    """Return every reason why a line cannot be bought, in words, by its position; lines that can be are left out."""
    told = [(Words(code), lines) for code, lines in out_of_reach(model)]
    for rule, lines in relaxation.bars.items():
        open_ = undecided_by(model, rule) if np.any(lines) else lines
        told += [(Words("barred_rule", rule=rule), lines & ~open_), (Words("barred_unknown", rule=rule), lines & open_)]
    found: dict[int, tuple[Words, ...]] = {}
    for words, lines in told:
        for p in np.flatnonzero(lines).tolist():
            found[p] = (*found.get(p, ()), words)
    return found
