"""The worlds between two dated books: one thing after another put on its later state, in a stated order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from absalloc.compliance.between import Between
from absalloc.mandate import LoadedMandate
from absalloc.rows.state import BookState
from absalloc.universe import Universe
from absalloc.universe.model import as_series

DRIVERS = (
    "rules", "flows", "facts", "ratings", "prices", "amortisation", "amortisation_others", "trades", "unexplained",
)  # fmt: skip
"""What moves a ratio, in the order in which the later state replaces the earlier; docs/semantics.md says why."""
PRICES = (
    "clean_price", "dirty_price", "quote_price", "quote_basis", "quote_source", "quote_side", "yield", "yield_source",
    "yield_basis", "spread", "market_value", "horizon_rate",
)  # fmt: skip
AMORTISING = ("factor", "outstanding", "principal")


@dataclass(frozen=True)
class World:
    """A book between the two, and the driver that led to it (None for the first)."""

    driver: str | None
    state: BookState


def driver_of(column: str) -> str:
    """Return which step a column of the universe moves with."""
    if column.startswith(("rating.", "issuer_rating.")) or column in ("implied_rating", "rating_date"):
        return "ratings"
    if column in AMORTISING:
        return "amortisation"
    return "prices" if column in PRICES else "facts"


class Worlds:
    """The worlds of a way, built on demand; a step that changes nothing is left out."""

    def __init__(self, way: Between) -> None:
        self.way = way
        self._mixed = _Mixed(way.before.universe, way.after.universe)

    def steps(self) -> Iterator[World]:
        """Yield the worlds from the book before to the book after; ``amortisation`` is that of all lines."""
        way, before, after = self.way, self.way.before, self.way.after
        yield World(None, before)
        now = replace(before, rules=after.rules, as_of=after.as_of, mandate=_undated(before.mandate), before=None)
        yield World("rules", now)
        amounts = after.mandate.model.amounts
        mandate = replace(now.mandate, model=now.mandate.model.model_copy(update={"amounts": amounts}))
        now = replace(now, mandate=mandate, held=way.faces(flows=True))
        yield World("flows", now)
        now = replace(now, mandate=after.mandate, lists=after.lists)
        for driver in ("facts", "ratings", "prices"):
            if driver == "facts" or self._mixed.moves(driver):
                values = self._book_values() if driver == "prices" else now.book_value
                now = replace(now, universe=self._mixed.to(driver), book_value=values)
                yield World(driver, now)
        now = self.amortised(now, way.all_lines)
        yield World("amortisation", now)
        now = replace(now, held=way.faces(flows=True, repaid=way.all_lines, traded=True), before=after.before,
                      book_value=after.book_value)  # fmt: skip
        yield World("trades", now)
        if self._mixed.stale:
            # Lines that left the file and that nobody holds any more: a fact of the market, not a trade.
            yield World("facts", replace(now, universe=self._mixed.without(now.held)))
        yield World("unexplained", after)

    def amortised(self, now: BookState, lines: frozenset[str]) -> BookState:
        """Return a world in which some lines have amortised: all of the file where they are all that were held."""
        way = self.way
        everything = lines == way.all_lines
        universe = self._mixed.to("amortisation", None if everything else lines)
        return replace(now, universe=universe, held=way.faces(flows=True, repaid=lines), book_value=now.book_value)

    def _book_values(self) -> dict[str, Fraction]:
        """Return the book values of the lines held at first as they are later, amortisation aside."""
        before, after = self.way.before, self.way.after
        found = dict(before.book_value)
        for name, face in before.held.items():
            if name in after.book_value and after.held.get(name):
                found[name] = after.book_value[name] / after.held[name] * face
        return found


def _undated(mandate: LoadedMandate) -> LoadedMandate:
    """Return the mandate whose amounts name no day: those of the earlier day are asked for on the later one."""
    amounts = {name: item.model_copy(update={"as_of": None}) for name, item in mandate.model.amounts.items()}
    return replace(mandate, model=mandate.model.model_copy(update={"amounts": amounts}))


class _Mixed:
    """Universes with the rows of the later one, and those that left, whose columns move group by group."""

    def __init__(self, first: Universe, last: Universe) -> None:
        self.first, self.last = first, last
        index = first.index()
        self._from = np.array([index.get(code, -1) for code in last.table["tranche_id"]], dtype=np.int64)
        gone = set(index) - set(last.index())
        self.stale = [index[code] for code in first.table["tranche_id"] if code in gone] if gone else []
        self._moved: list[str] = []
        self._current: Universe | None = None

    def moves(self, driver: str) -> bool:
        """Return whether any column of a driver differs on the rows that stay."""
        return any(driver_of(name) == driver and self._differs(name) for name in self._columns())

    def _columns(self) -> list[str]:
        return [str(name) for name in dict.fromkeys([*self.last.table.columns, *self.first.table.columns])]

    def _differs(self, name: str) -> bool:
        stay = np.flatnonzero(self._from >= 0)
        old, new = self._old(name)[self._from[stay]], self._new(name)[stay]
        return bool(np.any((old != new) & ~(pd.isna(old) & pd.isna(new))))

    def _new(self, name: str) -> np.ndarray:
        return _values(self.last, name, self.first)

    def _old(self, name: str) -> np.ndarray:
        return _values(self.first, name, self.last)

    def to(self, driver: str, lines: frozenset[str] | None = None) -> Universe:
        """Return the universe in which the columns of ``driver`` have moved too; only on some ``lines`` where given."""
        if lines is not None:
            return self._partly(driver, lines)
        if driver not in self._moved:
            self._moved.append(driver)
        if self._current is None:
            self._current = self._built(lambda name: driver_of(name) in self._moved)
        else:
            names = [name for name in self._columns() if driver_of(name) == driver]
            self._current = self._with(self._current, {name: self._column(name, moved=True) for name in names})
        return self._current

    def _partly(self, driver: str, lines: frozenset[str]) -> Universe:
        assert self._current is not None
        at = np.array([code in lines for code in self._current.table["tranche_id"]], dtype=bool)
        columns = {}
        for name in (name for name in self._columns() if driver_of(name) == driver):
            old, new = self._column(name, moved=False), self._column(name, moved=True)
            columns[name] = np.where(at, new, old)
        return self._with(self._current, columns)

    def without(self, held: Any) -> Universe:
        """Return the universe without the rows that left the file, but those still ``held``."""
        assert self._current is not None
        codes = self._current.table["tranche_id"]
        keep = np.arange(len(codes)) < len(self._from)
        keep |= np.array([code in held for code in codes], dtype=bool)
        return replace(self._current, table=self._current.table[keep].reset_index(drop=True))

    def _column(self, name: str, *, moved: bool) -> np.ndarray:
        values = self._new(name).copy()
        old = self._old(name)
        if not moved:
            stay = np.flatnonzero(self._from >= 0)
            values[stay] = old[self._from[stay]]
        return np.concatenate([values, old[self.stale]]) if self.stale else values

    def _built(self, moved: Callable[[str], bool]) -> Universe:
        table = pd.DataFrame({name: as_series(self._column(name, moved=moved(name))) for name in self._columns()})
        return replace(self.last, table=table, labels={}, lines=np.arange(len(table)))

    @staticmethod
    def _with(universe: Universe, columns: dict[str, np.ndarray]) -> Universe:
        table = universe.table.copy(deep=False)
        for name, values in columns.items():
            table[name] = as_series(values)
        return replace(universe, table=table)


def _values(universe: Universe, name: str, other: Universe) -> np.ndarray:
    """Return a column as it stands in the table; all missing, in the other's dtype, where it is not there."""
    if name in universe.table.columns:
        return np.asarray(universe.table[name].to_numpy())
    dtype: Any = other.table[name].dtype
    missing: Any = {"O": None, "M": np.datetime64("NaT")}.get(dtype.kind, np.nan)
    return np.full(len(universe.table), missing, dtype=dtype)
