"""Read a deal from YAML: its pool and its structure, with the names of the dataclasses as keys.

Ratios carry their unit (``12%``, ``30 bp``), amounts theirs (``80000000 yuan``, ``8 yi``); periods and months are
whole numbers. ``docs/structures.md`` and ``examples/deals`` show every part.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import date
from pathlib import Path
from typing import Any

from absalloc.cashflow.features import Assets, CleanUpCall, Put, Reserve, Revolving, Support, Trigger
from absalloc.cashflow.pool import PoolFlows, project_pool, project_table
from absalloc.cashflow.structure import CoverageTest, Fee, Pay, Structure, Tranche
from absalloc.errors import BadInput
from absalloc.files import decode, read_bytes, resolve
from absalloc.units import quantity, ratio
from absalloc.where import Where
from absalloc.yamlpos import Document, read_yaml

Path_ = tuple[str | int, ...]


def read_deal(path: str | Path) -> tuple[str, Structure, PoolFlows | None]:
    """Return name, structure and pool flows (None where it has no pool) of a deal file; see ``load_deal``."""
    reader = _Reader(read_yaml(path))
    data = reader.mapping((), ("deal", "pool", "structure"), ("deal", "structure"))
    structure = reader.part(Structure, ("structure",))
    return reader.text(("deal",)), structure, reader.pool(Path(path)) if "pool" in data else None


def _int(value: Any) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise BadInput("cashflow.structure", value=value, expected="a whole number", part="count") from None


def _yuan(value: Any) -> float:
    found = quantity(str(value))
    if found.unit != "yuan":
        raise BadInput("cashflow.structure", value=value, expected="80000000 yuan, 8 yi", part="amount")
    return float(found.value)


def _ratio(value: Any) -> float:
    return float(ratio(str(value)))


def _limit(value: Any) -> float:
    if str(value).isdigit():
        return float(value)  # a period; a ratio or an amount says its unit
    found = quantity(str(value))
    if found.unit not in ("ratio", "yuan"):
        raise BadInput("cashflow.structure", value=value, expected="5%, 1000000 yuan, 12", part="limit")
    return float(found.value)


def _bool(value: Any) -> bool:
    if value not in ("true", "false"):
        raise BadInput("base.bool_form", value=value, expected="true, false")
    return bool(value == "true")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BadInput("cashflow.structure", value=value, expected="text", part="name")
    return value


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise BadInput("base.date_form", value=value, expected="YYYY-MM-DD") from None


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_RATIOS = _words(
    "rate wac net_rate smm cpr psa abs_speed mdr cdr sda cumulative_default severity share price recovery trigger"
)
_BY_MONTH = _words("wac net_rate smm cpr psa abs_speed mdr cdr sda")
_COUNTS = _words("maturity months periods period term age recovery_lag interest_only defaults collections")
_SCALARS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_RATIOS, _ratio),
    **dict.fromkeys(_words("size amount initial minimum targets cap balance tolerance"), _yuan),
    **dict.fromkeys(_COUNTS, _int),
    **dict.fromkeys(_words("cure principal_covers advance"), _bool),
    **dict.fromkeys(_words("dates closing"), _day),
}
"""How a key's value is read; anything else is text."""
_PARTS: dict[str, type[Any]] = {
    "tranches": Tranche, "fees": Fee, "principal": Pay, "tests": CoverageTest, "triggers": Trigger,
    "revolving": Revolving, "reserve": Reserve, "call": CleanUpCall, "support": Support, "puts": Put, "assets": Assets,
}  # fmt: skip
_TABLED = _words(
    "balance age smm cpr psa abs_speed mdr cdr sda cumulative_default severity recovery_lag advance tolerance table"
)
_LEVEL = (*_TABLED[:-2], *_words("wac term net_rate amortisation interest_only"))


class _Reader:
    """Walks a document and builds dataclasses, so that every error knows its line."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def _at(self, path: Path_) -> Any:
        found = self.document.data
        for step in path:
            found = found[step]
        return found

    def _placed(self, path: Path_, make: Callable[..., Any], *values: Any, **named: Any) -> Any:
        try:
            return make(*values, **named)
        except BadInput as error:
            if not error.where.file:
                error.where = self.document.where(*path)
            raise

    def mapping(self, path: Path_, known: tuple[str, ...], needed: tuple[str, ...]) -> Mapping[str, Any]:
        """Return the mapping at ``path``; raise for keys it may not or must have."""
        data, where = self._at(path), self.document.where(*path)
        if not isinstance(data, dict):
            raise BadInput("cashflow.structure", where=where, value=data, expected=", ".join(known), part=str(path[-1]))
        for key in data:
            if key not in known:
                place = self.document.where(*path, key)
                raise BadInput("base.unknown_key", where=place, value=key, expected=", ".join(known), choices=known)
        for key in needed:
            if key not in data:
                raise BadInput("base.missing_key", where=where, value=key, path=".".join(map(str, (*path, key))))
        return data

    def part(self, kind: type[Any], path: Path_) -> Any:
        """Return the dataclass ``kind`` from the mapping at ``path``."""
        names = {item.name: item for item in fields(kind)}
        needed = tuple(
            name for name, item in names.items() if item.default is MISSING and item.default_factory is MISSING
        )
        data = self.mapping(path, tuple(names), needed)
        return self._placed(path, kind, **{key: self._value(kind, key, (*path, key)) for key in data})

    def _value(self, kind: type[Any], key: str, path: Path_) -> Any:
        data = self._at(path)
        self._one_or_many(kind, key, path)
        nested = _PARTS.get(key) if kind in (Structure, Revolving) else None
        if key == "resets":
            return tuple(self._reset((*path, place)) for place in range(len(data)))
        if nested is not None and isinstance(data, list):
            return tuple(self.part(nested, (*path, place)) for place in range(len(data)))
        if nested is not None:
            return self.part(nested, path)
        read = _limit if (kind, key) == (Trigger, "limit") else self._scalar(kind, key)
        if isinstance(data, list):
            return tuple(self._placed((*path, place), read, item) for place, item in enumerate(data))
        return self._placed(path, read, data)

    def _one_or_many(self, kind: type[Any], key: str, path: Path_) -> None:
        """Refuse a list where one value stands, and one value where a list does."""
        if kind is Assets and path[0] == "pool":
            form = "tuple" if key == "cumulative_default" else "float | tuple" if key in _BY_MONTH else "float"
        else:
            form = next(str(item.type) for item in fields(kind) if item.name == key)
        data = self._at(path)
        if form.startswith("tuple") and not isinstance(data, list):
            self._refuse(path, data, "a list")
        if "tuple" not in form and isinstance(data, list):
            self._refuse(path, data, "one value")

    def _refuse(self, path: Path_, value: Any, expected: str) -> None:
        raise BadInput(
            "cashflow.structure", where=self.document.where(*path), value=value, expected=expected, part=str(path[-1])
        )

    @staticmethod
    def _scalar(kind: type[Any], key: str) -> Callable[[Any], Any]:
        if (kind, key) == (Support, "limit"):
            return _yuan
        return _SCALARS.get(key, _text)

    def _reset(self, path: Path_) -> tuple[int, float]:
        data = self.mapping(path, ("period", "rate"), ("period", "rate"))
        return (
            self._placed((*path, "period"), _int, data["period"]),
            self._placed((*path, "rate"), _ratio, data["rate"]),
        )

    def text(self, path: Path_) -> str:
        """Return the text at ``path``."""
        return str(self._placed(path, _text, self._at(path)))

    def pool(self, file: Path) -> PoolFlows:
        """Return the flows of the section ``pool``: arguments of ``project_pool``, or a ``table`` file at speeds."""
        path: Path_ = ("pool",)
        both = self.mapping(path, tuple(dict.fromkeys((*_LEVEL, *_TABLED))), ("balance",))
        tabled = "table" in both
        data = self.mapping(path, _TABLED, ()) if tabled else self.mapping(path, _LEVEL, ("wac", "term"))
        given = {key: self._value(Assets, key, (*path, key)) for key in data if key != "table"}
        if not tabled:
            return self._placed(path, project_pool, **given)  # type: ignore[no-any-return]
        table, where = self.text((*path, "table")), self.document.where(*path, "table")
        principal, interest = _read_table(resolve(file.resolve().parent, table, where))
        return self._placed(path, project_table, principal, interest, **given)  # type: ignore[no-any-return]


def _read_table(path: Path) -> tuple[list[float], list[float]]:
    """Return monthly principal and interest of a CSV with these columns, in yuan."""
    name = str(path)
    text, _ = decode(read_bytes(path, expected="principal, interest"), name)
    rows = csv.DictReader(io.StringIO(text))
    header = [title.strip() for title in rows.fieldnames or ()]
    for column in ("principal", "interest"):
        if column not in header:
            raise BadInput(
                "cashflow.curve_column", where=Where(name, 1), value=column, expected=", ".join(header), choices=header
            )
    found: tuple[list[float], list[float]] = ([], [])
    for row in rows:
        for values, column in zip(found, ("principal", "interest"), strict=True):
            try:
                values.append(float(row[column]))
            except (TypeError, ValueError):
                raise BadInput(
                    "cashflow.pool_value", where=Where(name, rows.line_num, column), value=row[column]
                ) from None
    return found
