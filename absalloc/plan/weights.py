"""The assumption under a plan or a check: which approaches the risk weights rest on, and how sure their tables are."""

from __future__ import annotations

from collections.abc import Sequence

from absalloc.capital.tables import raw, regime_at
from absalloc.compliance.weights import counted, weights_held
from absalloc.plan.note import Note
from absalloc.rows import BookState


def weight_notes(states: Sequence[BookState]) -> list[Note]:
    """Return a note for each book of which something reads risk weights; [] where nothing does."""
    found = []
    for state in states:
        lines = weights_held([state])
        if lines:
            regime = regime_at(state.as_of, state.mandate.capital.regime)
            table = raw()[regime]
            words = {
                key: "plan.word_" + table[name]
                for key, name in (("confidence", "confidence"), ("check", "china_cell_check"))
            }
            found.append(Note("risk_weights", regime=regime, counts=counted(lines), **words))
    return found
