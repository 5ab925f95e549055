"""Which risk weight each line held has, by which approach, and why: only where something of the mandate reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from absalloc.messages import render
from absalloc.predicate import columns_of
from absalloc.rows import BookState

COLUMN = "risk_weight"


@dataclass(frozen=True)
class LineWeight:
    """The risk weight (decimal, None where unknown) of a line held; ``basis`` is its label, ``why`` a message code."""

    book: str
    tranche_id: str
    weight: float | None
    basis: str
    why: str

    def as_json(self, lang: str = "en") -> dict[str, Any]:
        """Return plain data, the reason in words."""
        return {
            "book": self.book,
            "tranche_id": self.tranche_id,
            "risk_weight": self.weight,
            "basis": self.basis,
            "why": render(self.why, lang),
        }


def reads_weights(state: BookState) -> bool:
    """Return whether a rule that binds the book, or its objective, reads risk weights."""
    mandate = state.mandate
    if mandate.objective.kind in ("carry_after_capital", "carry_per_capital"):
        return True
    if "capital_charge" in mandate.objective.parts:
        return True
    return any(
        COLUMN in rule.measure or any(COLUMN in columns_of(part) for part in (rule.where, rule.require) if part)
        for rule in state.rules.active
    )


def weights_held(states: Iterable[BookState]) -> tuple[LineWeight, ...]:
    """Return one entry for each line held, in the order of holdings; () where nothing reads risk weights."""
    return tuple(line for state in states if reads_weights(state) for line in _lines(state))


def _lines(state: BookState) -> Iterable[LineWeight]:
    known = "risk_weight_why" in state.universe.table.columns
    weights, labels = state.universe.column(COLUMN), state.universe.label(COLUMN)
    for name in state.held:
        row = state.index.get(name)
        if row is None or not known:
            yield LineWeight(state.name, name, None, "missing:weight", "capital.why_missing_weight")
            continue
        value = None if np.isnan(weights[row]) else float(weights[row])
        yield LineWeight(state.name, name, value, str(labels[row]), str(state.universe.table["risk_weight_why"][row]))


def counted(lines: Iterable[LineWeight]) -> str:
    """Return how many lines rest on each basis, most first: ``sec_erba 44, missing:rating 3``."""
    found = Counter(line.basis.removeprefix("derived:") for line in lines)
    return ", ".join(f"{basis} {count}" for basis, count in sorted(found.items(), key=lambda item: (-item[1], item[0])))
