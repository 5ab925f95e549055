"""Scenarios written in Python: a function that looks at a universe and says what happens to each line."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from absalloc.cashflow.facts import Facts, Notes
from absalloc.errors import BadInput
from absalloc.files import sha256
from absalloc.stress.load import Scenario
from absalloc.stress.models import MOST_MOVE, Source, Title
from absalloc.universe.model import Universe

_MOVE, _SHARE = (-MOST_MOVE, MOST_MOVE), (0.0, 1.0)
RANGES = {"yield_move": _MOVE, "spread_move": _MOVE, "loss": _SHARE, "cpr": _SHARE}


@dataclass(frozen=True, eq=False)
class LineShocks:
    """What happens to each line: one number for all, or an array in the order of the universe's lines; decimals.

    ``yield_move`` and ``spread_move`` are added to the line's yield (0.01 is 100 bp); ``loss`` is the share of
    principal it loses, from its last payments on; ``cpr`` its annual prepayment, NaN where that stays as it is
    (pass-through lines only, like every speed). None: nothing happens.
    """

    yield_move: Any = None
    spread_move: Any = None
    loss: Any = None
    cpr: Any = None


def python_scenario(
    name: str,
    function: Callable[[Universe], LineShocks],
    *,
    title: str | None = None,
    source: str = "a function of the user",
    horizon: int | None = None,
    reinvest: float | None = None,
) -> Scenario:
    """Return a scenario made by ``function``; it goes wherever a ``Scenario`` goes and composes like any other.

    ``function`` is called with the valued universe each time one is stressed, and should give the same answer each
    time. ``horizon`` months; ``reinvest`` annual decimal. The SHA-256 of the scenario is that of the function's source
    text (of its name where that cannot be read). Raises BadInput for a horizon below one month and when the function
    is called, for what is no ``LineShocks``, another number of lines, and numbers outside their range or not finite.
    """
    if horizon is not None and horizon < 1:
        raise BadInput("cashflow.horizon_months", value=horizon, expected="12")
    try:
        text = inspect.getsource(function)
    except (OSError, TypeError):
        text = getattr(function, "__qualname__", name)
    said = Source(document=source, figures=getattr(function, "__qualname__", None), confidence="assumption")
    return Scenario(
        name=name, title=Title(en=title or name, zh=title or name), sources=(said,), horizon=horizon, reinvest=reinvest,
        sha256=sha256(f"{name}\n{text}".encode()), custom=(function,),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Own:
    """What the functions of a scenario say of each line, added up: arrays (lines,); ``cpr`` NaN where none speaks."""

    yield_move: np.ndarray
    spread_move: np.ndarray
    loss: np.ndarray
    cpr: np.ndarray

    def speeds(self, facts: Facts, notes: Notes) -> Facts:
        """Return the facts with the speeds of the functions, on pass-through lines."""
        said = np.isfinite(self.cpr) & facts.schedulable
        if not said.any():
            return facts
        pool = said & (facts.repayment == "pass_through")
        notes.add(said & ~pool, "speed_untouched")
        notes.add(pool, "speed")
        row = facts.survival_row
        constant = None if row is None else np.where(pool, -1, row)
        return replace(facts, cpr=np.where(pool, self.cpr, facts.cpr), survival_row=constant)

    def losses(self, share: np.ndarray, facts: Facts, notes: Notes) -> np.ndarray:
        """Return the shares of principal lost, those of the functions on top."""
        own = np.where(facts.schedulable, self.loss, 0.0)
        for row in np.flatnonzero(own > 0).tolist():
            only = np.zeros(own.size, bool)
            only[row] = True
            notes.add(only, f"lost:{own[row]:.6g}")
        return np.asarray(1.0 - (1.0 - share) * (1.0 - own))


def own_shocks(universe: Universe, scenario: Scenario) -> Own:
    """Return what the functions of a scenario say of ``universe``; several add up, losses and the last speed as usual.

    Raises BadInput as ``python_scenario`` says.
    """
    count = len(universe.table)
    total = Own(np.zeros(count), np.zeros(count), np.zeros(count), np.full(count, np.nan))
    for function in scenario.custom:
        found = function(universe)
        if not isinstance(found, LineShocks):
            raise BadInput(
                "stress.custom_result", value=type(found).__name__, expected="LineShocks", name=scenario.name
            )
        parts = {item.name: _checked(getattr(found, item.name), item.name, count) for item in fields(LineShocks)}
        total = Own(
            total.yield_move + parts["yield_move"],
            total.spread_move + parts["spread_move"],
            1.0 - (1.0 - total.loss) * (1.0 - parts["loss"]),
            np.where(np.isfinite(parts["cpr"]), parts["cpr"], total.cpr),
        )
    return total


def _checked(values: Any, name: str, count: int) -> np.ndarray:
    if values is None:
        return np.full(count, np.nan if name == "cpr" else 0.0)
    array = np.asarray(values, float)
    if array.shape not in ((), (count,)):
        raise BadInput("cashflow.lengths", value=array.size, expected=count, name=name)
    low, high = RANGES[name]
    good = ((array >= low) & (array <= high)) | (np.isnan(array) & (name == "cpr"))
    if not good.all():
        raise BadInput(
            "stress.custom_range", value=float(array[~good].flat[0]), expected=f"{low:g} - {high:g}", name=name
        )
    return np.broadcast_to(array, (count,)).copy()
