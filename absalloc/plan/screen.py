"""Which lines a plan may not buy, and why: counted, so that an empty answer says its reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from absalloc.plan.lines import PlanLines
from absalloc.plan.note import Note
from absalloc.plan.objective import Objective
from absalloc.plan.rule_rows import Terms, barred_positions, label, undecided_positions
from absalloc.rows.system import RowSystem

TRUSTED_YIELDS = ("valuation", "trade", "quote", "model")
"""Sources good enough for a line with an assumed rating: a coupon beside an assumed grade buys the developers."""


@dataclass(frozen=True)
class Screened:
    """``barred`` (n,): True for lines that may not be bought; ``notes`` count those that could be had otherwise."""

    barred: np.ndarray
    notes: tuple[Note, ...]


def screened(
    system: RowSystem, lines: PlanLines, objective: Objective, terms: Terms, unclear: np.ndarray | None = None
) -> Screened:
    """Return the lines barred by eligibility rules, by unknown facts, by a missing yield, or by an assumed rating.

    ``unclear`` (n,): lines that lack a fact for a rule outside ``system``.
    """
    mandate = lines.positions.state.mandate
    could = lines.allocated & (lines.most > lines.held)
    rules = barred_positions(system, terms, 0, lines.n)
    reasons = {"barred_yield": np.isnan(objective.gain), "barred_assumed": assumed_lines(lines)}
    if mandate.unknown == "exclude":
        undecided = undecided_positions(system, terms, 0, lines.n)
        reasons["barred_unknown"] = undecided if unclear is None else undecided | unclear
    barred = np.logical_or.reduce([rules, *reasons.values()])
    notes = [Note("barred", lines=int(np.sum(barred & could)), of=int(np.sum(could)))]
    counts = _by_rule(system, terms, could)
    if counts:
        notes.append(Note("barred_rules", rules=", ".join(f"{name} {count}" for name, count in counts)))
    notes += [Note(code, lines=n) for code, mask in reasons.items() if (n := int(np.sum(mask & could)))]
    return Screened(barred, tuple(notes) if barred[could].any() else ())


def _by_rule(system: RowSystem, terms: Terms, could: np.ndarray) -> list[tuple[str, int]]:
    """Return (rule, lines it bars) of the eligibility rules, most first."""
    found: dict[str, int] = {}
    for block in system.blocks:
        if terms.binds(block) and block.rule.kind == "eligibility":
            mask = np.zeros(len(could), dtype=bool)
            for col in (block.col, block.own.col, block.shared.col):
                mask[col[col < len(could)]] = True
            found[label(block)] = int(np.sum(mask & could))
    return sorted(((name, count) for name, count in found.items() if count), key=lambda item: (-item[1], item[0]))


def assumed_lines(lines: PlanLines) -> np.ndarray:
    """Return True for lines whose only rating is assumed and which the mandate does not buy on that footing."""
    state = lines.positions.state
    assumed = np.array([name in state.assumed for name in lines.positions.ids], dtype=bool)
    if not state.mandate.assume.buy:
        return assumed
    codes, words = lines.positions.text("yield_source", {})
    trusted = np.array([word in TRUSTED_YIELDS for word in words] + [False])[codes]
    return np.asarray(assumed & ~trusted)
