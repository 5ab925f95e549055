"""Stress: scenarios, and a universe under them."""

from __future__ import annotations

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
from absalloc.stress.result import Stressed, note_text
from absalloc.stress.revalue import stress_universe

__all__ = [
    "Move",
    "Scenario",
    "Stressed",
    "break_even_cdr",
    "compose",
    "find_scenario",
    "json_schema",
    "load_scenario",
    "note_text",
    "shipped_scenarios",
    "stress_universe",
]
