"""Universes for the tests of the cash-flow stage, built from the contract of the universe stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from absalloc.terms import COLUMNS
from absalloc.universe.model import Universe, column_spec, empty_column


def _column(kind: str, values: Sequence[Any]) -> np.ndarray:
    if kind == "date":
        return np.array(values, "datetime64[s]")
    if empty_column(kind, 1).dtype == float:
        return np.array(values, float)
    out = np.empty(len(values), object)
    out[:] = list(values)
    return out


def lines(labels: dict[str, Any] | None = None, **columns: Sequence[Any]) -> Universe:
    """A universe of the given columns (``rating_any`` stands for ``rating.any``), all else missing."""
    named = {
        name.replace("rating_any", "rating.any").replace("extra_", "extra."): part for name, part in columns.items()
    }
    count = len(next(iter(named.values())))
    named.setdefault("tranche_id", [f"T{number}" for number in range(count)])
    table = {name: empty_column(spec.kind, count) for name, spec in COLUMNS.items() if not spec.derived}
    table |= {name: _column(column_spec(name).kind, values) for name, values in named.items()}
    frame = pd.DataFrame({name: pd.Series(values, dtype=values.dtype) for name, values in table.items()})
    said = dict.fromkeys(named, "file") | (labels or {})
    return Universe(frame, (), (), said, None, np.arange(count))
