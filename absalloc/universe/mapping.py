"""Mapping files: how a foreign file's headers, units and values become ours, and what is joined to it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from absalloc.errors import BadInput
from absalloc.fields import Flag, ISODate
from absalloc.files import read_bytes, resolve, sha256
from absalloc.terms import COLUMNS
from absalloc.universe.headers import known_unit
from absalloc.universe.model import Source, column_spec
from absalloc.where import Where
from absalloc.yamlpos import Document, read_yaml, validate


def _column(name: Any) -> str:
    spec = column_spec(str(name))
    if spec.derived:
        raise BadInput("universe.column_derived", value=name, choices=COLUMNS)
    return str(name)


def _unit(value: Any) -> str:
    found = known_unit(str(value))
    if found is None:
        raise BadInput(
            "universe.unit_unknown", value=value, expected="元, 万元, 亿元, yuan, wan, yi, %, bp, decimal, years, days"
        )
    return found


def _pattern(value: Any) -> re.Pattern[str]:
    if isinstance(value, re.Pattern):
        return value
    try:
        return re.compile(str(value))
    except re.error as error:
        raise BadInput("universe.pattern_bad", value=value, problem=str(error)) from None


def _headers(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (str(value),)


OurColumn = Annotated[str, BeforeValidator(_column)]
Unit = Annotated[str, BeforeValidator(_unit)]
Pattern = Annotated[re.Pattern[str], BeforeValidator(_pattern)]
Headers = Annotated[tuple[str, ...], BeforeValidator(_headers)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True)


class Key(_Model):
    """How a row finds its line in the joined file.

    ``ours``: one of our columns or a header of the universe file; ``pattern``: a regular expression searched
    in it, whose first group (or whole match) is the key; ``theirs``: the header in the joined file.
    """

    ours: str
    theirs: str | None = None
    pattern: Pattern | None = None


def _key(value: Any) -> Any:
    return {"ours": str(value), "theirs": str(value)} if isinstance(value, str) else value


class Latest(_Model):
    """Several lines of one key: the ``latest`` or ``first`` by a date column, within a window of dates."""

    by: str
    take: Literal["latest", "first"] = "latest"
    since: ISODate | None = None
    until: ISODate | None = None


class Join(_Model):
    """Values from another file or from a column of this one, for rows that match.

    ``columns``: ours -> their header (or the group of the pattern where there is no file); ``column`` is
    short for one column of the same name. ``set``: what every matched row gets; ``otherwise``: what
    unmatched rows get, labelled ``assumed``. Only missing values are filled.
    """

    file: str | None = None
    key: Annotated[Key, BeforeValidator(_key)]
    column: OurColumn | None = None
    columns: dict[OurColumn, str] = Field(default_factory=dict)
    set: dict[OurColumn, str] = Field(default_factory=dict)
    otherwise: dict[OurColumn, str] = Field(default_factory=dict)
    where: dict[OurColumn, Headers] = Field(default_factory=dict)
    pick: Latest | None = None
    units: dict[str, Unit] = Field(default_factory=dict)
    derived: Flag = False
    sheet: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Join:
        if not (self.column or self.columns or self.set):
            raise BadInput("universe.join_empty")
        if self.file is None and self.key.pattern is None:
            raise BadInput("universe.join_no_file")
        if self.file is not None and self.key.theirs is None:
            raise BadInput("universe.join_no_key")
        return self

    def wanted(self) -> dict[str, str]:
        """Return our column -> their header."""
        return {**({self.column: self.column} if self.column else {}), **self.columns}


class After(_Model):
    """A date some years after another: ``from`` is a date column or ``data_date``; ``years`` a header of the file."""

    start: str = Field(alias="from")
    years: str


class Mapping(_Model):
    """A mapping file; see docs/mapping.md."""

    columns: dict[OurColumn, Headers] = Field(default_factory=dict)
    units: dict[str, Unit] = Field(default_factory=dict)
    values: dict[OurColumn, dict[str, str]] = Field(default_factory=dict)
    constants: dict[OurColumn, str] = Field(default_factory=dict)
    dates: dict[OurColumn, After] = Field(default_factory=dict)
    quote_basis: Literal["remaining", "original"] | None = None
    data_date: ISODate | None = None
    sheet: str | None = None
    ignore: tuple[str, ...] = ()
    joins: tuple[Join, ...] = ()


class LoadedMapping:
    """A mapping with its file: gives places for messages and resolves the paths of joined files."""

    def __init__(self, model: Mapping, document: Document, source: Source) -> None:
        self.model = model
        self.document = document
        self.source = source

    @property
    def data_date(self) -> date | None:
        """The date of the data, where the mapping declares it."""
        return self.model.data_date

    def where(self, *path: str | int) -> Where:
        """Return the place of a key in the mapping file."""
        return self.document.where(*path)

    def path(self, text: str, where: Where) -> Path:
        """Return the path of a joined file, relative to the mapping file (see ``files.resolve``)."""
        return resolve(Path(self.document.name).parent, text, where)


def read_mapping(path: str | Path) -> LoadedMapping:
    """Read a mapping file. Raises BadInput with line and nearest key for anything it does not know."""
    document = read_yaml(path)
    model = validate(Mapping, document)
    digest = sha256(read_bytes(path, expected="YAML"))
    return LoadedMapping(model, document, Source(str(path), digest, "yaml", 0))
