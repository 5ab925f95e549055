"""Carry per capital at an answer: Dinkelbach's step, and which of several answers is the best."""

from __future__ import annotations

import numpy as np

from absalloc.plan.builder import MILLION
from absalloc.plan.program import Program
from absalloc.plan.rounding import faces
from absalloc.solve import Outcome


def gain_per_capital(program: Program, outcome: Outcome) -> float:
    """Return (carry − costs − price × capital) over capital at an answer, 0 where it takes no capital."""
    capital = _capital(program, outcome)
    return -float(outcome.objective or 0.0) * MILLION / capital if capital > 0 else 0.0


def lost(program: Program, outcome: Outcome) -> float:
    """Return what the best of several answers has least of: the objective, or minus the rate.

    Each answer for a rate has its own price of capital, so that their objectives are not compared. What takes no
    capital has a rate of 0; an answer without a point is lost for good.
    """
    if outcome.objective is None:
        return float("inf")
    made = program.objective
    if made.kind != "carry_per_capital":
        return float(outcome.objective)
    dearest = int(np.argmax(np.nan_to_num(made.capital)))
    size = float(made.capital[dearest])
    price = float(made.carry[dearest] - made.gain[dearest]) / size if size > 0 else 0.0
    return -(price + gain_per_capital(program, outcome)) if _capital(program, outcome) > 0 else 0.0


def _capital(program: Program, outcome: Outcome) -> float:
    """Return the capital that the portfolio of an answer takes, yuan."""
    assert outcome.x is not None
    held = faces(program, outcome.x)
    index = program.lines.positions.state.index
    at = np.array([index[name] for name in held if name in index], dtype=np.int64)
    face = np.array([float(v) for name, v in held.items() if name in index])
    return float(np.nan_to_num(program.objective.capital)[at] @ face)
