"""Stress: scenarios, and a universe under them."""

from __future__ import annotations

from absalloc.stress.custom import LineShocks, python_scenario
from absalloc.stress.draws import MeanReverting, fit_mean_reversion
from absalloc.stress.load import (
    Move,
    Scenario,
    compose,
    find_scenario,
    json_schema,
    load_scenario,
    shipped_scenarios,
)
from absalloc.stress.losses import break_even_cdr
from absalloc.stress.monte_carlo import Draws, MonteCarlo, draw, find_set, shipped_sets
from absalloc.stress.result import Stressed, note_text
from absalloc.stress.revalue import stress_universe
from absalloc.stress.revalue_draws import HorizonReturns, revalue_draws

__all__ = [
    "Draws",
    "HorizonReturns",
    "LineShocks",
    "MeanReverting",
    "MonteCarlo",
    "Move",
    "Scenario",
    "Stressed",
    "break_even_cdr",
    "compose",
    "draw",
    "find_scenario",
    "find_set",
    "fit_mean_reversion",
    "json_schema",
    "load_scenario",
    "note_text",
    "python_scenario",
    "revalue_draws",
    "shipped_scenarios",
    "shipped_sets",
    "stress_universe",
]
