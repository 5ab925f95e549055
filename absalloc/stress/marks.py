"""Shocks of marks rather than cash: ratings fall, markets close."""

from __future__ import annotations

from typing import Any

import numpy as np

from absalloc.cashflow.facts import Notes
from absalloc.stress.load import Scenario
from absalloc.stress.models import Downgrade
from absalloc.stress.shocks import choose_lines
from absalloc.terms import IMPLIED_GRADES, RATING_GRADES
from absalloc.universe.model import RATING, Universe, as_series

IMPLIED = "implied_rating"


def with_marks(universe: Universe, scenario: Scenario, as_of: np.datetime64, notes: Notes) -> Universe:
    """Return the universe with ratings lowered and markets restricted. Shocks see the ratings of today.

    Long-term agency grades and the implied grade move, each on its own scale; short-term grades and lines without
    a grade do not. ``rating_date`` of a line downgraded becomes the as-of date.
    """
    columns: dict[str, np.ndarray] = {}
    for shock in scenario.part("ratings"):
        hit = choose_lines(universe, shock.where, notes, "ratings")
        moved = _downgraded(universe, columns, shock, hit)
        notes.add(moved, f"downgrade:{shock.to or shock.notches}")
        notes.add(hit & ~moved, "downgrade_none")
        if moved.any():
            dates = columns.get("rating_date", universe.column("rating_date")).astype("datetime64[s]")
            dates[moved] = as_of.astype("datetime64[s]")
            columns["rating_date"] = dates
    for shock in scenario.part("liquidity"):
        hit = choose_lines(universe, shock.where, notes, "liquidity")
        shut = columns.get("market_restricted", np.asarray(universe.column("market_restricted"), object)).copy()
        shut[hit] = True
        columns["market_restricted"] = shut
        notes.add(hit, "restricted")
    if not columns:
        return universe
    labels: dict[str, Any] = {**universe.labels, **dict.fromkeys(columns, "stressed")}
    series = {name: as_series(values) for name, values in columns.items()}
    return universe.replace(table=universe.table.assign(**series), labels=labels)


def _downgraded(universe: Universe, columns: dict[str, np.ndarray], shock: Downgrade, hit: np.ndarray) -> np.ndarray:
    """Write the lowered grades into ``columns``; return the lines of which at least one grade moved."""
    moved = np.zeros(hit.size, bool)
    names = [str(name) for name in universe.table.columns if str(name).startswith(RATING)]
    for name in [*names, IMPLIED]:
        scale = IMPLIED_GRADES if name == IMPLIED else RATING_GRADES
        old = columns.get(name, np.asarray(universe.column(name), object))
        new = old.copy()
        for row in np.flatnonzero(hit).tolist():
            if old[row] in scale:
                new[row] = _lower(str(old[row]), shock, scale)
        changed = np.array([a != b for a, b in zip(old.tolist(), new.tolist(), strict=True)], bool)
        if changed.any():
            columns[name], moved = new, moved | changed
    return moved


def _lower(grade: str, shock: Downgrade, scale: dict[str, int]) -> str:
    names = list(scale)
    step = scale[grade] + (shock.notches or 0)
    if shock.to is not None:
        step = max(step, _step_of(shock.to, scale))
    return names[min(step, len(names)) - 1]


def _step_of(grade: str, scale: dict[str, int]) -> int:
    """Return the step of an agency grade on ``scale``; where the scale lacks it, that of the next lower it has."""
    walk = list(RATING_GRADES)
    return next((scale[name] for name in walk[walk.index(grade) :] if name in scale), len(scale))
