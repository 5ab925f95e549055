"""What a mapping adds to the files: constants, dates counted from others, and values joined from elsewhere.

Only missing values are filled, and each carries a label that says where it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from absalloc.errors import BadInput
from absalloc.universe.build import failure_of, missing, settle_unit, value_aliases
from absalloc.universe.frame import Frame
from absalloc.universe.headers import split_unit
from absalloc.universe.model import Source, column_spec, empty_column
from absalloc.universe.readers import Raw, read_raw
from absalloc.universe.values import Unreadable, number, read_column, read_date
from absalloc.where import Where

if TYPE_CHECKING:
    from absalloc.universe.mapping import Join, Latest, LoadedMapping

DAYS_A_YEAR = 365.0


def apply_mapping(frame: Frame, mapping: LoadedMapping) -> list[Source]:
    """Apply constants, dates and joins, in that order; return the files that were joined.

    Raises BadInput for a value that is none of its column, a header that is not there, an ambiguous join
    and a join that matches nothing.
    """
    for column, text in mapping.model.constants.items():
        _fill_constant(frame, mapping, column, text, ("constants", column))
    for column, after in mapping.model.dates.items():
        _date_after(frame, mapping, column, after.start, after.years)
    sources = [_join(frame, mapping, place, join) for place, join in enumerate(mapping.model.joins)]
    if mapping.model.quote_basis is not None:
        rows = ~missing(frame.column("quote_price"))
        frame.fill("quote_basis", _constant("quote_basis", mapping.model.quote_basis, frame.rows), rows, "declared")
    return [source for source in sources if source is not None]


def _fill_constant(frame: Frame, mapping: LoadedMapping, column: str, text: str, path: tuple[str | int, ...]) -> None:
    values = _checked_constant(mapping, column, text, frame.rows, path)
    frame.fill(column, values, np.ones(frame.rows, dtype=bool), "declared")


def _checked_constant(
    mapping: LoadedMapping, column: str, text: str, rows: int, path: tuple[str | int, ...]
) -> np.ndarray:
    spec = column_spec(column)
    where = mapping.where(*path)
    if spec.kind == "rate" and not str(text).strip().endswith("%"):
        raise BadInput("base.percent_needed", where=where, value=text, expected=f"{text}%")
    values, problems = read_column([str(text)], spec, name=column, unit=None, aliases=value_aliases(mapping, column))
    if problems:
        raise BadInput(
            f"universe.{problems[0].key}", where=where, value=text, expected=problems[0].expected,
            choices=spec.values or None, header=column,
        )  # fmt: skip
    return np.repeat(values, rows)


def _constant(column: str, text: str, rows: int) -> np.ndarray:
    values, _ = read_column([text], column_spec(column), name=column, unit=None)
    return np.repeat(values, rows)


def _date_after(frame: Frame, mapping: LoadedMapping, column: str, start: str, years: str) -> None:
    """Fill a date some years of 365 days after another, as vendors print terms; labelled ``derived``."""
    where = mapping.where("dates", column)
    if start == "data_date":
        if mapping.data_date is None:
            raise BadInput("universe.data_date_needed", where=where)
        from_dates = np.full(frame.rows, np.datetime64(mapping.data_date, "s"))
    else:
        from_dates = frame.column(start)
        if from_dates.dtype.kind != "M":
            raise BadInput("universe.not_a_date", where=where, value=start)
    terms = np.full(frame.rows, np.nan)
    for row, text in enumerate(frame.texts(years, where)):
        try:
            terms[row] = number(text) if text not in ("", "-", "--") else np.nan
        except Unreadable:
            frame.fail("bad_number", row, years, text)
    ok = ~np.isnan(terms) & ~np.isnat(from_dates)
    result = empty_column("date", frame.rows)
    days = np.rint(terms[ok] * DAYS_A_YEAR).astype("int64").astype("timedelta64[D]")
    result[ok] = from_dates[ok] + days
    frame.fill(column, result, ok, "derived")


def _join(frame: Frame, mapping: LoadedMapping, place: int, join: Join) -> Source | None:
    where = mapping.where("joins", place)
    keys, matches = _keys(frame, join, where)
    rows = _where_rows(frame, join, where)
    source: Source | None = None
    if join.file is None:
        label = "derived"
        matched = rows & np.array([match is not None for match in matches], dtype=bool)
        found = _groups(join, matches, matched, where)
    else:
        path = mapping.path(join.file, mapping.where("joins", place, "file"))
        raw = read_raw(path, join.sheet)
        label = "derived" if join.derived else f"join:{Path(path).name}"
        source = Source(str(path), raw.sha256, raw.encoding, len(raw.lines))
        lines = _lookup(join, raw, keys, rows, mapping)
        matched = rows & (lines >= 0)
        found = _values(frame, join, raw, lines, mapping)
    if not matched.any():
        example = next((key for key, row in zip(keys, rows, strict=True) if row and key), None)
        raise BadInput("universe.join_nothing", where=where, value=example, file=join.file or "-", ours=join.key.ours)
    for column, values in found.items():
        frame.fill(column, values, matched, label)
    for column, text in join.set.items():
        frame.fill(
            column,
            _checked_constant(mapping, column, text, frame.rows, ("joins", place, "set", column)),
            matched,
            label,
        )
    for column, text in join.otherwise.items():
        path_ = ("joins", place, "otherwise", column)
        frame.fill(column, _checked_constant(mapping, column, text, frame.rows, path_), rows & ~matched, "assumed")
    return source


def _keys(frame: Frame, join: Join, where: Where) -> tuple[list[str | None], list[re.Match[str] | None]]:
    """Return the key of each row, and the match it came from where a pattern is given."""
    texts = frame.texts(join.key.ours, where)
    pattern = join.key.pattern
    if pattern is None:
        return [text or None for text in texts], []
    matches = [pattern.search(text) if text else None for text in texts]
    group = 1 if pattern.groups else 0
    return [match.group(group) if match else None for match in matches], matches


def _where_rows(frame: Frame, join: Join, where: Where) -> np.ndarray:
    rows = np.ones(frame.rows, dtype=bool)
    for column, allowed in join.where.items():
        spec = column_spec(column)
        for value in allowed:
            if spec.values and value not in spec.values:
                raise BadInput(
                    "universe.bad_value",
                    where=where,
                    value=value,
                    expected=", ".join(spec.values),
                    choices=spec.values,
                    header=column,
                )
        texts = [
            "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            for value in frame.column(column)
        ]
        rows &= np.isin(np.array(texts, dtype=object), list(allowed))
    return rows


def _groups(
    join: Join, matches: list[re.Match[str] | None], matched: np.ndarray, where: Where
) -> dict[str, np.ndarray]:
    """Return the columns read from the pattern's groups: ``column`` takes the first, ``columns`` named ones."""
    result: dict[str, np.ndarray] = {}
    for column, group in join.wanted().items():
        assert join.key.pattern is not None
        number_or_name: Any = int(group) if group.isdigit() else group
        if column == group:
            number_or_name = 1 if join.key.pattern.groups else 0
        elif number_or_name not in (*range(join.key.pattern.groups + 1), *join.key.pattern.groupindex):
            raise BadInput("universe.pattern_group", where=where, value=group, expected=column)
        texts = [
            (match.group(number_or_name) or "") if match and use else ""
            for match, use in zip(matches, matched, strict=True)
        ]
        values, problems = read_column(texts, column_spec(column), name=column, unit=None)
        if problems:
            raise BadInput(
                f"universe.{problems[0].key}",
                where=where,
                value=problems[0].value,
                expected=problems[0].expected,
                header=column,
            )
        result[column] = values
    return result


def _lookup(join: Join, raw: Raw, keys: list[str | None], rows: np.ndarray, mapping: LoadedMapping) -> np.ndarray:
    """Return for each of our rows the row of the joined file, -1 for none."""
    assert join.key.theirs is not None
    theirs = _their_column(raw, join.key.theirs)
    order = _order(join.pick, raw, mapping) if join.pick else range(len(theirs))
    table: dict[str, int] = {}
    wanted = [(name, _their_column(raw, name)) for name in join.wanted().values()]
    for row in order:
        key = theirs[row]
        first = table.setdefault(key, row)
        if first != row and join.pick is None and any(cells[first] != cells[row] for _, cells in wanted):
            raise BadInput(
                "universe.join_ambiguous", where=Where(raw.file, raw.lines[row]), value=key, first=raw.lines[first]
            )
    found = [table.get(key, -1) if key and use else -1 for key, use in zip(keys, rows, strict=True)]
    return np.array(found, dtype=np.int64)


def _order(pick: Latest, raw: Raw, mapping: LoadedMapping) -> list[int]:
    """Return the rows within the window of dates, the one to take first."""
    until = pick.until or (mapping.data_date if pick.take == "latest" else None)
    since = pick.since or (mapping.data_date if pick.take == "first" else None)
    dated: list[tuple[np.datetime64, int]] = []
    for row, text in enumerate(_their_column(raw, pick.by)):
        try:
            day = read_date(text)
        except Unreadable:
            raise BadInput(
                "universe.bad_date", where=Where(raw.file, raw.lines[row], pick.by), value=text,
                expected="2025-06-30", header=pick.by,
            ) from None  # fmt: skip
        if (until is None or day <= np.datetime64(until)) and (since is None or day >= np.datetime64(since)):
            dated.append((day, row))
    # On one day the later line is the later trade, and the earlier line the earlier one.
    return [row for _, row in sorted(dated, reverse=pick.take == "latest")]


def _their_column(raw: Raw, header: str) -> list[str]:
    if header not in raw.columns:
        raise BadInput(
            "universe.header_unknown", where=Where(raw.file, 1), value=header,
            expected=", ".join(raw.columns), choices=raw.columns,
        )  # fmt: skip
    return raw.columns[header]


def _values(frame: Frame, join: Join, raw: Raw, lines: np.ndarray, mapping: LoadedMapping) -> dict[str, np.ndarray]:
    result: dict[str, np.ndarray] = {}
    used = set(lines.tolist())
    for column, header in join.wanted().items():
        spec = column_spec(column)
        cells = _their_column(raw, header)
        unit = settle_unit(
            column, spec, header, cells, declared=join.units.get(column) or join.units.get(header),
            own=split_unit(header)[1], where=Where(raw.file, 1, header),
        )  # fmt: skip
        aliases: Mapping[str, str] = value_aliases(mapping, column)
        values, problems = read_column(cells, spec, name=column, unit=unit, aliases=aliases)
        frame.failures += [failure_of(raw, problem, header) for problem in problems if problem.row in used]
        padded = np.concatenate([values, empty_column(spec.kind, 1)])
        result[column] = padded[lines]  # -1 takes the empty one at the end
    return result
