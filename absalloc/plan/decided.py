"""What must be known before a plan can be shown to comply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from absalloc.plan.note import Note
from absalloc.plan.rule_rows import worst_excess
from absalloc.rows import BookState, RowSystem, compile_rows
from absalloc.rows.groups import UNKNOWN_GROUP


def cannot_decide(states: Sequence[BookState], system: RowSystem | None = None) -> Note | None:
    """Return why no plan can be proven compliant: a hard rule that lacks an amount or a fact of the mandate.

    ``system``: the rows of the books with nothing held, where they are at hand.
    """
    for rule in (rule for state in states for rule in state.rules.inactive):
        if rule.status == "needs_key" and rule.level == "hard":
            return Note("needs_key", rule=rule.id, key=rule.fields["key"])
    probe = system or compile_rows([replace(state, held={}, before={}) for state in states])
    for block in probe.blocks:
        if block.rule.level != "hard" or block.branch == "alternative" or block.rule.unless is not None:
            continue
        if np.any(np.isinf(block.n0[1])) and block.sense == "max":
            return Note("elsewhere_unknown", rule=block.rule.id, scope=block.rule.scope)
        if isinstance(block.rule.of, str) and block.rule.of in ("nav",) and np.any(np.isinf(block.d0[1])):
            return Note("amount_unknown", rule=block.rule.id, amount=block.rule.of)
        if block.sense == "min" and block.form == "linear" and np.any(np.isinf(worst_excess(block, 0, 0).constant)):
            # A floor under what may be any amount is never proven.
            return Note("amount_unknown", rule=block.rule.id, amount=str(block.rule.of or block.rule.measure[0]))
        if block.loose and block.rule.of_trade is False and block.form != "linear":
            return Note("elsewhere_unknown", rule=block.rule.id, scope=block.rule.scope)
        listed = np.array([group != UNKNOWN_GROUP for group in block.groups], dtype=bool)
        if np.any(np.isinf(block.limit_most) & listed):
            return Note("limit_unknown", rule=block.rule.id)
    return None
