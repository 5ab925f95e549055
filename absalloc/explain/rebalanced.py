"""How much of each line some compliant portfolio holds, everything else free to move: one or two warm LPs a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from absalloc.explain.model import Model
from absalloc.explain.standing import Moved, Standing
from absalloc.plan.builder import MILLION
from absalloc.solve import Outcome

SHY = 1e-9
"""Share by which a line is forced in short of its most, so that rounding does not make it too much."""


@dataclass(frozen=True)
class Most:
    """The most yuan of face that can be bought of a line, what stops it, and the objective lost (million a year)."""

    face: float
    stop: str | None
    lost: float | None


def most_of(model: Model, places: Sequence[int], step: Callable[[int], None] | None = None) -> Iterator[Most | None]:
    """Yield the most of each position; None where no portfolio exists or the line has no column.

    The LP relaxation. A line is first forced in at the least of its supply and of what single rows leave: where a
    portfolio holds that, it is the most and its carry is known with it. Only else is the most itself solved for.
    """
    standing = Standing(model)
    soft = frozenset(r.id for r in model.rules.values() if r.level == "soft" and "soft" not in model.levels)
    start = standing.solve(Moved(off=soft))
    if start.status != "optimal" or start.objective is None:
        yield from (None for _ in places)
        return
    search = _Search(standing, float(start.objective))
    for number, p in enumerate(places):
        if step is not None:
            step(number)
        column = int(standing.legs.buy[p])
        yield None if column < 0 else search.most(column)


class _Search:
    def __init__(self, standing: Standing, start: float) -> None:
        self.standing, self.warm, self.start = standing, standing.warm, start
        self.high = self.warm.col_upper.copy()
        self.cost = self.warm.c.copy()
        self.room, self.row = single_row_room(standing)

    def most(self, column: int) -> Most:
        """Return the most of one column."""
        bound = min(float(self.high[column]), float(self.room[column]))
        stop = "supply" if self.high[column] <= self.room[column] else self._name(int(self.row[column]))
        if bound <= 0:
            return Most(0.0, stop, 0.0)
        found = self._forced(column, bound)
        if found.status == "optimal" and found.objective is not None:
            return Most(bound * MILLION, stop, float(found.objective) - self.start)
        top = self._greatest(column)
        if top.status != "optimal" or top.x is None or top.row_dual is None:
            return Most(0.0, None, None)
        bound = float(top.x[column])
        found = self._forced(column, bound)
        lost = None if found.objective is None else float(found.objective) - self.start
        return Most(bound * MILLION, self._dearest(top.row_dual), lost)

    def _forced(self, column: int, bound: float) -> Outcome:
        at, low = np.array([column]), max(bound * (1 - SHY) - 1e-12, 0.0)
        self.warm.change_columns(at, np.array([low]), self.high[at])
        found = self.warm.solve()
        self.warm.change_columns(at, np.zeros(1), self.high[at])
        return found

    def _greatest(self, column: int) -> Outcome:
        every, offset = np.arange(len(self.cost)), self.warm.offset
        aim = np.zeros(len(self.cost))
        aim[column] = -1.0
        self.warm.change_cost(every, aim, 0.0)
        found = self.warm.solve()
        self.warm.change_cost(every, self.cost, offset)
        return found

    def _name(self, row: int) -> str:
        code = int(self.standing.owner[row])
        if 0 <= code < len(self.standing.rules):
            return self.standing.rules[code]
        return self.standing.structural(row)

    def _dearest(self, dual: np.ndarray) -> str | None:
        """Return the rule whose rows stop a maximum most; a name, never a price."""
        weight: dict[str, float] = {}
        for row in np.flatnonzero(dual):
            name = self._name(int(row))
            weight[name] = weight.get(name, 0.0) + abs(float(dual[row])) * float(self.standing.warm.A.greatest()[row])
        named = {rule: value for rule, value in weight.items() if rule not in ("cash", "budget")} or weight
        return max(named, key=lambda rule: (named[rule], rule), default=None)


def single_row_room(standing: Standing) -> tuple[np.ndarray, np.ndarray]:
    """Return (most of each column that its rows leave one by one, the row that leaves least), others at their best."""
    warm = standing.warm
    A, low, high = warm.A, warm.col_lower, warm.col_upper
    least, greatest = A.activity_range(low, high)
    row, column, data = A.row_of, A.indices, A.data
    with np.errstate(invalid="ignore", divide="ignore"):
        above = low[column] + (warm.row_upper - least)[row] / data
        below = low[column] + (warm.row_lower - greatest)[row] / data
    room = np.where(data > 0, above, np.where(data < 0, below, np.inf))
    room = np.where(np.isnan(room), np.inf, room)
    order = np.lexsort((room, column))
    first = np.ones(len(order), dtype=bool)
    first[1:] = column[order][1:] != column[order][:-1]
    found, at = np.full(len(high), np.inf), np.full(len(high), -1)
    found[column[order][first]] = room[order][first]
    at[column[order][first]] = row[order][first]
    return found, at
