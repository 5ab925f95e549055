"""Loading a universe: files and a mapping to one table of facts, its failures and its origin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from absalloc.errors import BadInput
from absalloc.terms import COLUMNS
from absalloc.universe.build import Part, build, require
from absalloc.universe.checks import check_rows
from absalloc.universe.frame import Frame
from absalloc.universe.model import Failure, Source, Universe, as_series
from absalloc.universe.readers import read_raw

if TYPE_CHECKING:
    from absalloc.universe.mapping import LoadedMapping

_FACTS = tuple(name for name, spec in COLUMNS.items() if not spec.derived)


def load_universe(
    path: str | Path | Sequence[str | Path],
    mapping: str | Path | None = None,
    *,
    as_of: date | None = None,
    strict: bool = False,
) -> Universe:
    """Read one or several universe files (CSV, XLSX, Parquet) with an optional mapping file.

    ``as_of`` (default: the mapping's ``data_date``) decides which tranches have matured; without either,
    none is said to have. Returns the good rows with ``failures`` for the rest; ``strict`` raises the first
    of them. Raises BadInput for a file that cannot be read, a missing required column, a money or rate
    column without unit, a code that stands in two files, a mapping that does not fit, and where no row is good.
    """
    paths = [path] if isinstance(path, (str, Path)) else list(path)
    if not paths:
        raise BadInput("universe.no_files")
    given = _read_mapping(mapping)
    sheet = given.model.sheet if given else None
    parts = [build(read_raw(one, sheet), given) for one in paths]
    frame = _frame(parts, given)
    joined = _apply(frame, given)
    keep = check_rows(frame, as_of or (given.data_date if given else None))
    failures = _in_order(frame)
    if strict and failures:
        raise failures[0].as_error()
    if not keep.any():
        raise BadInput(
            "universe.nothing_good",
            where=failures[0].where if failures else None,
            problem=failures[0].text() if failures else "",
        )
    sources = [_source(part, mapping) for part in parts] + ([given.source] if given else []) + joined
    return Universe(
        table=_table(frame, keep),
        failures=tuple(failures),
        provenance=tuple(sources),
        labels=_labels(frame, keep),
        data_date=given.data_date if given else None,
        lines=frame.lines[keep],
    )


def _read_mapping(mapping: str | Path | None) -> LoadedMapping | None:
    if mapping is None:
        return None
    from absalloc.universe.mapping import read_mapping

    return read_mapping(mapping)


def _apply(frame: Frame, mapping: LoadedMapping | None) -> list[Source]:
    if mapping is None:
        return []
    from absalloc.universe.joins import apply_mapping

    return apply_mapping(frame, mapping)


def _frame(parts: Sequence[Part], mapping: LoadedMapping | None) -> Frame:
    """Put the files together; the checks that concern whole files come first."""
    joined: set[str] = set()
    if mapping is not None:
        joined = set(mapping.model.constants) | {c for j in mapping.model.joins for c in (*j.wanted(), *j.set)}
        _mapped_headers(parts, mapping)
    for column in ("tranche_id", "product"):
        require(column, parts, given=column in joined)
    frame = Frame(parts)
    _no_shared_codes(frame)
    return frame


def _mapped_headers(parts: Sequence[Part], mapping: LoadedMapping) -> None:
    known = [header for part in parts for header in part.raw.columns]
    named: list[tuple[tuple[str, ...], str]] = [
        (("columns", column), header) for column, headers in mapping.model.columns.items() for header in headers
    ]
    named += [(("ignore",), header) for header in mapping.model.ignore]
    for path, header in named:
        if header not in known:
            raise BadInput(
                "universe.header_unknown", where=mapping.where(*path), value=header,
                expected=", ".join(known), choices=known,
            )  # fmt: skip


def _no_shared_codes(frame: Frame) -> None:
    if len(frame.parts) < 2:
        return
    seen: dict[str, int] = {}
    for row, code in enumerate(frame.column("tranche_id")):
        first = seen.setdefault(code, row) if code is not None else row
        if frame.file_of[first] != frame.file_of[row]:
            raise BadInput(
                "universe.code_in_two_files",
                where=frame.place(row, "tranche_id"),
                value=code,
                first=str(frame.place(first)),
            )


def _in_order(frame: Frame) -> list[Failure]:
    """Return the failures in the order of files and lines, each with the code of its row."""
    order = {part.raw.file: place for place, part in enumerate(frame.parts)}
    codes = (
        {
            (frame.parts[int(file)].raw.file, int(line)): code
            for file, line, code in zip(frame.file_of, frame.lines, frame.column("tranche_id"), strict=True)
        }
        if frame.failures
        else {}
    )
    named = [
        replace(f, fields={**f.fields, "tranche_id": codes.get((str(f.where.file), f.where.line or 0))})
        for f in frame.failures
    ]
    return sorted(
        named, key=lambda f: (order.get(str(f.where.file), len(order)), f.where.line or 0, str(f.where.column or ""))
    )


def _source(part: Part, mapping: str | Path | None) -> Source:
    rows = part.rows + len(part.raw.bad_rows)
    return Source(
        part.raw.file, part.raw.sha256, part.raw.encoding, rows, str(mapping) if mapping else None, part.ignored
    )


def _names(frame: Frame) -> list[str]:
    return [*_FACTS, *sorted(name for name in frame.columns if name not in COLUMNS)]


def _table(frame: Frame, keep: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({name: as_series(frame.column(name)[keep]) for name in _names(frame)})


def _labels(frame: Frame, keep: np.ndarray) -> dict[str, str | np.ndarray]:
    labels: dict[str, str | np.ndarray] = {}
    for name in _names(frame):
        found = frame.labels.get(name, "missing")
        labels[name] = found if isinstance(found, str) else found[keep]
    return labels
