"""A universe as the exact checker reads it: plain values, a column at a time, kept with the universe."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from absalloc.universe import Universe


class Table:
    """A universe as plain Python values, a column at a time; None is missing. ``of`` makes one for each universe."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self._columns: dict[str, list[Any]] = {}
        self.ranges: dict[tuple[str, int | None], tuple[Fraction, Fraction]] = {}
        self.units: dict[tuple[str, int | None], tuple[Fraction, tuple[Fraction, ...]]] = {}
        self.grouped: dict[Any, dict[str | None, list[tuple[int, Fraction]]]] = {}

    @classmethod
    def of(cls, universe: Universe) -> Table:
        """Return the table of a universe, which keeps it."""
        found: Table = universe.kept.setdefault("exact", cls(universe))
        return found

    def column(self, name: str) -> list[Any]:
        """Return a column: texts, bools, floats or dates, None where missing."""
        if name not in self._columns:
            self._columns[name] = self._read(name)
        return self._columns[name]

    def _read(self, name: str) -> list[Any]:
        if name not in self.universe.table.columns:
            return [None] * len(self.universe.table)
        values = self.universe.column(name)
        if values.dtype.kind == "M":
            return list(values.tolist())  # as dates, NaT as None
        # A number that is not itself is NaN.
        return [None if value is None or value != value else value for value in values.tolist()]

    def expand(self, name: str) -> list[str]:
        """Return the columns ``rating.*`` stands for, or the one named."""
        if not name.endswith(".*"):
            return [name]
        return sorted(str(c) for c in self.universe.table.columns if str(c).startswith(name[:-1]))
