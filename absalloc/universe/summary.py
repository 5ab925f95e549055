"""What is in a universe, counted: for the command that only looks at files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from absalloc.terms import COLUMNS
from absalloc.universe.build import missing
from absalloc.universe.model import RATING, Failure, Source, Universe

UNKNOWN = "unknown"


@dataclass(frozen=True)
class UniverseSummary:
    """Counts of a universe; ``coverage`` is the number of rows that have each column.

    ``labels`` counts, per column that is given at all, where its values come from. ``missing_for`` is left
    empty here: whoever knows rulebooks fills it with rulebook -> columns it needs and this universe lacks.
    """

    rows: int
    data_date: date | None
    sha256: str
    sources: tuple[Source, ...]
    products: dict[str, int]
    sectors: dict[str, int]
    markets: dict[str, int]
    ratings: dict[str, int]
    outstanding: float
    coverage: dict[str, int]
    labels: dict[str, dict[str, int]]
    failures: tuple[Failure, ...]
    missing_for: dict[str, tuple[str, ...]]

    @property
    def absent(self) -> tuple[str, ...]:
        """Columns of the vocabulary, derived ones aside, that no row has."""
        return tuple(name for name, count in self.coverage.items() if count == 0 and name in COLUMNS)

    def to_json(self, lang: str = "en") -> dict[str, Any]:
        """Return plain data with texts in ``lang``; unknown amounts are null."""
        return {
            "rows": self.rows,
            "data_date": self.data_date.isoformat() if self.data_date else None,
            "sha256": self.sha256,
            "sources": [
                {"file": s.file, "sha256": s.sha256, "encoding": s.encoding, "rows": s.rows, "ignored": list(s.ignored)}
                for s in self.sources
            ],
            "products": self.products,
            "sectors": self.sectors,
            "markets": self.markets,
            "ratings": self.ratings,
            "outstanding": None if np.isnan(self.outstanding) else self.outstanding,
            "coverage": self.coverage,
            "absent": list(self.absent),
            "labels": self.labels,
            "n_failures": len(self.failures),
            "failures": [failure.as_json(lang) for failure in self.failures],
            "missing_for": {book: list(columns) for book, columns in self.missing_for.items()},
        }


def describe(universe: Universe, missing_for: dict[str, tuple[str, ...]] | None = None) -> UniverseSummary:
    """Count what is in a universe; ``sectors`` are counted after ``derive``, else all unknown.

    ``ratings`` counts rows by the ratings of all agencies of the tranche together, ``NR`` where every one
    given says not rated, ``unknown`` where none is given.
    """
    table = universe.table
    columns = [name for name in table.columns if not (name in COLUMNS and COLUMNS[name].derived)]
    have = {str(name): int((~missing(universe.column(name))).sum()) for name in columns}
    outstanding = universe.column("outstanding")
    known = outstanding[~np.isnan(outstanding)]
    return UniverseSummary(
        rows=len(table),
        data_date=universe.data_date,
        sha256=universe.sha256,
        sources=universe.provenance,
        products=_counts(universe.column("product")),
        sectors=_counts(universe.column("sector")),
        markets=_counts(universe.column("market")),
        ratings=_ratings(universe),
        outstanding=float(known.sum()) if len(known) else float("nan"),
        coverage=have,
        labels={name: _counts(universe.label(name)) for name, count in have.items() if count},
        failures=universe.failures,
        missing_for=missing_for or {},
    )


def _counts(values: np.ndarray) -> dict[str, int]:
    found = Counter(UNKNOWN if value is None or value != value else str(value) for value in values)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _ratings(universe: Universe) -> dict[str, int]:
    names = [name for name in universe.table.columns if str(name).startswith(RATING)]
    agencies = [universe.column(name) for name in names]
    said = np.full(len(universe.table), None, dtype=object)
    for row in range(len(said)):
        grades = {values[row] for values in agencies if values[row] is not None}
        said[row] = "/".join(sorted(grades - {""})) or "NR" if grades else None
    return _counts(said)
