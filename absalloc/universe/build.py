"""One file's cells to typed columns: headers found, units settled, values read, failures kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from absalloc.errors import BadInput, nearest
from absalloc.terms import COLUMNS, Column
from absalloc.units import INPUT_UNITS
from absalloc.universe.headers import accepted, known_unit, normalise, resolve, split_unit
from absalloc.universe.model import Failure, column_spec, empty_column
from absalloc.universe.readers import Raw
from absalloc.universe.values import MISSING, Problem, read_column
from absalloc.where import Where

if TYPE_CHECKING:  # pydantic is imported only where there is a mapping file
    from absalloc.universe.mapping import LoadedMapping

_FREE_KINDS = ("price", "years", "days", "count")


@dataclass
class Part:
    """The typed columns of one file while it is being loaded; ``raw`` keeps the texts for joins."""

    raw: Raw
    columns: dict[str, np.ndarray] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    ignored: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Number of data rows."""
        return len(self.raw.lines)


@dataclass(frozen=True)
class _Hit:
    header: str
    rank: int
    unit: str | None
    canonical: bool


def build(raw: Raw, mapping: LoadedMapping | None = None) -> Part:
    """Return the typed columns of one file.

    Raises BadInput for a money or rate column without a declared unit, and for two headers of one column.
    """
    part = Part(raw)
    hits = _find(raw, mapping)
    used: set[str] = set()
    for column, found in hits.items():
        used |= {hit.header for hit in found}
        _read(part, column, found, mapping)
    part.ignored = tuple(header for header in raw.columns if header not in used)
    _merge_support(part)
    _numeric_codes(part, hits.get("tranche_id", ()))
    part.failures += [
        Failure(
            "universe.row_width",
            Where(raw.file, line),
            str(cells),
            {"expected": len(raw.columns), "kept": False},
        )
        for line, cells in raw.bad_rows
    ]
    return part


def _find(raw: Raw, mapping: LoadedMapping | None) -> dict[str, tuple[_Hit, ...]]:
    """Return for each column the headers that give it: those of the mapping, else the best alias."""
    found: dict[str, tuple[_Hit, ...]] = {}
    taken: set[str] = set(mapping.model.ignore) if mapping else set()
    for column, headers in (mapping.model.columns if mapping else {}).items():
        hits = tuple(_Hit(h, rank, split_unit(h)[1], False) for rank, h in enumerate(headers) if h in raw.columns)
        if hits:
            found[column] = hits
            taken |= {hit.header for hit in hits}
    for header in raw.columns:
        known = resolve(header)
        if known is None or header in taken:
            continue
        if mapping and known.column in mapping.model.columns:
            continue
        hit = _Hit(header, known.rank, known.unit, known.canonical)
        best = found.get(known.column)
        if best is None or hit.rank < best[0].rank:
            found[known.column] = (hit,)
        elif hit.rank == best[0].rank:
            raise BadInput(
                "universe.headers_clash", where=Where(raw.file), value=header, first=best[0].header, column=known.column
            )
    return found


def _read(part: Part, column: str, hits: Sequence[_Hit], mapping: LoadedMapping | None) -> None:
    """Read a column from its headers in turn; a later one fills what the earlier ones left empty."""
    spec = column_spec(column.partition("@")[0])
    aliases = value_aliases(mapping, column)
    result = empty_column(spec.kind, part.rows)
    for hit in hits:
        cells = part.raw.columns[hit.header]
        unit = settle_unit(
            column, spec, hit.header, cells, declared=_declared(mapping, column, hit.header),
            own=hit.unit or ("yuan" if hit.canonical and spec.kind == "money" else None), where=Where(part.raw.file),
        )  # fmt: skip
        values, problems = read_column(cells, spec, name=column, unit=unit, aliases=aliases)
        part.failures += [failure_of(part.raw, problem, hit.header, not spec.required) for problem in problems]
        empty = missing(result)
        result[empty] = values[empty]
    part.columns[column] = result
    part.headers[column] = hits[0].header


def _declared(mapping: LoadedMapping | None, column: str, header: str) -> str | None:
    if mapping is None:
        return None
    units = mapping.model.units
    return units.get(column) or units.get(header)


def value_aliases(mapping: LoadedMapping | None, column: str) -> Mapping[str, str]:
    """Return normalised text -> value of a column, as the mapping declares it.

    The mapping writes ``values: {product: {their text: ours}}``. Raises BadInput for a value that is not ours.
    """
    if mapping is None or column not in mapping.model.values:
        return {}
    spec = column_spec(column)
    for text, value in mapping.model.values[column].items():
        if spec.values and value not in spec.values:
            raise BadInput(
                "universe.alias_value", where=mapping.where("values", column, text), value=value,
                expected=", ".join(spec.values), choices=spec.values,
            )  # fmt: skip
    return {normalise(text): value for text, value in mapping.model.values[column].items()}


def settle_unit(
    column: str,
    spec: Column,
    header: str,
    cells: Sequence[str],
    *,
    declared: str | None,
    own: str | None,
    where: Where,
) -> str | None:
    """Return the unit of a number column, None where its kind needs none.

    ``declared`` is the mapping's, ``own`` the header's. Raises BadInput where a money or rate column has
    neither (unless every rate carries its own percent sign), where they disagree, or are of another kind.
    """
    if spec.kind not in ("money", "rate", *_FREE_KINDS):
        return None
    if declared is not None and own is not None and INPUT_UNITS[declared] != INPUT_UNITS[own]:
        raise BadInput("universe.unit_conflict", where=where, value=declared, header=header, own=own)
    unit = declared or own
    if unit is None:
        return None if spec.kind in _FREE_KINDS else _bare(column, spec, header, cells, where)
    kind = INPUT_UNITS[unit][0]
    if spec.kind == "price" and kind == "money" and INPUT_UNITS[unit][1] == 1:
        return None  # prices are yuan per 100 of face
    if kind != spec.kind:
        raise BadInput(
            "universe.unit_kind",
            where=where,
            value=unit,
            header=header,
            column=column,
            expected=unit_choices(spec.kind),
        )
    return unit


def _bare(column: str, spec: Column, header: str, cells: Sequence[str], where: Where) -> str | None:
    given = [cell for cell in cells if normalise(cell) not in MISSING]
    if all(spec.kind == "rate" and normalise(cell).endswith("%") for cell in given):
        return None
    raise BadInput(
        "universe.unit_missing", where=where, value=header, column=column, expected=unit_choices(spec.kind),
        example=f'{header}: "{"%" if spec.kind == "rate" else "亿元"}"',
    )  # fmt: skip


def unit_choices(kind: str) -> str:
    """Return the units of a kind, for a message."""
    return ", ".join(unit for unit, (of, _) in INPUT_UNITS.items() if of == kind and known_unit(unit)) or "-"


def missing(values: np.ndarray) -> np.ndarray:
    """Return where a column of any kind has no value."""
    gone: np.ndarray = np.asarray(pd.isna(values), dtype=bool)
    return gone


def failure_of(raw: Raw, problem: Problem, header: str, kept: bool = True) -> Failure:
    """Return the failure of a cell that could not be read; where its row stays, its value is unknown."""
    where = Where(raw.file, raw.lines[problem.row], header)
    fields = {"header": header, "expected": problem.expected, "kept": kept}
    return Failure(f"universe.{problem.key}", where, problem.value, fields)


def _merge_support(part: Part) -> None:
    """Headers that name the supporter by its form of support fill party and type, the strongest form first."""
    for kind in ("guarantee", "shortfall_commitment", "liquidity_support"):
        party = part.columns.pop(f"support_party@{kind}", None)
        part.headers.pop(f"support_party@{kind}", None)
        if party is None:
            continue
        known = part.columns.setdefault("support_party", empty_column("text", part.rows))
        types = part.columns.setdefault("support_type", empty_column("enum", part.rows))
        fill = missing(known) & ~missing(party)
        known[fill] = party[fill]
        types[fill & missing(types)] = kind


def _numeric_codes(part: Part, hits: Sequence[_Hit]) -> None:
    """Report codes kept as numbers, which may have lost leading zeros: their rows are not used."""
    for hit in hits:
        for row in sorted(part.raw.numeric.get(hit.header, ())):
            where = Where(part.raw.file, part.raw.lines[row], hit.header)
            part.failures.append(
                Failure("universe.code_number", where, str(part.columns["tranche_id"][row]), {"kept": False})
            )


def require(column: str, parts: Sequence[Part], given: bool) -> None:
    """Raise BadInput where no file has a required column and the mapping does not give it."""
    if given or not COLUMNS[column].required:
        return
    for part in parts:
        if column in part.columns:
            continue
        error = BadInput("universe.column_missing", where=Where(part.raw.file), value=column, expected=accepted(column))
        guesses = (nearest(name, part.raw.columns) for name in accepted(column).split(", "))
        error.nearest = next((guess for guess in guesses if guess), None)
        raise error
