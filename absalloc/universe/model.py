"""What the universe stage hands on: the table of facts, what was wrong with it, and where it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from absalloc.errors import BadInput
from absalloc.messages import render
from absalloc.terms import COLUMNS, Column
from absalloc.terms import column as term
from absalloc.where import Where

NUMBER_KINDS = ("money", "rate", "price", "years", "days", "count")
EXTRA = "extra."
"""Prefix of columns that a mapping joins beside the vocabulary; they are text."""
ISSUER_RATING, RATING = "issuer_rating.", "rating."


def column_spec(name: str) -> Column:
    """Return the specification of a column, ``extra.<name>`` included.

    Raises BadInput, with the nearest name, for a column outside the vocabulary.
    """
    if name.startswith(EXTRA) and len(name) > len(EXTRA):
        return Column(kind="text")
    found = term(name)
    if found is None:
        raise BadInput("universe.column_unknown", value=name, choices=COLUMNS)
    return found


@dataclass(frozen=True)
class Failure:
    """One bad row or value. ``kept``: the row stays in the table (a bad value in it is then unknown)."""

    code: str
    where: Where
    value: str | None
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Whether the row is still in the table."""
        return bool(self.fields.get("kept", True))

    def text(self, lang: str = "en") -> str:
        """Return place, reason, what to do and what became of the row, in ``en`` or ``zh``."""
        body = render(self.code, lang, **{"value": self.value, **self.fields})
        fates = {None: "row_kept", True: "row_as_is"} if self.kept else {None: "row_dropped", True: "row_dropped"}
        fate = render(f"universe.{fates[self.fields.get('as_is')]}", lang)
        return f"{self.where}: {body} {fate}"

    def as_error(self) -> BadInput:
        """Return the BadInput that ``strict`` raises for this failure."""
        return BadInput(self.code, where=self.where, value=self.value, **self.fields)

    def as_json(self, lang: str = "en") -> dict[str, Any]:
        """Return plain data: code, place, value, kept, and the text in ``lang``."""
        return {
            "code": self.code,
            "file": self.where.file,
            "line": self.where.line,
            "column": self.where.column,
            "value": self.value,
            "tranche_id": self.fields.get("tranche_id"),
            "kept": self.kept,
            "message": self.text(lang),
        }


@dataclass(frozen=True)
class Source:
    """One file that was read. ``rows`` are data rows; ``ignored`` the headers that no column took."""

    file: str
    sha256: str
    encoding: str
    rows: int
    mapping: str | None = None
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Universe:
    """The facts on every tranche, one row each; missing is None, NaN or NaT, never zero.

    ``table`` has a RangeIndex and every column of ``terms.COLUMNS`` that is not derived (all of them after
    ``derive``), the ``rating.<agency>`` columns found, and ``extra.<name>`` columns joined by a mapping.
    Text, enums, ratings and booleans are object columns with None; numbers float64 with NaN (yuan, decimals,
    years, price per 100); dates datetime64[s] with NaT. A rating that the file states to be none (NR) is
    ``""``, one that the file does not give is None.
    ``labels`` say for each column, or each row of it, where the value comes from: ``file``,
    ``join:<file>``, ``declared``, ``derived``, ``assumed``, ``model:<how>``, ``missing``.
    """

    table: pd.DataFrame
    failures: tuple[Failure, ...]
    provenance: tuple[Source, ...]
    labels: Mapping[str, str | np.ndarray]
    data_date: date | None
    lines: np.ndarray
    kept: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What readers of the table made of it and need again, under names of their own."""

    @cached_property
    def sha256(self) -> str:
        """Hash over all files read, in their order: the identity of the input."""
        joined = "\n".join(source.sha256 for source in self.provenance)
        return hashlib.sha256(joined.encode()).hexdigest()

    @cached_property
    def _index(self) -> dict[str, int]:
        return {code: row for row, code in enumerate(self.table["tranche_id"])}

    def index(self) -> dict[str, int]:
        """Return tranche_id -> row."""
        return self._index

    def column(self, name: str) -> np.ndarray:
        """Return one column as an array of length n; all missing where the files had none.

        Text, enum, rating and bool: object with None; numbers: float64 with NaN; dates: datetime64[D] with
        NaT. Raises BadInput for a name outside the vocabulary.
        """
        if name not in self.table.columns:
            return empty_column(column_spec(name).kind, len(self.table))
        values = self.table[name].to_numpy()
        return values.astype("datetime64[D]") if values.dtype.kind == "M" else values

    def label(self, name: str) -> np.ndarray:
        """Return the label of each row of a column, an object array of length n."""
        found = self.labels.get(name, "missing")
        if isinstance(found, str):
            return np.full(len(self.table), found, dtype=object)
        return found

    def replace(
        self, *, table: pd.DataFrame | None = None, labels: Mapping[str, str | np.ndarray] | None = None
    ) -> Universe:
        """Return a copy with another table or labels; rows must stay the same."""
        return replace(
            self,
            table=self.table if table is None else table,
            labels=self.labels if labels is None else labels,
        )


@dataclass(frozen=True)
class Holdings:
    """What a book holds: ``tranche_id face market_value book_value breach_since line``.

    Yuan, NaN where not given; ``breach_since`` datetime64[s]; ``line`` the line of the file.
    """

    table: pd.DataFrame
    source: Source


@dataclass(frozen=True)
class Trades:
    """Trades done: ``date tranche_id side{buy,sell} face price line``; face in yuan, price per 100 or NaN."""

    table: pd.DataFrame
    source: Source


def empty_column(kind: str, rows: int) -> np.ndarray:
    """Return an all-missing array of a column's kind."""
    if kind in NUMBER_KINDS:
        return np.full(rows, np.nan)
    if kind == "date":
        return np.full(rows, np.datetime64("NaT"), dtype="datetime64[s]")
    return np.full(rows, None, dtype=object)


def as_series(values: np.ndarray) -> pd.Series[Any]:
    """Return the values as a series of the same dtype: pandas would turn objects of text into strings."""
    return pd.Series(values, dtype=values.dtype)
