"""Shocks of the small worlds: other prices, ratings and lives of the same lines, and redemptions."""

from __future__ import annotations

from fractions import Fraction
from hashlib import sha256
from random import Random

import numpy as np

from absalloc.rows import BookState, Scenario
from absalloc.universe import Universe
from absalloc.universe.model import as_series


def some_shock(seed: int, states: list[BookState], *, redeems: bool = True) -> Scenario:
    """Return a shock of all books: prices to a quarter, some ratings and lives, and in half of them a redemption."""
    rng = Random(seed)
    share = rng.choice([Fraction(0), Fraction(1, 10), Fraction(3, 10)]) if redeems else Fraction(0)
    universes: dict[int, Universe] = {}
    for state in states:
        universes.setdefault(id(state.universe), _moved(rng, state.universe))
    chosen = tuple(universes[id(state.universe)] for state in states)
    return Scenario("shock", chosen, share, sha256=sha256(str(seed).encode()).hexdigest())


def _moved(rng: Random, universe: Universe) -> Universe:
    table = universe.table
    columns = {}
    for name, choices in (("dirty_price", (0.75, 0.9, 1.0, 1.0625)), ("wal", (1.0, 1.0, 1.5))):
        if name in table:
            columns[name] = np.array([rng.choice(choices) for _ in range(len(table))]) * table[name].to_numpy(float)
    for name in [c for c in table if str(c).startswith("rating.")]:
        grades = table[name].to_numpy(object)
        columns[name] = np.array([rng.choice(["AA", g, g]) if g else g for g in grades], dtype=object)
    return universe.replace(table=table.assign(**{name: as_series(values) for name, values in columns.items()}))
