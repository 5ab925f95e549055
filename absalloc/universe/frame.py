"""The table while it is being built: columns and labels that stages of loading fill in turn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from absalloc.errors import BadInput
from absalloc.terms import COLUMNS
from absalloc.universe.build import Part, missing
from absalloc.universe.headers import normalise
from absalloc.universe.model import Failure, column_spec, empty_column
from absalloc.universe.values import MISSING
from absalloc.where import Where


class Frame:
    """All files' rows together. Mutable, and never leaves ``load_universe``."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self.rows = sum(part.rows for part in parts)
        self.lines = np.array([line for part in parts for line in part.raw.lines], dtype=np.int64)
        self.file_of = np.repeat(np.arange(len(parts)), [part.rows for part in parts])
        self.failures = [failure for part in parts for failure in part.failures]
        self.columns: dict[str, np.ndarray] = {}
        self.labels: dict[str, str | np.ndarray] = {}
        for name in dict.fromkeys(name for part in parts for name in part.columns):
            kind = column_spec(name).kind
            pieces = [part.columns.get(name, empty_column(kind, part.rows)) for part in parts]
            self.columns[name] = np.concatenate(pieces)
            self.labels[name] = "file"

    def column(self, name: str) -> np.ndarray:
        """Return a column, all missing where nothing gave it yet."""
        return self.columns.get(name, empty_column(column_spec(name).kind, self.rows))

    def fill(self, name: str, values: np.ndarray, rows: np.ndarray, label: str) -> None:
        """Fill missing values of ``rows`` and label them; what the file gave stays."""
        current = self.column(name)
        put = rows & missing(current) & ~missing(values)
        before = self.labels.get(name, "missing")
        labels = np.full(self.rows, before, dtype=object) if isinstance(before, str) else before.copy()
        if isinstance(before, str):
            labels[missing(current)] = "missing"
        labels[put] = label
        current = current.copy()
        current[put] = values[put]
        self.columns[name] = current
        self.labels[name] = str(labels[0]) if self.rows and (labels == labels[0]).all() else labels

    def texts(self, name: str, where: Where) -> list[str]:
        """Return one of our text columns, or a header of the files, as texts (``""`` for none).

        Raises BadInput for a name that is neither.
        """
        if any(name in part.raw.columns for part in self.parts):
            cells = [text for part in self.parts for text in part.raw.columns.get(name, [""] * part.rows)]
            return ["" if normalise(text) in MISSING else text for text in cells]
        if name in self.columns or name in COLUMNS:
            return ["" if value is None or value != value else str(value) for value in self.column(name)]
        known = [header for part in self.parts for header in part.raw.columns]
        raise BadInput(
            "universe.header_unknown", where=where, value=name, expected=", ".join(known), choices=[*known, *COLUMNS]
        )

    def place(self, row: int, column: str | None = None) -> Where:
        """Return where a row stands, and under which header a column of it."""
        part = self.parts[self.file_of[row]]
        return Where(part.raw.file, int(self.lines[row]), part.headers.get(column, column) if column else None)

    def fail(
        self, key: str, row: int, column: str | None, value: object, *, kept: bool = True, **fields: object
    ) -> None:
        """Report a row or value; ``kept`` False drops the row."""
        where = self.place(row, column)
        said = {"header": where.column, "expected": "", **fields, "kept": kept}
        self.failures.append(Failure(f"universe.{key}", where, None if value is None else str(value), said))
